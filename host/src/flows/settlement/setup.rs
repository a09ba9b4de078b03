//! What becomes of a set-up: the method is kept, and the subscription uses it.

use jiff::Timestamp;

use super::super::records;
use super::super::{Ending, Error, facts, grants, notices};
use super::{carried, revival};
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::{DebtKind, DebtState};
use crate::domain::id::{MethodId, SetupId};
use crate::domain::payment::PaymentState;
use crate::domain::period::{Interval, Period, Unit};
use crate::domain::setup::{SetupEvent, SetupState};
use crate::domain::subscription::{Subscription, SubscriptionEvent, SubscriptionState};
use crate::domain::transition::Transition;
use crate::plugins::gateway::answer;
use crate::plugins::gateway::request::{Pair, SentRequest};
use crate::store::{MailOrder, Setup, Tx, Work};

/// Where a set-up stands.
pub(in crate::flows) fn ending(setup: &Setup) -> Ending {
    match (setup.state, &setup.action, &setup.decline) {
        (SetupState::Succeeded, _, _) => Ending::Succeeded,
        (SetupState::AwaitingCustomer, Some(action), _) => Ending::Action(action.clone()),
        (SetupState::Declined, _, Some(decline)) => Ending::Declined(decline.clone()),
        (SetupState::Cancelled, _, _) => Ending::Cancelled,
        _ => Ending::Unknown,
    }
}

/// The customer came back from the page on which a method is given.
pub async fn setup_returned(
    cx: &Cx,
    scope: &Scope,
    id: &SetupId,
    pairs: &[Pair],
) -> Result<Ending, Error> {
    let setup = read(cx, scope, id).await?;
    match ask(cx, scope, &setup, pairs).await {
        Some(answer) => apply(cx, scope, id, answer).await,
        None => Ok(ending(&setup)),
    }
}

/// A gateway tells of a set-up, with or without saying how it stands. One of another gateway,
/// or of nobody, is not listened to.
pub(super) async fn heard(
    cx: &Cx,
    scope: &Scope,
    gateway: &str,
    id: &SetupId,
    answer: Option<answer::Setup>,
) -> Result<(), Error> {
    let known = {
        let mut tx = cx.store.read().await?;
        tx.setup(scope, id).await?
    };
    let Some(setup) = known.filter(|setup| setup.gateway == gateway) else {
        return Ok(());
    };
    let answer = match answer {
        Some(answer) => Some(answer),
        None => ask(cx, scope, &setup, &[]).await,
    };
    if let Some(answer) = answer {
        apply(cx, scope, id, answer).await?;
    }
    Ok(())
}

async fn read(cx: &Cx, scope: &Scope, id: &SetupId) -> Result<Setup, Error> {
    let mut tx = cx.store.read().await?;
    tx.setup(scope, id).await?.ok_or(Error::NotFound("set-up"))
}

/// Asks the gateway how a set-up stands; none when it cannot be asked, or has succeeded. One that was
/// given up is asked about as well: the gateway's page may stay open for longer than we wait.
async fn ask(cx: &Cx, scope: &Scope, setup: &Setup, pairs: &[Pair]) -> Option<answer::Setup> {
    if setup.state == SetupState::Succeeded {
        return None;
    }
    let sent = sent(setup);
    let called = match cx.plugins.gateway_of_open(scope, &setup.gateway) {
        Ok(gateway) => gateway.setup_complete(&sent, pairs).await,
        Err(error) => Err(error),
    };
    called
        .inspect_err(|error| {
            tracing::warn!(setup.id = %setup.id, error = %error, "the gateway could not be asked about a set-up");
        })
        .ok()
}

/// What the gateway is told of a set-up that it was asked for: the moment is the host's own, as the
/// gateway's is, wherever the business's clock stands.
fn sent(setup: &Setup) -> SentRequest {
    SentRequest {
        key: setup.id.to_string(),
        reference: setup.gateway_ref.clone(),
        customer_reference: None,
        first_sent_at: setup.id.made_at().unwrap_or(setup.created_at),
        amount: None,
    }
}

/// What an answer says. A method that is saved and not named is not there yet.
fn event(answer: &answer::Setup) -> SetupEvent {
    match &answer.outcome {
        answer::Outcome::Succeeded if answer.method.is_some() => SetupEvent::Succeeded,
        answer::Outcome::Succeeded | answer::Outcome::Processing { .. } => SetupEvent::Processing,
        answer::Outcome::RequiresAction { .. } => SetupEvent::RequiresAction,
        answer::Outcome::Declined(_) => SetupEvent::Declined,
        answer::Outcome::Cancelled => SetupEvent::Cancelled,
    }
}

/// Applies what a gateway said about a set-up. No money moves here, so news after the end is
/// simply known already; but a method that was saved after all is kept and used.
pub(in crate::flows) async fn apply(
    cx: &Cx,
    scope: &Scope,
    id: &SetupId,
    answer: answer::Setup,
) -> Result<Ending, Error> {
    let mut tx = cx.store.begin().await?;
    let peek = tx
        .setup(scope, id)
        .await?
        .ok_or(Error::NotFound("set-up"))?;
    let subscription = tx.lock_subscription(scope, &peek.subscription).await?;
    let mut setup = tx
        .lock_setup(scope, id)
        .await?
        .ok_or(Error::NotFound("set-up"))?;
    match setup.state.apply(event(&answer)) {
        Transition::Moved(state) => {
            setup.state = state;
            setup.action = None;
        }
        Transition::Unchanged if setup.state.is_open() => {}
        Transition::Unchanged | Transition::Refused(_) => return Ok(ending(&setup)),
    }
    let now = cx.business_now(&mut tx, scope).await?;
    setup.updated_at = now;
    if setup.gateway_ref.is_none() {
        setup.gateway_ref = answer.reference;
    }
    match answer.outcome {
        answer::Outcome::Succeeded => {
            if let Some(saved) = answer.method {
                let reference = answer.customer_reference;
                let gateway = setup.gateway.clone();
                let method =
                    records::method(cx, scope, &setup.customer, &gateway, saved, reference, now);
                let kept = tx.keep_method(&method, now).await?;
                tx.method_saved(scope, &kept.id, cx.now()).await?;
                setup.method = Some(kept.id.clone());
                if let Some(subscription) = subscription {
                    use_method(cx, &mut tx, subscription, kept.id, now).await?;
                }
            }
        }
        answer::Outcome::RequiresAction { action, .. } => {
            setup.action = Some(records::action(action));
        }
        answer::Outcome::Declined(decline) => setup.decline = Some(records::decline(decline)),
        answer::Outcome::Cancelled | answer::Outcome::Processing { .. } => {}
    }
    tx.save_setup(&mut setup).await?;
    tx.commit().await?;
    Ok(ending(&setup))
}

/// Gives up a set-up that was left open. The gateway is asked first, and again when it
/// does not answer, for as long as the settings say.
pub async fn give_up(cx: &Cx, scope: &Scope, id: &SetupId) -> Result<(), Error> {
    let setup = read(cx, scope, id).await?;
    if !setup.state.is_open() {
        return Ok(());
    }
    let answer = ask(cx, scope, &setup, &[]).await;
    let (every, patience) = {
        let settings = cx.settings.load();
        let billing = &settings.billing;
        (billing.setup_lookup_every, billing.setup_patience)
    };
    let last = setup.expires_at.checked_add(patience);
    let mut again = None;
    match answer {
        Some(answer) => {
            apply(cx, scope, id, answer).await?;
        }
        None if last.is_ok_and(|last| cx.now() < last) => {
            again = cx.now().checked_add(every).ok();
        }
        None => {}
    }
    let mut tx = cx.store.begin().await?;
    let Some(mut setup) = tx.lock_setup(scope, id).await? else {
        return Ok(());
    };
    if !setup.state.is_open() {
        return Ok(());
    }
    match again {
        Some(at) => {
            let work = Work::ExpireSetup { setup: id.clone() };
            cx.order_at(&mut tx, scope, &work, at).await?;
        }
        None => {
            if let Transition::Moved(state) = setup.state.apply(SetupEvent::Expired) {
                setup.state = state;
                setup.action = None;
                setup.updated_at = cx.business_now(&mut tx, scope).await?;
                tx.save_setup(&mut setup).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Lets a subscription be paid with `method` from now on, and tells of it; one that waited for
/// a method only begins, a hold without dues, or with dues that are too little to charge, ends.
pub(in crate::flows) async fn use_method(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    method: MethodId,
    now: Timestamp,
) -> Result<(), Error> {
    if subscription.state.is_final() {
        return Ok(());
    }
    let scope = subscription.scope.clone();
    let before = subscription.method.replace(method.clone());
    subscription.updated_at = now;
    tx.method_used(&scope, &method, now).await?;
    if subscription.state == SubscriptionState::Pending {
        begin_free(cx, tx, &mut subscription, now).await?;
    } else {
        let kept = tx.method(&scope, &method).await?;
        let gateway = kept.map(|method| method.gateway).unwrap_or_default();
        let on_hold = matches!(subscription.state, SubscriptionState::OnHold { .. });
        if carried::carry(cx, tx, &mut subscription, &gateway, now).await?
            || (on_hold && tx.dues_of(&scope, &subscription.id).await?.is_empty())
        {
            revival::mend(cx, tx, &mut subscription, now).await?;
        }
        notices::plan(cx, tx, &subscription).await?;
        let mail = MailOrder::PaymentMethodUpdated {
            subscription: subscription.id.clone(),
            nonce: format!("{}:{}", subscription.id, now.as_microsecond()),
        };
        facts::mail(cx, tx, &scope, mail).await?;
        let object = subscription.id.as_str();
        facts::tell(
            cx,
            tx,
            &scope,
            "subscription.update_payment_method",
            object,
            now,
        )
        .await?;
    }
    facts::audit(
        cx,
        tx,
        &scope,
        "subscription.update-payment-method",
        subscription.id.as_str(),
        Some(serde_json::json!({ "method": before })),
        Some(serde_json::json!({ "method": method })),
    )
    .await?;
    tx.save_subscription(&mut subscription).await?;
    Ok(())
}

/// A subscription begins without a charge: its first period is the trial, or a whole interval
/// when its price is nothing.
async fn begin_free(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &mut Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let Transition::Moved(state) = subscription.state.apply(SubscriptionEvent::Begin, now) else {
        return Ok(());
    };
    let scope = subscription.scope.clone();
    let (business, _) = cx
        .business(&scope)
        .ok_or_else(|| Error::Unavailable("its file is gone".to_owned()))?;
    subscription.state = state;
    begin_period(&business, subscription, now)?;
    // The page stood for a payment of nothing; it is done.
    let open = tx.open_payments_of(&scope, &subscription.id).await?;
    let page = open
        .into_iter()
        .find(|payment| payment.amount.is_zero() && payment.state == PaymentState::Created);
    let paid = page.as_ref().map(|payment| &payment.id);
    grants::of_subscription(cx, tx, subscription, paid, now).await?;
    if let Some(mut payment) = page {
        let debts = tx.debts_of_payment(&payment.id).await?;
        tx.release_debts(&payment.id).await?;
        for debt in &debts {
            tx.close_debt(&scope, &debt.id, DebtState::Settled, Some(&payment.id), now)
                .await?;
        }
        let mut once = debts;
        once.retain(|debt| debt.kind == DebtKind::Purchase);
        grants::of_purchase(cx, tx, &payment, &once, now).await?;
        payment.period = Some(subscription.period);
        payment.state = PaymentState::Succeeded { at: now };
        payment.updated_at = now;
        tx.save_payment(&mut payment).await?;
    }
    let mail = MailOrder::SubscriptionStarted {
        subscription: subscription.id.clone(),
        payment: None,
    };
    facts::mail(cx, tx, &scope, mail).await?;
    facts::tell(
        cx,
        tx,
        &scope,
        "subscription.active",
        subscription.id.as_str(),
        now,
    )
    .await?;
    revival::schedule(cx, tx, subscription).await
}

/// The first period begins: the trial, or a whole interval. The agreed term counts from the
/// first date on which something may be charged, and is never over before what was paid for.
pub(super) fn begin_period(
    business: &Business,
    subscription: &mut Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let zone = &business.time_zone;
    let (first, is_trial) = match subscription.trial_days {
        0 if subscription.on_demand => (subscription.term, false),
        0 => (subscription.interval, false),
        count => (
            Interval {
                unit: Unit::Day,
                count,
            },
            true,
        ),
    };
    let end = first.after(now, 1, zone)?;
    subscription.anchor = if is_trial { end } else { now };
    subscription.period = Period { start: now, end };
    let over = subscription.term.after(subscription.anchor, 1, zone)?;
    subscription.expires_at = Some(over.max(end));
    Ok(())
}

#[cfg(test)]
mod tests;
