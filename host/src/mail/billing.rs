//! Mails about money and subscriptions. Each says what happened, what it means, and where to
//! go; none carries a link that signs anybody in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::money::Money;
use crate::domain::period::{Interval, Unit};
use crate::themes::Mail;

/// A payment method as people recognise it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Method {
    /// Brand or kind, such as `visa`; unknown ones read "Card".
    pub brand: String,
    /// The last four characters of its number.
    pub last4: Option<String>,
}

/// A subscription has begun.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SubscriptionStarted {
    /// The product's name.
    pub product: String,
    /// The price of one period.
    pub price: Money,
    /// How long a period is.
    pub interval: Interval,
    /// The next charge, if there is one.
    pub next_billing: Option<Timestamp>,
    /// The sign-in page of the portal.
    pub portal: String,
}

/// Money arrived.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PaymentReceived {
    /// What was paid for.
    pub product: String,
    /// How much.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
    /// With what.
    pub method: Option<Method>,
    /// The method that was declined before the backup method was charged.
    pub instead_of: Option<Method>,
    /// The number of the invoice, once it has one.
    pub invoice_number: Option<String>,
    /// Where the payment and its invoice are, behind sign-in.
    pub link: String,
}

/// A subscription that was on hold runs again.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SubscriptionReactivated {
    /// The product's name.
    pub product: String,
    /// The next charge, if there is one.
    pub next_billing: Option<Timestamp>,
    /// The sign-in page of the portal.
    pub portal: String,
}

/// A charge did not go through.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PaymentFailed {
    /// The product's name.
    pub product: String,
    /// How much was to be paid.
    pub amount: Money,
    /// When it was tried.
    pub at: Timestamp,
    /// What it means for the subscription.
    pub meaning: FailureMeaning,
    /// The backup method, when it was tried too.
    pub backup: Option<Method>,
    /// When it is tried again without the customer.
    pub retry_at: Option<Timestamp>,
    /// The page on which it is paid, or shown where nothing is due or the customer may not pay it,
    /// behind sign-in.
    pub link: String,
}

/// What a failed charge means.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum FailureMeaning {
    /// The subscription is on hold.
    OnHold,
    /// It still runs, until this time.
    PastDue {
        /// When access ends without a payment.
        access_until: Timestamp,
    },
    /// The bank wants the customer to confirm it.
    NeedsConfirmation,
    /// The subscription has ended, and this was kept to be paid.
    StillOwed,
    /// It was for a change of plan that did not happen for that: nothing is owed.
    PlanStays,
    /// What was ordered did not come about.
    NotCompleted,
}

/// A subscription is paid with another method from now on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PaymentMethodUpdated {
    /// The product's name.
    pub product: String,
    /// The new method.
    pub method: Method,
    /// The sign-in page of the portal.
    pub portal: String,
}

/// A subscription has ended or will end.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SubscriptionCancelled {
    /// The product's name.
    pub product: String,
    /// When it ends or ended.
    pub ends_at: Timestamp,
    /// Whether that is still to come; then it can be undone.
    pub scheduled: bool,
    /// The sign-in page of the portal.
    pub portal: String,
}

const PORTAL: &str = "https://portal.example.com/login/bus_sample";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid timestamp")
}

fn money(minor: i64, currency: &str) -> Money {
    Money::new(minor, currency.parse().expect("a currency"))
}

fn visa() -> Method {
    Method {
        brand: "visa".to_owned(),
        last4: Some("4242".to_owned()),
    }
}

impl Mail for SubscriptionStarted {
    const NAME: &'static str = "subscription-started";

    fn samples() -> Vec<Self> {
        let monthly = Self {
            product: "Pro".to_owned(),
            price: money(2900, "EUR"),
            interval: Interval {
                unit: Unit::Month,
                count: 1,
            },
            next_billing: Some(at("2026-12-22T09:30:00Z")),
            portal: PORTAL.to_owned(),
        };
        let unbilled = Self {
            price: money(12_000, "JPY"),
            interval: Interval {
                unit: Unit::Year,
                count: 2,
            },
            next_billing: None,
            ..monthly.clone()
        };
        vec![monthly, unbilled]
    }
}

impl Mail for PaymentReceived {
    const NAME: &'static str = "payment-received";

    fn samples() -> Vec<Self> {
        let paid = Self {
            product: "Pro".to_owned(),
            amount: money(2900, "EUR"),
            at: at("2026-11-22T09:30:00Z"),
            method: Some(visa()),
            instead_of: None,
            invoice_number: Some("NW-2026-00042".to_owned()),
            link: "https://portal.example.com/bus_sample/payments/pay_sample".to_owned(),
        };
        let bare = Self {
            method: None,
            invoice_number: None,
            ..paid.clone()
        };
        let unnumbered_method = Method {
            brand: "wallet".to_owned(),
            last4: None,
        };
        let wallet = Self {
            method: Some(unnumbered_method),
            ..paid.clone()
        };
        let backup = Self {
            instead_of: Some(Method {
                brand: "mastercard".to_owned(),
                last4: Some("4444".to_owned()),
            }),
            ..paid.clone()
        };
        vec![paid, bare, wallet, backup]
    }
}

impl Mail for SubscriptionReactivated {
    const NAME: &'static str = "subscription-reactivated";

    fn samples() -> Vec<Self> {
        let running = Self {
            product: "Pro".to_owned(),
            next_billing: Some(at("2026-12-22T09:30:00Z")),
            portal: PORTAL.to_owned(),
        };
        let unbilled = Self {
            next_billing: None,
            ..running.clone()
        };
        vec![running, unbilled]
    }
}

impl Mail for PaymentFailed {
    const NAME: &'static str = "payment-failed";

    fn samples() -> Vec<Self> {
        let sample = |meaning| Self {
            product: "Pro".to_owned(),
            amount: money(2900, "USD"),
            at: at("2026-11-01T09:30:00Z"),
            meaning,
            backup: None,
            retry_at: None,
            link: "https://portal.example.com/bus_sample/subscriptions/sub_sample/reactivate"
                .to_owned(),
        };
        let until = FailureMeaning::PastDue {
            access_until: at("2026-12-04T09:30:00Z"),
        };
        let mut tried_twice = sample(FailureMeaning::OnHold);
        tried_twice.backup = Some(visa());
        tried_twice.retry_at = Some(at("2026-11-02T09:30:00Z"));
        vec![
            sample(FailureMeaning::OnHold),
            sample(until),
            sample(FailureMeaning::NeedsConfirmation),
            sample(FailureMeaning::PlanStays),
            sample(FailureMeaning::NotCompleted),
            tried_twice,
            sample(FailureMeaning::StillOwed),
        ]
    }
}

impl Mail for PaymentMethodUpdated {
    const NAME: &'static str = "payment-method-updated";

    fn samples() -> Vec<Self> {
        vec![Self {
            product: "Pro".to_owned(),
            method: visa(),
            portal: PORTAL.to_owned(),
        }]
    }
}

impl Mail for SubscriptionCancelled {
    const NAME: &'static str = "subscription-cancelled";

    fn samples() -> Vec<Self> {
        let scheduled = Self {
            product: "Pro".to_owned(),
            ends_at: at("2026-12-01T09:30:00Z"),
            scheduled: true,
            portal: PORTAL.to_owned(),
        };
        let ended = Self {
            scheduled: false,
            ..scheduled.clone()
        };
        vec![scheduled, ended]
    }
}
