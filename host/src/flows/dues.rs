//! What a subscription owes: its open debts, and the next period when the paid one ran out while
//! it was on hold. That one arises when the customer pays it, not before.

use jiff::Timestamp;

use super::Error;
use super::begin::{period_debt, period_lines};
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::debt::Debt;
use crate::domain::id::{DebtId, Id};
use crate::domain::quote::buys_period;
use crate::domain::subscription::{HoldReason, Subscription, SubscriptionState};
use crate::store::Tx;

/// Everything that the customer can pay now.
pub(super) struct Dues {
    /// Oldest first; none when the state lets nothing be paid.
    pub(super) debts: Vec<Debt>,
    /// The last of them, when it has not arisen yet.
    pub(super) next: Option<Debt>,
}

/// The dues of a subscription. A disputed debt is paid by the customer only, which this is for.
pub(super) async fn of(
    cx: &Cx,
    tx: &mut Tx,
    business: &Business,
    subscription: &mut Subscription,
    now: Timestamp,
) -> Result<Dues, Error> {
    let mut dues = Dues {
        debts: Vec::new(),
        next: None,
    };
    if !subscription.state.has_dues() {
        return Ok(dues);
    }
    dues.debts = tx.dues_of(&subscription.scope, &subscription.id).await?;
    let bought = dues.debts.iter().any(|due| buys_period(subscription, due));
    if !bought && has_run_out(subscription, now) {
        let extras = subscription.extras.clone();
        let next = next_period(cx, tx, business, subscription, now).await?;
        if next.amount.is_zero() {
            // It is not sold here, so it uses nothing up.
            subscription.extras = extras;
        } else {
            dues.debts.push(next.clone());
            dues.next = Some(next);
        }
    }
    Ok(dues)
}

/// Whether coming back needs another period. What is on hold for a pause comes back to that.
fn has_run_out(subscription: &Subscription, now: Timestamp) -> bool {
    let held = matches!(
        subscription.state,
        SubscriptionState::OnHold { why, .. } if why != HoldReason::PauseSettlement
    );
    let ends =
        subscription.cancel_at_period_end || subscription.expires_at.is_some_and(|end| end <= now);
    held && !ends && !subscription.on_demand && subscription.period.end <= now
}

/// The debt of the period after the paid one. Its id follows from the period, so that a quote
/// names the same debt before and after it arises.
async fn next_period(
    cx: &Cx,
    tx: &mut Tx,
    business: &Business,
    subscription: &mut Subscription,
    now: Timestamp,
) -> Result<Debt, Error> {
    let start = subscription.period.end;
    let zone = &business.time_zone;
    let period = subscription
        .interval
        .next_from(subscription.anchor, start, zone)?;
    let product = tx
        .product(&subscription.scope, &subscription.product)
        .await?
        .ok_or(Error::NotFound("product"))?;
    let lines = period_lines(business, &product, subscription, now, Some(period))?;
    let debt = period_debt(cx, subscription, lines, start, now)?;
    Ok(Debt {
        id: DebtId::derived(start, &[subscription.id.as_str(), "period"]),
        ..debt
    })
}
