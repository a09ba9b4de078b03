//! Word of what comes: a renewal, the end of a trial, a card that expires. Each is told once
//! for its date, and only if it will happen.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::{Error, catch_up, facts, plan_change};
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::{Debt, DebtKind};
use crate::domain::id::{MethodId, SubscriptionId};
use crate::domain::method::PaymentMethod;
use crate::domain::period::{Interval, Unit};
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::store::{self, MailOrder, Tx, Work};

/// Whether the end of a subscription's period is a charge to come.
pub fn will_renew(subscription: &Subscription, now: Timestamp) -> bool {
    let end = subscription.period.end;
    subscription.state == SubscriptionState::Active
        && !subscription.cancel_at_period_end
        && end > now
        && subscription.expires_at.is_none_or(|over| over > end)
        && costs_something(subscription)
}

/// Whether a period of it has a price, whatever discounts make of that.
pub(super) fn costs_something(subscription: &Subscription) -> bool {
    subscription.price().is_ok_and(|price| price.minor > 0)
}

/// When the next charge of a subscription comes; none when none does. That is the end of its period,
/// or later where several periods are charged that have run already.
pub async fn next_charge(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> store::Result<Option<Timestamp>> {
    if will_renew(subscription, now) {
        return Ok(Some(subscription.period.end));
    }
    let late = catch_up::date(cx, tx, subscription).await?;
    let over = subscription.expires_at;
    Ok(late.filter(|at| {
        *at > now && !subscription.cancel_at_period_end && over.is_none_or(|over| over > *at)
    }))
}

/// The subscription as its next renewal sells it: with the plan that is scheduled for then.
pub async fn to_come(tx: &mut Tx, subscription: &Subscription) -> Result<Subscription, Error> {
    let mut renewed = subscription.clone();
    plan_change::foresee(tx, &mut renewed).await?;
    Ok(renewed)
}

/// Whether word of a renewal, by its nonce, is of the end of the period that runs now.
pub fn is_of_this_period(subscription: &Subscription, nonce: &str) -> bool {
    let end = subscription.period.end.as_microsecond().to_string();
    nonce.split(':').nth(1) == Some(end.as_str())
}

/// Whether word of the end of a card, by its nonce, is of the end that it has now.
pub fn is_of_this_card(cx: &Cx, method: &PaymentMethod, nonce: &str) -> bool {
    let Some((business, _)) = cx.business(&method.scope) else {
        return false;
    };
    card_notice(cx, &business, method).is_some_and(|(_, end)| {
        nonce.split(':').nth(1) == Some(end.as_second().to_string().as_str())
    })
}

/// Whether the period that runs is a trial: no period was paid yet, whatever else was bought with it.
pub async fn is_trial(tx: &mut Tx, subscription: &Subscription) -> store::Result<bool> {
    if subscription.trial_days == 0 || subscription.anchor != subscription.period.end {
        return Ok(false);
    }
    let (scope, id) = (&subscription.scope, &subscription.id);
    let settled = tx.settled_debts_of(scope, id).await?;
    let dues = tx.dues_of(scope, id).await?;
    let is_period = |debt: &Debt| matches!(debt.kind, DebtKind::Period | DebtKind::Carried);
    let is_carried = |debt: &Debt| debt.kind == DebtKind::Carried;
    Ok(!settled.iter().any(is_period) && !dues.iter().any(is_carried))
}

/// Orders the next notices of a subscription whose dates or method have changed.
pub(super) async fn plan(cx: &Cx, tx: &mut Tx, subscription: &Subscription) -> Result<(), Error> {
    let scope = &subscription.scope;
    let now = cx.business_now(tx, scope).await?;
    if will_renew(subscription, now) {
        let ahead = ahead(cx, tx, subscription).await?;
        let dates = dates(subscription, &ahead);
        if let Some(at) = dates.into_iter().map(|(at, _)| at.max(now)).min() {
            let work = Work::NoticeRenewal {
                subscription: subscription.id.clone(),
            };
            cx.order_at_business_time(tx, scope, &work, at).await?;
        }
    }
    if let Some(id) = &subscription.method {
        plan_card(cx, tx, scope, id, now).await?;
    }
    Ok(())
}

/// Tells of a renewal if a date for that has come, once for each date.
pub async fn renewal(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let Some(subscription) = tx.lock_subscription(scope, id).await? else {
        return Ok(());
    };
    let now = cx.business_now(&mut tx, scope).await?;
    if !will_renew(&subscription, now) {
        return Ok(());
    }
    let ahead = ahead(cx, &mut tx, &subscription).await?;
    let dates = dates(&subscription, &ahead);
    // After a standstill the newest alone is told.
    if let Some((_, before)) = dates.iter().filter(|(at, _)| *at <= now).max() {
        let end = subscription.period.end.as_microsecond();
        let nonce = format!("{id}:{end}:{}", before.as_secs());
        if tx
            .tell_once(scope, &format!("renewal:{nonce}"), now)
            .await?
        {
            let mail = MailOrder::RenewalSoon {
                subscription: id.clone(),
                nonce,
            };
            facts::mail(cx, &mut tx, scope, mail).await?;
        }
    }
    if let Some((next, _)) = dates.iter().filter(|(at, _)| *at > now).min() {
        let work = Work::NoticeRenewal {
            subscription: id.clone(),
        };
        cx.order_at_business_time(&mut tx, scope, &work, *next)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// How long before its end a period is told of.
async fn ahead(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
) -> store::Result<Vec<SignedDuration>> {
    let trial = is_trial(tx, subscription).await?;
    let settings = cx.settings.load();
    let billing = &settings.billing;
    Ok(if trial {
        billing.trial_notices.clone()
    } else if is_long(subscription.interval) {
        billing.yearly_renewal_notices.clone()
    } else {
        billing.renewal_notices.clone()
    })
}

/// When a period is told of, none before it begins.
fn dates(
    subscription: &Subscription,
    ahead: &[SignedDuration],
) -> Vec<(Timestamp, SignedDuration)> {
    let period = subscription.period;
    ahead
        .iter()
        .filter_map(|before| Some((period.end.checked_sub(*before).ok()?, *before)))
        .filter(|(at, _)| *at > period.start)
        .collect()
}

/// A year or longer: so long that people forget.
fn is_long(interval: Interval) -> bool {
    let in_a_year = match interval.unit {
        Unit::Day => 365,
        Unit::Week => 52,
        Unit::Month => 12,
        Unit::Year => 1,
    };
    interval.count >= in_a_year
}

/// Orders word of the end of a card that pays for something.
async fn plan_card(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    id: &MethodId,
    now: Timestamp,
) -> Result<(), Error> {
    let (Some(method), Some((business, _))) = (tx.method(scope, id).await?, cx.business(scope))
    else {
        return Ok(());
    };
    if let Some(at) = card_notice(cx, &business, &method).filter(|(_, end)| *end > now) {
        let work = Work::NoticeCard { method: method.id };
        cx.order_at_business_time(tx, scope, &work, at.0.max(now))
            .await?;
    }
    Ok(())
}

/// Tells of a card that expires, once for the card and its date, if it pays for anything.
pub async fn card(cx: &Cx, scope: &Scope, id: &MethodId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let now = cx.business_now(&mut tx, scope).await?;
    let (Some(method), Some((business, _))) = (tx.method(scope, id).await?, cx.business(scope))
    else {
        return Ok(());
    };
    let Some((at, end)) = card_notice(cx, &business, &method) else {
        return Ok(());
    };
    if end <= now || tx.subscriptions_by_method(scope, id).await?.is_empty() {
        return Ok(());
    }
    if at > now {
        // A renewed card, or another setting.
        let work = Work::NoticeCard { method: id.clone() };
        cx.order_at_business_time(&mut tx, scope, &work, at).await?;
        tx.commit().await?;
        return Ok(());
    }
    let nonce = format!("{id}:{}", end.as_second());
    if tx.tell_once(scope, &format!("card:{nonce}"), now).await? {
        let mail = MailOrder::CardExpiring {
            method: id.clone(),
            nonce,
        };
        facts::mail(cx, &mut tx, scope, mail).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// When the end of a card is told of, and when it is: with its month, where the business is.
fn card_notice(
    cx: &Cx,
    business: &Business,
    method: &PaymentMethod,
) -> Option<(Timestamp, Timestamp)> {
    let before = cx.settings.load().billing.card_notice;
    let (month, year) = method.expiry_month.zip(method.expiry_year)?;
    // One that is never charged again has no end to tell of.
    if before.is_zero() || method.refused_at.is_some() {
        return None;
    }
    let month = i8::try_from(month).ok()?;
    let first = Date::new(i16::try_from(year).ok()?, month, 1).ok()?;
    let next = first.checked_add(1.month()).ok()?;
    let end = next.to_zoned(business.time_zone.clone()).ok()?.timestamp();
    Some((end.checked_sub(before).ok()?, end))
}
