//! Changes of plan that stand and for which nobody was asked: the gateway could not be, or never had
//! the charge. The next invoice has their price.

use super::super::Error;
use super::super::records::News;
use super::{revival, trouble};
use crate::cx::Cx;
use crate::domain::payment::{Payment, PaymentState};
use crate::domain::plan::ChangeState;
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::store::{Tx, Work};

/// Leaves what the change of `payment`, which was cancelled, costs for the next renewal, and puts on
/// the operator's list why it waits; answers whether it did. A change that never stood, that begins
/// a period of its own, or after which nothing renews, is not left.
pub(super) async fn leave(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    (before, news): (&PaymentState, &News),
    subscription: &Subscription,
) -> Result<bool, Error> {
    let scope = &payment.scope;
    // Whoever left the bank's page was asked: the gateway has a reference of that.
    let is_unasked = payment.gateway_ref.is_none()
        && matches!(before, PaymentState::Created | PaymentState::Unknown { .. });
    if news.impossible || !is_unasked || !renews(subscription) {
        return Ok(false);
    }
    let change = tx.plan_change_of_payment(scope, &payment.id).await?;
    let stands = change.is_some_and(|change| {
        change.state == ChangeState::Applied && change.terms.period.is_none()
    });
    let tries = tx.tries_at(scope, &payment.id).await?;
    let was_declined = |tried: &Payment| matches!(tried.state, PaymentState::Declined { .. });
    if !stands || tries.iter().any(was_declined) {
        return Ok(false);
    }
    revival::schedule(cx, tx, subscription).await?;
    if let Some(why) = &news.trouble {
        let work = Work::Renew {
            subscription: subscription.id.clone(),
        };
        let since = payment.sent_at.unwrap_or(cx.now());
        trouble::waits(tx, &work, &payment.gateway, why, since).await?;
    }
    Ok(true)
}

/// Whether another period is to be charged.
fn renews(subscription: &Subscription) -> bool {
    subscription.state == SubscriptionState::Active
        && !subscription.on_demand
        && !subscription.cancel_at_period_end
        && subscription
            .expires_at
            .is_none_or(|end| end > subscription.period.end)
}
