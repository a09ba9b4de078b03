//! The audit: what the processor's ledger, the merchant's endpoint and the mails say, held
//! against the hosts' database. Pure: it is given everything, and asks nobody.

use std::collections::{BTreeMap, BTreeSet};

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
    pub(crate) mails: Vec<Mail>,
    pub(crate) unsettled: Vec<Unsettled>,
}

/// States in which a payment waits for something.
const OPEN: [&str; 4] = ["created", "awaiting-customer", "processing", "unknown"];

/// Holds everything against everything.
pub(crate) fn audit(evidence: &Evidence) -> Findings {
    let mut found = Findings::default();
    charges(evidence, &mut found);
    sums(evidence, &mut found);
    documents(evidence, &mut found);
    waiting(evidence, &mut found);
    mails(evidence, &mut found);
    webhooks(evidence, &mut found);
    access(evidence, &mut found);
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
        keys.entry(key).or_default().push(entry);
        for share in records
            .shares
            .iter()
            .filter(|share| share.payment_id == key)
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
            Some(_) => {}
        }
    }
    let twice = of_debt.iter().chain(
        keys.iter()
            .filter(|(key, _)| !records.shares.iter().any(|share| share.payment_id == **key)),
    );
    for (what, entries) in twice {
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

/// Money at the gateway is settled debts and unapplied receipts.
fn sums(evidence: &Evidence, found: &mut Findings) {
    let records = &evidence.records;
    let at_gateway: i64 = charged(evidence).map(|entry| entry.amount).sum();
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
    if at_gateway != settled + unapplied {
        found.sums.push(format!(
            "{at_gateway} at the gateway, {settled} settled and {unapplied} unapplied here"
        ));
    }
}

/// Numbers without gaps; one paid document for each payment that settled something.
fn documents(evidence: &Evidence, found: &mut Findings) {
    let records = &evidence.records;
    let mut series: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for invoice in &records.invoices {
        if let Some(number) = invoice.number {
            series.entry(&invoice.kind).or_default().push(number);
        }
    }
    for (kind, mut numbers) in series {
        numbers.sort_unstable();
        if !numbers.iter().copied().eq((1..).take(numbers.len())) {
            found.documents.push(format!(
                "the numbers of {kind}s are not 1 to {}",
                numbers.len()
            ));
        }
    }
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for payment in applied(records) {
        let invoice = payment
            .invoice_id
            .as_ref()
            .and_then(|id| records.invoices.iter().find(|invoice| invoice.id == *id));
        let Some(invoice) = invoice else {
            found
                .documents
                .push(format!("{} has no document", payment.id));
            continue;
        };
        if invoice.state == "draft"
            || invoice.state == "discarded"
            || invoice.gross_minor != payment.amount_minor
        {
            found
                .documents
                .push(format!("the document of {} is not its own", payment.id));
        }
        if let Some(other) = owners.insert(&invoice.id, &payment.id) {
            found
                .documents
                .push(format!("{} and {other} have one document", payment.id));
        }
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
    for payment in evidence
        .unsettled
        .iter()
        .filter(|payment| payment.state != "unapplied")
    {
        let next = payment.next_look.as_deref().unwrap_or("never");
        found.stuck_payments.push(format!(
            "{} is {}, looked at next {next}",
            payment.payment, payment.state
        ));
    }
    let queued: BTreeSet<&str> = records
        .jobs
        .iter()
        .filter(|job| job.state == "queued" || job.state == "running")
        .filter_map(|job| job.unique_key.as_deref())
        .collect();
    for payment in &records.payments {
        let open = OPEN.contains(&payment.state.as_str()) && payment.sent_at.is_some();
        if open && !queued.contains(format!("reconcile:{}", payment.id).as_str()) {
            found
                .forgotten
                .push(format!("{} is {}", payment.id, payment.state));
        }
    }
    for subscription in &records.subscriptions {
        let lives = subscription.state == "active" || subscription.state == "on-hold";
        if lives && !queued.contains(format!("renew:{}", subscription.id).as_str()) {
            found
                .forgotten
                .push(format!("{} is {}", subscription.id, subscription.state));
        }
    }
    for job in records.jobs.iter().filter(|job| job.state == "failed") {
        let why = job.last_error.as_deref().unwrap_or_default();
        found.forgotten.push(format!(
            "the job {} ({}) was given up: {why}",
            job.id, job.kind
        ));
    }
}

/// A mail for every payment that settled something, and one mail for every document.
fn mails(evidence: &Evidence, found: &mut Findings) {
    let records = &evidence.records;
    let sent: BTreeSet<&str> = evidence.mails.iter().map(|mail| mail.id.as_str()).collect();
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
    let receipts: Vec<&Mail> = evidence
        .mails
        .iter()
        .filter(|mail| mail.id.starts_with("mail-received-"))
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
            found
                .mails
                .push(format!("{number} was mailed again as {}", extra.id));
        }
    }
}

/// Every fact reached the endpoint, under one id.
fn webhooks(evidence: &Evidence, found: &mut Findings) {
    let records = &evidence.records;
    if evidence.forged > 0 {
        found.webhooks.push(format!(
            "{} deliveries were not signed as they should be",
            evidence.forged
        ));
    }
    let arrived: BTreeMap<&str, &Delivery> = evidence
        .deliveries
        .iter()
        .map(|delivery| (delivery.id.as_str(), delivery))
        .collect();
    let mut ids: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for event in &records.events {
        if !arrived.contains_key(event.id.as_str()) {
            found
                .webhooks
                .push(format!("{} of {} never arrived", event.kind, event.object));
        }
    }
    for delivery in &evidence.deliveries {
        found.repeats += delivery.times.saturating_sub(1);
        ids.entry((&delivery.kind, &delivery.object))
            .or_default()
            .insert(&delivery.id);
    }
    for ((kind, object), ids) in &ids {
        let once = matches!(
            *kind,
            "payment.succeeded"
                | "payment.failed"
                | "payment.cancelled"
                | "subscription.cancelled"
                | "subscription.expired"
                | "subscription.failed"
                | "license_key.created"
        );
        if once && ids.len() > 1 {
            found
                .webhooks
                .push(format!("{kind} of {object} came under {} ids", ids.len()));
        }
    }
    for payment in &records.payments {
        let fact = match payment.state.as_str() {
            "succeeded" => "payment.succeeded",
            "declined" => "payment.failed",
            _ => continue,
        };
        let told = ids.contains_key(&(fact, payment.id.as_str()));
        if !told && payment.amount_minor > 0 {
            found
                .webhooks
                .push(format!("{fact} of {} was never told", payment.id));
        }
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
