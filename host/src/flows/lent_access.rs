//! Access that is lent to a subscription on hold while the bank moves the money, where the
//! merchant wants that: until the day on which it should have arrived and two working days.

use jiff::Timestamp;

use super::Error;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::{PaymentId, SubscriptionId};
use crate::domain::payment::Payment;
use crate::domain::period::working_days_after;
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::store::{Tx, Work};

/// Lends access because of a payment that the gateway expects to be done at `expected` (host
/// time).
pub(super) async fn lend(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: &Subscription,
    expected: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    let (wanted, longest, late) = {
        let settings = cx.settings.load();
        let billing = &settings.billing;
        (
            billing.access_while_processing,
            billing.longest_wait,
            billing.lent_working_days,
        )
    };
    // What is paid for a pause leads back to the pause, where nothing is open.
    let on_hold = matches!(subscription.state, SubscriptionState::OnHold { .. })
        && subscription.state.paused_since().is_none();
    let scope = &subscription.scope;
    let (true, true, Some((business, _))) = (wanted, on_hold, cx.business(scope)) else {
        return Ok(());
    };
    let wait = expected.map(|at| at.duration_since(cx.now()).min(longest));
    let arrival = wait.and_then(|wait| now.checked_add(wait).ok());
    let arrival = arrival.unwrap_or(now).max(now);
    let until = working_days_after(arrival, late, &business.time_zone)?;
    tx.lend_access(scope, &subscription.id, &payment.id, until)
        .await?;
    tx.suspend_licenses(scope, &subscription.id, false).await?;
    let work = Work::EndLentAccess {
        subscription: subscription.id.clone(),
    };
    cx.order_at_business_time(tx, scope, &work, until).await?;
    Ok(())
}

/// Ends the access that was lent, if it was because of `payment` where one is named. What
/// that payment brings instead is for whoever books it.
pub(super) async fn take_back(
    tx: &mut Tx,
    subscription: &Subscription,
    payment: Option<&PaymentId>,
) -> Result<(), Error> {
    let (scope, id) = (&subscription.scope, &subscription.id);
    let lent = tx.end_lent_access(scope, id, payment).await?;
    if lent && matches!(subscription.state, SubscriptionState::OnHold { .. }) {
        tx.suspend_licenses(scope, id, true).await?;
    }
    Ok(())
}

/// The time that access was lent for is over.
pub async fn end(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let Some(subscription) = tx.lock_subscription(scope, id).await? else {
        return Ok(());
    };
    let now = cx.business_now(&mut tx, scope).await?;
    match tx.lent_until(scope, id).await? {
        Some(until) if until > now => {
            let work = Work::EndLentAccess {
                subscription: id.clone(),
            };
            cx.order_at_business_time(&mut tx, scope, &work, until)
                .await?;
        }
        Some(_) => take_back(&mut tx, &subscription, None).await?,
        None => {}
    }
    tx.commit().await?;
    Ok(())
}
