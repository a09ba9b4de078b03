//! What a failed charge leads to: a hold, or a grace after a renewal, retries on the dates of a
//! schedule, and the end of both once it is paid or no longer asked for.

mod ask;
mod backup;
mod remind;
mod retry;

use jiff::{SignedDuration, Timestamp};

use super::reactivation::available;
use super::{Error, facts, settlement};
use crate::cx::Cx;
use crate::domain::dunning::{Dunning, DunningState, DunningTrigger, next_date};
use crate::domain::id::MethodId;
use crate::domain::payment::{Advice, Payment, PaymentState};
use crate::domain::subscription::{HoldReason, Subscription, SubscriptionEvent, SubscriptionState};
use crate::domain::transition::Transition;
use crate::store::{self, MailOrder, Tx, Work};

pub(super) use self::ask::again as ask_again;
pub(super) use self::backup::{instead as backup_instead, of as backup_of};
pub use self::remind::remind;
pub(super) use self::retry::now as retry_now;
pub use self::retry::retry;

/// A payment of a renewal ended without money, and as it is it will not come.
pub(super) async fn payment_failed(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: Subscription,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    if subscription.state.has_dues() {
        return retry_failed(cx, tx, payment, &subscription, not_before, now).await;
    }
    if backup_instead(cx, tx, payment, &subscription, now)
        .await?
        .is_some()
    {
        return Ok(());
    }
    fail(cx, tx, subscription, Some(payment), not_before, now).await
}

/// A charge off schedule failed, on demand or for a change that stands: the subscription goes on
/// hold at once, and its customer is asked as after a renewal. `payment` is what failed; none when
/// its money came and settled nothing.
pub(super) async fn hold(
    cx: &Cx,
    tx: &mut Tx,
    (why, payment): (HoldReason, Option<&Payment>),
    subscription: Subscription,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    let event = SubscriptionEvent::PaymentFailed {
        why,
        grace_until: None,
    };
    fail_by(cx, tx, (event, payment), subscription, not_before, now).await
}

/// A renewal has failed: the subscription keeps its access for a grace, or is put on hold, and
/// its customer is asked. `payment` is what failed; none when there was nothing to charge.
pub(super) async fn fail(
    cx: &Cx,
    tx: &mut Tx,
    subscription: Subscription,
    payment: Option<&Payment>,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    if subscription.cancel_at_period_end && subscription.period.end <= now {
        // Its customer cancelled while this was tried: the period that could not be charged is not
        // wanted, and the end that was waiting for the outcome is ordered.
        settlement::schedule(cx, tx, &subscription).await?;
        return Ok(());
    }
    let grace = cx.settings.load().billing.grace;
    let (business, _) = available(cx, &subscription.scope)?;
    // Access is kept for the period that is unpaid, and for no other.
    let unpaid = subscription
        .interval
        .next_from(
            subscription.anchor,
            subscription.period.end,
            &business.time_zone,
        )?
        .until(subscription.expires_at);
    let grace_until = now
        .checked_add(grace)
        .ok()
        .map(|until| until.min(unpaid.end))
        .filter(|until| *until > now);
    let event = SubscriptionEvent::PaymentFailed {
        why: HoldReason::RenewalFailed,
        grace_until,
    };
    fail_by(cx, tx, (event, payment), subscription, not_before, now).await
}

async fn fail_by(
    cx: &Cx,
    tx: &mut Tx,
    (event, payment): (SubscriptionEvent, Option<&Payment>),
    mut subscription: Subscription,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = subscription.scope.clone();
    let Transition::Moved(state) = subscription.state.apply(event, now) else {
        return match payment.filter(|_| subscription.state.has_dues()) {
            Some(payment) => {
                ask::failed_beside(cx, tx, payment, &subscription, not_before, now).await
            }
            None => Ok(()),
        };
    };
    subscription.state = state;
    subscription.updated_at = now;
    let object = subscription.id.as_str().to_owned();
    let trigger = if let SubscriptionState::PastDue { until } = subscription.state {
        let work = Work::EndGrace {
            subscription: subscription.id.clone(),
        };
        cx.order_at_business_time(tx, &scope, &work, until).await?;
        facts::tell(cx, tx, &scope, "subscription.past_due", &object, now).await?;
        DunningTrigger::PastDue
    } else {
        tx.suspend_licenses(&scope, &subscription.id, true).await?;
        facts::tell(cx, tx, &scope, "subscription.on_hold", &object, now).await?;
        DunningTrigger::OnHold
    };
    let dunning = start(cx, tx, &subscription, trigger, payment, not_before, now).await?;
    let mail = match payment {
        Some(payment) => MailOrder::PaymentFailed {
            payment: payment.id.clone(),
        },
        None => due(&dunning, "failed"),
    };
    facts::mail(cx, tx, &scope, mail).await?;
    settlement::schedule(cx, tx, &subscription).await?;
    tx.save_subscription(&mut subscription).await?;
    Ok(())
}

/// Begins to ask for what failed.
async fn start(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    trigger: DunningTrigger,
    payment: Option<&Payment>,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> Result<Dunning, Error> {
    let scope = &subscription.scope;
    let mut dunning = Dunning {
        id: cx.new_id(),
        scope: scope.clone(),
        customer: subscription.customer.clone(),
        subscription: subscription.id.clone(),
        payment: payment.map(|payment| payment.id.clone()),
        trigger,
        state: DunningState::Recovering,
        next_retry_at: None,
        failed_at: now,
        ended_at: None,
    };
    plan_retry(cx, tx, &mut dunning, not_before, now).await?;
    tx.insert_dunning(&dunning).await?;
    remind::plan(cx, tx, &dunning, now).await?;
    facts::tell(cx, tx, scope, "dunning.started", dunning.id.as_str(), now).await?;
    Ok(dunning)
}

/// Dates the next retry: on the schedule's next date, and not before the gateway wants it.
async fn plan_retry(
    cx: &Cx,
    tx: &mut Tx,
    dunning: &mut Dunning,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    let next = {
        let settings = cx.settings.load();
        next_date(&settings.billing.retries, dunning.failed_at, now)
    };
    let wait = not_before.map(|at| wait_until(cx, at));
    let earliest = wait.and_then(|wait| now.checked_add(wait).ok());
    dunning.next_retry_at = next.map(|next| earliest.map_or(next, |earliest| earliest.max(next)));
    if is_exhausted(cx, dunning, now) {
        dunning.state = DunningState::Exhausted;
    }
    order_retry(cx, tx, dunning).await
}

/// Whether neither a retry nor a mail is to come.
fn is_exhausted(cx: &Cx, dunning: &Dunning, now: Timestamp) -> bool {
    let settings = cx.settings.load();
    let reminder = next_date(&settings.billing.reminders, dunning.failed_at, now);
    dunning.next_retry_at.is_none() && reminder.is_none()
}

/// A mail that asks for what is owed.
fn due(dunning: &Dunning, occasion: &str) -> MailOrder {
    MailOrder::PaymentDue {
        dunning: dunning.id.clone(),
        nonce: format!("{}:{occasion}", dunning.id),
    }
}

/// The grace is over, and so is access: the customer is told.
pub(super) async fn grace_over(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
) -> Result<(), Error> {
    let scope = &subscription.scope;
    if let Some(dunning) = tx.open_dunning(scope, &subscription.id).await? {
        facts::mail(cx, tx, scope, due(&dunning, "grace-over")).await?;
    }
    Ok(())
}

/// What `method` was advised when it was last declined for what a subscription owes.
pub async fn last_advice(
    tx: &mut Tx,
    subscription: &Subscription,
    method: &MethodId,
) -> store::Result<Option<Advice>> {
    let scope = &subscription.scope;
    let dues = tx.dues_of(scope, &subscription.id).await?;
    let Some(newest) = dues.last() else {
        return Ok(None);
    };
    let declined = tx.last_decline(scope, &newest.id, method).await?;
    Ok(declined.and_then(|payment| match payment.state {
        PaymentState::Declined { decline, .. } => Some(decline.advice),
        _ => None,
    }))
}

/// How long from now until a time that a gateway named, within what it is granted.
fn wait_until(cx: &Cx, at: Timestamp) -> SignedDuration {
    let longest = cx.settings.load().billing.longest_wait;
    at.duration_since(cx.now()).min(longest)
}

async fn order_retry(cx: &Cx, tx: &mut Tx, dunning: &Dunning) -> Result<(), Error> {
    if let Some(at) = dunning.next_retry_at {
        let work = Work::Retry {
            subscription: dunning.subscription.clone(),
        };
        cx.order_at_business_time(tx, &dunning.scope, &work, at)
            .await?;
    }
    Ok(())
}

/// A retry was declined: the next date stands already, unless the gateway wants a later one.
/// Where the bank wants the customer to confirm, the customer is told at once.
async fn retry_failed(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: &Subscription,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &subscription.scope;
    let Some(mut dunning) = tx.open_dunning(scope, &subscription.id).await? else {
        return ask::failed_beside(cx, tx, payment, subscription, not_before, now).await;
    };
    if not_before.is_some() {
        plan_retry(cx, tx, &mut dunning, not_before, now).await?;
        tx.save_dunning(&dunning).await?;
    }
    let confirm = matches!(
        &payment.state,
        PaymentState::Declined { decline, .. } if decline.advice == Advice::Authenticate
    );
    if confirm {
        let mail = MailOrder::PaymentFailed {
            payment: payment.id.clone(),
        };
        facts::mail(cx, tx, scope, mail).await?;
    }
    Ok(())
}

/// A retry was certainly not executed: it is tried again after `wait`, whatever the schedule
/// says.
pub(super) async fn retry_again(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    wait: SignedDuration,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &subscription.scope;
    let Some(mut dunning) = tx.open_dunning(scope, &subscription.id).await? else {
        return Ok(());
    };
    let again = now.checked_add(wait).unwrap_or(Timestamp::MAX);
    dunning.next_retry_at = Some(dunning.next_retry_at.map_or(again, |at| at.min(again)));
    dunning.state = DunningState::Recovering;
    order_retry(cx, tx, &dunning).await?;
    tx.save_dunning(&dunning).await?;
    Ok(())
}

/// What was asked for is paid: the merchant is told, and nothing more is sent.
pub(super) async fn recovered(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    if let Some(dunning) = end(tx, subscription, DunningState::Recovered, now).await? {
        let (scope, id) = (&dunning.scope, dunning.id.as_str());
        facts::tell(cx, tx, scope, "dunning.recovered", id, now).await?;
    }
    Ok(())
}

/// The subscription has ended: nothing is asked for any more.
pub(super) async fn stop(
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    end(tx, subscription, DunningState::Stopped, now).await?;
    Ok(())
}

async fn end(
    tx: &mut Tx,
    subscription: &Subscription,
    state: DunningState,
    now: Timestamp,
) -> Result<Option<Dunning>, Error> {
    let open = tx
        .open_dunning(&subscription.scope, &subscription.id)
        .await?;
    let Some(mut dunning) = open else {
        return Ok(None);
    };
    dunning.state = state;
    dunning.next_retry_at = None;
    dunning.ended_at = Some(now);
    tx.save_dunning(&dunning).await?;
    let id = || subscription.id.clone();
    let pending = [
        Work::Retry { subscription: id() },
        Work::Remind { subscription: id() },
    ];
    for key in pending.iter().filter_map(Work::unique_key) {
        tx.cancel_job(&subscription.scope, &key).await?;
    }
    Ok(Some(dunning))
}
