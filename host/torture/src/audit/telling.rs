//! Whether everybody was told, and once: customers by mail, the merchant by webhook.

use std::collections::{BTreeMap, BTreeSet};

use super::{Evidence, Mail, applied, reversals};
use crate::endpoint::Delivery;
use crate::findings::Findings;

/// Mails that nothing makes needless once they are ordered.
const TOLD_ALWAYS: [&str; 5] = [
    "mail:received:",
    "mail:refunded:",
    "mail:reversed:",
    "mail:resumed:",
    "mail:paused:",
];

/// A mail for every payment that settled something and for every refund, and one mail for every
/// document.
pub(super) fn mails(evidence: &Evidence, found: &mut Findings) {
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
    for dispute in &records.disputes {
        let payment = records
            .payments
            .iter()
            .find(|one| one.id == dispute.payment_id);
        let lives = payment
            .and_then(|payment| payment.subscription_id.as_ref())
            .and_then(|id| records.subscriptions.iter().find(|one| one.id == *id))
            .is_some_and(|one| !matches!(one.state.as_str(), "cancelled" | "expired" | "failed"));
        let said = sent.contains(format!("mail-reversed-{}", dispute.payment_id).as_str());
        if dispute.reopened == 1 && lives && !said {
            found.mails.push(format!(
                "{} was taken back and nobody was mailed",
                dispute.payment_id
            ));
        }
    }
    let resumed = records
        .events
        .iter()
        .filter(|event| event.kind == "subscription.unpaused");
    let mailed = sent.iter().filter(|id| id.starts_with("mail-resumed-"));
    let (resumed, mailed) = (resumed.count(), mailed.count());
    if resumed != mailed {
        found
            .mails
            .push(format!("{resumed} pauses ended, and {mailed} mails say so"));
    }
    for order in records
        .mailed
        .iter()
        .filter(|key| TOLD_ALWAYS.iter().any(|kind| key.starts_with(kind)))
    {
        if !sent.contains(order.replace(':', "-").as_str()) {
            found
                .mails
                .push(format!("{order} was ordered and never handed over"));
        }
    }
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
            found
                .mails
                .push(format!("{number} was mailed again as {}", extra.id));
        }
    }
}

/// Every fact reached the endpoint, under one id.
pub(super) fn webhooks(evidence: &Evidence, found: &mut Findings) {
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
                | "refund.succeeded"
                | "refund.failed"
                | "dispute.opened"
                | "dispute.won"
                | "dispute.lost"
        );
        if once && ids.len() > 1 {
            found
                .webhooks
                .push(format!("{kind} of {object} came under {} ids", ids.len()));
        }
    }
    for refund in &records.refunds {
        let fact = match refund.state.as_str() {
            "succeeded" => "refund.succeeded",
            "failed" => "refund.failed",
            _ => continue,
        };
        if !ids.contains_key(&(fact, refund.id.as_str())) {
            found
                .webhooks
                .push(format!("{fact} of {} was never told", refund.id));
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
