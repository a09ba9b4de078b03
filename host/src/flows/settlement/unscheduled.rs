//! Charges off schedule that did not work: on demand, and for what was used before a pause.

use jiff::Timestamp;

use super::super::{Error, dunning, facts};
use super::revival;
use crate::cx::Cx;
use crate::domain::debt::DebtState;
use crate::domain::payment::{Payment, PaymentState, Purpose};
use crate::domain::subscription::{HoldReason, Subscription, SubscriptionEvent};
use crate::domain::transition::Transition;
use crate::store::{MailOrder, Tx};

/// Puts the subscription on hold until the customer has paid, and says so. A charge on demand
/// that the gateway could not be asked for is owed by nobody: the merchant may charge again.
pub(super) async fn failed(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    mut subscription: Subscription,
    (impossible, not_before): (bool, Option<Timestamp>),
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &payment.scope;
    let why = match payment.purpose {
        Purpose::OnDemand => HoldReason::OnDemandChargeFailed,
        _ => HoldReason::PauseSettlement,
    };
    let never_asked = matches!(payment.state, PaymentState::Cancelled { .. }) && !impossible;
    if never_asked && payment.purpose == Purpose::OnDemand {
        let tries = tx.tries_at(scope, &payment.id).await?;
        let was_declined = |tried: &&Payment| matches!(tried.state, PaymentState::Declined { .. });
        if let Some(declined) = tries.iter().rev().find(was_declined) {
            // Another method was, before this one.
            let what = (why, Some(declined));
            return dunning::hold(cx, tx, what, subscription, None, now).await;
        }
        for debt in tx.debts_of_payment(&payment.id).await? {
            tx.close_debt(scope, &debt.id, DebtState::WrittenOff, None, now)
                .await?;
        }
        return Ok(());
    }
    if dunning::backup_instead(cx, tx, payment, &subscription, now)
        .await?
        .is_some()
    {
        return Ok(());
    }
    if payment.purpose == Purpose::OnDemand {
        let what = (why, Some(payment));
        return dunning::hold(cx, tx, what, subscription, not_before, now).await;
    }
    let event = SubscriptionEvent::PaymentFailed {
        why,
        grace_until: None,
    };
    let Transition::Moved(state) = subscription.state.apply(event, now) else {
        return Ok(());
    };
    subscription.state = state;
    subscription.updated_at = now;
    let object = subscription.id.as_str().to_owned();
    tx.suspend_licenses(scope, &subscription.id, true).await?;
    facts::tell(cx, tx, scope, "subscription.on_hold", &object, now).await?;
    let mail = MailOrder::PaymentFailed {
        payment: payment.id.clone(),
    };
    facts::mail(cx, tx, scope, mail).await?;
    revival::schedule(cx, tx, &subscription).await?;
    tx.save_subscription(&mut subscription).await?;
    Ok(())
}
