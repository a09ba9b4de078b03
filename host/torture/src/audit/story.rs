//! What is known of whatever a finding names, in the order in which it happened, so that a finding
//! can be understood when the databases are gone.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Evidence;
use crate::findings::Findings;
use crate::records::{Letter, Records};

/// Of how many findings of a kind the story is told.
const TOLD: usize = 10;

/// Adds to the first findings of every kind what is known of their subjects.
pub(super) fn add(evidence: &Evidence, found: &mut Findings) {
    for texts in found.texts_mut() {
        for text in texts.iter_mut().take(TOLD) {
            let subjects = subjects(&evidence.records, text);
            for line in story(evidence, &subjects) {
                text.push_str("\n    ");
                text.push_str(&line);
            }
        }
    }
}

/// The ids of what a text names, and of what belongs to the same subscriptions.
fn subjects(records: &Records, text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut named: BTreeSet<&str> = words.collect();
    for event in &records.events {
        if named.contains(event.id.as_str()) {
            named.insert(&event.object);
        }
    }
    for refund in &records.refunds {
        if named.contains(refund.id.as_str()) {
            named.insert(&refund.payment_id);
        }
    }
    for dispute in &records.disputes {
        if named.contains(dispute.id.as_str()) || named.contains(dispute.reference.as_str()) {
            named.insert(&dispute.payment_id);
        }
    }
    for payment in &records.payments {
        if let Some(subscription) = &payment.subscription_id
            && named.contains(payment.id.as_str())
        {
            named.insert(subscription);
        }
    }
    let subscriptions = records.subscriptions.iter().map(|one| one.id.as_str());
    let mut ids: BTreeSet<&str> = subscriptions.filter(|id| named.contains(id)).collect();
    for payment in &records.payments {
        let of = payment.subscription_id.as_deref();
        if named.contains(payment.id.as_str()) || of.is_some_and(|of| ids.contains(of)) {
            ids.insert(&payment.id);
        }
    }
    for refund in &records.refunds {
        if ids.contains(refund.payment_id.as_str()) {
            ids.insert(&refund.id);
        }
    }
    for dispute in &records.disputes {
        if ids.contains(dispute.payment_id.as_str()) {
            ids.insert(&dispute.id);
        }
    }
    let events = records.events.iter().map(|one| one.id.as_str());
    ids.extend(events.filter(|id| named.contains(id)));
    ids.into_iter().map(str::to_owned).collect()
}

/// What happened to them, oldest first, and how they stand now.
fn story(evidence: &Evidence, ids: &BTreeSet<String>) -> Vec<String> {
    let records = &evidence.records;
    let mut dated: Vec<(i64, String)> = Vec::new();
    for event in records
        .events
        .iter()
        .filter(|one| ids.contains(&one.object))
    {
        let told = format!("{} of {} ({})", event.kind, event.object, event.id);
        dated.push((event.occurred_at, told));
    }
    for letter in records.letters.iter().filter(|one| names(one, ids)) {
        let key = &letter.unique_key;
        dated.push((letter.created_at, format!("{key} ordered")));
        if let Some(at) = letter.finished_at {
            dated.push((at, format!("{key} {}", letter.state)));
        }
    }
    for payment in records.payments.iter().filter(|one| ids.contains(&one.id)) {
        let (id, amount) = (&payment.id, payment.amount_minor);
        let made = format!("{id} made for {}, {amount}", payment.purpose);
        dated.push((payment.created_at, made));
        if let Some(at) = payment.sent_at {
            dated.push((at, format!("{id} sent")));
        }
        if let Some(at) = payment.state_at {
            dated.push((at, format!("{id} {}", payment.state)));
        }
    }
    for refund in records.refunds.iter().filter(|one| ids.contains(&one.id)) {
        let (id, amount) = (&refund.id, refund.amount_minor);
        let back = format!("{id} of {} {}, {amount}", refund.payment_id, refund.state);
        dated.push((refund.state_at.unwrap_or(i64::MAX), back));
    }
    for dispute in records.disputes.iter().filter(|one| ids.contains(&one.id)) {
        let (id, amount) = (&dispute.id, dispute.amount_minor);
        let taken = format!("{id} of {} {}, {amount}", dispute.payment_id, dispute.state);
        dated.push((dispute.updated_at, taken));
    }
    dated.sort();
    let mut lines: Vec<String> = dated
        .into_iter()
        .map(|(at, what)| format!("{} {what}", time(at)))
        .collect();
    for entry in &evidence.ledger {
        if ids.contains(&entry.idempotency_key) {
            lines.push(format!(
                "the ledger: {} {} of {}, {}",
                entry.kind, entry.reference, entry.idempotency_key, entry.amount
            ));
        }
    }
    for subscription in &records.subscriptions {
        if ids.contains(&subscription.id) {
            lines.push(format!(
                "now: {} {} {}, its period ends {}",
                subscription.id,
                subscription.state,
                subscription.hold_reason.as_deref().unwrap_or_default(),
                time(subscription.period_end)
            ));
        }
    }
    for job in &records.jobs {
        let key = job.unique_key.as_deref().unwrap_or_default();
        if key.split(':').any(|part| ids.contains(part)) {
            lines.push(format!(
                "now: the job {} {key} {} for {}, tried {} times: {}",
                job.id,
                job.state,
                time(job.run_at),
                job.attempts,
                job.last_error.as_deref().unwrap_or("no error")
            ));
        }
    }
    lines
}

/// Whether a mail was ordered about one of them.
fn names(letter: &Letter, ids: &BTreeSet<String>) -> bool {
    let mut words = letter
        .payload
        .split('"')
        .chain(letter.unique_key.split(':'));
    words.any(|word| ids.contains(word))
}

fn time(at: i64) -> String {
    Timestamp::from_microsecond(at).map_or_else(|_| "some time".to_owned(), |at| at.to_string())
}
