//! Asking for what is due from a day on that is no failed renewal's.

use jiff::Timestamp;

use super::super::{Error, facts};
use super::start;
use crate::cx::Cx;
use crate::domain::dunning::DunningTrigger;
use crate::domain::payment::Payment;
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::store::{MailOrder, Tx};

/// What is due of a subscription on hold or past due may be charged again, and nobody asks for it:
/// a bank had stopped that with a debt which is gone now.
pub(in crate::flows) async fn again(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    for_dues(cx, tx, subscription, (None, None), now).await
}

/// Asks for what is due, from now on, where nobody does and only the customer needs to be asked.
async fn for_dues(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    (failed, not_before): (Option<&Payment>, Option<Timestamp>),
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &subscription.scope;
    let trigger = match subscription.state {
        SubscriptionState::PastDue { .. } => DunningTrigger::PastDue,
        SubscriptionState::OnHold { .. } => DunningTrigger::OnHold,
        _ => return Ok(()),
    };
    let dues = tx.dues_of(scope, &subscription.id).await?;
    let is_asked = tx.open_dunning(scope, &subscription.id).await?.is_some();
    if is_asked || dues.is_empty() || dues.iter().any(|due| due.disputed) {
        return Ok(());
    }
    start(cx, tx, subscription, trigger, failed, not_before, now).await?;
    Ok(())
}

/// What failed is owed beside that for which the subscription waits already: its customer, who was
/// told that the money is under way, hears of it. Where dates ask for what is due, they ask for
/// this as well.
pub(super) async fn failed_beside(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: &Subscription,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &subscription.scope;
    if tx.open_dunning(scope, &subscription.id).await?.is_some() {
        return Ok(());
    }
    for_dues(cx, tx, subscription, (Some(payment), not_before), now).await?;
    let mail = MailOrder::PaymentFailed {
        payment: payment.id.clone(),
    };
    facts::mail(cx, tx, scope, mail).await?;
    Ok(())
}
