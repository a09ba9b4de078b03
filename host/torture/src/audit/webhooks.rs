//! Whether the merchant was told by webhook of every fact, and once.

use std::collections::{BTreeMap, BTreeSet};

use super::Evidence;
use crate::endpoint::Delivery;
use crate::findings::Findings;

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
            found.webhooks.push(format!(
                "{} of {} ({}) never arrived",
                event.kind, event.object, event.id
            ));
        }
    }
    let facts: BTreeSet<&str> = (records.events.iter())
        .map(|event| event.id.as_str())
        .collect();
    for delivery in &evidence.deliveries {
        if !facts.contains(delivery.id.as_str()) {
            found.webhooks.push(format!(
                "{} of {} came as {}, which is no fact here",
                delivery.kind, delivery.object, delivery.id
            ));
        }
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
                .push(format!("{kind} of {object} came under {ids:?}"));
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
