//! The backup method of a customer: tried once when another one is declined while the customer is
//! not there, for the same debt, by a payment of its own.

use jiff::Timestamp;

use super::super::automatic::Automatic;
use super::super::reactivation::available;
use super::super::tries::{self, Allowance};
use super::super::{Error, dispute};
use crate::cx::Cx;
use crate::domain::debt::{Debt, DebtState};
use crate::domain::id::MethodId;
use crate::domain::method::PaymentMethod;
use crate::domain::payment::{Advice, Initiator, Payment, PaymentState};
use crate::domain::subscription::Subscription;
use crate::store::Tx;

/// The backup method that may be charged now instead of `main`; none when the business does
/// not offer that.
pub(in crate::flows) async fn of(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    main: Option<&MethodId>,
    now: Timestamp,
) -> Result<Option<PaymentMethod>, Error> {
    let scope = &subscription.scope;
    if !cx
        .business(scope)
        .is_some_and(|(business, _)| business.allow.backup_method)
    {
        return Ok(None);
    }
    let backup = tx.backup_method(scope, &subscription.customer).await?;
    let Some(backup) = backup.filter(|backup| Some(&backup.id) != main) else {
        return Ok(None);
    };
    if dispute::forbids(tx, scope, &backup.id).await? {
        return Ok(None);
    }
    let allowance = tries::allowance(cx, tx, scope, &backup.id, now).await?;
    Ok((allowance == Allowance::Free).then_some(backup))
}

/// Orders the charge of the backup method after `payment` was declined, and answers it; none when
/// there is no method to try, or it was tried already. A customer who was there chooses another
/// one.
pub(in crate::flows) async fn instead(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<Option<Payment>, Error> {
    let PaymentState::Declined { decline, .. } = &payment.state else {
        return Ok(None);
    };
    // The bank may still say yes to the customer's own method.
    if decline.advice == Advice::Authenticate
        || subscription.cancel_at_period_end
        || subscription.state.is_final()
        || payment.initiator == Initiator::Customer
    {
        return Ok(None);
    }
    let Some(backup) = of(cx, tx, subscription, payment.method.as_ref(), now).await? else {
        return Ok(None);
    };
    let scope = &subscription.scope;
    let tries = tx.tries_at(scope, &payment.id).await?;
    if tries
        .iter()
        .any(|tried| tried.method.as_ref() == Some(&backup.id))
    {
        return Ok(None);
    }
    let dues = tx.debts_of_payment(&payment.id).await?;
    let owed = |due: &Debt| due.state == DebtState::Open && !due.disputed;
    if dues.is_empty() || !dues.iter().all(owed) {
        return Ok(None);
    }
    let (business, _) = available(cx, scope)?;
    let charge = Automatic {
        business: &business,
        subscription,
        dues: &dues,
        amount: payment.amount,
        tax_minor: payment.tax_minor,
        period: payment.period,
        method: backup,
        purpose: payment.purpose,
        metadata: &payment.metadata,
    };
    charge.queue(cx, tx, now).await.map(Some)
}
