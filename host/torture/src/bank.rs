//! The customers' banks: they contest charges, decide about that, return debits, and send refunds
//! back that had arrived.

use std::sync::PoisonError;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use reqwest::Method;
use serde_json::Value;

use crate::processor::Processor;

/// Disputes that are open at the same time.
const OPEN: usize = 6;

/// What banks have not decided yet.
#[derive(Debug, Default)]
pub(crate) struct Bank {
    disputes: Vec<String>,
}

impl Processor {
    /// One step of some bank. What cannot be done, such as contesting what went back already, is
    /// refused by the processor and left.
    pub(crate) async fn let_banks_act(&self, chance: &mut StdRng) {
        let pending = self.pending();
        if pending.len() >= OPEN || chance.random_bool(0.35) {
            if let Some(dispute) = pending.choose(chance) {
                let _ = self.decide(dispute, chance.random_bool(0.4)).await;
            }
            return;
        }
        let step = match chance.random_range(0..4) {
            0 => self.send_refund_back(chance).await,
            1 => self.contest(chance, "return").await,
            _ => self.contest(chance, "dispute").await,
        };
        // Refused, or nothing there: one step less.
        drop(step);
    }

    /// Everything that is open is decided, so that all of it can settle.
    pub(crate) async fn decide_everything(&self) -> anyhow::Result<()> {
        for (place, dispute) in self.pending().iter().enumerate() {
            self.decide(dispute, place.is_multiple_of(2)).await?;
        }
        Ok(())
    }

    /// Whether webhooks are on their way.
    pub(crate) async fn has_news(&self) -> anyhow::Result<bool> {
        let list = self.call(Method::GET, "/control/webhooks", None).await?;
        Ok(list["under_way"].as_i64() != Some(0))
    }

    /// What could not be delivered: the event, how it stands, and what was answered last.
    pub(crate) async fn untold(&self) -> anyhow::Result<Vec<String>> {
        let list = self.call(Method::GET, "/control/webhooks", None).await?;
        let waiting = list["waiting"].as_array().cloned().unwrap_or_default();
        let line = |news: &Value| {
            format!(
                "{} {} {} after {} tries: {}",
                news["kind"], news["event"], news["status"], news["attempts"], news["last_answer"]
            )
        };
        Ok(waiting.iter().map(line).collect())
    }

    async fn contest(&self, chance: &mut StdRng, how: &str) -> anyhow::Result<()> {
        let charges = self.call(Method::GET, "/control/charges", None).await?;
        let charges = charges["data"].as_array().cloned().unwrap_or_default();
        let charges: Vec<Value> = charges
            .into_iter()
            .filter(|charge| charge["status"] == "succeeded")
            .collect();
        // Few debits are in so many charges: look for one.
        for charge in charges.sample(chance, if how == "return" { 20 } else { 1 }) {
            let id = charge["id"].as_str().unwrap_or_default();
            let path = format!("/control/charges/{id}/{how}");
            if let Ok(dispute) = self.call(Method::POST, &path, None).await {
                if how == "dispute" {
                    let id = dispute["id"].as_str().unwrap_or_default().to_owned();
                    self.bank().disputes.push(id);
                }
                return Ok(());
            }
        }
        Ok(())
    }

    async fn send_refund_back(&self, chance: &mut StdRng) -> anyhow::Result<()> {
        let refunds: Vec<String> = self
            .ledger()
            .await?
            .into_iter()
            .filter(|entry| entry.kind == "refund")
            .map(|entry| entry.reference)
            .collect();
        let Some(refund) = refunds.choose(chance) else {
            return Ok(());
        };
        let path = format!("/control/refunds/{refund}/bounce");
        self.call(Method::POST, &path, None).await.map(drop)
    }

    async fn decide(&self, dispute: &str, won: bool) -> anyhow::Result<()> {
        let end = if won { "win" } else { "lose" };
        let path = format!("/control/disputes/{dispute}/{end}");
        self.call(Method::POST, &path, None).await?;
        self.bank().disputes.retain(|open| open != dispute);
        Ok(())
    }

    fn pending(&self) -> Vec<String> {
        self.bank().disputes.clone()
    }

    fn bank(&self) -> std::sync::MutexGuard<'_, Bank> {
        self.bank.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
