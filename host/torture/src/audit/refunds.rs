//! Whether what went back is what was wished, once, with a document.

use std::collections::BTreeMap;

use super::Evidence;
use crate::findings::Findings;

/// Every refund of the ledger is one of ours that says so, once; none is open, and none gives
/// back more than was taken.
pub(super) fn refunds(evidence: &Evidence, found: &mut Findings) {
    let records = &evidence.records;
    let mut went: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for entry in evidence
        .ledger
        .iter()
        .filter(|entry| entry.kind == "refund")
    {
        found.refunded += 1;
        let amounts = went.entry(&entry.idempotency_key).or_default();
        amounts.push(entry.amount);
    }
    for (key, amounts) in &went {
        let known = records.refunds.iter().find(|one| one.id == *key);
        let came_back: Vec<i64> = evidence
            .ledger
            .iter()
            .filter(|entry| entry.kind == "reversal_returned" && entry.idempotency_key == **key)
            .map(|entry| entry.amount)
            .collect();
        found.bounced += came_back.len();
        let is_it = known.is_some_and(|refund| {
            let once = [refund.amount_minor];
            amounts.as_slice() == once
                && match refund.state.as_str() {
                    "succeeded" => came_back.is_empty(),
                    "failed" => came_back == once,
                    _ => false,
                }
        });
        if !is_it {
            let problem = format!("{key} went back as {amounts:?} and is {known:?}");
            found.refunds.push(problem);
        }
        let wished = known.is_some_and(|refund| refund.cause == "merchant");
        found.by_merchant += usize::from(wished);
    }
    let mut of_payment: BTreeMap<&str, i64> = BTreeMap::new();
    for refund in &records.refunds {
        let ended = refund.state == "failed" || went.contains_key(refund.id.as_str());
        if !ended {
            found
                .refunds
                .push(format!("{} is {}", refund.id, refund.state));
        }
        if refund.state != "succeeded" {
            continue;
        }
        *of_payment.entry(&refund.payment_id).or_default() += refund.amount_minor;
        let payment = records
            .payments
            .iter()
            .find(|one| one.id == refund.payment_id);
        let settled = payment.is_some_and(|payment| payment.unapplied == 0);
        if settled && refund.credit_note_id.is_none() {
            found
                .documents
                .push(format!("{} has no credit note", refund.id));
        }
    }
    for payment in &records.payments {
        let back = of_payment.get(payment.id.as_str()).copied();
        if back.unwrap_or(0) > payment.amount_minor {
            let problem = format!(
                "more than {} went back of {}",
                payment.amount_minor, payment.id
            );
            found.refunds.push(problem);
        }
    }
}
