//! The audit finds what is wrong: a world that is right, and each way of being wrong.

use super::*;
use crate::records::{Debt, Event, Invoice, Job, License, Share, Subscription};

/// One subscription, its first period paid for, and everybody told.
fn right() -> Evidence {
    let text = str::to_owned;
    let delivery = |id: &str, kind: &str, object: &str| Delivery {
        id: text(id),
        kind: text(kind),
        object: text(object),
        times: 1,
    };
    Evidence {
        ledger: vec![entry("ch_1", "pay_1")],
        records: Records {
            payments: vec![Payment {
                id: text("pay_1"),
                subscription_id: Some(text("sub_1")),
                purpose: text("renewal"),
                state: text("succeeded"),
                amount_minor: 2_900,
                currency: text("EUR"),
                unapplied: 0,
                invoice_id: Some(text("inv_1")),
                sent_at: Some(1),
            }],
            shares: vec![share("pay_1", "debt_1")],
            refunds: Vec::new(),
            debts: vec![Debt {
                state: text("settled"),
                amount_minor: 2_900,
                settled_by: Some(text("pay_1")),
            }],
            subscriptions: vec![Subscription {
                id: text("sub_1"),
                state: text("active"),
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
            events: vec![Event {
                id: text("evt_1"),
                kind: text("payment.succeeded"),
                object: text("pay_1"),
            }],
            jobs: vec![Job {
                id: text("job_1"),
                kind: text("renew"),
                state: text("queued"),
                unique_key: Some(text("renew:sub_1")),
                last_error: None,
            }],
        },
        deliveries: vec![delivery("evt_1", "payment.succeeded", "pay_1")],
        forged: 0,
        mails: vec![mail("mail-received-pay_1")],
        unsettled: Vec::new(),
    }
}

fn entry(reference: &str, key: &str) -> Entry {
    Entry {
        kind: "charge".to_owned(),
        reference: reference.to_owned(),
        idempotency_key: key.to_owned(),
        amount: 2_900,
        currency: "EUR".to_owned(),
    }
}

fn share(payment: &str, debt: &str) -> Share {
    Share {
        payment_id: payment.to_owned(),
        debt_id: debt.to_owned(),
    }
}

fn mail(id: &str) -> Mail {
    Mail {
        id: id.to_owned(),
        text: "Invoice INV-1 is in the portal.".to_owned(),
    }
}

/// The kinds of findings in a world that was made wrong.
fn after(wrong: impl FnOnce(&mut Evidence)) -> Vec<&'static str> {
    let mut evidence = right();
    wrong(&mut evidence);
    let found = audit(&evidence);
    let kinds = found.kinds().into_iter();
    kinds
        .filter(|(_, texts)| !texts.is_empty())
        .map(|(kind, _)| kind)
        .collect()
}

#[test]
fn nothing_is_found_where_everything_is_right() {
    assert_eq!(after(|_| {}), [""; 0]);
}

#[test]
fn a_key_that_was_charged_twice_is_a_double_charge() {
    let found = after(|evidence| evidence.ledger.push(entry("ch_2", "pay_1")));
    assert_eq!(found, ["double charges", "sums that do not add up"]);
}

#[test]
fn two_payments_for_one_debt_are_a_double_charge_though_one_is_unapplied() {
    let found = after(|evidence| {
        evidence.ledger.push(entry("ch_2", "pay_2"));
        evidence.records.shares.push(share("pay_2", "debt_1"));
        let second = Payment {
            id: "pay_2".to_owned(),
            unapplied: 1,
            ..evidence.records.payments[0].clone()
        };
        evidence.records.payments.push(second);
    });
    assert_eq!(
        found,
        ["double charges", "webhooks lost or under a second id"]
    );
}

#[test]
fn money_that_nobody_here_knows_of_is_a_lost_charge() {
    let unknown = after(|evidence| evidence.ledger.push(entry("ch_2", "pay_2")));
    assert_eq!(unknown, ["lost charges", "sums that do not add up"]);
    let declined = after(|evidence| evidence.records.payments[0].state = "declined".to_owned());
    assert!(declined.contains(&"lost charges"));
    let invented = after(|evidence| evidence.ledger.clear());
    assert!(invented.contains(&"lost charges"));
    let other_sum = after(|evidence| evidence.ledger[0].amount = 1);
    assert!(other_sum.contains(&"lost charges"));
}

#[test]
fn what_is_open_at_the_end_is_stuck_and_what_nobody_looks_at_is_forgotten() {
    let stuck = after(|evidence| {
        evidence.unsettled.push(Unsettled {
            payment: "pay_9".to_owned(),
            state: "unknown".to_owned(),
            next_look: None,
        });
    });
    assert_eq!(stuck, ["stuck payments"]);
    let forgotten = after(|evidence| evidence.records.jobs.clear());
    assert_eq!(forgotten, ["waiting without anybody to look"]);
}

#[test]
fn a_mail_or_a_webhook_that_is_missing_or_has_two_ids_is_found() {
    let no_mail = after(|evidence| evidence.mails.clear());
    assert_eq!(no_mail, ["mails lost or under a second id"]);
    let two_mails = after(|evidence| evidence.mails.push(mail("mail-received-pay_2")));
    assert_eq!(two_mails, ["mails lost or under a second id"]);
    let untold = after(|evidence| evidence.deliveries.clear());
    assert_eq!(untold, ["webhooks lost or under a second id"]);
    let told_as_two = after(|evidence| {
        let second = Delivery {
            id: "evt_2".to_owned(),
            ..evidence.deliveries[0].clone()
        };
        evidence.deliveries.push(second);
    });
    assert_eq!(told_as_two, ["webhooks lost or under a second id"]);
}

#[test]
fn a_gap_in_the_numbers_and_a_key_that_works_on_hold_are_found() {
    let gap = after(|evidence| evidence.records.invoices[0].number = Some(2));
    assert_eq!(gap, ["documents missing, doubled or with a gap"]);
    let open = after(|evidence| evidence.records.subscriptions[0].state = "on-hold".to_owned());
    assert_eq!(open, ["keys that open what they should not"]);
}
