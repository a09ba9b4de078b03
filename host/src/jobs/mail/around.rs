//! What the mail about a payment has to know beside the payment.

use jiff::Timestamp;

use crate::domain::dispute::{Dispute, DisputeState};
use crate::domain::id::MethodId;
use crate::domain::method::PaymentMethod;
use crate::domain::money::Money;
use crate::domain::payment::{Advice, Payment, PaymentState};
use crate::domain::subscription::Subscription;
use crate::store::{self, Tx};

/// The method of the subscription that was declined before `payment` was tried.
pub(super) async fn declined_before(
    tx: &mut Tx,
    payment: &Payment,
    main: Option<&MethodId>,
) -> store::Result<Option<PaymentMethod>> {
    let Some(main) = main.filter(|main| payment.method.as_ref() != Some(main)) else {
        return Ok(None);
    };
    let tries = tx.tries_at(&payment.scope, &payment.id).await?;
    let was_declined = |tried: &Payment| {
        tried.method.as_ref() == Some(main) && matches!(tried.state, PaymentState::Declined { .. })
    };
    if !tries.iter().any(was_declined) {
        return Ok(None);
    }
    tx.method_ever(&payment.scope, main).await
}

/// What of `payment` its bank took back in all, in its own currency; none when that is back.
pub(super) async fn taken_back(tx: &mut Tx, payment: &Payment) -> store::Result<Option<Money>> {
    let all = tx.disputes_of(&payment.scope, &payment.id).await?;
    let currency = payment.captured().currency;
    let counts =
        |one: &&Dispute| one.state == DisputeState::Lost && one.amount.currency == currency;
    let lost = all.iter().filter(counts).map(|one| one.amount);
    Ok(Money::sum(currency, lost).ok().filter(|sum| !sum.is_zero()))
}

/// When a declined renewal is tried again.
pub(super) async fn retry_at(
    tx: &mut Tx,
    subscription: &Subscription,
    payment: Option<&Payment>,
) -> store::Result<Option<Timestamp>> {
    let later = |payment: &Payment| {
        matches!(&payment.state, PaymentState::Declined { decline, .. }
            if decline.advice == Advice::Later)
    };
    if !payment.is_some_and(later) {
        return Ok(None);
    }
    let dunning = tx
        .open_dunning(&subscription.scope, &subscription.id)
        .await?;
    Ok(dunning.and_then(|dunning| dunning.next_retry_at))
}
