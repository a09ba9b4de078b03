//! Deliveries: genuine ones are read, the same twice is the same event, and forged or old ones
//! are refused.

use jiff::SignedDuration;
use tokio::time::Instant;

use super::{Judged, PATIENCE, PAUSE, Suite};
use crate::plugins::gateway::news::{News, WebhookError};
use crate::plugins::gateway::request::Delivery;

impl Suite {
    pub(super) async fn webhooks(&mut self) {
        if !self.gateway.capabilities().webhooks {
            return;
        }
        let judged = self.unsigned().await;
        self.judge("a delivery without a signature is refused", judged);
        let genuine =
            "a genuine delivery is read, a repeat is the same event, a forgery is refused";
        let Some(deliveries) = self.bench.deliveries.clone() else {
            self.not_tried(genuine, "the processor's webhooks do not come here");
            return;
        };
        if self.paid.is_empty() {
            self.not_tried(genuine, "nothing was paid that there could be news of");
            return;
        }
        let begun = Instant::now();
        let judged = loop {
            let came = deliveries
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .clone();
            if let Some(delivery) = self.about_a_payment(&came).await {
                break self.genuine(&delivery).await;
            }
            if begun.elapsed() >= PATIENCE {
                let came = came.len();
                break Err(format!(
                    "of {came} deliveries none was news of a payment made here"
                ));
            }
            tokio::time::sleep(PAUSE).await;
        };
        self.judge(genuine, judged);
    }

    async fn unsigned(&self) -> Judged {
        let delivery = Delivery {
            headers: Vec::new(),
            query: Vec::new(),
            body: br#"{"type":"payment.succeeded"}"#.to_vec(),
            received_at: self.now(),
        };
        match self.gateway.parse_webhook(&delivery).await {
            Err(WebhookError::BadSignature) => Ok(()),
            Ok(_) => Err("it believed a delivery without a signature".to_owned()),
            Err(error) => Err(format!("it says: {error}")),
        }
    }

    /// The first delivery that the gateway reads as news of a payment of this suite.
    async fn about_a_payment(&self, came: &[Delivery]) -> Option<Delivery> {
        for delivery in came {
            let Ok(parsed) = self.gateway.parse_webhook(delivery).await else {
                continue;
            };
            let ours = parsed.events.iter().any(|event| match &event.news {
                News::Payment(about, _) => about
                    .key
                    .as_ref()
                    .is_some_and(|key| key.starts_with(&self.bench.run)),
                _ => false,
            });
            if ours {
                return Some(delivery.clone());
            }
        }
        None
    }

    async fn genuine(&self, delivery: &Delivery) -> Judged {
        let mut ids = Vec::new();
        for _ in 0..2 {
            let parsed = self.gateway.parse_webhook(delivery).await;
            let parsed = parsed.map_err(|error| format!("a genuine delivery: {error}"))?;
            ids.push(
                parsed
                    .events
                    .iter()
                    .map(|event| event.id.clone())
                    .collect::<Vec<_>>(),
            );
        }
        if ids.first() != ids.last() {
            return Err("the same delivery has another id the second time".to_owned());
        }
        let mut forged = delivery.clone();
        match forged.body.last_mut() {
            Some(last) => *last ^= 1,
            None => return Err("a genuine delivery has no body".to_owned()),
        }
        let mut bare = delivery.clone();
        bare.headers.clear();
        for (what, bad) in [("a changed body", forged), ("no headers", bare)] {
            match self.gateway.parse_webhook(&bad).await {
                Err(WebhookError::BadSignature) => {}
                Ok(_) => return Err(format!("it believed a delivery with {what}")),
                Err(error) => return Err(format!("of a delivery with {what} it says: {error}")),
            }
        }
        let mut old = delivery.clone();
        old.received_at += SignedDuration::from_hours(48);
        match self.gateway.parse_webhook(&old).await {
            Err(WebhookError::Stale | WebhookError::BadSignature) => Ok(()),
            _ => Err("it takes a delivery that is two days old, and so a replay".to_owned()),
        }
    }
}
