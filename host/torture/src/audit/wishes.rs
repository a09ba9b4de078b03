//! Whether each wish of the merchant was done once, however often its request was sent, and
//! whether what the merchant was answered is there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Evidence;
use crate::findings::Findings;
use crate::orders::WISH;

/// Two charges or refunds for one wish; an answer that came to nothing.
pub(super) fn wishes(evidence: &Evidence, found: &mut Findings) {
    let records = &evidence.records;
    let mut charged: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for payment in &records.payments {
        let wish = wish(&payment.metadata).filter(|_| payment.state == "succeeded");
        if let Some(wish) = wish {
            charged.entry(wish).or_default().push(&payment.id);
        }
    }
    for (wish, payments) in charged.iter().filter(|(_, payments)| payments.len() > 1) {
        found
            .double_charges
            .push(format!("{wish} was charged as {}", payments.join(" and ")));
    }
    let mut refunded: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for refund in &records.refunds {
        let wish = wish(&refund.metadata).filter(|_| refund.state != "failed");
        if let Some(wish) = wish {
            refunded.entry(wish).or_default().push(&refund.id);
        }
    }
    for (wish, refunds) in refunded.iter().filter(|(_, refunds)| refunds.len() > 1) {
        found.refunds.push(format!(
            "{wish} was given back as {}",
            refunds.join(" and ")
        ));
    }
    let payments = records.payments.iter().map(|payment| &payment.id);
    let refunds = records.refunds.iter().map(|refund| &refund.id);
    let known: BTreeSet<&String> = payments.chain(refunds).collect();
    for promised in evidence.promised.iter().filter(|id| !known.contains(id)) {
        let problem = format!("{promised} was answered to the merchant and is nowhere");
        if promised.starts_with("pay") {
            found.lost_charges.push(problem);
        } else {
            found.refunds.push(problem);
        }
    }
}

/// Which wish of the merchant something was made for.
fn wish(metadata: &str) -> Option<String> {
    let metadata: Value = serde_json::from_str(metadata).ok()?;
    metadata[WISH].as_str().map(str::to_owned)
}
