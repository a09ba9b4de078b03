//! Whether customers were told by mail, and once: of every fact that asks for a mail, and by every
//! mail that was ordered.
//!
//! What a mail says is read when it is written, and one whose occasion is gone by then is rightly
//! never sent. When it was read is not written down, but when it was ordered and when it was done
//! with is: what held all the while was to be told, and what ended meanwhile need not have been.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::course::{Course, courses};
use super::{Evidence, Mail, applied, reversals};
use crate::findings::Findings;
use crate::records::{Letter, Records};

/// A mail for every fact that asks for one, none lost of those that were ordered, and one for every
/// document.
pub(super) fn mails(evidence: &Evidence, found: &mut Findings) {
    let courses = courses(&evidence.records);
    let sent: BTreeSet<&str> = evidence.mails.iter().map(|mail| mail.id.as_str()).collect();
    of_money(evidence, &sent, found);
    of_states(&evidence.records, &courses, found);
    for letter in &evidence.records.letters {
        let was_sent = sent.contains(letter.unique_key.replace(':', "-").as_str());
        if !was_sent && was_owed(&evidence.records, &courses, letter) {
            found.mails.push(format!(
                "{} of {} was ordered at {}, is {} since {:?} and was never handed over",
                letter.unique_key,
                subject(letter).unwrap_or_default(),
                letter.created_at,
                letter.state,
                letter.finished_at
            ));
        }
    }
    twice(evidence, found);
}

/// What was paid and what went back is always told.
fn of_money(evidence: &Evidence, sent: &BTreeSet<&str>, found: &mut Findings) {
    let records = &evidence.records;
    for payment in applied(records) {
        let received = format!("mail-received-{}", payment.id);
        let started = payment
            .subscription_id
            .as_ref()
            .filter(|_| payment.purpose == "begin");
        let started = started.map(|id| format!("mail-started-{id}"));
        let said = |id: &String| sent.contains(id.as_str());
        if !said(&received) && !started.as_ref().is_some_and(said) {
            found
                .mails
                .push(format!("{} was never mailed about", payment.id));
        }
    }
    for refund in records
        .refunds
        .iter()
        .filter(|refund| refund.state == "succeeded")
    {
        if !sent.contains(format!("mail-refunded-{}", refund.id).as_str()) {
            found
                .mails
                .push(format!("{} was never mailed about", refund.id));
        }
    }
}

/// For what banks took back or sent back, for pauses and for ends, a mail was ordered.
fn of_states(records: &Records, courses: &BTreeMap<&str, Course<'_>>, found: &mut Findings) {
    let ordered: BTreeSet<&str> = (records.letters.iter())
        .map(|letter| letter.unique_key.as_str())
        .collect();
    for refund in records.refunds.iter().filter(|one| one.bounced.is_some()) {
        if !ordered.contains(format!("mail:refund-returned:{}", refund.id).as_str()) {
            let problem = format!("{} came back and nobody was to be mailed", refund.id);
            found.mails.push(problem);
        }
    }
    for dispute in records.disputes.iter().filter(|one| one.reopened == 1) {
        let is_loss = |kind: &str, object: &str| kind == "dispute.lost" && object == dispute.id;
        let lost_at = (records.events.iter())
            .find(|event| is_loss(&event.kind, &event.object))
            .map_or(i64::MAX, |event| event.occurred_at);
        let lived = subscription_of(records, &dispute.payment_id)
            .and_then(|id| courses.get(id))
            .is_some_and(|course| course.lived(lost_at));
        let mut letters = records.letters.iter();
        let is_ordered = letters.any(|letter| {
            let of = named(letter).filter(|(name, _)| *name == "reversed");
            of.is_some_and(|(_, object)| payment(letter, object) == dispute.payment_id)
        });
        if lived && !is_ordered {
            found.mails.push(format!(
                "{} was taken back ({}) and nobody was to be mailed",
                dispute.payment_id, dispute.id
            ));
        }
    }
    let mut letters: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for letter in &records.letters {
        if let (Some((name, _)), Some(of)) = (named(letter), subject(letter)) {
            *letters.entry((name, of)).or_default() += 1;
        }
    }
    for (subscription, course) in courses {
        let resumed = course.count("subscription.unpaused");
        for (what, times) in [("paused", course.pauses()), ("resumed", resumed)] {
            let about = letters.get(&(what, (*subscription).to_owned()));
            let mailed = about.copied().unwrap_or(0);
            if mailed < times {
                found.mails.push(format!(
                    "{subscription} was {what} {times} times, and {mailed} mails were to say so"
                ));
            }
        }
        let ended = course.count("subscription.cancelled") > 0;
        let is_ordered =
            |how: &str| ordered.contains(format!("mail:cancelled:{subscription}:{how}").as_str());
        if ended && !["now", "end"].into_iter().any(is_ordered) {
            found.mails.push(format!(
                "{subscription} was cancelled and nobody was to be mailed"
            ));
        }
    }
}

/// Whether the occasion of a mail held from when it was ordered until it was done with.
fn was_owed(records: &Records, courses: &BTreeMap<&str, Course<'_>>, letter: &Letter) -> bool {
    let Some((name, object)) = named(letter) else {
        return true;
    };
    let (from, to) = (letter.created_at, letter.finished_at.unwrap_or(i64::MAX));
    let after = |at: Option<i64>| at.is_some_and(|at| at > to);
    let course = |id: Option<&str>| id.and_then(|id| courses.get(id));
    let stayed = |id: Option<&str>, states: &[&str]| {
        course(id).is_some_and(|course| course.stayed(states, from, to))
    };
    let own = subject(letter);
    let own = own.as_deref();
    match name {
        "received" | "started" | "method" => true,
        "reactivated" => stayed(own, &["active", "past-due"]),
        "refunded" => (records.refunds.iter())
            .find(|one| one.id == object)
            .is_none_or(|one| one.state == "succeeded" || after(one.state_at)),
        // Given back again in another way, it needs no word any more.
        "refund-returned" => (records.refunds.iter())
            .find(|one| one.id == object)
            .is_none_or(|one| {
                let mut others = records.refunds.iter();
                let made_good = others.any(|other| {
                    other.id != one.id
                        && other.payment_id == one.payment_id
                        && other.state == "succeeded"
                        && !after(other.state_at)
                });
                one.bounced.as_deref() == Some("open") || !made_good
            }),
        "reversed" => {
            let object = payment(letter, object);
            let mut disputes = records.disputes.iter();
            let is_gone = disputes
                .any(|one| one.payment_id == object && (one.reopened == 1 || one.updated_at > to));
            let unpaid = ["on-hold", "paused", "cancelled", "expired"];
            is_gone && stayed(subscription_of(records, &object), &unpaid)
        }
        "failed" => {
            let mut payments = records.payments.iter();
            let failed = payments.any(|one| {
                let ended = matches!(one.state.as_str(), "declined" | "cancelled");
                one.id == object && (ended || after(one.state_at))
            });
            failed && stayed(subscription_of(records, object), &["on-hold", "past-due"])
        }
        "paused" => stayed(own, &["paused"]),
        "resumed" => stayed(own, &["active"]),
        // A cancellation for the end of the period can be taken back, which is an event.
        "cancelled" => {
            stayed(own, &["cancelled", "expired"])
                || course(own).is_some_and(|course| course.rested(from, to))
        }
        "plan-changed" | "plan-scheduled" => {
            let wanted = if name == "plan-changed" {
                "applied"
            } else {
                "scheduled"
            };
            (records.changes.iter())
                .find(|one| one.id == object)
                .is_none_or(|one| one.state == wanted || after(one.closed_at))
        }
        // What asks for money or announces something has many ways to be overtaken, and tells of no
        // fact.
        _ => false,
    }
}

/// What was mailed about is mailed under one id.
fn twice(evidence: &Evidence, found: &mut Findings) {
    let records = &evidence.records;
    let receipts: Vec<&Mail> = evidence
        .mails
        .iter()
        // What a bank took back is paid again with the same document, and said again.
        .filter(|mail| {
            let of = mail.id.strip_prefix("mail-received-");
            of.is_some_and(|payment| !reversals::owed_again(records, payment))
        })
        .collect();
    for number in records
        .invoices
        .iter()
        .filter_map(|invoice| invoice.number_text.as_deref())
    {
        let named: Vec<_> = receipts
            .iter()
            .filter(|mail| {
                mail.text
                    .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                    .any(|word| word == number)
            })
            .collect();
        for extra in named.iter().skip(1) {
            found.mails.push(format!(
                "{number} was mailed again as {}, after {}",
                extra.id, named[0].id
            ));
        }
    }
}

/// Which mail an order is for, and what tells it apart.
fn named(letter: &Letter) -> Option<(&str, &str)> {
    letter.unique_key.strip_prefix("mail:")?.split_once(':')
}

/// The payment that an order names; what tells it apart where it names none.
fn payment(letter: &Letter, object: &str) -> String {
    let order = serde_json::from_str::<Value>(&letter.payload).unwrap_or_default();
    order["payment"].as_str().unwrap_or(object).to_owned()
}

/// The subscription that an order names.
fn subject(letter: &Letter) -> Option<String> {
    let order: Value = serde_json::from_str(&letter.payload).ok()?;
    order["subscription"].as_str().map(str::to_owned)
}

fn subscription_of<'a>(records: &'a Records, payment: &str) -> Option<&'a str> {
    let mut payments = records.payments.iter();
    let payment = payments.find(|one| one.id == payment)?;
    payment.subscription_id.as_deref()
}
