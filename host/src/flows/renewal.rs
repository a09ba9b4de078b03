//! What is due at the end of a period: renewal, scheduled cancellation, the end of the term,
//! and the end of a grace.

use jiff::Timestamp;

use super::automatic::{self, Automatic};
use super::begin::period_debt;
use super::reactivation::available;
use super::tries::{self, Allowance};
use super::{
    Error, cancellation, catch_up, charge, dispute, documents, dues, dunning, facts, plan_change,
    settlement,
};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::{self, Debt, DebtKind, DebtState};
use crate::domain::id::{PaymentId, SubscriptionId};
use crate::domain::method::PaymentMethod;
use crate::domain::payment::{Payment, PaymentState, Purpose};
use crate::domain::period::Period;
use crate::domain::subscription::{
    CancelReason, Subscription, SubscriptionEvent, SubscriptionState,
};
use crate::domain::transition::Transition;
use crate::store::{MailOrder, Tx, Work};

/// Does what is due on a subscription now; nothing when nothing is. Where somebody renews it or
/// pays what it owes at this moment, that is a conflict, and the job is to look again.
pub async fn due(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<(), Error> {
    if let Some(payment) = decide(cx, scope, id).await? {
        charge::send(cx, scope, &payment).await?;
    }
    Ok(())
}

/// Beat one; answers the payment that is to be sent.
async fn decide(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<Option<PaymentId>, Error> {
    let mut tx = cx.store.begin().await?;
    let Some(subscription) = tx.lock_subscription(scope, id).await? else {
        return Ok(None);
    };
    let now = cx.business_now(&mut tx, scope).await?;
    if subscription.state.is_final() {
        return Ok(None);
    }
    if subscription.expires_at.is_some_and(|end| end <= now) {
        expire(cx, &mut tx, subscription, now).await?;
        tx.commit().await?;
        return Ok(None);
    }
    if subscription.period.end > now {
        // The method is locked before the clock, as by every renewal.
        let again = plan_change::charge_again(cx, &mut tx, &subscription, now).await?;
        // It may be on hold by now.
        let stands = tx.subscription(scope, id).await?.unwrap_or(subscription);
        settlement::schedule(cx, &mut tx, &stands).await?;
        let Some(again) = again else {
            tx.commit().await?;
            return Ok(None);
        };
        charge::commit(cx, tx, &again).await?;
        return Ok(Some(again.id));
    }
    if subscription.cancel_at_period_end {
        let open = tx.open_payments_of(scope, id).await?;
        if open
            .iter()
            .any(|payment| payment.purpose == Purpose::Renewal)
        {
            // What it pays for is kept: the end comes with the period that is being paid.
            end_with_the_term(cx, &mut tx, &subscription).await?;
            tx.commit().await?;
            return Ok(None);
        }
        cancellation::end(cx, &mut tx, subscription, now).await?;
        tx.commit().await?;
        return Ok(None);
    }
    if subscription.state != SubscriptionState::Active || subscription.on_demand {
        end_with_the_term(cx, &mut tx, &subscription).await?;
        tx.commit().await?;
        return Ok(None);
    }
    let open = tx.open_payments_of(scope, id).await?;
    let decides = |open: &Payment| matches!(open.purpose, Purpose::PlanChange | Purpose::Renewal);
    if open.iter().any(decides) {
        // The charge of a change decides which plan renews, and a renewal without an outcome,
        // after which the merchant moved the date, whether this one is due: their end orders it.
        end_with_the_term(cx, &mut tx, &subscription).await?;
        tx.commit().await?;
        return Ok(None);
    }
    if waits_for_the_bank(cx, &mut tx, &subscription, now).await?
        || catch_up::waits(cx, &mut tx, &subscription, now).await?
    {
        tx.commit().await?;
        return Ok(None);
    }
    let Some(payment) = intend(cx, &mut tx, subscription, now).await? else {
        tx.commit().await?;
        return Ok(None);
    };
    charge::commit(cx, tx, &payment).await?;
    Ok(Some(payment.id))
}

/// While the bank decides about a payment with this method, the method is not charged without its
/// customer: the renewal is looked at again, with access.
async fn waits_for_the_bank(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<bool, Error> {
    let scope = &subscription.scope;
    let Some(method) = &subscription.method else {
        return Ok(false);
    };
    if !dispute::forbids(tx, scope, method).await? {
        return Ok(false);
    }
    let wait = cx.settings.load().billing.lookup_every;
    let again = now.checked_add(wait).unwrap_or(Timestamp::MAX);
    let at = subscription.expires_at.map_or(again, |end| end.min(again));
    let work = Work::Renew {
        subscription: subscription.id.clone(),
    };
    cx.order_at_business_time(tx, scope, &work, at).await?;
    Ok(true)
}

/// The debt of the next period, and the payment for it.
async fn intend(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    now: Timestamp,
) -> Result<Option<Payment>, Error> {
    let scope = subscription.scope.clone();
    let (business, _) = available(cx, &scope)?;
    // Methods are locked before the clock, which a change that falls due holds.
    let usable = usable(cx, tx, &subscription, now).await?;
    plan_change::fall_due(cx, tx, &mut subscription, now).await?;
    let start = subscription.period.end;
    let (period, lines) = dues::of_period(tx, &business, &subscription, start, now).await?;
    let extras = subscription.extras.clone();
    let debt = period_debt(cx, &mut subscription, lines, start, now)?;
    if tx.insert_debt(&debt).await? {
        // What the debt used up of discounts and credit.
        tx.save_subscription(&mut subscription).await?;
    } else {
        subscription.extras = extras;
    }
    let dues: Vec<Debt> = tx.dues_of(&scope, &subscription.id).await?;
    let is_new = |due: &&Debt| due.kind == DebtKind::Period && due.cause == debt.cause;
    let Some(debt) = dues.iter().find(is_new).cloned() else {
        return Ok(None);
    };
    if debt.amount.is_zero() {
        let closed = DebtState::Settled;
        tx.close_debt(&scope, &debt.id, closed, None, now).await?;
        documents::bill_credit(cx, tx, &business, &subscription, &debt, now).await?;
        go_on(cx, tx, subscription, period, now).await?;
        return Ok(None);
    }
    let method = match usable {
        Usable::Now(method) => *method,
        Usable::Later => {
            let wait = cx.settings.load().billing.try_again_after;
            let at = now.checked_add(wait).unwrap_or(Timestamp::MAX);
            let work = Work::Renew {
                subscription: subscription.id.clone(),
            };
            cx.order_at_business_time(tx, &scope, &work, at).await?;
            return Ok(None);
        }
        // Nothing to charge: the customer is asked for a method.
        Usable::None => {
            dunning::fail(cx, tx, subscription, None, None, now).await?;
            return Ok(None);
        }
    };
    let mut dues: Vec<Debt> = dues.into_iter().filter(|due| !due.disputed).collect();
    let totals = debt::together(debt.amount.currency, &mut dues)?;
    if automatic::is_too_little(cx, &scope, &method.gateway, totals.gross) {
        tx.carry_debt(&scope, &debt.id).await?;
        go_on(cx, tx, subscription, period, now).await?;
        return Ok(None);
    }
    for due in &dues {
        tx.reprice_debt(due).await?;
    }
    let charge = Automatic {
        business: &business,
        subscription: &subscription,
        dues: &dues,
        amount: totals.gross,
        tax_minor: totals.tax.minor,
        period: Some(period),
        method,
        purpose: Purpose::Renewal,
        metadata: &subscription.metadata,
    };
    let payment = charge.intend(cx, tx, now).await?;
    end_with_the_term(cx, tx, &subscription).await?;
    Ok(Some(payment))
}

/// The agreed term ends on its date, whatever becomes of an open payment until then.
async fn end_with_the_term(cx: &Cx, tx: &mut Tx, subscription: &Subscription) -> Result<(), Error> {
    if let Some(end) = subscription.expires_at {
        let work = Work::Renew {
            subscription: subscription.id.clone(),
        };
        cx.order_at_business_time(tx, &subscription.scope, &work, end)
            .await?;
    }
    Ok(())
}

/// The next period begins without a charge.
async fn go_on(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    period: Period,
    now: Timestamp,
) -> Result<(), Error> {
    subscription.period = period;
    subscription.updated_at = now;
    let (scope, id) = (&subscription.scope, subscription.id.as_str());
    facts::tell(cx, tx, scope, "subscription.renewed", id, now).await?;
    settlement::schedule(cx, tx, &subscription).await?;
    tx.save_subscription(&mut subscription).await?;
    Ok(())
}

/// What a renewal may charge.
enum Usable {
    Now(Box<PaymentMethod>),
    /// Tries without an answer yet may use up what the method is allowed.
    Later,
    None,
}

/// The method of the subscription or, where that one may never be charged, the backup method.
async fn usable(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<Usable, Error> {
    let scope = &subscription.scope;
    let main = match &subscription.method {
        Some(id) => tx.method(scope, id).await?,
        None => None,
    };
    if let Some(main) = main {
        match tries::allowance(cx, tx, scope, &main.id, now).await? {
            Allowance::Free => return Ok(Usable::Now(Box::new(main))),
            Allowance::Busy => return Ok(Usable::Later),
            Allowance::UsedUp | Allowance::Refused => {}
        }
    }
    let backup = dunning::backup_of(cx, tx, subscription, None, now).await?;
    Ok(backup.map_or(Usable::None, |backup| Usable::Now(Box::new(backup))))
}

/// The agreed term is over.
async fn expire(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    if let Transition::Moved(state) = subscription.state.apply(SubscriptionEvent::Expire, now) {
        let scope = subscription.scope.clone();
        subscription.state = state;
        subscription.updated_at = now;
        tx.end_licenses(&scope, &subscription.id, now).await?;
        // Codes are locked before the clock.
        plan_change::drop_scheduled(tx, &subscription, now).await?;
        dunning::stop(tx, &subscription, now).await?;
        // Nobody can pay it any more.
        cancellation::write_off(tx, &subscription, now).await?;
        facts::tell(
            cx,
            tx,
            &scope,
            "subscription.expired",
            subscription.id.as_str(),
            now,
        )
        .await?;
        tx.save_subscription(&mut subscription).await?;
    }
    Ok(())
}

/// The grace of a subscription that is past due has run out: it goes on hold.
pub async fn grace_over(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let Some(mut subscription) = tx.lock_subscription(scope, id).await? else {
        return Ok(());
    };
    let now = cx.business_now(&mut tx, scope).await?;
    match subscription.state {
        SubscriptionState::PastDue { until } if until <= now => {}
        _ => return Ok(()),
    }
    let open = tx.open_payments_of(scope, id).await?;
    if open.iter().any(is_processing) {
        // The bank is moving the money: the state waits for it.
        let wait = cx.settings.load().billing.bank_wait;
        let again = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        let work = Work::EndGrace {
            subscription: id.clone(),
        };
        cx.order_at_business_time(&mut tx, scope, &work, again)
            .await?;
        tx.commit().await?;
        return Ok(());
    }
    if let Transition::Moved(state) = subscription.state.apply(SubscriptionEvent::GraceOver, now) {
        subscription.state = state;
        subscription.updated_at = now;
        tx.suspend_licenses(scope, id, true).await?;
        facts::tell(cx, &mut tx, scope, "subscription.on_hold", id.as_str(), now).await?;
        dunning::grace_over(cx, &mut tx, &subscription).await?;
        tx.save_subscription(&mut subscription).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn is_processing(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Processing { .. })
}

/// What a scheduled cancellation writes when it fires.
pub(super) fn scheduled_end(subscription: &Subscription) -> MailOrder {
    MailOrder::SubscriptionCancelled {
        subscription: subscription.id.clone(),
        nonce: format!("{}:end", subscription.id),
    }
}

/// The reason to write down when nobody gave one.
pub(super) const DEFAULT_REASON: CancelReason = CancelReason::Customer;
