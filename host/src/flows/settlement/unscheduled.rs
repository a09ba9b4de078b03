//! Charges off schedule that did not work: on demand, and for what was used before a pause.

use jiff::Timestamp;

use super::super::{Error, dunning};
use crate::cx::Cx;
use crate::domain::debt::DebtState;
use crate::domain::payment::{Payment, PaymentState, Purpose};
use crate::domain::subscription::{HoldReason, Subscription};
use crate::store::Tx;

/// Puts the subscription on hold until the customer has paid, and says so. A charge on demand
/// that the gateway could not be asked for is owed by nobody: the merchant may charge again.
pub(super) async fn failed(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: Subscription,
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
    let what = (why, Some(payment));
    dunning::hold(cx, tx, what, subscription, not_before, now).await
}
