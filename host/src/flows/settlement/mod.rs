//! The one place where a gateway's answer becomes a fact. Charge, return, webhook, look-up
//! and owner's decision all end in [`apply`]; duplicates and stale news are normal.

mod carried;
mod effects;
mod resolve;
mod revival;
mod roads;
mod setup;
mod trouble;
mod unscheduled;

pub(super) use self::effects::has_ended;
pub(super) use self::resolve::evidence;
pub use self::resolve::{Finding, resolve};
pub use self::roads::{Received, give_up, receive, returned};
pub(super) use self::roads::{abandon, find};
pub use self::setup::{give_up as give_up_setup, setup_returned};

pub(super) use self::revival::{dues_are_gone, schedule};
pub(super) use self::setup::{apply as apply_setup, ending as ending_of_setup, use_method};
pub(super) use self::trouble::waits as waits_for_gateway;

use jiff::Timestamp;

use super::Error;
use super::charge;
use super::records::{self, News};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::PaymentId;
use crate::domain::payment::{Initiator, Payment, PaymentEvent, PaymentState};
use crate::domain::subscription::Subscription;
use crate::domain::transition::Transition;
use crate::store::Tx;

/// A payment and its subscription, locked in the order that every flow keeps: the
/// subscription first. Where there is none, the first try at the same debts stands for it, so that
/// no two tries settle them.
pub(super) async fn lock(
    tx: &mut Tx,
    scope: &Scope,
    id: &PaymentId,
) -> Result<(Option<Subscription>, Option<Payment>), Error> {
    let Some(peek) = tx.payment(scope, id).await? else {
        return Ok((None, None));
    };
    let subscription = match &peek.subscription {
        Some(subscription) => tx.lock_subscription(scope, subscription).await?,
        None => {
            let tries = tx.tries_at(scope, id).await?;
            let first = tries.iter().min_by_key(|tried| tried.attempt);
            if let Some(first) = first.filter(|first| first.id != *id) {
                tx.lock_payment(scope, &first.id).await?;
            }
            None
        }
    };
    Ok((subscription, tx.lock_payment(scope, id).await?))
}

/// Applies what a gateway said about a payment, with everything that follows from it, in one
/// transaction; answers the payment as it stands then.
pub(super) async fn apply(
    cx: &Cx,
    scope: &Scope,
    id: &PaymentId,
    news: News,
) -> Result<Payment, Error> {
    apply_while(cx, scope, id, news, |_| true).await
}

/// The same for news that was concluded from how the payment stood, not said by the gateway:
/// it counts only while `stands` is still true of the locked payment. Another process may
/// have sent the payment between the look and the conclusion.
pub(super) async fn apply_while(
    cx: &Cx,
    scope: &Scope,
    id: &PaymentId,
    news: News,
    stands: impl FnOnce(&Payment) -> bool,
) -> Result<Payment, Error> {
    let mut tx = cx.store.begin().await?;
    let (subscription, payment) = lock(&mut tx, scope, id).await?;
    let mut payment = payment.ok_or(Error::NotFound("payment"))?;
    if !stands(&payment) {
        return Ok(payment);
    }
    apply_in(cx, &mut tx, subscription, &mut payment, news).await?;
    tx.commit().await?;
    Ok(payment)
}

/// The same in a transaction that has locked the payment, and its subscription before.
pub(super) async fn apply_in(
    cx: &Cx,
    tx: &mut Tx,
    subscription: Option<Subscription>,
    payment: &mut Payment,
    news: News,
) -> Result<(), Error> {
    let (scope, id) = (payment.scope.clone(), payment.id.clone());
    let now = cx.business_now(tx, &scope).await?;
    let news = credible(cx, tx, payment, news).await?;

    if news.event != PaymentEvent::OutcomeUnknown {
        payment.absent_since = None;
    }
    // Only what is missing is learnt here: a reference never changes.
    if payment.gateway_ref.is_none() {
        payment.gateway_ref.clone_from(&news.reference);
    }
    match payment.state.apply(bounded(cx, &news.event), now, cx.now()) {
        Transition::Moved(state) => {
            let before = std::mem::replace(&mut payment.state, state);
            payment.updated_at = now;
            keep_method(cx, tx, &scope, payment, &news, now).await?;
            tracing::info!(payment.id = %id, from = before.name(), to = payment.state.name(), "payment moved");
            effects::follow(cx, tx, payment, &before, subscription, &news, now).await?;
        }
        Transition::Unchanged => {
            tracing::debug!(payment.id = %id, "news of a payment was known");
            if payment.method.is_none() && news.method.is_some() {
                keep_method(cx, tx, &scope, payment, &news, now).await?;
                pay_with(cx, tx, payment, subscription, now).await?;
            }
        }
        // "No" after the money moved contradicts; anything else is merely late, which is normal.
        Transition::Refused(why) => match &news.event {
            PaymentEvent::Declined(_) | PaymentEvent::Cancelled => {
                tracing::warn!(payment.id = %id, state = payment.state.name(), ?why, "the gateway contradicts what it said of a payment");
            }
            _ => {
                tracing::info!(payment.id = %id, state = payment.state.name(), ?why, "late news of a payment");
            }
        },
    }
    charge::order_look(cx, tx, payment).await?;
    tx.save_payment(payment).await?;
    Ok(())
}

/// What a gateway says with the reference of another payment is no answer about this one: one
/// charge never settles two debts. The payment stays open, is asked for again, and is listed.
async fn credible(cx: &Cx, tx: &mut Tx, payment: &Payment, news: News) -> Result<News, Error> {
    let Some(reference) = &news.reference else {
        return Ok(news);
    };
    if payment.gateway_ref.as_ref() == Some(reference) {
        return Ok(news);
    }
    let (scope, gateway) = (&payment.scope, &payment.gateway);
    let known = tx.payment_by_gateway_ref(scope, gateway, reference).await?;
    let Some(other) = known.filter(|known| known.id != payment.id) else {
        return Ok(news);
    };
    let plugin = cx.plugins.plugin_of(scope, gateway);
    tracing::error!(payment.id = %payment.id, other.id = %other.id, gateway, plugin, "a gateway answered with the reference of another payment; what became of this one is unknown");
    Ok(News::bare(PaymentEvent::OutcomeUnknown))
}

/// The same, where a gateway that gives its customer for ever is given as long as a payment
/// may wait.
fn bounded(cx: &Cx, event: &PaymentEvent) -> PaymentEvent {
    match event {
        PaymentEvent::RequiresAction { action, expires_at } => {
            let expiry = cx.settings.load().billing.payment_expiry;
            let latest = cx.now().checked_add(expiry).unwrap_or(Timestamp::MAX);
            PaymentEvent::RequiresAction {
                action: action.clone(),
                expires_at: latest.min(*expires_at),
            }
        }
        event => event.clone(),
    }
}

/// A road that was slower than another brings the method that was saved with a payment: what its
/// customer has paid for and nothing else can be charged for, is paid with it from now on.
async fn pay_with(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: Option<Subscription>,
    now: Timestamp,
) -> Result<(), Error> {
    let bought = matches!(payment.state, PaymentState::Succeeded { .. }) && !payment.unapplied;
    let (Some(method), Some(subscription)) = (payment.method.clone(), subscription) else {
        return Ok(());
    };
    let has = match &subscription.method {
        Some(known) => tx.method(&payment.scope, known).await?,
        None => None,
    };
    let has_usable = has.is_some_and(|known| known.refused_at.is_none());
    if !bought || payment.initiator != Initiator::Customer || has_usable {
        return Ok(());
    }
    setup::use_method(cx, tx, subscription, method, now).await
}

/// Keeps the method that the gateway saved with a payment that went well so far.
async fn keep_method(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    payment: &mut Payment,
    news: &News,
    now: Timestamp,
) -> Result<(), Error> {
    let good = matches!(
        payment.state,
        PaymentState::Succeeded { .. } | PaymentState::Processing { .. }
    );
    match &news.method {
        Some(saved) if good => {
            let method = records::method(
                cx,
                scope,
                &payment.customer,
                &payment.gateway,
                saved.clone(),
                news.customer_reference.clone(),
                now,
            );
            let kept = tx.keep_method(&method, payment.created_at).await?.id;
            let asked_at = payment.sent_at.unwrap_or_else(|| cx.now());
            tx.method_saved(scope, &kept, asked_at).await?;
            payment.method = Some(kept);
        }
        _ => {
            if let (Some(method), true) = (&payment.method, good) {
                tx.method_used(scope, method, now).await?;
            }
        }
    }
    Ok(())
}
