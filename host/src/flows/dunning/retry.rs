//! What failed without its customer is tried again: with the newest method of the subscription, and only
//! where that method's last answer allows it.

use jiff::Timestamp;

use super::super::automatic::{self, Automatic};
use super::super::reactivation::{available, price};
use super::super::tries::{self, Allowance};
use super::super::{Error, charge, dispute};
use super::{last_advice, order_retry, plan_retry, stop};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::{Debt, DebtKind};
use crate::domain::dunning::may_retry;
use crate::domain::id::{PaymentId, SubscriptionId};
use crate::domain::method::PaymentMethod;
use crate::domain::payment::{Payment, Purpose};
use crate::domain::subscription::Subscription;
use crate::store::Tx;

/// Tries again what is due on a subscription, if its retry is due and everything still stands.
/// Where somebody pays it at this moment, that is a conflict, and the job is to look again.
pub async fn retry(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<(), Error> {
    if let Some(payment) = decide(cx, scope, id).await? {
        charge::send(cx, scope, &payment).await?;
    }
    Ok(())
}

/// Lets the next retry of a subscription be due now, for whoever takes it up before its date.
pub(in crate::flows) async fn now(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    id: &SubscriptionId,
) -> Result<(), Error> {
    tx.lock_subscription(scope, id).await?;
    let Some(mut dunning) = tx.open_dunning(scope, id).await? else {
        return Ok(());
    };
    let now = cx.business_now(tx, scope).await?;
    dunning.next_retry_at = Some(dunning.next_retry_at.map_or(now, |at| at.min(now)));
    tx.save_dunning(&dunning).await?;
    Ok(())
}

/// Beat one; answers the payment that is to be sent.
async fn decide(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<Option<PaymentId>, Error> {
    let mut tx = cx.store.begin().await?;
    let Some(mut subscription) = tx.lock_subscription(scope, id).await? else {
        return Ok(None);
    };
    let now = cx.business_now(&mut tx, scope).await?;
    let Some(mut dunning) = tx.open_dunning(scope, id).await? else {
        return Ok(None);
    };
    let due = dunning.next_retry_at.is_some_and(|at| at <= now);
    if !due || !subscription.state.has_dues() {
        order_retry(cx, &mut tx, &dunning).await?;
        tx.commit().await?;
        return Ok(None);
    }
    let dues = tx.dues_of(scope, id).await?;
    if dues.iter().any(|due| due.disputed) {
        stop(&mut tx, &subscription, now).await?;
        tx.commit().await?;
        return Ok(None);
    }
    if !tx.open_payments_of(scope, id).await?.is_empty() {
        // If that one pays, this comes to nothing.
        dunning.next_retry_at = now.checked_add(cx.settings.load().billing.bank_wait).ok();
        order_retry(cx, &mut tx, &dunning).await?;
        tx.save_dunning(&dunning).await?;
        tx.commit().await?;
        return Ok(None);
    }
    // The method is locked before the clock, as by every renewal.
    let method = chargeable(cx, &mut tx, &subscription, now).await?;
    plan_retry(cx, &mut tx, &mut dunning, None, now).await?;
    tx.save_dunning(&dunning).await?;
    let payment = match method {
        Some(method) => intend(cx, &mut tx, &mut subscription, &dues, method, now).await?,
        None => None,
    };
    let Some(payment) = payment else {
        tx.commit().await?;
        return Ok(None);
    };
    charge::commit(cx, tx, &payment).await?;
    Ok(Some(payment.id))
}

/// The method of the subscription, if it may be charged without the customer now.
async fn chargeable(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<Option<PaymentMethod>, Error> {
    let scope = &subscription.scope;
    let method = match &subscription.method {
        Some(id) => tx.method(scope, id).await?,
        None => None,
    };
    let Some(method) = method else {
        return Ok(None);
    };
    if dispute::forbids(tx, scope, &method.id).await? {
        return Ok(None);
    }
    if !may_retry(last_advice(tx, subscription, &method.id).await?) {
        return Ok(None);
    }
    let allowance = tries::allowance(cx, tx, scope, &method.id, now).await?;
    Ok((allowance == Allowance::Free).then_some(method))
}

async fn intend(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &mut Subscription,
    dues: &[Debt],
    method: PaymentMethod,
    now: Timestamp,
) -> Result<Option<Payment>, Error> {
    let (business, _) = available(cx, &subscription.scope)?;
    let quote = price(cx, &business, subscription, dues, now)?;
    if automatic::is_too_little(cx, &subscription.scope, &method.gateway, quote.totals.gross) {
        // No gateway takes it alone; the customer can still come back.
        return Ok(None);
    }
    let buys_period = dues.iter().any(|due| due.kind == DebtKind::Period);
    for due in &quote.dues {
        tx.reprice_debt(due).await?;
    }
    if !quote.returned.is_empty() {
        let credits = quote.returned.iter().cloned();
        subscription.extras.credits.splice(..0, credits);
        tx.save_subscription(subscription).await?;
    }
    let charge = Automatic {
        business: &business,
        subscription,
        dues,
        amount: quote.totals.gross,
        tax_minor: quote.totals.tax.minor,
        period: buys_period.then_some(quote.period),
        method,
        purpose: Purpose::Renewal,
        metadata: &subscription.metadata,
    };
    charge.intend(cx, tx, now).await.map(Some)
}
