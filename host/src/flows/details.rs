//! What a merchant may correct on a subscription without touching money: where the customer
//! is, whose name stands on documents, and the merchant's own remarks.

use serde_json::json;

use super::{Change, Error, facts};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::customer::BillingAddress;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::Subscription;

/// What to change; an absent field stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Where the customer is; decides the tax of what arises from now on.
    pub billing: Option<BillingAddress>,
    /// The customer's tax id.
    pub tax_id: Option<String>,
    /// The company to name on documents.
    pub business_name: Change<String>,
    /// The merchant's metadata (a JSON object).
    pub metadata: Option<String>,
}

/// Changes a subscription that has not ended.
pub async fn update(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    changes: Changes,
) -> Result<Subscription, Error> {
    let mut tx = cx.store.begin().await?;
    let mut subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    let mut changed = Vec::new();
    if let Some(billing) = changes
        .billing
        .filter(|billing| *billing != subscription.buyer.billing)
    {
        subscription.buyer.billing = billing;
        changed.push("billing");
    }
    if let Some(tax_id) = changes.tax_id {
        subscription.buyer.tax_id = Some(tax_id);
        changed.push("tax_id");
    }
    if changes
        .business_name
        .apply(&mut subscription.buyer.business_name)
    {
        changed.push("business_name");
    }
    if let Some(metadata) = changes.metadata {
        subscription.metadata = metadata;
        changed.push("metadata");
    }
    if changed.is_empty() {
        return Ok(subscription);
    }
    let now = cx.business_now(&mut tx, scope).await?;
    subscription.updated_at = now;
    tx.save_subscription(&mut subscription).await?;
    let after = json!({ "changed": changed });
    facts::audit(
        cx,
        &mut tx,
        scope,
        "subscription.update",
        id.as_str(),
        None,
        Some(after),
    )
    .await?;
    facts::tell(cx, &mut tx, scope, "subscription.updated", id.as_str(), now).await?;
    tx.commit().await?;
    Ok(subscription)
}
