//! The audit finds what is wrong: a world that is right, and each way of being wrong.

mod documents;
mod life;
mod mails;
mod world;

use self::world::{back, entry, mail, right, share};
use super::*;
use crate::records::{Job, Refund};

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
fn money_that_settles_another_sum_than_moved_does_not_add_up() {
    let less = after(|evidence| evidence.records.debts[0].amount_minor = 2_899);
    assert_eq!(less, ["sums that do not add up"]);
    let nothing = after(|evidence| evidence.records.debts[0].state = "open".to_owned());
    assert_eq!(nothing, ["sums that do not add up"]);
}

#[test]
fn a_job_that_was_given_up_and_news_that_no_host_took_are_found() {
    const FORGOTTEN: &str = "waiting without anybody to look";
    let given_up = after(|evidence| {
        let failed = Job {
            id: "job_2".to_owned(),
            kind: "mail".to_owned(),
            state: "failed".to_owned(),
            ..evidence.records.jobs[0].clone()
        };
        evidence.records.jobs.push(failed);
    });
    assert_eq!(given_up, [FORGOTTEN]);
    let untold = after(|evidence| evidence.untold.push("charge.succeeded".to_owned()));
    assert_eq!(untold, [FORGOTTEN]);
}

#[test]
fn a_finding_says_what_is_known_of_what_it_names() {
    let mut evidence = right();
    evidence.records.subscriptions[0].state = "on-hold".to_owned();
    let found = audit(&evidence);
    let text = &found.access[0];
    for known in [
        "lic_1 of sub_1, which is on-hold",
        "pay_1 made for renewal, 2900",
        "payment.succeeded of pay_1 (evt_1)",
        "mail:received:pay_1 done",
        "the ledger: charge ch_1 of pay_1, 2900",
        "the job job_1 renew:sub_1 queued",
    ] {
        assert!(text.contains(known), "{known}: {text}");
    }
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
    let forged = after(|evidence| evidence.forged = 1);
    assert_eq!(forged, ["webhooks lost or under a second id"]);
    let of_nothing = after(|evidence| {
        let stray = Delivery {
            id: "evt_9".to_owned(),
            kind: "subscription.updated".to_owned(),
            ..evidence.deliveries[0].clone()
        };
        evidence.deliveries.push(stray);
    });
    assert_eq!(of_nothing, ["webhooks lost or under a second id"]);
}

#[test]
fn keys_that_work_where_they_should_not_and_keys_that_do_not_work_are_found() {
    const ACCESS: &str = "keys that open what they should not";
    for (state, is_right) in [("on-hold", false), ("cancelled", false), ("past-due", true)] {
        let found = after(|evidence| evidence.records.subscriptions[0].state = state.to_owned());
        assert_eq!(!found.contains(&ACCESS), is_right, "{state}");
    }
    let locked_out = after(|evidence| evidence.records.licenses[0].suspended = 1);
    assert_eq!(locked_out, [ACCESS]);
}
