//! What banks do: give money back late, and take it back; and what the gateway tells of it.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use vestibule::domain::refund::{Refund, RefundState};
use vestibule::flows::settlement;

use super::town::{Town, allowed, choose};
use crate::flows::refunds::delivery_of;

/// Something to tell: the kind of the event, how it stood, and when that happened, which a repeat
/// says as well.
pub(super) type Telling = (String, Value, Timestamp);

impl Town<'_> {
    pub(super) async fn hold_refunds(&self, held: bool) {
        let body = Some(json!({ "held": held }));
        let sandbox = &self.world.sandbox;
        sandbox.call(Method::PUT, "/control/refunds", body).await;
    }

    /// Refunds of ours without an end that the processor knows.
    async fn refunds(&self) -> Vec<Refund> {
        let mut tx = self.world.cx.store.read().await.unwrap();
        let open = tx.unsettled_refunds(1_000).await.unwrap();
        let is_known = |refund: &Refund| refund.gateway_ref.is_some();
        open.into_iter().filter(is_known).collect()
    }

    pub(super) async fn tell_refund(&self, which: usize) {
        let Some(refund) = choose(&self.refunds().await, which) else {
            return;
        };
        let path = format!("/v1/refunds/{}", refund.gateway_ref.unwrap());
        let stands = self.world.sandbox.call(Method::GET, &path, None).await;
        let kind = format!("refund.{}", stands["status"].as_str().unwrap());
        self.tell(&(kind, stands, self.world.cx.now())).await;
    }

    pub(super) async fn bounce_one(&mut self, which: usize, told: bool) {
        let ledger = self.world.sandbox.ledger().await;
        let given_back = ledger.iter().filter(|entry| entry["kind"] == "refund");
        let given_back: Vec<String> = given_back
            .map(|entry| entry["reference"].as_str().unwrap().to_owned())
            .collect();
        let Some(refund) = choose(&given_back, which) else {
            return;
        };
        let path = format!("/control/refunds/{refund}/bounce");
        let bounced = self.world.sandbox.try_call(&path, None).await;
        self.happened("refund.failed", bounced, told).await;
    }

    /// Whatever was under way arrives.
    pub(super) async fn bank_gives_back(&self) {
        for refund in self.refunds().await {
            if matches!(refund.state, RefundState::Processing { .. }) {
                let reference = refund.gateway_ref.unwrap();
                let path = format!("/control/refunds/{reference}/settle");
                self.world.sandbox.try_call(&path, None).await;
            }
        }
    }

    pub(super) async fn contest(&mut self, which: usize, part: Option<i64>, told: bool) {
        let Some((charge, _)) = choose(&self.taken().await, which) else {
            return;
        };
        let path = format!("/control/charges/{charge}/dispute");
        let body = part.map(|amount| json!({ "amount": amount }));
        let opened = self.world.sandbox.try_call(&path, body).await;
        self.happened("dispute.opened", opened, told).await;
    }

    pub(super) async fn decide(&mut self, which: usize, won: bool, told: bool) {
        let opened = self
            .disputes
            .iter()
            .filter(|(_, one, _)| one["status"] == "opened");
        let opened: Vec<String> = opened
            .map(|(_, one, _)| one["id"].as_str().unwrap().to_owned())
            .collect();
        let Some(dispute) = choose(&opened, which) else {
            return;
        };
        let (verb, kind) = if won {
            ("win", "dispute.won")
        } else {
            ("lose", "dispute.lost")
        };
        let path = format!("/control/disputes/{dispute}/{verb}");
        let ended = self.world.sandbox.try_call(&path, None).await;
        self.happened(kind, ended, told).await;
    }

    pub(super) async fn return_debit(&mut self, which: usize, told: bool) {
        let Some((charge, _)) = choose(&self.taken().await, which) else {
            return;
        };
        let path = format!("/control/charges/{charge}/return");
        let returned = self.world.sandbox.try_call(&path, None).await;
        self.happened("debit.returned", returned, told).await;
    }

    /// Keeps what happened to be told, and tells it where it is `told` at once.
    async fn happened(&mut self, kind: &str, what: Option<Value>, told: bool) {
        let Some(what) = what else { return };
        let telling = (kind.to_owned(), what, self.world.cx.now());
        if told {
            self.tell(&telling).await;
        }
        self.disputes.push(telling);
    }

    /// A gateway tells everything in the end.
    pub(super) async fn tell_all_disputes(&self) {
        for telling in &self.disputes {
            self.tell(telling).await;
        }
    }

    pub(super) async fn tell(&self, (kind, what, at): &Telling) {
        let world = self.world;
        let delivery = delivery_of(world, kind, what, *at);
        let (cx, scope) = (&world.cx, &world.scope);
        allowed(settlement::receive(cx, scope, "sandbox", &delivery).await);
    }
}
