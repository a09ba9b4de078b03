//! A gateway tells that a method which it had saved can no longer be charged: the mandate was
//! revoked, the account closed, the card withdrawn.
//!
//! A subscription that is charged by the period goes on: its customer is told, and its next renewal
//! finds the backup method or the way of every renewal that failed. One that is charged on demand
//! has no such date, and what is supplied until the next charge could not be charged: without
//! another way to pay it goes on hold at once, until its customer sets a method up. Nothing is owed
//! by that.

use jiff::{SignedDuration, Timestamp};

use super::{Error, dunning, facts, settlement};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::MethodId;
use crate::domain::method::PaymentMethod;
use crate::domain::subscription::{HoldReason, Subscription, SubscriptionEvent};
use crate::domain::transition::Transition;
use crate::store::{MailOrder, Tx};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// News that the method which the gateway knows as `reference` was gone at `occurred_at` (host
/// time). A repeat changes nothing, nor does news from before the method was saved again.
pub(super) async fn heard(
    cx: &Cx,
    scope: &Scope,
    gateway: &str,
    reference: &str,
    occurred_at: Timestamp,
) -> Result<(), Error> {
    let known = {
        let mut tx = cx.store.read().await?;
        // Gateways date their news by the second.
        let until = occurred_at.checked_add(SECOND).unwrap_or(Timestamp::MAX);
        tx.methods_by_reference(scope, gateway, reference, until)
            .await?
    };
    for method in known {
        lose(cx, scope, &method).await?;
    }
    Ok(())
}

async fn lose(cx: &Cx, scope: &Scope, known: &PaymentMethod) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let id = &known.id;
    let mut users = Vec::new();
    for user in tx.subscriptions_by_method(scope, id).await? {
        let locked = tx.lock_subscription(scope, &user.id).await?;
        users.extend(locked.filter(|user| pays(user, id)));
    }
    let locked = tx.lock_method(scope, id).await?;
    if locked.is_none_or(|method| method.refused_at.is_some()) {
        return Ok(());
    }
    let now = cx.business_now(&mut tx, scope).await?;
    tracing::warn!(method.id = %id, "a payment method is gone at its gateway");
    tx.refuse_method(scope, id, now).await?;
    if users.iter().any(|user| !user.cancel_at_period_end) {
        let mail = MailOrder::MethodGone {
            method: id.clone(),
            nonce: format!("{id}:{}", now.as_microsecond()),
        };
        facts::mail(cx, &mut tx, scope, mail).await?;
    }
    for user in users.into_iter().filter(|user| user.on_demand) {
        if dunning::backup_of(cx, &mut tx, &user, Some(id), now)
            .await?
            .is_none()
        {
            hold(cx, &mut tx, user, now).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

fn pays(user: &Subscription, method: &MethodId) -> bool {
    !user.state.is_final() && user.method.as_ref() == Some(method)
}

/// Nothing can be charged for it any more, and nothing is owed.
async fn hold(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let event = SubscriptionEvent::PaymentFailed {
        why: HoldReason::AuthorisationFailed,
        grace_until: None,
    };
    let Transition::Moved(state) = subscription.state.apply(event, now) else {
        return Ok(());
    };
    let scope = subscription.scope.clone();
    subscription.state = state;
    subscription.updated_at = now;
    tx.suspend_licenses(&scope, &subscription.id, true).await?;
    let object = subscription.id.as_str();
    facts::tell(cx, tx, &scope, "subscription.on_hold", object, now).await?;
    settlement::schedule(cx, tx, &subscription).await?;
    tx.save_subscription(&mut subscription).await?;
    Ok(())
}
