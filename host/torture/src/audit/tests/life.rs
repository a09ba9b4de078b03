//! What banks, codes, pauses and grace may do, and where the audit sees that it is not right.

use super::world::{happened, letter, said, went};
use super::*;
use crate::records::Dispute;

/// A bank took the money of `pay_1` back, which is owed again and was paid again.
fn taken_back(evidence: &mut Evidence) {
    evidence.ledger.truncate(1);
    evidence.records.refunds.clear();
    evidence.ledger.push(Entry {
        kind: "reversal".to_owned(),
        ..entry("dp_1", "pay_1")
    });
    evidence.ledger.push(entry("ch_2", "pay_2"));
    let records = &mut evidence.records;
    records.disputes.push(Dispute {
        id: "dis_1".to_owned(),
        payment_id: "pay_1".to_owned(),
        reference: "dp_1".to_owned(),
        state: "lost".to_owned(),
        amount_minor: 2_900,
        updated_at: 20,
        reopened: 1,
    });
    records.payments.push(Payment {
        id: "pay_2".to_owned(),
        metadata: "{}".to_owned(),
        ..records.payments[0].clone()
    });
    records.shares.push(share("pay_2", "debt_1"));
    records.debts[0].settled_by = Some("pay_2".to_owned());
    went(evidence, &[("active", 1), ("on_hold", 20), ("active", 30)]);
    happened(evidence, "evt_4", "payment.succeeded", "pay_2", 30);
    happened(evidence, "evt_5", "dispute.lost", "dis_1", 20);
    let reversed = letter("mail:reversed:pay_1", "", 20, 25);
    evidence.records.letters.push(reversed);
    evidence.mails.push(said("mail-received-pay_2"));
    evidence.mails.push(said("mail-reversed-pay_1"));
}

#[test]
fn what_a_bank_took_back_may_be_paid_again_and_is_found_where_it_is_not_known() {
    const REVERSALS: &str = "reversals lost or doubled";
    assert_eq!(after(taken_back), [""; 0]);
    let unknown = after(|evidence| {
        taken_back(evidence);
        evidence.records.disputes.clear();
    });
    assert!(unknown.contains(&REVERSALS) && unknown.contains(&"double charges"));
    let of_two_charges = after(|evidence| {
        taken_back(evidence);
        evidence.ledger.push(entry("ch_3", "pay_1"));
    });
    assert!(of_two_charges.contains(&"double charges"));
    let open = after(|evidence| {
        taken_back(evidence);
        evidence.records.disputes[0].state = "opened".to_owned();
    });
    assert!(open.contains(&REVERSALS));
    let of_another_sum = after(|evidence| {
        taken_back(evidence);
        evidence.records.disputes[0].amount_minor = 1;
    });
    assert!(of_another_sum.contains(&REVERSALS));
    let unmailed = after(|evidence| {
        taken_back(evidence);
        evidence.mails.pop();
    });
    assert_eq!(unmailed, ["mails lost or under a second id"]);
    // A second loss of the same payment has a mail of its own.
    let told_apart = after(|evidence| {
        taken_back(evidence);
        let order = evidence.records.letters.last_mut().expect("the last one");
        order.unique_key = "mail:reversed:other".to_owned();
        order.payload = r#"{"payment":"pay_1"}"#.to_owned();
        evidence.mails.push(said("mail-reversed-other"));
    });
    assert_eq!(told_apart, [""; 0]);
    let unordered = after(|evidence| {
        taken_back(evidence);
        evidence.records.letters.pop();
    });
    assert_eq!(unordered, ["mails lost or under a second id"]);
    // It was paid again before the mail could be written.
    let overtaken = after(|evidence| {
        taken_back(evidence);
        evidence.mails.pop();
        let order = evidence.records.letters.last_mut();
        order.expect("the last one").finished_at = Some(31);
    });
    assert_eq!(overtaken, [""; 0]);
}

#[test]
fn a_refund_that_came_back_is_one_that_failed() {
    let came_back = |evidence: &mut Evidence| {
        let back = back("re_1", "ref_1");
        evidence.ledger.push(Entry {
            kind: "reversal_returned".to_owned(),
            ..back
        });
    };
    let unheard = after(came_back);
    assert_eq!(
        unheard,
        ["refunds lost, doubled or stuck", "sums that do not add up"]
    );
    let hear = |evidence: &mut Evidence| {
        came_back(evidence);
        evidence.records.refunds[0].state = "failed".to_owned();
        evidence.records.refunds[0].state_at = Some(20);
        evidence.records.refunds[0].bounced = Some("open".to_owned());
        let returned = letter("mail:refund-returned:ref_1", "", 20, 25);
        evidence.records.letters.push(returned);
        evidence.mails.push(said("mail-refund-returned-ref_1"));
        let told = evidence.deliveries.iter_mut();
        for delivery in told.filter(|one| one.kind == "refund.succeeded") {
            delivery.kind = "refund.failed".to_owned();
        }
    };
    assert_eq!(after(hear), [""; 0]);
    let unmailed = after(|evidence| {
        hear(evidence);
        evidence.mails.pop();
    });
    assert_eq!(unmailed, ["mails lost or under a second id"]);
}

#[test]
fn a_code_that_was_used_too_often_or_is_counted_wrong_is_found() {
    const CODES: &str = "codes used too often";
    let counted_wrong = after(|evidence| evidence.records.discounts[0].times_used = 1);
    assert_eq!(counted_wrong, [CODES]);
    let too_often = after(|evidence| evidence.records.discounts[0].usage_limit = Some(1));
    assert_eq!(too_often, [CODES]);
}

#[test]
fn grace_and_a_dated_pause_that_nobody_ends_are_found() {
    const FORGOTTEN: &str = "waiting without anybody to look";
    let grace = after(|evidence| evidence.records.subscriptions[0].state = "past-due".to_owned());
    assert_eq!(grace, [FORGOTTEN]);
    let paused = after(|evidence| {
        evidence.records.subscriptions[0].state = "paused".to_owned();
        evidence.records.subscriptions[0].resume_at = Some(1_000);
        evidence.records.licenses[0].suspended = 1;
    });
    assert_eq!(paused, [FORGOTTEN]);
}
