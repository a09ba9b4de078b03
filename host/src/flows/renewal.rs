//! What is due at the end of a period: renewal, scheduled cancellation, the end of the term,
//! and the end of a grace.

use jiff::Timestamp;

use super::begin::{line, period_debt};
use super::charge::{self, Intent};
use super::reactivation::available;
use super::{Error, cancellation, dispute, facts, settlement};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::Debt;
use crate::domain::id::{Id, PaymentId, SubscriptionId};
use crate::domain::payment::{Initiator, Payment, PaymentState, Purpose};
use crate::domain::subscription::{
    CancelReason, Subscription, SubscriptionEvent, SubscriptionState,
};
use crate::domain::tax::Line;
use crate::domain::transition::Transition;
use crate::store::{self, MailOrder, Tx, Work};

/// Between two looks at a grace that has ended while a bank is moving the money.
const WAIT_FOR_BANK: jiff::SignedDuration = jiff::SignedDuration::from_hours(6);

/// Does what is due on a subscription now; nothing when nothing is.
pub async fn due(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<(), Error> {
    let sent = match decide(cx, scope, id).await {
        Ok(payment) => payment,
        // Somebody else renews it, or pays what it owes, at this moment.
        Err(Error::Store(store::Error::Conflict(_))) => None,
        Err(error) => return Err(error),
    };
    if let Some(payment) = sent {
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
        settlement::schedule(cx, &mut tx, &subscription).await?;
        tx.commit().await?;
        return Ok(None);
    }
    if subscription.cancel_at_period_end {
        let open = tx.open_payments_of(scope, id).await?;
        if open
            .iter()
            .any(|payment| payment.purpose == Purpose::Renewal)
        {
            // What it pays for is kept: the end comes with the period that is being paid.
            return Ok(None);
        }
        cancellation::end(cx, &mut tx, subscription, now).await?;
        tx.commit().await?;
        return Ok(None);
    }
    if subscription.state != SubscriptionState::Active || subscription.on_demand {
        return Ok(None);
    }
    if waits_for_the_bank(cx, &mut tx, &subscription, now).await? {
        tx.commit().await?;
        return Ok(None);
    }
    let payment = intend(cx, &mut tx, subscription, now).await?;
    tx.commit().await?;
    Ok(payment)
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
) -> Result<Option<PaymentId>, Error> {
    let scope = subscription.scope.clone();
    let (business, _) = available(cx, &scope)?;
    let zone = &business.time_zone;
    let start = subscription.period.end;
    let period = subscription
        .interval
        .next_from(subscription.anchor, start, zone)?;
    let product = tx
        .product(&scope, &subscription.product)
        .await?
        .ok_or(Error::NotFound("product"))?;
    let line = Line {
        unit: subscription.unit_price,
        tax_inclusive: subscription.tax_inclusive,
        ..line(
            &business,
            &product,
            subscription.quantity,
            &subscription.buyer,
            now,
            Some(period),
        )
    };
    let debt = period_debt(cx, &subscription, line, start, now)?;
    tx.insert_debt(&debt).await?;
    let dues: Vec<Debt> = tx.dues_of(&scope, &subscription.id).await?;
    let Some(debt) = dues.into_iter().find(|due| due.cause == debt.cause) else {
        return Ok(None);
    };
    if debt.amount.is_zero() {
        let closed = crate::domain::debt::DebtState::Settled;
        tx.close_debt(&scope, &debt.id, closed, None, now).await?;
        subscription.period = period;
        subscription.updated_at = now;
        facts::tell(
            cx,
            tx,
            &scope,
            "subscription.renewed",
            subscription.id.as_str(),
            now,
        )
        .await?;
        settlement::schedule(cx, tx, &subscription).await?;
        tx.save_subscription(&mut subscription).await?;
        return Ok(None);
    }
    let method = match &subscription.method {
        Some(id) => tx.method(&scope, id).await?,
        None => None,
    };
    let Some(method) = method else {
        // Nothing to charge: the customer is asked for a method.
        hold(cx, tx, subscription, now).await?;
        return Ok(None);
    };
    let customer = tx
        .customer(&scope, &subscription.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let attempt = tx.attempts_at(&debt.id).await?;
    let parts = [subscription.id.as_str(), &debt.cause, &attempt.to_string()];
    let reference = method.customer_reference.clone();
    let intent = Intent {
        id: PaymentId::derived(start, &parts),
        purpose: Purpose::Renewal,
        subscription: Some(&subscription),
        customer: &customer,
        buyer: subscription.buyer.clone(),
        amount: debt.amount,
        tax_minor: debt.tax_minor,
        gateway: method.gateway.clone(),
        method: Some(method),
        initiator: Initiator::Recurring,
        description: product.name.clone(),
        period: Some(period),
        quote: None,
        attempt,
        metadata: subscription.metadata.clone(),
        return_url: None,
    };
    let mut payment = intent.payment(&scope, now);
    let request = intent.request(cx, &scope, &business, reference);
    charge::mark_sent(cx, tx, &mut payment, &request).await?;
    tx.insert_payment(&payment).await?;
    tx.hold_debt(&payment.id, &debt.id).await?;
    // The agreed term ends on its date, whatever becomes of this payment until then.
    if let Some(end) = subscription.expires_at {
        let work = Work::Renew {
            subscription: subscription.id.clone(),
        };
        cx.order_at_business_time(tx, &scope, &work, end).await?;
    }
    Ok(Some(payment.id))
}

async fn hold(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let event = SubscriptionEvent::PaymentFailed {
        why: crate::domain::subscription::HoldReason::RenewalFailed,
        grace_until: None,
    };
    if let Transition::Moved(state) = subscription.state.apply(event, now) {
        subscription.state = state;
        subscription.updated_at = now;
        let scope = subscription.scope.clone();
        tx.suspend_licenses(&scope, &subscription.id, true).await?;
        facts::tell(
            cx,
            tx,
            &scope,
            "subscription.on_hold",
            subscription.id.as_str(),
            now,
        )
        .await?;
        settlement::schedule(cx, tx, &subscription).await?;
        tx.save_subscription(&mut subscription).await?;
    }
    Ok(())
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
        let again = now.checked_add(WAIT_FOR_BANK).unwrap_or(Timestamp::MAX);
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
