//! What a subscription owes: its open debts, and the next period when the paid one ran out while
//! it was on hold. That one arises when the customer pays it, not before.

use jiff::Timestamp;

use super::begin::{period_debt, period_lines};
use super::{Error, plan_change};
use crate::config::{Business, DuesAtCancel};
use crate::cx::Cx;
use crate::domain::debt::Debt;
use crate::domain::id::{DebtId, Id};
use crate::domain::part::Part;
use crate::domain::period::Period;
use crate::domain::proration::part_of_period;
use crate::domain::quote::{Quote, buys_period};
use crate::domain::subscription::{HoldReason, Subscription, SubscriptionState};
use crate::domain::tax::Line;
use crate::store::Tx;

/// Everything that the customer can pay now.
pub(super) struct Dues {
    /// Oldest first; none when the state lets nothing be paid.
    pub(super) debts: Vec<Debt>,
    /// The last of them, when it has not arisen yet.
    pub(super) next: Option<DebtId>,
    /// The subscription as it was before its scheduled change fell due, which is not written down.
    before: Option<Box<Subscription>>,
}

/// The dues of a subscription. A disputed debt is paid by the customer only, which this is for.
/// Nothing is written: `subscription` is as it will be when it owes them, with the plan that was
/// scheduled for the period which is due.
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
        before: None,
    };
    if !is_payable(cx, subscription, now) {
        return Ok(dues);
    }
    dues.debts = tx.dues_of(&subscription.scope, &subscription.id).await?;
    let bought = dues.debts.iter().any(|due| buys_period(subscription, due));
    if !bought && has_run_out(subscription, now) {
        let before = subscription.clone();
        let is_changed = plan_change::foresee(tx, subscription).await?;
        let next = next_period(cx, tx, business, subscription, now).await?;
        if next.amount.is_zero() {
            // It is not sold here, so it uses nothing up.
            *subscription = before;
        } else {
            dues.next = Some(next.id.clone());
            dues.debts.push(next);
            dues.before = is_changed.then(|| Box::new(before));
        }
    }
    Ok(dues)
}

/// Whether anything of a subscription can be paid now. What was kept when it was cancelled can;
/// with the end of the term everything ends.
fn is_payable(cx: &Cx, subscription: &Subscription, now: Timestamp) -> bool {
    if may_be_kept(subscription) {
        return cx.settings.load().billing.dues_at_cancel == DuesAtCancel::Keep;
    }
    subscription.state.has_dues() && subscription.expires_at.is_none_or(|end| end > now)
}

/// Whether `subscription` has ended in a way in which its dues may have been kept.
pub(super) const fn may_be_kept(subscription: &Subscription) -> bool {
    matches!(subscription.state, SubscriptionState::Cancelled { .. })
}

impl Dues {
    /// Writes down what `quote` asks for: the change of plan that has fallen due, the debt that
    /// arises, and the prices that the quote has changed. Answers whether the debt is new; where it
    /// is not, somebody else was first.
    pub(super) async fn agree(
        self,
        cx: &Cx,
        tx: &mut Tx,
        subscription: &mut Subscription,
        quote: &Quote,
        now: Timestamp,
    ) -> Result<bool, Error> {
        if let Some(mut before) = self.before {
            plan_change::fall_due(cx, tx, &mut before, now).await?;
            subscription.version = before.version;
            subscription.updated_at = before.updated_at;
        }
        for due in &quote.dues {
            if self.next.as_ref() == Some(&due.id) {
                if !tx.insert_debt(due).await? {
                    return Ok(false);
                }
            } else {
                tx.reprice_debt(due).await?;
            }
        }
        let credits = quote.returned.iter().cloned();
        subscription.extras.credits.splice(..0, credits);
        if self.next.is_some() || !quote.returned.is_empty() {
            tx.save_subscription(subscription).await?;
        }
        Ok(true)
    }
}

/// Whether coming back needs another period. What is on hold for a pause comes back to that.
fn has_run_out(subscription: &Subscription, now: Timestamp) -> bool {
    let held = matches!(
        subscription.state,
        SubscriptionState::OnHold { why, .. } if why != HoldReason::PauseSettlement
    );
    let ends = subscription.cancel_at_period_end;
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
    let (_, lines) = of_period(tx, business, subscription, start, now).await?;
    let debt = period_debt(cx, subscription, lines, start, now)?;
    Ok(Debt {
        id: DebtId::derived(start, &[subscription.id.as_str(), "period"]),
        ..debt
    })
}

/// The period that follows `start`, up to the end of the agreed term, and what it costs at `now`:
/// of one that is cut only the part that runs, by the second.
pub(super) async fn of_period(
    tx: &mut Tx,
    business: &Business,
    subscription: &Subscription,
    start: Timestamp,
    now: Timestamp,
) -> Result<(Period, Vec<Line>), Error> {
    let zone = &business.time_zone;
    let whole = subscription
        .interval
        .next_from(subscription.anchor, start, zone)?;
    let period = whole.until(subscription.expires_at);
    let product = tx
        .product(&subscription.scope, &subscription.product)
        .await?
        .ok_or(Error::NotFound("product"))?;
    let lines = period_lines(business, &product, subscription, now, Some(period))?;
    let part = Part::within(period, whole);
    Ok((period, part_of_period(&lines, part, period)?))
}
