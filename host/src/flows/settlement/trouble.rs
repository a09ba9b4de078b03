//! Charges that the gateway cannot be asked for, such as one whose key was revoked: what is tried again
//! by itself is on the operator's list with its reason until it goes through, and is told of once.

use jiff::Timestamp;

use super::super::Error;
use super::super::records::News;
use crate::domain::payment::{Initiator, Payment, PaymentState, Purpose};
use crate::domain::plan::ChangeState;
use crate::store::{Tx, Work};

/// Since when the gateway could not be asked for what `payment` was for, if it was so before
/// (host time).
pub(super) async fn since(
    tx: &mut Tx,
    payment: &Payment,
    news: &News,
) -> Result<Option<Timestamp>, Error> {
    if news.trouble.is_none() || !is_tried_again(tx, payment).await? {
        return Ok(None);
    }
    let tries = tx.tries_at(&payment.scope, &payment.id).await?;
    let was_cancelled = |tried: &&Payment| {
        tried.id != payment.id
            && tried.initiator != Initiator::Customer
            && matches!(tried.state, PaymentState::Cancelled { .. })
    };
    let cancelled = tries.iter().filter(was_cancelled);
    Ok(cancelled.filter_map(|tried| tried.sent_at).min())
}

/// Whether what `payment` was for is charged again by itself: a period, and a change of plan that
/// stands.
async fn is_tried_again(tx: &mut Tx, payment: &Payment) -> Result<bool, Error> {
    if payment.purpose != Purpose::PlanChange {
        return Ok(payment.purpose == Purpose::Renewal);
    }
    let change = tx
        .plan_change_of_payment(&payment.scope, &payment.id)
        .await?;
    Ok(change.is_none_or(|change| change.state == ChangeState::Applied))
}

/// Notes why, and since when, on the work that will try again.
pub(super) async fn note(
    tx: &mut Tx,
    payment: &Payment,
    news: &News,
    since: Timestamp,
) -> Result<(), Error> {
    let (Some(why), Some(subscription)) = (&news.trouble, &payment.subscription) else {
        return Ok(());
    };
    let mut next = vec![Work::Retry {
        subscription: subscription.clone(),
    }];
    if is_tried_again(tx, payment).await? {
        next.push(Work::Renew {
            subscription: subscription.clone(),
        });
    }
    for work in &next {
        if waits(tx, work, &payment.gateway, why, since).await? {
            break;
        }
    }
    Ok(())
}

/// Notes on `work`, which is queued, that it waits for a gateway since then (host time), and why.
/// Answers whether it is queued.
pub(in crate::flows) async fn waits(
    tx: &mut Tx,
    work: &Work,
    gateway: &str,
    why: &str,
    since: Timestamp,
) -> Result<bool, Error> {
    let Some(key) = work.unique_key() else {
        return Ok(false);
    };
    let why = format!("the gateway {gateway} could not be asked: {why}");
    Ok(tx.job_in_trouble(&key, &why, since).await?)
}
