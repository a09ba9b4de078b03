//! What a merchant changes on a subscription in one call: where the customer is, whose name
//! stands on documents, the merchant's own remarks, the next billing date, and its end. All of
//! it in one transaction: what cannot be done as a whole is not done in part.

use jiff::Timestamp;
use serde_json::json;

use super::cancellation::{self, Wish};
use super::{Change, Error, customer, facts, reconciliation, schedule};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::customer::BillingAddress;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::Subscription;
use crate::store::Tx;

/// What to change; an absent field stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Where the customer is; decides the tax of what arises from now on.
    pub billing: Option<BillingAddress>,
    /// The customer's tax id.
    pub tax_id: Change<String>,
    /// The company to name on documents.
    pub business_name: Change<String>,
    /// The merchant's metadata (a JSON object).
    pub metadata: Option<String>,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// When it is billed next.
    pub next_billing_date: Option<Timestamp>,
    /// When it is billed next, and by the period from then on; it is on demand before.
    pub renew_from: Option<Timestamp>,
    /// Whether and when it ends.
    pub ending: Option<Wish>,
}

/// Changes a subscription. `is_repeat` says that the caller may have been here before without
/// learning the answer: what is as wished already is then fine, where it would be refused to
/// somebody who asks for the first time.
pub async fn update(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    mut changes: Changes,
    is_repeat: bool,
) -> Result<Subscription, Error> {
    if changes.next_billing_date.is_some() || changes.renew_from.is_some() {
        reconciliation::freshen(cx, scope, id).await?;
    }
    let mut tx = cx.store.begin().await?;
    let mut subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    let now = cx.business_now(&mut tx, scope).await?;
    let name = changes.customer_name.take();
    let date = changes
        .next_billing_date
        .filter(|date| !(is_repeat && *date == subscription.period.end));
    let renew_from = changes
        .renew_from
        .filter(|date| !(is_repeat && *date == subscription.period.end));
    let ending = changes
        .ending
        .take()
        .filter(|wish| !(is_repeat && wish.is_granted(&subscription)));
    let mut untold = correct(cx, &mut tx, &mut subscription, changes, now).await?;
    if let Some(name) = name {
        rename(cx, &mut tx, &subscription, name).await?;
    }
    if let Some(date) = date {
        schedule::move_to(cx, &mut tx, &mut subscription, date, now).await?;
        untold = true;
    }
    if let Some(date) = renew_from {
        schedule::renew_from(cx, &mut tx, &mut subscription, date, now).await?;
        untold = true;
    }
    if let Some(wish) = ending {
        let ended = subscription.cancel_at_period_end;
        subscription = cancellation::grant(cx, &mut tx, subscription, wish, now).await?;
        // What is read when the merchant is told has all of it.
        let told = subscription.cancel_at_period_end != ended && !subscription.state.is_final();
        untold = untold && !told;
    }
    if untold {
        facts::tell(cx, &mut tx, scope, "subscription.updated", id.as_str(), now).await?;
    }
    tx.commit().await?;
    Ok(subscription)
}

/// Everything that touches neither dates nor money; answers whether anything is another than
/// before.
async fn correct(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &mut Subscription,
    changes: Changes,
    now: Timestamp,
) -> Result<bool, Error> {
    let mut changed = Vec::new();
    let buyer = &mut subscription.buyer;
    if let Some(billing) = changes.billing.filter(|new| *new != buyer.billing) {
        buyer.billing = billing;
        changed.push("billing");
    }
    if changes.tax_id.apply(&mut buyer.tax_id) {
        changed.push("tax_id");
    }
    if changes.business_name.apply(&mut buyer.business_name) {
        changed.push("business_name");
    }
    if let Some(metadata) = changes.metadata.filter(|new| *new != subscription.metadata) {
        subscription.metadata = metadata;
        changed.push("metadata");
    }
    if changed.is_empty() {
        return Ok(false);
    }
    subscription.updated_at = now;
    tx.save_subscription(subscription).await?;
    let (scope, id) = (&subscription.scope, &subscription.id);
    let after = json!({ "changed": changed });
    facts::audit(
        cx,
        tx,
        scope,
        "subscription.update",
        id.as_str(),
        None,
        Some(after),
    )
    .await?;
    Ok(true)
}

async fn rename(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    name: String,
) -> Result<(), Error> {
    let changes = customer::Changes {
        name: Some(name),
        ..customer::Changes::default()
    };
    match customer::change(cx, tx, &subscription.scope, &subscription.customer, changes).await {
        Ok(_) => Ok(()),
        // The caller's word for it.
        Err(Error::Invalid { problem, .. }) => Err(Error::Invalid {
            field: "customer_name",
            problem,
        }),
        Err(error) => Err(error),
    }
}
