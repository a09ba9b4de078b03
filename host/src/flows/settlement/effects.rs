//! What follows when a payment has moved: debts settled, documents issued, subscriptions
//! put on hold or brought back, people told. Always inside the transaction that moves the
//! payment.

use jiff::Timestamp;

use super::super::records::News;
use super::super::{
    Error, begin, documents, dunning, facts, grants, lent_access, plan_change, refund,
};
use super::{revival, trouble, unscheduled};
use crate::cx::Cx;
use crate::domain::debt::{Debt, DebtKind, DebtState};
use crate::domain::money::Money;
use crate::domain::payment::{Advice, Payment, PaymentState, Purpose};
use crate::domain::subscription::{HoldReason, Subscription, SubscriptionState};
use crate::store::{self, MailOrder, Tx, Work};

/// Does what the payment's new state asks for; `before` is the state it came from.
pub(super) async fn follow(
    cx: &Cx,
    tx: &mut Tx,
    payment: &mut Payment,
    before: &PaymentState,
    subscription: Option<Subscription>,
    news: &News,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = payment.scope.clone();
    let object = payment.id.as_str().to_owned();
    if let (false, Some(subscription)) = (payment.state.is_open(), &subscription) {
        lent_access::take_back(tx, subscription, Some(&payment.id)).await?;
    }
    match &payment.state {
        PaymentState::Created
        | PaymentState::Unknown { .. }
        | PaymentState::AwaitingCustomer { .. } => Ok(()),
        PaymentState::Processing { expected_by } => {
            if let Some(subscription) = &subscription {
                lent_access::lend(cx, tx, payment, subscription, *expected_by, now).await?;
            }
            facts::tell(cx, tx, &scope, "payment.processing", &object, now).await?;
            Ok(())
        }
        PaymentState::Cancelled { .. } => {
            let_go(tx, payment).await?;
            let since = trouble::since(tx, payment, news).await?;
            if since.is_none() {
                // The same trouble is no news.
                facts::tell(cx, tx, &scope, "payment.cancelled", &object, now).await?;
            }
            let paid_otherwise = is_paid_otherwise(tx, payment).await?;
            match (payment.purpose, subscription.filter(|_| !paid_otherwise)) {
                (Purpose::PlanChange, Some(subscription)) => {
                    let how = (before, news);
                    plan_change::failed(cx, tx, payment, subscription, how, now).await
                }
                (Purpose::PlanChange, None) => plan_change::given_up(cx, tx, payment, now).await,
                (Purpose::OnDemand | Purpose::PauseSettlement, Some(subscription)) => {
                    let how = (news.impossible, None);
                    unscheduled::failed(cx, tx, payment, subscription, how, now).await
                }
                // As it is it will never be charged: the customer has to choose another way.
                (Purpose::Renewal, Some(subscription)) if news.impossible => {
                    dunning::payment_failed(cx, tx, payment, subscription, None, now).await
                }
                (Purpose::Renewal, Some(subscription)) => {
                    renew_later(cx, tx, payment, &subscription, now).await
                }
                _ => Ok(()),
            }?;
            let since = since.or(payment.sent_at).unwrap_or(cx.now());
            trouble::note(tx, payment, news, since).await
        }
        PaymentState::Declined { .. } => {
            let_go(tx, payment).await?;
            facts::tell(cx, tx, &scope, "payment.failed", &object, now).await?;
            refuse_method(tx, payment, now).await?;
            let paid_otherwise = is_paid_otherwise(tx, payment).await?;
            let asked = subscription.filter(|_| !paid_otherwise);
            // What was kept when it was cancelled is the customer's to pay: nobody else charges it.
            let is_over = asked.as_ref().is_some_and(|known| known.state.is_final());
            match (payment.purpose, asked) {
                (Purpose::Renewal, Some(subscription)) if !is_over => {
                    let not_before = news.not_before;
                    return dunning::payment_failed(cx, tx, payment, subscription, not_before, now)
                        .await;
                }
                (Purpose::OnDemand | Purpose::PauseSettlement, Some(subscription)) if !is_over => {
                    let how = (true, news.not_before);
                    return unscheduled::failed(cx, tx, payment, subscription, how, now).await;
                }
                (Purpose::PlanChange, Some(subscription)) => {
                    let how = (before, news);
                    return plan_change::failed(cx, tx, payment, subscription, how, now).await;
                }
                (Purpose::PlanChange, None) => {
                    return plan_change::given_up(cx, tx, payment, now).await;
                }
                _ => {}
            }
            // The customer saw "your bank is transferring the money" and has left long ago.
            if matches!(before, PaymentState::Processing { .. }) {
                let mail = MailOrder::PaymentFailed {
                    payment: payment.id.clone(),
                };
                facts::mail(cx, tx, &scope, mail).await?;
            }
            Ok(())
        }
        PaymentState::Succeeded { .. } => {
            succeeded(
                cx,
                tx,
                payment,
                subscription,
                news.amount.unwrap_or(payment.amount),
                now,
            )
            .await
        }
    }
}

/// Whether nothing is left to pay of what `payment` was made for: an earlier try got its money
/// after all, or it was written off. Then nothing follows from its failure.
async fn is_paid_otherwise(tx: &mut Tx, payment: &Payment) -> Result<bool, Error> {
    let debts = tx.debts_of_payment(&payment.id).await?;
    let is_open = |debt: &Debt| debt.state == DebtState::Open;
    Ok(!debts.is_empty() && !debts.iter().any(is_open))
}

/// The debts of a payment that ended without money are free for another, and so is the draft
/// that was made for it.
async fn let_go(tx: &mut Tx, payment: &mut Payment) -> Result<(), Error> {
    tx.release_debts(&payment.id).await?;
    payment.invoice = None;
    Ok(())
}

/// A method that its bank wants never to be charged again is not.
async fn refuse_method(tx: &mut Tx, payment: &Payment, now: Timestamp) -> Result<(), Error> {
    if let (PaymentState::Declined { decline, .. }, Some(method)) =
        (&payment.state, &payment.method)
        && decline.advice == Advice::Never
    {
        tx.refuse_method(&payment.scope, method, now).await?;
    }
    Ok(())
}

/// The gateway could not be asked to renew: the period is still due and is tried again, after
/// an hour and then less and less often, until somebody has mended the gateway.
async fn renew_later(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let wait = cx.settings.load().billing.try_again_after;
    let wait = wait.saturating_mul(1 << payment.attempt.min(4));
    if subscription.state.has_dues() {
        return dunning::retry_again(cx, tx, subscription, wait, now).await;
    }
    if subscription.cancel_at_period_end && subscription.period.end <= now {
        // Its customer cancelled meanwhile: the end that was waiting for the outcome is ordered.
        return revival::schedule(cx, tx, subscription).await;
    }
    let at = now.checked_add(wait).unwrap_or(Timestamp::MAX);
    let work = Work::Renew {
        subscription: subscription.id.clone(),
    };
    cx.order_at_business_time(tx, &subscription.scope, &work, at)
        .await?;
    Ok(())
}

/// Money arrived. It settles the debts it was meant for, or it is an unapplied receipt.
async fn succeeded(
    cx: &Cx,
    tx: &mut Tx,
    payment: &mut Payment,
    mut subscription: Option<Subscription>,
    moved: Money,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = payment.scope.clone();
    let debts = tx.debts_of_payment(&payment.id).await?;
    tx.release_debts(&payment.id).await?;
    let owed = debts.iter().all(|debt| debt.state == DebtState::Open);
    let asked = Money::sum(moved.currency, debts.iter().map(|debt| debt.amount));
    let fits = moved == payment.amount && asked.is_ok_and(|asked| asked == moved);
    if has_ended(payment, subscription.as_ref()) || !owed || debts.is_empty() || !fits {
        payment.unapplied = true;
        payment.moved = Some(moved).filter(|moved| *moved != payment.amount);
        refund::order_for_unapplied(cx, tx, payment).await?;
        still_owed(cx, tx, payment, subscription, now).await?;
        let (gateway, plugin) = (
            &payment.gateway,
            cx.plugins.plugin_of(&scope, &payment.gateway),
        );
        tracing::error!(payment.id = %payment.id, gateway, plugin, "money arrived that settles nothing; it waits on the list of unapplied receipts");
        facts::tell(
            cx,
            tx,
            &scope,
            "payment.succeeded",
            payment.id.as_str(),
            now,
        )
        .await?;
        return Ok(());
    }
    for debt in &debts {
        let by = Some(&payment.id);
        let settled = DebtState::Settled;
        if !tx.close_debt(&scope, &debt.id, settled, by, now).await? {
            // Somebody has settled it since it was read: all of this is decided anew.
            return Err(Error::Store(store::Error::Stale {
                table: "debts",
                id: debt.id.to_string(),
            }));
        }
    }
    let (business, _) = cx
        .business(&scope)
        .ok_or_else(|| Error::Unavailable("its file is gone".to_owned()))?;
    let bought = revival::bought(payment, subscription.as_ref(), &debts);
    if let Some(subscription) = subscription.as_mut() {
        revival::buy_period(&business, payment, subscription, &debts, now)?;
    }
    plan_change::hold_replaced(tx, payment).await?;
    documents::bill(
        cx,
        tx,
        &business,
        payment,
        subscription.as_ref(),
        (&debts, &bought),
        now,
    )
    .await?;
    facts::tell(
        cx,
        tx,
        &scope,
        "payment.succeeded",
        payment.id.as_str(),
        now,
    )
    .await?;
    if let Some(subscription) = &mut subscription {
        plan_change::paid(cx, tx, payment, subscription, &debts, now).await?;
        revival::revive(cx, tx, payment, subscription, now).await?;
        tx.save_subscription(subscription).await?;
        // One-time products that the first payment has paid as well.
        let mut once = debts;
        once.retain(|debt: &Debt| debt.kind == DebtKind::Purchase);
        grants::of_purchase(cx, tx, payment, &once, now).await?;
    } else {
        let mail = MailOrder::PaymentReceived {
            payment: payment.id.clone(),
        };
        facts::mail(cx, tx, &scope, mail).await?;
        grants::of_purchase(cx, tx, payment, &debts, now).await?;
    }
    Ok(())
}

/// Whether the subscription that a payment was for is over, so that its money settles nothing. What
/// was kept of the dues when it was cancelled, its customer can still pay.
pub(in crate::flows) fn has_ended(payment: &Payment, subscription: Option<&Subscription>) -> bool {
    subscription.is_some_and(|subscription| match subscription.state {
        SubscriptionState::Cancelled { .. } => payment.purpose != Purpose::Reactivation,
        _ => subscription.state.is_final(),
    })
}

/// Money came that settles nothing, of another amount than was asked for or for less than the whole
/// of what it was meant for. Where nobody was there to see it, what is still due is asked for as
/// after a decline, and not charged before the schedule says so: the money is on its way back. What
/// it was to begin with does not begin.
async fn still_owed(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: Option<Subscription>,
    now: Timestamp,
) -> Result<(), Error> {
    let tries = tx.tries_at(&payment.scope, &payment.id).await?;
    let is_other = |tried: &Payment| tried.id != payment.id && tried.state.is_open();
    if tries.iter().any(is_other) {
        // Another try is under way, and decides.
        return Ok(());
    }
    match payment.purpose {
        Purpose::PlanChange => {
            return plan_change::lost(cx, tx, payment, subscription, now).await;
        }
        Purpose::Begin | Purpose::Purchase => {
            let scope = payment.scope.clone();
            return begin::fail(cx, tx, &payment.id, &scope, subscription, now).await;
        }
        _ => {}
    }
    let is_due = !is_paid_otherwise(tx, payment).await?;
    let Some(subscription) = subscription.filter(|known| is_due && !known.state.is_final()) else {
        return Ok(());
    };
    match payment.purpose {
        Purpose::Renewal if !subscription.state.has_dues() => {
            dunning::fail(cx, tx, subscription, None, None, now).await
        }
        Purpose::OnDemand => {
            let what = (HoldReason::OnDemandChargeFailed, None);
            dunning::hold(cx, tx, what, subscription, None, now).await
        }
        Purpose::PauseSettlement => {
            let what = (HoldReason::PauseSettlement, None);
            dunning::hold(cx, tx, what, subscription, None, now).await
        }
        Purpose::Begin
        | Purpose::Purchase
        | Purpose::Renewal
        | Purpose::Reactivation
        | Purpose::PlanChange => Ok(()),
    }
}
