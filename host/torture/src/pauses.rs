//! Pauses with and without an end and with what is still to be paid for, and the method that
//! stands in for another.

use std::time::Duration;

use rand::RngExt as _;
use serde_json::json;

use crate::customer::Subject;
use crate::errand::{Errand, now};
use crate::place::BUSINESS;

impl Errand<'_> {
    /// The merchant pauses it: without an end, until soon, or with a charge for what was used.
    pub(crate) async fn pause(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let path = format!("/subscriptions/{}", subject.subscription);
        if self.chance.random_bool(0.3) {
            let body = json!({ "status": "paused" });
            return self.town.api.patch(&path, body).await.map(drop);
        }
        let mut body = json!({});
        if self.chance.random_bool(0.7) {
            let wait = Duration::from_millis(self.chance.random_range(1_000..6_000));
            body["resume_at"] = json!(now().checked_add(wait)?.to_string());
        }
        if self.chance.random_bool(0.4) {
            let price = self.chance.random_range(100..3_000);
            body["settlement"] = json!({ "product_price": price });
        }
        self.order(&format!("{path}/pause"), body, "payment_id")
            .await
    }

    /// Ends a pause: the merchant by API, or its customer on the page.
    pub(crate) async fn go_on(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let path = format!("/subscriptions/{}", subject.subscription);
        if self.chance.random_bool(0.5) {
            let body = json!({ "status": "active" });
            return self.town.api.patch(&path, body).await.map(drop);
        }
        let mut visitor = self.sign_in(subject).await?;
        let page = visitor.get(&own_page(&path)).await?;
        let (action, fields) = page.form("/resume")?;
        self.press(&mut visitor, &action, &fields).await
    }

    /// The customer names a saved method that is tried where another is declined, or none any more.
    pub(crate) async fn backup_on_page(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let Some(method) = self.saved(subject).await? else {
            return Ok(());
        };
        let mut visitor = self.sign_in(subject).await?;
        let page = visitor.get(&own_page("/payment-methods")).await?;
        let (action, fields) = page.form(&format!("/{method}/backup"))?;
        self.press(&mut visitor, &action, &fields).await
    }
}

/// A page of the portal.
fn own_page(path: &str) -> String {
    format!("/test/{BUSINESS}{path}")
}
