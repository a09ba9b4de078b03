//! What the merchant orders for a subscription by API: other plans, charges on demand, refunds.
//! Each order names its wish in the metadata, so that the audit sees one that was done twice.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};

use crate::customer::{CODE, Subject};
use crate::errand::Errand;

/// The key of the metadata that names a wish.
pub(crate) const WISH: &str = "wish";

impl Errand<'_> {
    /// Another plan or quantity: now, charged in each way, or at the next date.
    pub(crate) async fn change_plan(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let modes = [
            "prorated_immediately",
            "full_immediately",
            "difference_immediately",
            "do_not_bill",
        ];
        let body = json!({
            "product_id": self.town.any_plan(self.chance),
            "quantity": self.chance.random_range(1..4),
            "proration_billing_mode": modes.choose(self.chance),
            "on_payment_failure": self.either("prevent_change", "apply_change"),
            "effective_at": if self.chance.random_bool(0.2) {
                "next_billing_date"
            } else {
                "immediately"
            },
            "cancel_scheduled_change_plan": self.chance.random_bool(0.5),
            "metadata": { WISH: self.town.wish() },
        });
        let mut body = body;
        if self.chance.random_bool(0.2) {
            body["discount_codes"] = json!([CODE]);
        }
        let path = format!("/subscriptions/{}/change-plan", subject.subscription);
        self.order(&path, body, "payment_id").await
    }

    /// Takes a change back that waits for the next date.
    pub(crate) async fn keep_plan(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let path = format!(
            "/subscriptions/{}/change-plan/scheduled",
            subject.subscription
        );
        self.town.api.delete(&path).await
    }

    /// A charge on demand.
    pub(crate) async fn charge(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let body = json!({
            "product_price": self.chance.random_range(100..5_000),
            "metadata": { WISH: self.town.wish() },
        });
        let path = format!("/subscriptions/{}/charge", subject.subscription);
        self.order(&path, body, "payment_id").await
    }

    /// Gives back a payment of the subscription, or a part of it.
    pub(crate) async fn refund(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let path = format!(
            "/payments?subscription_id={}&status=succeeded",
            subject.subscription
        );
        let list = self.town.api.get(&path).await?;
        let payments = list["items"].as_array().cloned().unwrap_or_default();
        let Some(payment) = payments.choose(self.chance) else {
            return Ok(());
        };
        let payment = payment["payment_id"].as_str().unwrap_or_default();
        let mut body = json!({
            "payment_id": payment,
            "metadata": { WISH: self.town.wish() },
        });
        if self.chance.random_bool(0.6) {
            let path = format!("/payments/{payment}/line-items");
            let lines = self.town.api.get(&path).await?;
            let lines = lines["items"].as_array().cloned().unwrap_or_default();
            let left = |line: &Value| line["refundable_amount"].as_i64().unwrap_or(0);
            let lines: Vec<Value> = lines.into_iter().filter(|line| left(line) > 1).collect();
            let Some(line) = lines.choose(self.chance) else {
                return Ok(());
            };
            let amount = self.chance.random_range(1..left(line));
            body["items"] = json!([{ "item_id": line["items_id"], "amount": amount }]);
        }
        self.order("/refunds", body, "refund_id").await
    }

    /// Orders something; what the answer names is a promise.
    pub(crate) async fn order(
        &mut self,
        path: &str,
        body: Value,
        names: &str,
    ) -> anyhow::Result<()> {
        let made = self.town.api.post(path, body).await?;
        if let Some(id) = made[names].as_str() {
            self.town.was_promised(id);
        }
        Ok(())
    }

    fn either(&mut self, one: &'static str, other: &'static str) -> &'static str {
        if self.chance.random_bool(0.5) {
            one
        } else {
            other
        }
    }
}
