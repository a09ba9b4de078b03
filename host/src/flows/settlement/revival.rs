//! How a payment moves its subscription: to life, back to life, or on to the next period.

use jiff::Timestamp;

use super::super::reactivation::available;
use super::super::{Error, dunning, facts, grants, notices, pause, plan_change};
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::{Debt, DebtKind};
use crate::domain::payment::{Initiator, Payment, Purpose};
use crate::domain::period::Period;
use crate::domain::quote::{ReactivationAnchor, buys_period};
use crate::domain::subscription::{HoldReason, Subscription, SubscriptionEvent, SubscriptionState};
use crate::domain::transition::Transition;
use crate::store::{MailOrder, Tx, Work};

/// Moves the subscription that a payment was for, and tells of it.
pub(super) async fn revive(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: &mut Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = payment.scope.clone();
    subscription.updated_at = now;
    let is_over = subscription.state.is_final();
    if payment.initiator == Initiator::Customer && payment.method.is_some() && !is_over {
        subscription.method.clone_from(&payment.method);
    }
    let began = subscription.state == SubscriptionState::Pending;
    let all_paid = tx.dues_of(&scope, &subscription.id).await?.is_empty();
    let event = if began {
        SubscriptionEvent::Begin
    } else {
        SubscriptionEvent::DuesPaid
    };
    match subscription.state.apply(event, now) {
        Transition::Moved(state) if began && all_paid => {
            subscription.state = state;
            begin(cx, tx, payment, subscription, now).await?;
        }
        Transition::Moved(state) if all_paid && !waits_for_a_method(tx, subscription).await? => {
            let was_on_hold = matches!(subscription.state, SubscriptionState::OnHold { .. });
            start_anew(cx, subscription, now)?;
            subscription.state = state;
            come_back(cx, tx, payment, subscription, was_on_hold, now).await?;
        }
        _ => {
            let received = MailOrder::PaymentReceived {
                payment: payment.id.clone(),
            };
            facts::mail(cx, tx, &scope, received).await?;
            let object = subscription.id.as_str();
            let off_schedule = [
                Purpose::OnDemand,
                Purpose::PauseSettlement,
                Purpose::PlanChange,
            ];
            // Where something else is due, or a method is wanted, the hold goes on: nothing renews.
            if subscription.state.grants_access() && !off_schedule.contains(&payment.purpose) {
                facts::tell(cx, tx, &scope, "subscription.renewed", object, now).await?;
            }
        }
    }
    if subscription.state == SubscriptionState::Active {
        schedule(cx, tx, subscription).await?;
    }
    Ok(())
}

/// Whether a subscription is on hold for want of a method that can be charged, which a payment that
/// was on its way already does not give it.
async fn waits_for_a_method(tx: &mut Tx, subscription: &Subscription) -> Result<bool, Error> {
    let SubscriptionState::OnHold { why, .. } = subscription.state else {
        return Ok(false);
    };
    if why != HoldReason::AuthorisationFailed {
        return Ok(false);
    }
    let method = match &subscription.method {
        Some(id) => tx.method(&subscription.scope, id).await?,
        None => None,
    };
    Ok(method.is_none_or(|method| method.refused_at.is_some()))
}

/// A subscription that was on hold or past due runs again: keys restored, grace called off.
async fn come_back(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: &Subscription,
    was_on_hold: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &payment.scope;
    let received = MailOrder::PaymentReceived {
        payment: payment.id.clone(),
    };
    facts::mail(cx, tx, scope, received).await?;
    if was_on_hold && subscription.state.grants_access() {
        let mail = MailOrder::SubscriptionReactivated {
            subscription: subscription.id.clone(),
            payment: Some(payment.id.clone()),
            nonce: None,
        };
        facts::mail(cx, tx, scope, mail).await?;
    }
    runs_again(cx, tx, subscription, now).await?;
    let grace = Work::EndGrace {
        subscription: subscription.id.clone(),
    };
    if let Some(key) = grace.unique_key() {
        tx.cancel_job(scope, &key).await?;
    }
    Ok(())
}

/// A hold without dues ends without a payment: with a new method, or because money that was
/// taken back came back.
pub(super) async fn mend(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &mut Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let event = SubscriptionEvent::DuesPaid;
    let Transition::Moved(state) = subscription.state.apply(event, now) else {
        return Ok(());
    };
    start_anew(cx, subscription, now)?;
    let was_on_hold = matches!(subscription.state, SubscriptionState::OnHold { .. });
    subscription.state = state;
    subscription.updated_at = now;
    if was_on_hold && subscription.state.grants_access() {
        let mail = MailOrder::SubscriptionReactivated {
            subscription: subscription.id.clone(),
            payment: None,
            nonce: Some(format!("{}:{}", subscription.id, now.as_microsecond())),
        };
        facts::mail(cx, tx, &subscription.scope, mail).await?;
    }
    runs_again(cx, tx, subscription, now).await?;
    if subscription.state == SubscriptionState::Active {
        schedule(cx, tx, subscription).await?;
    }
    Ok(())
}

/// Nothing is due on a locked subscription any more, and nobody paid: its hold ends, unless it
/// waits for a method. What was not supplied meanwhile is not billed.
pub(in crate::flows) async fn dues_are_gone(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let why = match subscription.state {
        SubscriptionState::OnHold { why, .. } => Some(why),
        _ => None,
    };
    if why == Some(HoldReason::AuthorisationFailed) {
        return Ok(());
    }
    mend(cx, tx, &mut subscription, now).await?;
    tx.save_subscription(&mut subscription).await?;
    Ok(())
}

/// Where the period has run out on hold and no other was bought, the next one is due at once, from
/// here on: what was not supplied meanwhile is not billed.
fn start_anew(cx: &Cx, subscription: &mut Subscription, now: Timestamp) -> Result<(), Error> {
    let held = matches!(
        subscription.state,
        SubscriptionState::OnHold { why, .. } if why != HoldReason::PauseSettlement
    );
    if !held || subscription.on_demand || subscription.period.end > now {
        return Ok(());
    }
    let (business, _) = available(cx, &subscription.scope)?;
    let start = match cx.settings.load().billing.reactivation_anchor {
        ReactivationAnchor::Payment => now,
        ReactivationAnchor::Keep => {
            let (interval, anchor) = (subscription.interval, subscription.anchor);
            interval.containing(anchor, now, &business.time_zone)?.start
        }
    };
    if start == now {
        subscription.anchor = start;
    }
    subscription.period.end = start;
    Ok(())
}

/// Keys work again, or the pause goes on; the merchant is told, and nobody is asked any more.
async fn runs_again(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &subscription.scope;
    if subscription.state.grants_access() {
        tx.suspend_licenses(scope, &subscription.id, false).await?;
        facts::tell(
            cx,
            tx,
            scope,
            "subscription.active",
            subscription.id.as_str(),
            now,
        )
        .await?;
    } else if matches!(subscription.state, SubscriptionState::Paused { .. }) {
        // What was used before the pause is paid: the pause goes on, perhaps only until its date.
        let object = subscription.id.as_str();
        facts::tell(cx, tx, scope, "subscription.paused", object, now).await?;
        pause::order(cx, tx, subscription).await?;
    }
    dunning::recovered(cx, tx, subscription, now).await
}

/// A subscription comes to life: dates, keys, mail and event.
async fn begin(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: &mut Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &payment.scope;
    grants::of_subscription(cx, tx, subscription, &payment.id, now).await?;
    let mail = MailOrder::SubscriptionStarted {
        subscription: subscription.id.clone(),
        payment: Some(payment.id.clone()),
    };
    facts::mail(cx, tx, scope, mail).await?;
    facts::tell(
        cx,
        tx,
        scope,
        "subscription.active",
        subscription.id.as_str(),
        now,
    )
    .await?;
    Ok(())
}

/// For each line of `debts` whether it buys a period.
pub(super) fn bought(
    payment: &Payment,
    subscription: Option<&Subscription>,
    debts: &[Debt],
) -> Vec<bool> {
    let buys = |debt: &Debt| match (payment.purpose, subscription) {
        (Purpose::Reactivation, Some(subscription)) => buys_period(subscription, debt),
        _ => debt.kind == DebtKind::Period,
    };
    let of_lines = |debt: &Debt| std::iter::repeat_n(buys(debt), debt.lines.len());
    debts.iter().flat_map(of_lines).collect()
}

/// The period that a payment buys, in the subscription and in the payment: what the quote
/// said, unless it has run out meanwhile. Nothing when no period is paid.
pub(super) fn buy_period(
    business: &Business,
    payment: &mut Payment,
    subscription: &mut Subscription,
    debts: &[Debt],
    now: Timestamp,
) -> Result<(), Error> {
    let buys = bought(payment, Some(subscription), debts).contains(&true);
    if payment.purpose != Purpose::Begin && !buys {
        return Ok(());
    }
    let zone = &business.time_zone;
    let interval = subscription.interval;
    let was_on_hold = matches!(subscription.state, SubscriptionState::OnHold { .. });
    match payment.purpose {
        Purpose::Begin => super::setup::begin_period(business, subscription, now)?,
        // It ran all the while; what has passed meanwhile is due next.
        Purpose::Renewal if payment.period.is_some() && !was_on_hold => {
            subscription.period = payment.period.unwrap_or(subscription.period);
        }
        Purpose::Renewal
        | Purpose::Reactivation
        | Purpose::Purchase
        | Purpose::OnDemand
        | Purpose::PauseSettlement
        | Purpose::PlanChange => {
            let on_a_date = |start| {
                let dates = interval.containing(subscription.anchor, start, zone);
                dates.map(|period| period.start == start)
            };
            let period = match payment.period {
                Some(quoted) if quoted.end > now => quoted,
                // A whole period from the payment on was sold, however late the money came.
                Some(quoted) if !on_a_date(quoted.start)? => Period {
                    start: now,
                    end: interval.after(now, 1, zone)?,
                },
                _ => interval.containing(subscription.anchor, now, zone)?,
            };
            let period = period.until(subscription.expires_at);
            if !on_a_date(period.start)? {
                subscription.anchor = period.start;
            }
            subscription.period = period;
        }
    }
    payment.period = Some(subscription.period);
    Ok(())
}

/// Orders whatever is due next: the end of the period while it is paid for or is to end with
/// it, in any case the end of the agreed term, and before them the next try at a change of plan
/// that stands and could not be charged.
pub(in crate::flows) async fn schedule(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
) -> Result<(), Error> {
    let scope: &Scope = &subscription.scope;
    let period_counts =
        subscription.state == SubscriptionState::Active || subscription.cancel_at_period_end;
    let period_end = period_counts.then_some(subscription.period.end);
    let next_try = plan_change::next_try(cx, tx, subscription).await?;
    if let Some(at) = [period_end, subscription.expires_at, next_try]
        .into_iter()
        .flatten()
        .min()
    {
        let work = Work::Renew {
            subscription: subscription.id.clone(),
        };
        cx.order_at_business_time(tx, scope, &work, at).await?;
    }
    notices::plan(cx, tx, subscription).await
}
