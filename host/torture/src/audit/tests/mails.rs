//! Which mails are owed: none that was overtaken, and every other.

use super::world::{happened, letter, said, went};
use super::*;
use crate::records::Change;

const MAILS: &str = "mails lost or under a second id";

/// What is found where a mail was ordered at 20, done with at 30 and not sent.
fn unsent(key: &str, world: impl FnOnce(&mut Evidence)) -> Vec<&'static str> {
    after(|evidence| {
        world(evidence);
        let order = letter(key, "sub_1", 20, 30);
        evidence.records.letters.push(order);
    })
}

/// A mail that went out.
fn sent(evidence: &mut Evidence, key: &str) {
    evidence.records.letters.push(letter(key, "sub_1", 20, 30));
    evidence.mails.push(said(&key.replace(':', "-")));
}

#[test]
fn what_is_always_told_is_never_overtaken() {
    for key in [
        "mail:received:pay_9",
        "mail:started:sub_1",
        "mail:method:evt_9",
    ] {
        assert_eq!(unsent(key, |_| {}), [MAILS], "{key}");
    }
}

#[test]
fn a_subscription_that_came_back_is_told_unless_it_was_held_again() {
    let back =
        |steps: &[(&str, i64)]| unsent("mail:reactivated:pay_9", |evidence| went(evidence, steps));
    let stays = [("active", 1), ("on_hold", 10), ("active", 19)];
    assert_eq!(back(&stays), [MAILS]);
    let held_again = [("active", 19), ("on_hold", 25)];
    assert_eq!(back(&held_again), [""; 0]);
}

#[test]
fn a_pause_that_ended_before_its_mail_was_written_needs_none() {
    let pause = |ended: i64| {
        unsent("mail:paused:evt_9", |evidence| {
            went(
                evidence,
                &[("active", 1), ("paused", 19), ("unpaused", ended)],
            );
            sent(evidence, "mail:resumed:evt_8");
        })
    };
    assert_eq!(pause(25), [""; 0]);
    assert_eq!(pause(30), [""; 0]);
    assert_eq!(pause(31), [MAILS]);
}

#[test]
fn a_pause_or_its_end_of_which_no_mail_was_ordered_is_found() {
    let unsaid = |steps: &[(&str, i64)]| after(|evidence| went(evidence, steps));
    assert_eq!(unsaid(&[("active", 1), ("paused", 20)]), [MAILS]);
    let resumed = after(|evidence| {
        went(evidence, &[("active", 1), ("paused", 19), ("unpaused", 40)]);
        sent(evidence, "mail:paused:evt_9");
    });
    assert_eq!(resumed, [MAILS]);
    // What was used before the pause is paid: the pause goes on, of which the customer knows.
    let went_on = after(|evidence| {
        went(
            evidence,
            &[
                ("active", 1),
                ("paused", 19),
                ("on_hold", 40),
                ("paused", 50),
            ],
        );
        sent(evidence, "mail:paused:evt_9");
    });
    assert_eq!(went_on, [""; 0]);
}

#[test]
fn an_end_of_a_pause_that_a_hold_overtook_needs_no_mail() {
    let resume = |held: i64| {
        unsent("mail:resumed:evt_9", |evidence| {
            went(
                evidence,
                &[
                    ("active", 1),
                    ("paused", 10),
                    ("unpaused", 20),
                    ("on_hold", held),
                ],
            );
            sent(evidence, "mail:paused:evt_8");
        })
    };
    // In the same transaction, because a bank took money back in the pause.
    assert_eq!(resume(20), [""; 0]);
    assert_eq!(resume(28), [""; 0]);
    assert_eq!(resume(40), [MAILS]);
}

#[test]
fn a_failed_payment_is_told_while_its_subscription_waits_for_it() {
    let failed = |state: &str, steps: &[(&str, i64)]| {
        unsent("mail:failed:pay_2", |evidence| {
            went(evidence, steps);
            let second = Payment {
                id: "pay_2".to_owned(),
                state: state.to_owned(),
                state_at: Some(25),
                metadata: "{}".to_owned(),
                unapplied: 1,
                ..evidence.records.payments[0].clone()
            };
            evidence.records.payments.push(second);
            if state == "declined" {
                happened(evidence, "evt_8", "payment.failed", "pay_2", 19);
            }
        })
    };
    let waits = [("active", 1), ("past_due", 19), ("on_hold", 28)];
    assert!(failed("declined", &waits).contains(&MAILS));
    assert!(!failed("succeeded", &waits).contains(&MAILS));
    let paid = [("active", 1), ("past_due", 19), ("active", 28)];
    assert!(!failed("declined", &paid).contains(&MAILS));
    // Its first payment, which nobody waits for.
    assert!(!failed("declined", &[]).contains(&MAILS));
}

#[test]
fn a_cancellation_is_told_unless_it_was_taken_back() {
    let cancelled =
        |steps: &[(&str, i64)]| unsent("mail:cancelled:sub_1:20", |evidence| went(evidence, steps));
    assert_eq!(cancelled(&[("active", 1), ("updated", 20)]), [MAILS]);
    let undone = [("active", 1), ("updated", 20), ("updated", 25)];
    assert_eq!(cancelled(&undone), [""; 0]);
    let at_once = unsent("mail:cancelled:sub_1:now", |evidence| {
        went(evidence, &[("active", 1), ("cancelled", 20)]);
        evidence.records.licenses.clear();
    });
    assert_eq!(at_once, [MAILS]);
    let unsaid = after(|evidence| went(evidence, &[("active", 1), ("cancelled", 20)]));
    assert_eq!(unsaid, [MAILS]);
}

#[test]
fn a_refund_that_came_back_before_its_mail_was_written_needs_none() {
    let refund = |at: i64| {
        after(|evidence| {
            evidence.mails.truncate(1);
            let refund = &mut evidence.records.refunds[0];
            refund.state = "failed".to_owned();
            refund.state_at = Some(at);
        })
    };
    // Done with at 5.
    assert!(!refund(4).contains(&MAILS));
    assert!(refund(6).contains(&MAILS));
}

#[test]
fn a_change_of_plan_is_told_unless_it_was_taken_back() {
    let change = |key: &str, state: &str, closed_at: Option<i64>| {
        unsent(key, |evidence| {
            evidence.records.changes.push(Change {
                id: "chg_1".to_owned(),
                state: state.to_owned(),
                closed_at,
            });
        })
    };
    let (changed, scheduled) = ("mail:plan-changed:chg_1", "mail:plan-scheduled:chg_1");
    assert_eq!(change(changed, "applied", Some(19)), [MAILS]);
    assert_eq!(change(scheduled, "scheduled", None), [MAILS]);
    assert_eq!(change(scheduled, "dropped", Some(31)), [MAILS]);
    assert_eq!(change(scheduled, "dropped", Some(25)), [""; 0]);
    assert_eq!(change(scheduled, "applied", Some(25)), [""; 0]);
}
