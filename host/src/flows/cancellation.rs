//! Cancelling now or at the end of the period, and taking the latter back. Cancelling is
//! never blocked by a payment in flight.

use jiff::Timestamp;

use super::records::News;
use super::renewal::{DEFAULT_REASON, scheduled_end};
use super::{Error, Refused, documents, dunning, facts, plan_change, settlement};
use crate::config::DuesAtCancel;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::DebtState;
use crate::domain::id::SubscriptionId;
use crate::domain::payment::{Payment, PaymentEvent, PaymentState};
use crate::domain::subscription::{
    Cancellation, Subscription, SubscriptionEvent, SubscriptionState,
};
use crate::domain::transition::Transition;
use crate::store::{MailOrder, Tx};

/// What is asked for.
#[derive(Clone, Debug)]
pub enum Wish {
    /// The end, at once.
    Now(Cancellation),
    /// The end when the period ends. On hold and past due there is no paid period, so that it
    /// means now, and so it does on demand.
    AtPeriodEnd(Cancellation),
    /// No end: a scheduled one is taken back.
    Undo,
}

impl Wish {
    /// Whether `subscription` is as wished already.
    pub fn is_granted(&self, subscription: &Subscription) -> bool {
        let cancelled = matches!(subscription.state, SubscriptionState::Cancelled { .. });
        match self {
            Self::Now(_) => cancelled,
            Self::AtPeriodEnd(_) => cancelled || subscription.cancel_at_period_end,
            Self::Undo => !subscription.state.is_final() && !subscription.cancel_at_period_end,
        }
    }
}

/// Ends a subscription at once.
pub async fn now(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    cancellation: Cancellation,
) -> Result<Subscription, Error> {
    alone(cx, scope, id, Wish::Now(cancellation)).await
}

/// Ends a subscription when its period does, or now when it is on hold or past due.
pub async fn at_period_end(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    cancellation: Cancellation,
) -> Result<Subscription, Error> {
    alone(cx, scope, id, Wish::AtPeriodEnd(cancellation)).await
}

/// Takes a scheduled cancellation back.
pub async fn undo(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<Subscription, Error> {
    alone(cx, scope, id, Wish::Undo).await
}

async fn alone(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    wish: Wish,
) -> Result<Subscription, Error> {
    let mut tx = cx.store.begin().await?;
    let subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    let now = cx.business_now(&mut tx, scope).await?;
    let subscription = grant(cx, &mut tx, subscription, wish, now).await?;
    tx.commit().await?;
    Ok(subscription)
}

/// Does what is wished to a locked subscription; refused once it has ended.
pub(super) async fn grant(
    cx: &Cx,
    tx: &mut Tx,
    subscription: Subscription,
    wish: Wish,
    now: Timestamp,
) -> Result<Subscription, Error> {
    use SubscriptionState::{OnHold, PastDue, Pending};
    match (wish, &subscription.state) {
        (_, state) if state.is_final() => Err(Error::Refused(Refused::State)),
        (Wish::Now(why), _)
        | (Wish::AtPeriodEnd(why), OnHold { .. } | PastDue { .. } | Pending) => {
            end_now(cx, tx, subscription, why, now).await
        }
        // It is not paid by the period.
        (Wish::AtPeriodEnd(why), _) if subscription.on_demand => {
            end_now(cx, tx, subscription, why, now).await
        }
        (Wish::AtPeriodEnd(why), _) if !subscription.cancel_at_period_end => {
            end_with_period(cx, tx, subscription, why, now).await
        }
        (Wish::Undo, _) if subscription.cancel_at_period_end => {
            go_on(cx, tx, subscription, now).await
        }
        (Wish::AtPeriodEnd(_) | Wish::Undo, _) => Ok(subscription),
    }
}

async fn end_now(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    why: Cancellation,
    now: Timestamp,
) -> Result<Subscription, Error> {
    subscription.cancellation = with_reason(why);
    let subscription = cancel(cx, tx, subscription, now).await?;
    let id = &subscription.id;
    let mail = MailOrder::SubscriptionCancelled {
        subscription: id.clone(),
        nonce: format!("{id}:now"),
    };
    facts::mail(cx, tx, &subscription.scope, mail).await?;
    Ok(subscription)
}

async fn end_with_period(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    why: Cancellation,
    now: Timestamp,
) -> Result<Subscription, Error> {
    subscription.cancel_at_period_end = true;
    subscription.cancellation = with_reason(why);
    subscription.updated_at = now;
    settlement::schedule(cx, tx, &subscription).await?;
    let (scope, id) = (&subscription.scope, &subscription.id);
    facts::tell(cx, tx, scope, "subscription.updated", id.as_str(), now).await?;
    let mail = MailOrder::SubscriptionCancelled {
        subscription: id.clone(),
        nonce: format!("{id}:{}", now.as_microsecond()),
    };
    facts::mail(cx, tx, scope, mail).await?;
    note(cx, tx, &subscription, "subscription.cancel-at-period-end").await?;
    tx.save_subscription(&mut subscription).await?;
    Ok(subscription)
}

async fn go_on(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    now: Timestamp,
) -> Result<Subscription, Error> {
    subscription.cancel_at_period_end = false;
    subscription.cancellation = Cancellation::default();
    subscription.updated_at = now;
    // What was to be told of a renewal came to nothing while there was none to come.
    settlement::schedule(cx, tx, &subscription).await?;
    let (scope, id) = (&subscription.scope, &subscription.id);
    facts::tell(cx, tx, scope, "subscription.updated", id.as_str(), now).await?;
    note(cx, tx, &subscription, "subscription.keep").await?;
    tx.save_subscription(&mut subscription).await?;
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
    let never_began = subscription.state == SubscriptionState::Pending;
    subscription.state = state;
    subscription.cancel_at_period_end = false;
    subscription.updated_at = now;
    tx.end_licenses(&scope, &subscription.id, now).await?;
    // Codes are locked before the clock.
    plan_change::drop_scheduled(tx, &subscription, now).await?;
    dunning::stop(tx, &subscription, now).await?;
    if never_began || cx.settings.load().billing.dues_at_cancel == DuesAtCancel::WriteOff {
        write_off(tx, &subscription, now).await?;
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
    if never_began {
        take_offer_back(cx, tx, &subscription).await?;
    }
    Ok(subscription)
}

/// Nobody can begin it any more: its first payment, unless it was sent, ends with it, and its codes
/// were not used.
async fn take_offer_back(cx: &Cx, tx: &mut Tx, subscription: &Subscription) -> Result<(), Error> {
    let scope = &subscription.scope;
    for open in tx.open_payments_of(scope, &subscription.id).await? {
        let locked = tx.lock_payment(scope, &open.id).await?;
        let unsent =
            |payment: &Payment| payment.state == PaymentState::Created && payment.sent_at.is_none();
        if let Some(mut payment) = locked.filter(unsent) {
            let cancelled = News::bare(PaymentEvent::Cancelled);
            settlement::apply_in(cx, tx, None, &mut payment, cancelled).await?;
        }
    }
    tx.give_discounts_back(scope, subscription.id.as_str())
        .await?;
    Ok(())
}

/// What a subscription owes is no longer asked for, and the draft over it is no invoice to come.
pub(super) async fn write_off(
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &subscription.scope;
    for due in tx.dues_of(scope, &subscription.id).await? {
        tx.close_debt(scope, &due.id, DebtState::WrittenOff, None, now)
            .await?;
    }
    documents::discard_draft(tx, scope, subscription).await
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
