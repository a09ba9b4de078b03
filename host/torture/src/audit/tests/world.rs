//! A world in which everything is right, and its parts.

use super::*;
use crate::records::{
    Billed, Debt, Discount, Event, Invoice, Job, Letter, License, Refund, Share, Subscription,
};

/// One subscription, its first period paid for, and everybody told.
pub(super) fn right() -> Evidence {
    let text = str::to_owned;
    let delivery = |id: &str, kind: &str, object: &str| Delivery {
        id: text(id),
        kind: text(kind),
        object: text(object),
        times: 1,
    };
    Evidence {
        ledger: vec![entry("ch_1", "pay_1"), back("re_1", "ref_1")],
        records: Records {
            payments: vec![Payment {
                id: text("pay_1"),
                subscription_id: Some(text("sub_1")),
                purpose: text("renewal"),
                state: text("succeeded"),
                state_at: Some(2),
                amount_minor: 2_900,
                currency: text("EUR"),
                unapplied: 0,
                invoice_id: Some(text("inv_1")),
                sent_at: Some(1),
                created_at: 0,
                metadata: r#"{"wish":"w1"}"#.to_owned(),
            }],
            shares: vec![share("pay_1", "debt_1")],
            refunds: vec![Refund {
                id: text("ref_1"),
                payment_id: text("pay_1"),
                cause: text("merchant"),
                state: text("succeeded"),
                state_at: Some(3),
                bounced: None,
                amount_minor: 900,
                credit_note_id: Some(text("inv_2")),
                metadata: r#"{"wish":"w2"}"#.to_owned(),
            }],
            disputes: Vec::new(),
            discounts: vec![Discount {
                code: text("CODE"),
                times_used: 2,
                usage_limit: Some(2),
                uses: 2,
            }],
            letters: vec![
                letter("mail:received:pay_1", "sub_1", 2, 5),
                letter("mail:refunded:ref_1", "sub_1", 3, 5),
            ],
            billed: vec![billed("inv_1", "debt_1")],
            changes: Vec::new(),
            debts: vec![Debt {
                id: text("debt_1"),
                state: text("settled"),
                amount_minor: 2_900,
                settled_by: Some(text("pay_1")),
            }],
            subscriptions: vec![Subscription {
                id: text("sub_1"),
                state: text("active"),
                hold_reason: None,
                period_end: 1_000,
                resume_at: None,
                on_demand: 0,
            }],
            licenses: vec![License {
                id: text("lic_1"),
                subscription_id: Some(text("sub_1")),
                expires_at: None,
                suspended: 0,
            }],
            invoices: vec![Invoice {
                id: text("inv_1"),
                kind: text("invoice"),
                state: text("paid"),
                number: Some(1),
                number_text: Some(text("INV-1")),
                gross_minor: 2_900,
            }],
            events: vec![
                Event {
                    id: text("evt_1"),
                    kind: text("payment.succeeded"),
                    object: text("pay_1"),
                    occurred_at: 2,
                },
                Event {
                    id: text("evt_3"),
                    kind: text("refund.succeeded"),
                    object: text("ref_1"),
                    occurred_at: 3,
                },
            ],
            jobs: vec![Job {
                id: text("job_1"),
                kind: text("renew"),
                state: text("queued"),
                run_at: 1_000,
                attempts: 0,
                unique_key: Some(text("renew:sub_1")),
                last_error: None,
            }],
        },
        deliveries: vec![
            delivery("evt_1", "payment.succeeded", "pay_1"),
            delivery("evt_3", "refund.succeeded", "ref_1"),
        ],
        forged: 0,
        promised: vec![text("pay_1")],
        mails: vec![mail("mail-received-pay_1"), said("mail-refunded-ref_1")],
        unsettled: Vec::new(),
        untold: Vec::new(),
    }
}

pub(super) fn entry(reference: &str, key: &str) -> Entry {
    Entry {
        kind: "charge".to_owned(),
        reference: reference.to_owned(),
        idempotency_key: key.to_owned(),
        amount: 2_900,
        currency: "EUR".to_owned(),
    }
}

pub(super) fn back(reference: &str, key: &str) -> Entry {
    Entry {
        kind: "refund".to_owned(),
        amount: 900,
        ..entry(reference, key)
    }
}

pub(super) fn share(payment: &str, debt: &str) -> Share {
    Share {
        payment_id: payment.to_owned(),
        debt_id: debt.to_owned(),
    }
}

pub(super) fn billed(invoice: &str, debt: &str) -> Billed {
    Billed {
        invoice_id: invoice.to_owned(),
        debt_id: debt.to_owned(),
    }
}

/// A mail that was ordered and done with.
pub(super) fn letter(key: &str, subscription: &str, ordered: i64, done: i64) -> Letter {
    Letter {
        unique_key: key.to_owned(),
        payload: serde_json::json!({ "subscription": subscription }).to_string(),
        state: "done".to_owned(),
        created_at: ordered,
        finished_at: Some(done),
    }
}

/// Something happened, and the merchant was told.
pub(super) fn happened(evidence: &mut Evidence, id: &str, kind: &str, object: &str, at: i64) {
    evidence.records.events.push(Event {
        id: id.to_owned(),
        kind: kind.to_owned(),
        object: object.to_owned(),
        occurred_at: at,
    });
    evidence.deliveries.push(Delivery {
        id: id.to_owned(),
        kind: kind.to_owned(),
        object: object.to_owned(),
        times: 1,
    });
}

/// `sub_1` went through these states.
pub(super) fn went(evidence: &mut Evidence, steps: &[(&str, i64)]) {
    for (kind, at) in steps {
        let id = format!("evt_of_{at}_{kind}");
        happened(evidence, &id, &format!("subscription.{kind}"), "sub_1", *at);
    }
}

/// A mail that was handed over, and is no receipt.
pub(super) fn said(id: &str) -> Mail {
    Mail {
        text: String::new(),
        ..mail(id)
    }
}

pub(super) fn mail(id: &str) -> Mail {
    Mail {
        id: id.to_owned(),
        text: "Invoice INV-1 is in the portal.".to_owned(),
    }
}
