//! Values that the samples of several pages share: one of each state, a long name, a name in
//! another script.

use jiff::Timestamp;

use super::view::{Call, Charge, Document, Method, Plan, Standing, Todo};
use crate::domain::money::Money;
use crate::domain::period::{Interval, Unit};
use crate::domain::subscription::HoldReason;

/// A name of 60 characters.
pub(super) const LONG: &str = "Northwind Workshop Professional with Extended Yearly Support";

pub(super) fn at(day: &str) -> Timestamp {
    format!("{day}T09:30:00Z").parse().expect("a valid date")
}

pub(super) fn money(minor: i64, currency: &str) -> Money {
    Money::new(minor, currency.parse().expect("a currency"))
}

pub(super) fn monthly() -> Interval {
    Interval {
        unit: Unit::Month,
        count: 1,
    }
}

pub(super) fn visa() -> Method {
    Method {
        id: "pm_visa".to_owned(),
        brand: "visa".to_owned(),
        last4: Some("4242".to_owned()),
        expires: Some("06/2032".to_owned()),
        expired: false,
    }
}

pub(super) fn methods() -> Vec<Method> {
    let sepa = Method {
        id: "pm_sepa".to_owned(),
        brand: "sepa".to_owned(),
        last4: Some("3000".to_owned()),
        expires: None,
        expired: false,
    };
    let old = Method {
        id: "pm_old".to_owned(),
        brand: "mastercard".to_owned(),
        last4: Some("5100".to_owned()),
        expires: Some("09/2026".to_owned()),
        expired: true,
    };
    let wallet = Method {
        id: "pm_wallet".to_owned(),
        brand: "somewallet".to_owned(),
        last4: None,
        expires: None,
        expired: false,
    };
    let bank = Method {
        id: "pm_bank".to_owned(),
        brand: "bank".to_owned(),
        last4: Some("6789".to_owned()),
        expires: None,
        expired: false,
    };
    vec![visa(), sepa, old, wallet, bank]
}

pub(super) fn plan(state: &'static str, tone: &'static str, standing: Standing) -> Plan {
    Plan {
        id: format!("sub_{}", state.replace('-', "")),
        product: "Pro".to_owned(),
        quantity: 1,
        price: money(2900, "EUR"),
        tax_inclusive: true,
        interval: monthly(),
        state,
        tone,
        standing,
        method: Some(visa()),
    }
}

pub(super) fn active() -> Plan {
    let renews = Standing::Renews {
        at: at("2026-12-01"),
    };
    plan("active", "good", renews)
}

pub(super) fn on_hold(why: HoldReason, due: Option<Money>) -> Plan {
    let since = at("2026-11-01");
    let lapsed = false;
    let standing = Standing::OnHold {
        why,
        since,
        due,
        lapsed,
    };
    plan("on-hold", "warn", standing)
}

/// On hold without dues, and its paid time is over.
pub(super) fn lapsed() -> Plan {
    let standing = Standing::OnHold {
        why: HoldReason::AuthorisationFailed,
        since: at("2026-10-01"),
        due: None,
        lapsed: true,
    };
    plan("on-hold", "warn", standing)
}

pub(super) fn paused(resumes: Option<Timestamp>) -> Plan {
    let since = at("2026-11-10");
    plan("paused", "plain", Standing::Paused { since, resumes })
}

/// A subscription in each standing.
pub(super) fn plans() -> Vec<Plan> {
    let due = Some(money(2900, "EUR"));
    let ends = |undo| Standing::Ends {
        at: at("2026-12-01"),
        undo,
    };
    let yearly = Plan {
        product: LONG.to_owned(),
        quantity: 25,
        price: money(1_200_000, "JPY"),
        tax_inclusive: false,
        interval: Interval {
            unit: Unit::Year,
            count: 2,
        },
        method: None,
        ..active()
    };

    let past_due = |due| Standing::PastDue {
        until: at("2026-12-04"),
        due,
    };
    vec![
        on_hold(HoldReason::RenewalFailed, due),
        plan("past-due", "warn", past_due(due)),
        plan("past-due", "warn", past_due(None)),
        active(),
        yearly,
        Plan {
            product: "翻訳メモリ プロフェッショナル".to_owned(),
            ..plan("active", "warn", ends(true))
        },
        plan("active", "warn", ends(false)),
        plan("active", "good", Standing::OnDemand),
        paused(None),
        paused(Some(at("2027-01-15"))),
        plan("pending", "info", Standing::Pending),
    ]
}

pub(super) fn past_plans() -> Vec<Plan> {
    let ended = || Standing::Ended {
        at: at("2026-06-30"),
        due: None,
    };
    vec![
        plan("cancelled", "plain", ended()),
        plan("expired", "plain", ended()),
        plan("failed", "plain", ended()),
        kept(),
    ]
}

/// One that was cancelled, and whose dues were kept.
pub(super) fn kept() -> Plan {
    let standing = Standing::Ended {
        at: at("2026-06-30"),
        due: Some(money(2900, "EUR")),
    };
    plan("cancelled", "plain", standing)
}

pub(super) fn charge(state: &'static str, tone: &'static str) -> Charge {
    Charge {
        id: "pay_sample".to_owned(),
        what: "Pro".to_owned(),
        at: at("2026-11-01"),
        amount: money(2900, "EUR"),
        state,
        tone,
        reason: None,
        method: Some(visa()),
        invoice: None,
        refunded: None,
    }
}

pub(super) fn document() -> Document {
    Document {
        id: "inv_sample".to_owned(),
        number: "NW-2026-00042".to_owned(),
    }
}

/// A payment in each state.
pub(super) fn charges() -> Vec<Charge> {
    let paid = Charge {
        invoice: Some(document()),
        ..charge("succeeded", "good")
    };
    let declined = Charge {
        reason: Some("insufficient-funds"),
        ..charge("declined", "bad")
    };
    let long = Charge {
        what: LONG.to_owned(),
        amount: money(123_456_789, "KWD"),
        method: None,
        ..charge("processing", "info")
    };
    let refunded = Charge {
        refunded: Some("full"),
        ..paid.clone()
    };
    let partly = Charge {
        refunded: Some("partial"),
        ..paid.clone()
    };
    vec![
        paid,
        declined,
        long,
        charge("unknown", "info"),
        charge("awaiting-customer", "warn"),
        charge("created", "info"),
        charge("cancelled", "plain"),
        refunded,
        partly,
    ]
}

/// A todo of each kind.
pub(super) fn todos() -> Vec<Todo> {
    let (payment, amount) = (|| "pay_sample".to_owned(), money(2900, "EUR"));
    let processing = |expected_by| Call::Processing {
        payment: payment(),
        amount,
        expected_by,
    };
    [
        Call::Reactivate {
            due: Some(amount),
            lapsed: false,
        },
        Call::Reactivate {
            due: None,
            lapsed: false,
        },
        Call::Reactivate {
            due: None,
            lapsed: true,
        },
        Call::Pay {
            due: Some(amount),
            until: at("2026-12-04"),
        },
        Call::Pay {
            due: None,
            until: at("2026-12-04"),
        },
        Call::Confirm {
            payment: payment(),
            amount,
        },
        processing(Some(at("2026-11-27"))),
        processing(None),
        Call::Unknown {
            payment: payment(),
            amount,
        },
    ]
    .map(|call| Todo {
        subscription: Some("sub_sample".to_owned()),
        product: "Pro".to_owned(),
        call,
    })
    .to_vec()
}
