//! Cancelling now or at the end of the period, and taking the latter back. Cancelling is
//! never blocked by a payment in flight.

use jiff::Timestamp;

use super::renewal::{DEFAULT_REASON, scheduled_end};
use super::{Error, Refused, documents, facts, settlement};
use crate::config::DuesAtCancel;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::DebtState;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::{
    Cancellation, Subscription, SubscriptionEvent, SubscriptionState,
};
use crate::domain::transition::Transition;
use crate::store::{MailOrder, Tx};

/// Ends a subscription at once.
pub async fn now(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    cancellation: Cancellation,
) -> Result<Subscription, Error> {
    let mut tx = cx.store.begin().await?;
    let mut subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    if subscription.state.is_final() {
        return Err(Error::Refused(Refused::State));
    }
    let now = cx.business_now(&mut tx, scope).await?;
    subscription.cancellation = with_reason(cancellation);
    let subscription = cancel(cx, &mut tx, subscription, now).await?;
    let mail = MailOrder::SubscriptionCancelled {
        subscription: id.clone(),
        nonce: format!("{id}:now"),
    };
    facts::mail(cx, &mut tx, scope, mail).await?;
    tx.commit().await?;
    Ok(subscription)
}

/// Ends a subscription when its period does. On hold there is no paid period, so that "at
/// the period's end" means now.
pub async fn at_period_end(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    cancellation: Cancellation,
) -> Result<Subscription, Error> {
    let mut tx = cx.store.begin().await?;
    let mut subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    match subscription.state {
        SubscriptionState::OnHold { .. } | SubscriptionState::Pending => {
            drop(tx);
            return self::now(cx, scope, id, cancellation).await;
        }
        SubscriptionState::Active
        | SubscriptionState::PastDue { .. }
        | SubscriptionState::Paused { .. } => {}
        SubscriptionState::Cancelled { .. }
        | SubscriptionState::Failed { .. }
        | SubscriptionState::Expired { .. } => return Err(Error::Refused(Refused::State)),
    }
    if subscription.cancel_at_period_end {
        return Ok(subscription);
    }
    let now = cx.business_now(&mut tx, scope).await?;
    subscription.cancel_at_period_end = true;
    subscription.cancellation = with_reason(cancellation);
    subscription.updated_at = now;
    settlement::schedule(cx, &mut tx, &subscription).await?;
    facts::tell(cx, &mut tx, scope, "subscription.updated", id.as_str(), now).await?;
    let mail = MailOrder::SubscriptionCancelled {
        subscription: id.clone(),
        nonce: format!("{id}:{}", now.as_microsecond()),
    };
    facts::mail(cx, &mut tx, scope, mail).await?;
    note(
        cx,
        &mut tx,
        &subscription,
        "subscription.cancel-at-period-end",
    )
    .await?;
    tx.save_subscription(&mut subscription).await?;
    tx.commit().await?;
    Ok(subscription)
}

/// Takes a scheduled cancellation back.
pub async fn undo(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<Subscription, Error> {
    let mut tx = cx.store.begin().await?;
    let mut subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    if subscription.state.is_final() {
        return Err(Error::Refused(Refused::State));
    }
    if !subscription.cancel_at_period_end {
        return Ok(subscription);
    }
    let now = cx.business_now(&mut tx, scope).await?;
    subscription.cancel_at_period_end = false;
    subscription.cancellation = Cancellation::default();
    subscription.updated_at = now;
    facts::tell(cx, &mut tx, scope, "subscription.updated", id.as_str(), now).await?;
    note(cx, &mut tx, &subscription, "subscription.keep").await?;
    tx.save_subscription(&mut subscription).await?;
    tx.commit().await?;
    Ok(subscription)
}

/// A scheduled cancellation fires.
pub(super) async fn end(
    cx: &Cx,
    tx: &mut Tx,
    subscription: Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = subscription.scope.clone();
    let mail = scheduled_end(&subscription);
    cancel(cx, tx, subscription, now).await?;
    facts::mail(cx, tx, &scope, mail).await?;
    Ok(())
}

async fn cancel(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    now: Timestamp,
) -> Result<Subscription, Error> {
    let Transition::Moved(state) = subscription.state.apply(SubscriptionEvent::Cancel, now) else {
        return Ok(subscription);
    };
    let scope = subscription.scope.clone();
    subscription.state = state;
    subscription.cancel_at_period_end = false;
    subscription.updated_at = now;
    tx.end_licenses(&scope, &subscription.id, now).await?;
    if cx.settings.load().billing.dues_at_cancel == DuesAtCancel::WriteOff {
        for due in tx.dues_of(&scope, &subscription.id).await? {
            tx.close_debt(&scope, &due.id, DebtState::WrittenOff, None, now)
                .await?;
        }
        documents::discard_draft(tx, &scope, &subscription).await?;
    }
    facts::tell(
        cx,
        tx,
        &scope,
        "subscription.cancelled",
        subscription.id.as_str(),
        now,
    )
    .await?;
    note(cx, tx, &subscription, "subscription.cancel").await?;
    tx.save_subscription(&mut subscription).await?;
    Ok(subscription)
}

fn with_reason(cancellation: Cancellation) -> Cancellation {
    Cancellation {
        reason: cancellation.reason.or(Some(DEFAULT_REASON)),
        ..cancellation
    }
}

async fn note(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    action: &str,
) -> Result<(), Error> {
    let after = serde_json::json!({
        "state": subscription.state.name(),
        "reason": subscription.cancellation.reason,
        "feedback": subscription.cancellation.feedback,
    });
    let object = subscription.id.as_str();
    facts::audit(
        cx,
        tx,
        &subscription.scope,
        action,
        object,
        None,
        Some(after),
    )
    .await?;
    Ok(())
}
