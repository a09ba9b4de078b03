//! Periods that ran while nothing could be charged for them, because a bank decided about the method
//! or the host stood still. They are charged one after the other, each with some time after the one
//! before, and its customer is told of it beforehand: nobody is charged for months at once.

use jiff::Timestamp;

use super::{Error, facts, notices};
use crate::cx::Cx;
use crate::domain::debt::{Debt, DebtKind};
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::store::{self, MailOrder, Tx, Work};

/// When the next period of a subscription is charged that had begun before the last one was paid;
/// none where it is charged on its date.
pub(super) async fn date(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
) -> store::Result<Option<Timestamp>> {
    let start = subscription.period.end;
    // Whatever was paid since would have been written down.
    if subscription.state != SubscriptionState::Active || subscription.updated_at <= start {
        return Ok(None);
    }
    let wait = cx.settings.load().billing.catch_up_every;
    let paid = last_paid(tx, subscription).await?;
    Ok(paid
        .filter(|paid| *paid > start)
        .and_then(|paid| paid.checked_add(wait).ok()))
}

/// When the newest period was paid, or carried to the next invoice.
async fn last_paid(tx: &mut Tx, subscription: &Subscription) -> store::Result<Option<Timestamp>> {
    let (scope, id) = (&subscription.scope, &subscription.id);
    let mut debts = tx.settled_debts_of(scope, id).await?;
    debts.extend(tx.dues_of(scope, id).await?);
    let paid = |debt: Debt| match debt.kind {
        DebtKind::Period => debt.closed_at,
        DebtKind::Carried => Some(debt.closed_at.unwrap_or(debt.created_at)),
        DebtKind::Purchase
        | DebtKind::PlanChange
        | DebtKind::OnDemand
        | DebtKind::PauseSettlement => None,
    };
    Ok(debts.into_iter().filter_map(paid).max())
}

/// Whether the renewal of a locked subscription, which is due, waits for its turn: then it is ordered
/// for that, and told of once.
pub(super) async fn waits(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(at) = date(cx, tx, subscription).await?.filter(|at| *at > now) else {
        return Ok(false);
    };
    let (scope, id) = (&subscription.scope, &subscription.id);
    let nonce = format!("{id}:{}:late", subscription.period.end.as_microsecond());
    let is_new = tx
        .tell_once(scope, &format!("renewal:{nonce}"), now)
        .await?;
    if is_new && notices::costs_something(subscription) {
        let mail = MailOrder::RenewalSoon {
            subscription: id.clone(),
            nonce,
        };
        facts::mail(cx, tx, scope, mail).await?;
    }
    let at = subscription.expires_at.map_or(at, |end| end.min(at));
    let work = Work::Renew {
        subscription: id.clone(),
    };
    cx.order_at_business_time(tx, scope, &work, at).await?;
    Ok(true)
}
