//! What paying the dues of a subscription costs and buys, told before the button is pressed.

use jiff::Timestamp;

use super::super::{Error, dues};
use super::available;
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::Debt;
use crate::domain::id::SubscriptionId;
use crate::domain::money::Money;
use crate::domain::plan::quoted_at;
use crate::domain::quote::{Quote, ReactivationAnchor, quote as quote_dues};
use crate::domain::subscription::Subscription;
use crate::store::Tx;

/// What paying everything that is due now costs and buys; none when nothing is due.
pub async fn quote(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<Option<Quote>, Error> {
    quote_as(cx, scope, id, None).await
}

/// The same as `tx` sees it: who holds a reader of the store must not wait for a second one.
pub async fn quote_in(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    id: &SubscriptionId,
) -> Result<Option<Quote>, Error> {
    quote_as_in(cx, tx, scope, id, None).await
}

/// The same for the second that the quote which the customer has `agreed` to is for.
pub(in crate::flows) async fn quote_as(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    agreed: Option<&str>,
) -> Result<Option<Quote>, Error> {
    let mut tx = cx.store.read().await?;
    quote_as_in(cx, &mut tx, scope, id, agreed).await
}

async fn quote_as_in(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    id: &SubscriptionId,
    agreed: Option<&str>,
) -> Result<Option<Quote>, Error> {
    let mut subscription = tx
        .subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    if !subscription.state.has_dues() && !dues::may_be_kept(&subscription) {
        return Ok(None);
    }
    let now = cx.business_now(tx, scope).await?;
    let (business, _) = available(cx, scope)?;
    let dues = dues::of(cx, tx, &business, &mut subscription, now).await?;
    if dues.debts.is_empty() {
        return Ok(None);
    }
    let at = agreed_at(cx, agreed, now);
    Ok(Some(price(cx, &business, &subscription, &dues.debts, at)?))
}

/// What has to be paid at `now` for what a subscription owes, which is what its quote comes to; none
/// where it owes nothing, or nothing has to be paid for it.
pub async fn due(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    id: &SubscriptionId,
    now: Timestamp,
) -> Result<Option<Money>, Error> {
    let subscription = tx.subscription(scope, id).await?;
    let mut subscription = subscription.ok_or(Error::NotFound("subscription"))?;
    let (business, _) = available(cx, scope)?;
    let dues = dues::of(cx, tx, &business, &mut subscription, now).await?;
    let owed = dues.debts.len() - usize::from(dues.next.is_some());
    if owed == 0 {
        return Ok(None);
    }
    let total = price(cx, &business, &subscription, &dues.debts, now)?
        .totals
        .gross;
    Ok(Some(total).filter(|total| !total.is_zero()))
}

/// The second that a quote names to which the customer has `agreed`, while that is fresh; `now` for
/// one whose price stands still.
pub(in crate::flows) fn agreed_at(cx: &Cx, agreed: Option<&str>, now: Timestamp) -> Timestamp {
    let lifetime = cx.settings.load().billing.plan_quote_lifetime;
    agreed
        .and_then(quoted_at)
        .filter(|at| *at <= now && now.duration_since(*at) <= lifetime)
        .unwrap_or(now)
}

/// What `dues` cost at `at` and buy.
pub(in crate::flows) fn price(
    cx: &Cx,
    business: &Business,
    subscription: &Subscription,
    dues: &[Debt],
    at: Timestamp,
) -> Result<Quote, Error> {
    let anchor: ReactivationAnchor = cx.settings.load().billing.reactivation_anchor;
    Ok(quote_dues(
        subscription,
        dues,
        anchor,
        at,
        &business.time_zone,
    )?)
}
