//! Renewals that the gateway cannot be asked for, such as one whose key was revoked: tried again by
//! themselves, told once, and on the operator's list with their reason until they go through.

use jiff::Timestamp;

use super::super::Error;
use super::super::records::News;
use crate::domain::payment::{Initiator, Payment, PaymentState, Purpose};
use crate::store::{Tx, Work};

/// Since when the gateway could not be asked for what `payment` was to renew, if it was so before
/// (host time).
pub(super) async fn since(
    tx: &mut Tx,
    payment: &Payment,
    news: &News,
) -> Result<Option<Timestamp>, Error> {
    if news.trouble.is_none() || payment.purpose != Purpose::Renewal {
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
    if payment.purpose != Purpose::Renewal {
        return Ok(());
    }
    let subscription = subscription.clone();
    let next = [
        Work::Retry {
            subscription: subscription.clone(),
        },
        Work::Renew { subscription },
    ];
    let why = format!("the gateway {} could not be asked: {why}", payment.gateway);
    for key in next.iter().filter_map(Work::unique_key) {
        if tx.job_in_trouble(&key, &why, since).await? {
            break;
        }
    }
    Ok(())
}
