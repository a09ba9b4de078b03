//! Mails that ask for what is owed, on the dates of a schedule: each date once, and none once
//! it is paid, cancelled or taken back, or while the bank decides about the method that pays.

use jiff::{SignedDuration, Timestamp};

use super::super::{Error, dispute, facts};
use super::{due, is_exhausted, stop};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::dunning::{Dunning, DunningState, dates_passed, next_date};
use crate::domain::id::SubscriptionId;
use crate::store::{Tx, Work};

/// Orders the next mail of a dunning.
pub(super) async fn plan(
    cx: &Cx,
    tx: &mut Tx,
    dunning: &Dunning,
    now: Timestamp,
) -> Result<(), Error> {
    let next = {
        let settings = cx.settings.load();
        next_date(&settings.billing.reminders, dunning.failed_at, now)
    };
    if let Some(at) = next {
        let work = Work::Remind {
            subscription: dunning.subscription.clone(),
        };
        cx.order_at_business_time(tx, &dunning.scope, &work, at)
            .await?;
    }
    Ok(())
}

/// Orders another look at whether somebody is to be asked.
async fn order_in(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    id: &SubscriptionId,
    (now, wait): (Timestamp, SignedDuration),
) -> Result<(), Error> {
    let again = now.checked_add(wait).unwrap_or(Timestamp::MAX);
    let work = Work::Remind {
        subscription: id.clone(),
    };
    cx.order_at_business_time(tx, scope, &work, again).await?;
    Ok(())
}

/// Asks for what a subscription owes, if a date for that has come.
pub async fn remind(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let Some(subscription) = tx.lock_subscription(scope, id).await? else {
        return Ok(());
    };
    let now = cx.business_now(&mut tx, scope).await?;
    let Some(mut dunning) = tx.open_dunning(scope, id).await? else {
        return Ok(());
    };
    let dues = tx.dues_of(scope, id).await?;
    if dues.is_empty() || dues.iter().any(|due| due.disputed) {
        stop(&mut tx, &subscription, now).await?;
        tx.commit().await?;
        return Ok(());
    }
    if let Some(method) = &subscription.method
        && dispute::forbids(&mut tx, scope, method).await?
    {
        // The bank decides about this method: nobody is asked before it has.
        let wait = cx.settings.load().billing.lookup_every;
        order_in(cx, &mut tx, scope, id, (now, wait)).await?;
        tx.commit().await?;
        return Ok(());
    }
    // What is being tried at this moment may be paid the next.
    let tried_now = dunning.next_retry_at.is_some_and(|at| at <= now);
    if tried_now || !tx.open_payments_of(scope, id).await?.is_empty() {
        let wait = cx.settings.load().billing.try_again_after;
        order_in(cx, &mut tx, scope, id, (now, wait)).await?;
        tx.commit().await?;
        return Ok(());
    }
    // After a standstill the newest alone is told.
    let passed = {
        let settings = cx.settings.load();
        dates_passed(&settings.billing.reminders, dunning.failed_at, now)
    };
    let subject = format!("due:{}:{passed}", dunning.id);
    if passed > 0 && tx.tell_once(scope, &subject, now).await? {
        let mail = due(&dunning, &passed.to_string());
        facts::mail(cx, &mut tx, scope, mail).await?;
    }
    plan(cx, &mut tx, &dunning, now).await?;
    if is_exhausted(cx, &dunning, now) {
        dunning.state = DunningState::Exhausted;
        tx.save_dunning(&dunning).await?;
    }
    tx.commit().await?;
    Ok(())
}
