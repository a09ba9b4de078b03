//! The audit: what the processor's ledger, the merchant's endpoint and the mails say, held
//! against the hosts' database. Pure: it is given everything, and asks nobody.

mod codes;
mod course;
mod documents;
mod mails;
mod refunds;
mod reversals;
mod story;
mod webhooks;
mod wishes;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::endpoint::Delivery;
use crate::findings::Findings;
use crate::place::Unsettled;
use crate::records::{Payment, Records};

/// A movement of money at the processor.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Entry {
    pub(crate) kind: String,
    pub(crate) reference: String,
    pub(crate) idempotency_key: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
}

/// A mail that was handed over.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    /// From its Message-ID.
    pub(crate) id: String,
    pub(crate) text: String,
}

/// Everything that is known at the end.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) ledger: Vec<Entry>,
    pub(crate) records: Records,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) forged: u64,
    /// Ids of payments and refunds that the merchant was answered.
    pub(crate) promised: Vec<String>,
    pub(crate) mails: Vec<Mail>,
    pub(crate) unsettled: Vec<Unsettled>,
    /// What the processor could not tell the hosts until the end.
    pub(crate) untold: Vec<String>,
}

/// The longest that a renewal waits after its date before it is looked at again, in microseconds.
const LONGEST_WAIT: i64 = 24 * 60 * 60 * 1_000_000;

/// States in which a payment waits for something.
const OPEN: [&str; 4] = ["created", "awaiting-customer", "processing", "unknown"];

/// Holds everything against everything.
pub(crate) fn audit(evidence: &Evidence) -> Findings {
    let mut found = Findings::default();
    charges(evidence, &mut found);
    refunds::refunds(evidence, &mut found);
    reversals::reversals(evidence, &mut found);
    codes::codes(evidence, &mut found);
    wishes::wishes(evidence, &mut found);
    sums(evidence, &mut found);
    documents::documents(evidence, &mut found);
    waiting(evidence, &mut found);
    mails::mails(evidence, &mut found);
    webhooks::webhooks(evidence, &mut found);
    access(evidence, &mut found);
    story::add(evidence, &mut found);
    found
}

fn charged(evidence: &Evidence) -> impl Iterator<Item = &Entry> {
    evidence
        .ledger
        .iter()
        .filter(|entry| entry.kind == "charge")
}

/// Every charge of the ledger belongs to one payment that says so, and no debt has two.
fn charges(evidence: &Evidence, found: &mut Findings) {
    let records = &evidence.records;
    let payments: BTreeMap<&str, &Payment> = records
        .payments
        .iter()
        .map(|payment| (payment.id.as_str(), payment))
        .collect();
    let mut of_debt: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    let mut keys: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in charged(evidence) {
        found.charges += 1;
        let key = entry.idempotency_key.as_str();
        let of_key = keys.entry(key).or_default();
        of_key.push(entry);
        // What a bank took back of is owed again; a key that moves money once more is told of itself.
        let counts = of_key.len() == 1 && !reversals::owed_again(records, key);
        for share in records
            .shares
            .iter()
            .filter(|share| share.payment_id == key && counts)
        {
            of_debt.entry(&share.debt_id).or_default().push(entry);
        }
        match payments.get(key) {
            None => found.lost_charges.push(format!(
                "{} of {key}, which is no payment here",
                entry.reference
            )),
            Some(payment) if payment.state != "succeeded" => found.lost_charges.push(format!(
                "{} moved money for {key}, which is {}",
                entry.reference, payment.state
            )),
            Some(payment)
                if (payment.amount_minor, &payment.currency) != (entry.amount, &entry.currency) =>
            {
                found.lost_charges.push(format!(
                    "{} took another sum than {key} says",
                    entry.reference
                ));
            }
            Some(payment) => {
                found.plan_charges += usize::from(payment.purpose == "plan-change");
                found.demand_charges += usize::from(payment.purpose == "on-demand");
            }
        }
    }
    for (what, entries) in of_debt.iter().chain(&keys) {
        for extra in entries.iter().skip(1) {
            found.double_charges.push(format!(
                "{} was charged again as {} ({})",
                what, extra.reference, extra.idempotency_key
            ));
        }
    }
    for payment in &records.payments {
        let free = payment.amount_minor == 0;
        if payment.state == "succeeded" && !free && !keys.contains_key(payment.id.as_str()) {
            found.lost_charges.push(format!(
                "{} says that it succeeded, and no money moved",
                payment.id
            ));
        }
        found.unapplied += usize::from(payment.unapplied == 1);
    }
}

/// Money at the gateway is settled debts and unapplied receipts, less what went back.
fn sums(evidence: &Evidence, found: &mut Findings) {
    let records = &evidence.records;
    let sum_of = |kind: &str| -> i64 {
        let entries = evidence.ledger.iter().filter(|entry| entry.kind == kind);
        entries.map(|entry| entry.amount).sum()
    };
    let at_gateway =
        sum_of("charge") - sum_of("refund") - sum_of("reversal") + sum_of("reversal_returned");
    let taken_back = reversals::taken_back(records);
    let refunded: i64 = records
        .refunds
        .iter()
        .filter(|refund| refund.state == "succeeded")
        .map(|refund| refund.amount_minor)
        .sum();
    let settled: i64 = records
        .debts
        .iter()
        .filter(|debt| debt.state == "settled" && debt.settled_by.is_some())
        .map(|debt| debt.amount_minor)
        .sum();
    let unapplied: i64 = records
        .payments
        .iter()
        .filter(|payment| payment.unapplied == 1)
        .map(|payment| payment.amount_minor)
        .sum();
    if at_gateway != settled + unapplied - refunded - taken_back {
        found.sums.push(format!(
            "{at_gateway} at the gateway; {settled} settled, {unapplied} unapplied, {refunded} refunded, {taken_back} taken back here"
        ));
    }
}

/// Payments that settled something with money.
fn applied(records: &Records) -> impl Iterator<Item = &Payment> {
    records.payments.iter().filter(|payment| {
        payment.state == "succeeded" && payment.unapplied == 0 && payment.amount_minor > 0
    })
}

/// Nothing is open, and whatever waits has somebody who will look.
fn waiting(evidence: &Evidence, found: &mut Findings) {
    let records = &evidence.records;
    let questions = evidence.unsettled.iter().filter(|one| one.decide.is_some());
    found.questions = questions.count();
    for payment in evidence.unsettled.iter().filter(|one| one.is_stuck()) {
        let next = payment.next_look.as_deref().unwrap_or("never");
        found.stuck_payments.push(format!(
            "{} is {}, looked at next {next}",
            payment.payment, payment.state
        ));
    }
    let queued: BTreeMap<&str, i64> = records
        .jobs
        .iter()
        .filter(|job| job.state == "queued" || job.state == "running")
        .filter_map(|job| Some((job.unique_key.as_deref()?, job.run_at)))
        .collect();
    for payment in &records.payments {
        let open = OPEN.contains(&payment.state.as_str()) && payment.sent_at.is_some();
        if open && !queued.contains_key(format!("reconcile:{}", payment.id).as_str()) {
            found
                .forgotten
                .push(format!("{} is {}", payment.id, payment.state));
        }
    }
    for subscription in &records.subscriptions {
        let looks = |kind: &str| queued.get(format!("{kind}:{}", subscription.id).as_str());
        let looked_at = looks("renew").copied();
        let in_time = match subscription.state.as_str() {
            // Everything has settled: its renewal is ordered for the end of its period.
            "active" if subscription.on_demand == 0 => {
                looked_at.is_some_and(|at| at <= subscription.period_end + LONGEST_WAIT)
            }
            "active" | "on-hold" => looked_at.is_some(),
            "past-due" => looks("end-grace").is_some(),
            "paused" => subscription.resume_at.is_none() || looks("resume").is_some(),
            _ => true,
        };
        if !in_time {
            found
                .forgotten
                .push(format!("{} is {}", subscription.id, subscription.state));
        }
    }
    for news in &evidence.untold {
        let problem = format!("news of the processor that no host took: {news}");
        found.forgotten.push(problem);
    }
    for job in records.jobs.iter().filter(|job| job.state == "failed") {
        let why = job.last_error.as_deref().unwrap_or_default();
        found.forgotten.push(format!(
            "the job {} ({}) was given up: {why}",
            job.id, job.kind
        ));
    }
}

/// Keys work exactly where the subscription grants it.
fn access(evidence: &Evidence, found: &mut Findings) {
    let records = &evidence.records;
    for license in &records.licenses {
        let owner = license
            .subscription_id
            .as_ref()
            .and_then(|id| records.subscriptions.iter().find(|one| one.id == *id));
        let Some(owner) = owner else { continue };
        let ended = matches!(owner.state.as_str(), "cancelled" | "expired");
        let waits = matches!(owner.state.as_str(), "on-hold" | "paused");
        let as_it_should = if ended {
            license.expires_at.is_some()
        } else {
            (license.suspended == 1) == waits
        };
        if !as_it_should {
            found.access.push(format!(
                "{} of {}, which is {}",
                license.id, owner.id, owner.state
            ));
        }
    }
}

#[cfg(test)]
mod tests;
