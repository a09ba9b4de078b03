//! The audit finds what is wrong: a world that is right, and each way of being wrong.

mod life;

use super::*;
use crate::records::{Debt, Discount, Event, Invoice, Job, License, Refund, Share, Subscription};

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
        ledger: vec![entry("ch_1", "pay_1"), back("re_1", "ref_1")],
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
                metadata: r#"{"wish":"w1"}"#.to_owned(),
            }],
            shares: vec![share("pay_1", "debt_1")],
            refunds: vec![Refund {
                id: text("ref_1"),
                payment_id: text("pay_1"),
                cause: text("merchant"),
                state: text("succeeded"),
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
            mailed: vec![text("mail:received:pay_1")],
            debts: vec![Debt {
                state: text("settled"),
                amount_minor: 2_900,
                settled_by: Some(text("pay_1")),
            }],
            subscriptions: vec![Subscription {
                id: text("sub_1"),
                state: text("active"),
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
                },
                Event {
                    id: text("evt_3"),
                    kind: text("refund.succeeded"),
                    object: text("ref_1"),
                },
            ],
            jobs: vec![Job {
                id: text("job_1"),
                kind: text("renew"),
                state: text("queued"),
                run_at: 1_000,
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
        mails: vec![
            mail("mail-received-pay_1"),
            Mail {
                text: String::new(),
                ..mail("mail-refunded-ref_1")
            },
        ],
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

fn back(reference: &str, key: &str) -> Entry {
    Entry {
        kind: "refund".to_owned(),
        amount: 900,
        ..entry(reference, key)
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
    // The same wish, besides; and nobody was told.
    assert_eq!(
        found,
        ["double charges", "webhooks lost or under a second id"]
    );
}

#[test]
fn a_refund_that_is_doubled_lost_or_too_much_is_found() {
    const REFUNDS: &str = "refunds lost, doubled or stuck";
    let doubled = after(|evidence| evidence.ledger.push(back("re_2", "ref_1")));
    assert_eq!(doubled, [REFUNDS, "sums that do not add up"]);
    let unknown = after(|evidence| evidence.ledger.push(back("re_2", "ref_2")));
    assert_eq!(unknown, [REFUNDS, "sums that do not add up"]);
    let lost = after(|evidence| {
        evidence.ledger.pop();
    });
    assert_eq!(lost, [REFUNDS, "sums that do not add up"]);
    let denied = after(|evidence| evidence.records.refunds[0].state = "failed".to_owned());
    assert!(denied.contains(&REFUNDS));
    let of_one_wish = after(|evidence| {
        let second = Refund {
            id: "ref_2".to_owned(),
            ..evidence.records.refunds[0].clone()
        };
        evidence.records.refunds.push(second);
        evidence.ledger.push(back("re_2", "ref_2"));
    });
    assert!(of_one_wish.contains(&REFUNDS));
    let too_much = after(|evidence| evidence.records.payments[0].amount_minor = 899);
    assert!(too_much.contains(&REFUNDS));
    let forgotten = after(|evidence| evidence.promised.push("ref_9".to_owned()));
    assert_eq!(forgotten, [REFUNDS]);
    let unwritten = after(|evidence| evidence.records.refunds[0].credit_note_id = None);
    assert_eq!(unwritten, ["documents missing, doubled or with a gap"]);
}

#[test]
fn a_wish_that_was_charged_twice_and_an_answer_that_came_to_nothing_are_found() {
    let twice = after(|evidence| {
        let second = Payment {
            id: "pay_2".to_owned(),
            ..evidence.records.payments[0].clone()
        };
        evidence.records.payments.push(second);
    });
    assert!(twice.contains(&"double charges"));
    let lost = after(|evidence| evidence.promised.push("pay_9".to_owned()));
    assert_eq!(lost, ["lost charges"]);
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
            decide: None,
        });
    });
    assert_eq!(stuck, ["stuck payments"]);
    let forgotten = after(|evidence| evidence.records.jobs.clear());
    assert_eq!(forgotten, ["waiting without anybody to look"]);
    // At the end of its term somebody would: its renewal is forgotten all the same.
    let late = after(|evidence| evidence.records.jobs[0].run_at = i64::MAX);
    assert_eq!(late, ["waiting without anybody to look"]);
}

#[test]
fn a_mail_or_a_webhook_that_is_missing_or_has_two_ids_is_found() {
    let no_mail = after(|evidence| evidence.mails.clear());
    assert_eq!(no_mail, ["mails lost or under a second id"]);
    let two_mails = after(|evidence| evidence.mails.push(mail("mail-received-pay_2")));
    assert_eq!(two_mails, ["mails lost or under a second id"]);
    let refund = after(|evidence| evidence.mails.truncate(1));
    assert_eq!(refund, ["mails lost or under a second id"]);
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
