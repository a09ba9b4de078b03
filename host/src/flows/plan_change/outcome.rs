//! What becomes of a change: it is put into the subscription, or it never happened. Always
//! inside the transaction that decides it.

use jiff::Timestamp;

use super::super::records::News;
use super::super::{Error, discount, dunning, facts, grants, settlement};
use super::{again, drop_scheduled};
use crate::cx::Cx;
use crate::domain::debt::{Debt, DebtKind, DebtState};
use crate::domain::id::PaymentId;
use crate::domain::money::Money;
use crate::domain::payment::{Payment, PaymentState, Purpose};
use crate::domain::plan::{Bought, ChangeState, PlanChange};
use crate::domain::subscription::{HoldReason, Subscription};
use crate::store::{MailOrder, Tx};

/// Puts a new plan into a locked subscription, and tells of it. `kept` stays as credit.
pub(super) async fn put(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &mut Subscription,
    change: &PlanChange,
    payment: Option<&PaymentId>,
    kept: Option<Money>,
    now: Timestamp,
) -> Result<(), Error> {
    let before = subscription.clone();
    drop_scheduled(tx, subscription, now).await?;
    mail(cx, tx, &before, change, kept).await?;
    change.terms.put_into(subscription);
    subscription.updated_at = now;
    grants::of_change(cx, tx, &before, subscription, payment, now).await?;
    let scope = subscription.scope.clone();
    if !subscription.state.grants_access() {
        // It went on hold while its charge was under way: new keys open nothing either.
        tx.suspend_licenses(&scope, &subscription.id, true).await?;
    }
    let object = subscription.id.as_str();
    facts::tell(cx, tx, &scope, "subscription.plan_changed", object, now).await?;
    let plan = |of: &Subscription| {
        serde_json::json!({
            "product": of.product,
            "quantity": of.quantity,
            "unit_price": of.unit_price,
        })
    };
    facts::audit(
        cx,
        tx,
        &scope,
        "subscription.plan-changed",
        object,
        Some(plan(&before)),
        Some(plan(subscription)),
    )
    .await?;
    settlement::schedule(cx, tx, subscription).await?;
    tx.save_plan(subscription).await?;
    tx.save_subscription(subscription).await?;
    Ok(())
}

/// Tells the customer of a change that stands, or is to come, with what there was `before`.
pub(super) async fn mail(
    cx: &Cx,
    tx: &mut Tx,
    before: &Subscription,
    change: &PlanChange,
    kept: Option<Money>,
) -> Result<(), Error> {
    let product = tx.product(&before.scope, &before.product).await?;
    let name = product.map(|product| product.name).unwrap_or_default();
    let mail = MailOrder::PlanChanged {
        change: change.id.clone(),
        before: Bought::all(&name, before.quantity, &before.extras.addons),
        scheduled: change.state == ChangeState::Scheduled,
        kept,
    };
    facts::mail(cx, tx, &before.scope, mail).await?;
    Ok(())
}

/// The date has come for which a change was scheduled: the period that starts now is one of the
/// new plan.
pub(in crate::flows) async fn fall_due(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &mut Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let (scope, id) = (subscription.scope.clone(), subscription.id.clone());
    let Some(change) = tx.scheduled_change(&scope, &id).await? else {
        return Ok(());
    };
    tx.close_plan_change(&scope, &change.id, ChangeState::Applied, now)
        .await?;
    let change = PlanChange {
        state: ChangeState::Applied,
        terms: change.terms.fallen_due(subscription),
        ..change
    };
    put(cx, tx, subscription, &change, None, None, now).await
}

/// Puts the plan that was scheduled for the end of its period into `subscription`, and writes
/// nothing down; answers whether there is one.
pub(in crate::flows) async fn foresee(
    tx: &mut Tx,
    subscription: &mut Subscription,
) -> Result<bool, Error> {
    let scheduled = tx
        .scheduled_change(&subscription.scope, &subscription.id)
        .await?;
    let Some(change) = scheduled else {
        return Ok(false);
    };
    change.terms.fallen_due(subscription).put_into(subscription);
    Ok(true)
}

/// Locks the codes of a scheduled change whose place the one takes that `payment` has paid: before
/// the number of its document is given, as in every flow.
pub(in crate::flows) async fn hold_replaced(tx: &mut Tx, payment: &Payment) -> Result<(), Error> {
    let scope = &payment.scope;
    if payment.purpose != Purpose::PlanChange {
        return Ok(());
    }
    let Some(change) = to_come(tx, payment).await? else {
        return Ok(());
    };
    if let Some(replaced) = tx.scheduled_change(scope, &change.subscription).await? {
        discount::hold(tx, scope, &[], replaced.id.as_str()).await?;
    }
    Ok(())
}

/// What a change costs was paid, by whichever payment came first: `debts` are those it settled.
pub(in crate::flows) async fn paid(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: &mut Subscription,
    debts: &[Debt],
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &payment.scope;
    for debt in debts {
        let id = match debt.kind {
            DebtKind::PlanChange => debt.cause.parse().ok(),
            _ => None,
        };
        let change = match id {
            Some(id) => tx.plan_change(scope, &id).await?,
            None => None,
        };
        let pending = |change: &PlanChange| change.state == ChangeState::Pending;
        if let Some(change) = change.filter(pending) {
            tx.close_plan_change(scope, &change.id, ChangeState::Applied, now)
                .await?;
            let pays = Some(&payment.id);
            put(cx, tx, subscription, &change, pays, None, now).await?;
        }
    }
    Ok(())
}

/// Money of a change arrived that settles nothing. A change that waited for it never happened;
/// one that stands is still due.
pub(in crate::flows) async fn lost(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: Option<Subscription>,
    now: Timestamp,
) -> Result<(), Error> {
    if let Some(change) = to_come(tx, payment).await? {
        return withdraw(cx, tx, change, payment, subscription, now).await;
    }
    let debts = tx.debts_of_payment(&payment.id).await?;
    let is_due = debts.iter().any(|debt| debt.state == DebtState::Open);
    match subscription {
        Some(subscription) if is_due && !subscription.state.is_final() => {
            let what = (HoldReason::PlanChangeFailed, None);
            dunning::hold(cx, tx, what, subscription, None, now).await
        }
        _ => Ok(()),
    }
}

/// A change that waited for its charge never happened: nothing is owed for it, and the codes and
/// the credit that it used up are there as before.
async fn withdraw(
    cx: &Cx,
    tx: &mut Tx,
    change: PlanChange,
    payment: &Payment,
    subscription: Option<Subscription>,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = payment.scope.clone();
    tx.close_plan_change(&scope, &change.id, ChangeState::Dropped, now)
        .await?;
    for debt in tx.debts_of_payment(&payment.id).await? {
        tx.close_debt(&scope, &debt.id, DebtState::WrittenOff, None, now)
            .await?;
    }
    tx.give_discounts_back(&scope, change.id.as_str()).await?;
    let Some(mut subscription) = subscription.filter(|known| !known.state.is_final()) else {
        return Ok(());
    };
    // The oldest credit first, as it was before.
    subscription
        .extras
        .credits
        .splice(..0, change.terms.credits);
    subscription.updated_at = now;
    settlement::schedule(cx, tx, &subscription).await?;
    tx.save_subscription(&mut subscription).await?;
    Ok(())
}

/// The charge of a change ended without money. A change that waited for it never happened, and
/// nothing is owed; one that stands already stays due, and the subscription goes on hold, unless
/// nobody was asked for the money. `before` is the state that the payment came from.
pub(in crate::flows) async fn failed(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: Subscription,
    (before, news): (&PaymentState, &News),
    now: Timestamp,
) -> Result<(), Error> {
    let scope = payment.scope.clone();
    if let Some(instead) = dunning::backup_instead(cx, tx, payment, &subscription, now).await? {
        if let Some(change) = to_come(tx, payment).await? {
            tx.change_is_paid_by(&scope, &change.id, &instead.id)
                .await?;
        }
        return Ok(());
    }
    // Whoever had asked for it has left long ago.
    let moved_slowly = matches!(before, PaymentState::Processing { .. });
    let mail = MailOrder::PaymentFailed {
        payment: payment.id.clone(),
    };
    if let Some(change) = to_come(tx, payment).await? {
        withdraw(cx, tx, change, payment, Some(subscription), now).await?;
        if moved_slowly || payment.attempt > 0 {
            facts::mail(cx, tx, &scope, mail).await?;
        }
        return Ok(());
    }
    let mut why = payment;
    let tries = tx.tries_at(&scope, &payment.id).await?;
    if again::was_never_asked(payment, before, news) {
        let was_declined = |tried: &&Payment| matches!(tried.state, PaymentState::Declined { .. });
        match tries.iter().rev().find(was_declined) {
            // Another method was, before this one.
            Some(declined) => why = declined,
            None => return again::later(cx, tx, payment, &subscription, now).await,
        }
    }
    let what = (HoldReason::PlanChangeFailed, Some(why));
    dunning::hold(cx, tx, what, subscription, news.not_before, now).await?;
    if moved_slowly {
        facts::mail(cx, tx, &scope, mail).await?;
    }
    Ok(())
}

/// The charge of a change ended without money, after its subscription had: a change that waited for
/// it never happened, and the codes that it used are there as before.
pub(in crate::flows) async fn given_up(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    now: Timestamp,
) -> Result<(), Error> {
    match to_come(tx, payment).await? {
        Some(change) => withdraw(cx, tx, change, payment, None, now).await,
        None => Ok(()),
    }
}

/// The change that waits for `payment`.
async fn to_come(tx: &mut Tx, payment: &Payment) -> Result<Option<PlanChange>, Error> {
    let change = tx
        .plan_change_of_payment(&payment.scope, &payment.id)
        .await?;
    Ok(change.filter(|change| change.state == ChangeState::Pending))
}
