//! Dates that a merchant moves by hand.

use jiff::Timestamp;

use super::{Error, Refused, facts, reconciliation, settlement};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::{Debt, DebtKind};
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::store::Tx;

/// Moves the next billing date of a living subscription into the future; dates count from
/// it afterwards. In test mode this is how a renewal is made due in seconds.
pub async fn set_next_billing_date(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    date: Timestamp,
) -> Result<Subscription, Error> {
    reconciliation::freshen(cx, scope, id).await?;
    let mut tx = cx.store.begin().await?;
    let mut subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    let now = cx.business_now(&mut tx, scope).await?;
    move_to(cx, &mut tx, &mut subscription, date, now).await?;
    facts::tell(cx, &mut tx, scope, "subscription.updated", id.as_str(), now).await?;
    tx.commit().await?;
    Ok(subscription)
}

/// Lets a locked subscription that is on demand be paid by the period, from `date` on; the
/// caller tells the merchant.
pub(super) async fn renew_from(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &mut Subscription,
    date: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    if !subscription.on_demand {
        return Err(Error::Refused(Refused::NotOnDemand));
    }
    subscription.on_demand = false;
    subscription.period.start = now;
    move_to(cx, tx, subscription, date, now).await
}

/// Moves the next billing date of a locked subscription; the caller tells the merchant.
pub(super) async fn move_to(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &mut Subscription,
    date: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    if subscription.state != SubscriptionState::Active || subscription.on_demand {
        return Err(Error::Refused(Refused::State));
    }
    // A payment under way, or a renewal that is due, decides which dates there are.
    let (scope, id) = (subscription.scope.clone(), subscription.id.clone());
    let dues = tx.dues_of(&scope, &id).await?;
    let renews = |due: &Debt| due.kind == DebtKind::Period;
    let is_due = subscription.period.end <= now && dues.iter().any(renews);
    let open = tx.open_payments_of(&scope, &id).await?;
    if is_due || open.iter().any(|payment| payment.request.is_some()) {
        return Err(Error::Refused(Refused::PaymentUnderWay));
    }
    if date <= now {
        return Err(Error::Invalid {
            field: "next_billing_date",
            problem: "must lie in the future".to_owned(),
        });
    }
    let before = subscription.period.end;
    subscription.period.end = date;
    subscription.anchor = date;
    subscription.updated_at = now;
    settlement::schedule(cx, tx, subscription).await?;
    facts::audit(
        cx,
        tx,
        &scope,
        "subscription.set-next-billing-date",
        id.as_str(),
        Some(serde_json::json!({ "next_billing_date": before })),
        Some(serde_json::json!({ "next_billing_date": date })),
    )
    .await?;
    tx.save_subscription(subscription).await?;
    Ok(())
}
