//! Money at the gateway against our own books, after every step.

use std::collections::BTreeMap;

use super::invariants::Invariants;
use crate::support::world::World;

/// The payments that money moved for, or may have.
const PAYMENTS: &str = "SELECT id, state, COALESCE(moved_minor, amount_minor) AS amount_minor, \
    CAST(CAST(unapplied AS INTEGER) AS BIGINT) AS unapplied FROM payments";
/// Debts that money settled.
const SETTLED: &str = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM debts \
    WHERE state = 'settled' AND settled_by IS NOT NULL";
/// What went back, or is on its way.
const REFUNDS: &str = "SELECT id, state, amount_minor, \
    CAST(0 AS BIGINT) AS unapplied FROM refunds";
/// What banks took back, with nothing owed again for it.
const LOST: &str = "SELECT reference AS id, state, amount_minor, \
    CAST(CAST(reopened AS INTEGER) AS BIGINT) AS unapplied FROM disputes";
/// What came back after its debts were paid otherwise, for somebody to decide about.
const CAME_BACK: &str = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM disputes \
    WHERE state = 'won' AND attention = 'came-back'";

impl Invariants {
    /// Money at the gateway is settled debts, unapplied receipts, less what went back and was taken
    /// back, and what is not known yet; never more than once for a key.
    pub(super) async fn money(&mut self, world: &World) -> Vec<String> {
        let payments = self.reader.payments(PAYMENTS).await;
        let refunds = self.reader.payments(REFUNDS).await;
        let disputes = self.reader.payments(LOST).await;
        let settled = self.reader.sum(SETTLED).await;
        let to_decide = self.reader.sum(CAME_BACK).await;
        let mut wrong = Vec::new();
        let (mut at_gateway, mut not_known_yet) = (0, 0);
        let mut charged: BTreeMap<String, u32> = BTreeMap::new();
        let ledger = world.sandbox.ledger().await;
        let back = ledger
            .iter()
            .filter(|one| one["kind"] == "reversal_returned");
        let back: Vec<&str> = back
            .map(|one| one["idempotency_key"].as_str().unwrap())
            .collect();
        for entry in &ledger {
            let amount = entry["amount"].as_i64().unwrap();
            let key = entry["idempotency_key"].as_str().unwrap();
            if entry["kind"] == "reversal" {
                at_gateway -= amount;
                let known = disputes.iter().find(|one| entry["reference"] == *one.id);
                if known.is_none_or(|one| one.state != "lost") {
                    not_known_yet -= amount;
                }
                continue;
            }
            if entry["kind"] == "reversal_returned" {
                at_gateway += amount;
                // A refund that came back is known when it has failed. Of what was taken back and
                // given again, the reversal is either taken back or not known itself.
                let refund = refunds.iter().find(|refund| refund.id == key);
                if refund.is_none_or(|refund| refund.state != "failed") {
                    not_known_yet += amount;
                }
                continue;
            }
            *charged.entry(key.to_owned()).or_default() += 1;
            if entry["kind"] == "refund" {
                at_gateway -= amount;
                match refunds.iter().find(|refund| refund.id == key) {
                    None => wrong.push(format!("money went back for {key}, which is no refund")),
                    Some(refund) if refund.state == "succeeded" => {}
                    // And came back.
                    Some(refund) if refund.state == "failed" && back.contains(&key) => {}
                    Some(refund) if refund.state == "failed" => {
                        wrong.push(format!("money went back for {key}, which failed"));
                    }
                    Some(_) => not_known_yet -= amount,
                }
                continue;
            }
            at_gateway += amount;
            match payments.iter().find(|payment| payment.id == key) {
                None => wrong.push(format!("money for {key}, which is no payment")),
                Some(payment) if payment.state == "succeeded" => {}
                Some(payment) if ["declined", "cancelled"].contains(&payment.state.as_str()) => {
                    wrong.push(format!("money for {key}, which is {}", payment.state));
                }
                Some(_) => not_known_yet += amount,
            }
        }
        for (key, times) in charged.iter().filter(|(_, times)| **times > 1) {
            wrong.push(format!("{key} was charged {times} times"));
        }
        let unapplied: i64 = payments
            .iter()
            .filter(|payment| payment.unapplied == 1)
            .map(|payment| payment.amount_minor)
            .sum();
        let refunded: i64 = refunds
            .iter()
            .filter(|refund| refund.state == "succeeded")
            .map(|refund| refund.amount_minor)
            .sum();
        // What is owed again is not settled any more.
        let taken_back: i64 = disputes
            .iter()
            .filter(|one| one.state == "lost" && one.unapplied == 0)
            .map(|one| one.amount_minor)
            .sum();
        let receipts = unapplied + to_decide;
        if at_gateway != settled + receipts - refunded - taken_back + not_known_yet {
            wrong.push(format!(
                "{at_gateway} at the gateway, {settled} settled, {unapplied} unapplied, \
                 {to_decide} came back, {refunded} refunded, {taken_back} taken back, \
                 {not_known_yet} not known yet"
            ));
        }
        wrong
    }
}
