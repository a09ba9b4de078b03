//! A pause: access stops and nothing is charged until somebody resumes, or a date does. What
//! was paid for is not lost: on resuming, all dates move by the length of the pause.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::off_schedule::{self, Supply};
use super::reactivation::available;
use super::{Error, Refused, charge, documents, dunning, facts, reconciliation, settlement};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::{Debt, DebtKind, DebtState};
use crate::domain::id::{EventId, PaymentId, SubscriptionId};
use crate::domain::money::Money;
use crate::domain::payment::{Payment, PaymentState, Purpose};
use crate::domain::period::{OutOfRange, Period, moved};
use crate::domain::subscription::{HoldReason, Subscription, SubscriptionEvent, SubscriptionState};
use crate::domain::transition::Transition;
use crate::store::{self, MailOrder, Tx, Work};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Pause {
    /// When it goes on by itself (business time); none waits for somebody.
    pub resume_at: Option<Timestamp>,
    /// What was used before the pause and is charged now.
    pub settlement: Option<Settlement>,
}

/// What was used before a pause.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The id of its payment, chosen beforehand so that a repeated call charges once.
    pub payment: PaymentId,
    /// The price, as the subscription's price is with or without tax.
    pub price: Money,
    /// How its line reads; the product's name when none.
    pub description: Option<String>,
}

/// Pauses an active subscription, and charges what was used before. A paused one gets the new
/// date.
pub async fn start(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    pause: Pause,
) -> Result<Subscription, Error> {
    let settlement = pause.settlement.as_ref();
    let payment = settlement.map(|settlement| settlement.payment.clone());
    reconciliation::freshen(cx, scope, id).await?;
    match intend(cx, scope, id, pause).await {
        Ok(is_new) => {
            if let Some(payment) = payment.filter(|_| is_new) {
                charge::send(cx, scope, &payment).await?;
            }
        }
        // The same call was here before; what became of its charge is known or looked for.
        Err(Error::Store(store::Error::Conflict(_))) => {}
        Err(error) => return Err(error),
    }
    let mut tx = cx.store.read().await?;
    tx.subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))
}

/// Beat one; answers whether what was used before is to be charged now. A repeat asks nobody: what
/// became of the first call's charge is known or looked for.
async fn intend(cx: &Cx, scope: &Scope, id: &SubscriptionId, pause: Pause) -> Result<bool, Error> {
    let mut tx = cx.store.begin().await?;
    let mut subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    if let Some(settlement) = &pause.settlement
        && tx.payment(scope, &settlement.payment).await?.is_some()
    {
        return Ok(false);
    }
    let now = cx.business_now(&mut tx, scope).await?;
    if pause.resume_at.is_some_and(|date| date <= now) {
        return Err(Error::Invalid {
            field: "resume_at",
            problem: "must lie in the future".to_owned(),
        });
    }
    let paused = matches!(subscription.state, SubscriptionState::Paused { .. });
    if !paused && decides(&mut tx, &subscription, now).await? {
        return Err(Error::Refused(Refused::PaymentUnderWay));
    }
    let mut sent = None;
    let event = SubscriptionEvent::Pause;
    match subscription.state.apply(event, now) {
        Transition::Moved(state) => {
            if let Some(settlement) = pause.settlement {
                sent = Some(owe(cx, &mut tx, &subscription, settlement, now).await?);
            }
            subscription.state = state;
            tx.suspend_licenses(scope, id, true).await?;
            facts::tell(cx, &mut tx, scope, "subscription.paused", id.as_str(), now).await?;
            mail_pause(cx, &mut tx, &subscription).await?;
        }
        Transition::Unchanged if pause.settlement.is_none() => {
            // Only another date is news to the customer.
            if pause.resume_at != subscription.resume_at {
                mail_pause(cx, &mut tx, &subscription).await?;
            }
            facts::tell(cx, &mut tx, scope, "subscription.updated", id.as_str(), now).await?;
        }
        Transition::Unchanged => return Err(Error::Refused(Refused::AlreadyPaused)),
        Transition::Refused(_) => return Err(Error::Refused(Refused::State)),
    }
    subscription.resume_at = pause.resume_at;
    subscription.updated_at = now;
    settlement::schedule(cx, &mut tx, &subscription).await?;
    order(cx, &mut tx, &subscription).await?;
    note(cx, &mut tx, &subscription, "subscription.pause").await?;
    tx.save_subscription(&mut subscription).await?;
    match &sent {
        Some(payment) => charge::commit(cx, tx, payment).await?,
        None => tx.commit().await?,
    }
    Ok(sent.is_some())
}

/// Whether something is under way that decides which dates a pause would move: a payment, or a
/// renewal that is due and cannot be charged at the moment.
async fn decides(tx: &mut Tx, subscription: &Subscription, now: Timestamp) -> Result<bool, Error> {
    let (scope, id) = (&subscription.scope, &subscription.id);
    if !tx.open_payments_of(scope, id).await?.is_empty() {
        return Ok(true);
    }
    let dues = tx.dues_of(scope, id).await?;
    let renews = |due: &Debt| due.kind == DebtKind::Period;
    Ok(subscription.state == SubscriptionState::Active
        && !subscription.on_demand
        && (subscription.period.end <= now || dues.iter().any(renews)))
}

async fn mail_pause(cx: &Cx, tx: &mut Tx, subscription: &Subscription) -> Result<(), Error> {
    let mail = MailOrder::SubscriptionPaused {
        subscription: subscription.id.clone(),
        nonce: cx.new_id::<EventId>().to_string(),
    };
    facts::mail(cx, tx, &subscription.scope, mail).await?;
    Ok(())
}

async fn owe(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    settlement: Settlement,
    now: Timestamp,
) -> Result<Payment, Error> {
    let supply = Supply {
        payment: settlement.payment,
        kind: DebtKind::PauseSettlement,
        purpose: Purpose::PauseSettlement,
        price: settlement.price,
        description: settlement.description,
        metadata: subscription.metadata.clone(),
    };
    off_schedule::intend(cx, tx, subscription, supply, now).await
}

/// Orders the end of a pause that has a date, in place of any other.
pub(super) async fn order(cx: &Cx, tx: &mut Tx, subscription: &Subscription) -> Result<(), Error> {
    let work = Work::Resume {
        subscription: subscription.id.clone(),
    };
    match subscription.resume_at {
        Some(at) => {
            cx.order_at_business_time(tx, &subscription.scope, &work, at)
                .await?;
        }
        None => {
            if let Some(key) = work.unique_key() {
                tx.cancel_job(&subscription.scope, &key).await?;
            }
        }
    }
    Ok(())
}

/// Goes on with a paused subscription, or with one that is on hold because what was used before
/// the pause is unpaid: that is no longer asked for.
pub async fn resume(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<Subscription, Error> {
    free(cx, scope, id).await?;
    reconciliation::freshen(cx, scope, id).await?;
    let mut tx = cx.store.begin().await?;
    let subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    let now = cx.business_now(&mut tx, scope).await?;
    let subscription = go_on(cx, &mut tx, subscription, now).await?;
    tx.commit().await?;
    Ok(subscription)
}

/// Gives up a page of the gateway on which somebody was about to pay what is no longer asked for.
async fn free(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<(), Error> {
    let open = {
        let mut tx = cx.store.read().await?;
        let subscription = tx.subscription(scope, id).await?;
        match subscription.and_then(|subscription| subscription.state.paused_since()) {
            Some(_) => tx.open_payments_of(scope, id).await?,
            None => Vec::new(),
        }
    };
    for payment in open {
        if matches!(payment.state, PaymentState::AwaitingCustomer { .. }) {
            settlement::abandon(cx, scope, &payment.id).await?;
        }
    }
    Ok(())
}

async fn go_on(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    now: Timestamp,
) -> Result<Subscription, Error> {
    let (scope, id) = (subscription.scope.clone(), subscription.id.clone());
    let Some(since) = subscription.state.paused_since() else {
        return Err(Error::Refused(Refused::NotPaused));
    };
    let Transition::Moved(state) = subscription.state.apply(SubscriptionEvent::Resume, now) else {
        return Err(Error::Refused(Refused::NotPaused));
    };
    if !tx.open_payments_of(&scope, &id).await?.is_empty() {
        return Err(Error::Refused(Refused::PaymentUnderWay));
    }
    let mut reversed = false;
    // What was too little to charge when the customer came back to the pause stays owed.
    let is_held = matches!(subscription.state, SubscriptionState::OnHold { .. });
    for due in tx.dues_of(&scope, &id).await? {
        if is_held && due.kind == DebtKind::PauseSettlement {
            tx.close_debt(&scope, &due.id, DebtState::WrittenOff, None, now)
                .await?;
        } else {
            reversed |= due.disputed;
        }
    }
    documents::discard_draft(tx, &scope, &subscription).await?;
    // What was used before the pause is no longer asked for.
    dunning::stop(tx, &subscription, now).await?;
    subscription.state = state;
    let (business, _) = available(cx, &scope)?;
    move_dates(&mut subscription, since, now, &business.time_zone)?;
    subscription.resume_at = None;
    subscription.updated_at = now;
    facts::tell(cx, tx, &scope, "subscription.unpaused", id.as_str(), now).await?;
    // What a bank took back meanwhile is unpaid: it goes on when that is paid.
    let taken_back = SubscriptionEvent::PaymentFailed {
        why: HoldReason::PaymentReversed,
        grace_until: None,
    };
    match subscription.state.apply(taken_back, now) {
        Transition::Moved(held) if reversed => {
            subscription.state = held;
            facts::tell(cx, tx, &scope, "subscription.on_hold", id.as_str(), now).await?;
        }
        _ => tx.suspend_licenses(&scope, &id, false).await?,
    }
    order(cx, tx, &subscription).await?;
    settlement::schedule(cx, tx, &subscription).await?;
    let mail = MailOrder::SubscriptionResumed {
        subscription: id.clone(),
        nonce: cx.new_id::<EventId>().to_string(),
    };
    facts::mail(cx, tx, &scope, mail).await?;
    note(cx, tx, &subscription, "subscription.resume").await?;
    tx.save_subscription(&mut subscription).await?;
    Ok(subscription)
}

/// The paid period keeps its length and what was left of it, in days of the business's calendar;
/// later dates count from its end.
fn move_dates(
    subscription: &mut Subscription,
    since: Timestamp,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<(), OutOfRange> {
    let moved = |at: Timestamp| moved(at, since, now, zone);
    let before = subscription.period.start;
    let start = moved(before)?;
    if let Some(sold) = subscription
        .extras
        .sold
        .as_mut()
        .filter(|sold| sold.start == before)
    {
        sold.start = start;
    }
    subscription.period = Period {
        start,
        end: moved(subscription.period.end)?,
    };
    subscription.anchor = subscription.period.end;
    subscription.expires_at = subscription.expires_at.map(moved).transpose()?;
    Ok(())
}

/// The date of a pause has come. One that waits for a payment is looked at again when that is
/// settled, or later.
pub async fn due(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let Some(subscription) = tx.lock_subscription(scope, id).await? else {
        return Ok(());
    };
    let now = cx.business_now(&mut tx, scope).await?;
    let paused = matches!(subscription.state, SubscriptionState::Paused { .. });
    let Some(at) = subscription.resume_at.filter(|_| paused) else {
        return Ok(());
    };
    let under_way = !tx.open_payments_of(scope, id).await?.is_empty();
    if at <= now && !under_way {
        go_on(cx, &mut tx, subscription, now).await?;
    } else {
        let later = now
            .checked_add(cx.settings.load().billing.bank_wait)
            .unwrap_or(at);
        let work = Work::Resume {
            subscription: id.clone(),
        };
        cx.order_at_business_time(&mut tx, scope, &work, at.max(later))
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn note(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    action: &str,
) -> Result<(), Error> {
    let after = serde_json::json!({
        "state": subscription.state.name(),
        "resume_at": subscription.resume_at,
        "next_billing_date": subscription.period.end,
    });
    let object = subscription.id.as_str();
    facts::audit(
        cx,
        tx,
        &subscription.scope,
        action,
        object,
        None,
        Some(after),
    )
    .await?;
    Ok(())
}
