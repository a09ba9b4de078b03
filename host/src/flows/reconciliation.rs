//! Asking the gateway what became of a payment. Time alone never fails one: only an answer
//! does, and "no such charge" counts only when it is old enough and was said twice.

use jiff::{SignedDuration, Timestamp};

use super::records::{self, News};
use super::{Ending, Error, charge, settlement};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::DebtState;
use crate::domain::id::{PaymentId, SubscriptionId};
use crate::domain::payment::{Payment, PaymentEvent, PaymentState};
use crate::plugins::gateway::answer::Lookup;
use crate::store::Work;

/// Looks after an open payment: sends what was certainly not executed, cancels what waited
/// for the customer too long, asks about the rest. Orders the next look itself.
pub async fn look(cx: &Cx, scope: &Scope, id: &PaymentId) -> Result<Ending, Error> {
    let payment = {
        let mut tx = cx.store.read().await?;
        tx.payment(scope, id)
            .await?
            .ok_or(Error::NotFound("payment"))?
    };
    match &payment.state {
        state if !state.is_open() => Ok(Ending::of(&payment)),
        PaymentState::Created if payment.sent_at.is_none() && payment.request.is_some() => {
            send_again(cx, scope, &payment).await
        }
        PaymentState::AwaitingCustomer { expires_at, .. } if *expires_at <= cx.now() => {
            settlement::abandon(cx, scope, id).await?;
            looked(cx, scope, id).await
        }
        _ => {
            let after = ask(cx, scope, payment).await?;
            looked(cx, scope, &after.id).await
        }
    }
}

/// Sends the stored request of a payment that was not executed, while its key is certainly
/// alive at the gateway; after that it is given up.
async fn send_again(cx: &Cx, scope: &Scope, payment: &Payment) -> Result<Ending, Error> {
    let id = &payment.id;
    let alive = match cx.plugins.gateway(scope, &payment.gateway) {
        Ok(gateway) => half(gateway.description().key_lifetime),
        Err(_) => SignedDuration::from_hours(12),
    };
    let made = charge::made_at(payment);
    if made.checked_add(alive).is_ok_and(|end| end <= cx.now()) {
        return settlement::abandon(cx, scope, id).await;
    }
    {
        let mut tx = cx.store.begin().await?;
        let (subscription, locked) = settlement::lock(&mut tx, scope, id).await?;
        let Some(mut payment) = locked else {
            return Err(Error::NotFound("payment"));
        };
        if payment.state != PaymentState::Created || payment.sent_at.is_some() {
            return Ok(Ending::of(&payment));
        }
        let debts = tx.debts_of_payment(id).await?;
        let is_over = settlement::has_ended(&payment, subscription.as_ref());
        if is_over || debts.iter().any(|debt| debt.state != DebtState::Open) {
            // An earlier try got its money after all, or its subscription was cancelled meanwhile
            // and the dues are kept: this one would be paid for nothing.
            drop(tx);
            return settlement::abandon(cx, scope, id).await;
        }
        payment.sent_at = Some(cx.now());
        charge::order_look(cx, &mut tx, &payment).await?;
        tx.save_payment(&mut payment).await?;
        tx.commit().await?;
    }
    charge::send(cx, scope, id).await
}

fn half(lifetime: std::time::Duration) -> SignedDuration {
    SignedDuration::try_from(lifetime / 2).unwrap_or(SignedDuration::from_hours(12))
}

/// Asks how the open payments of a subscription stand, before another operation that they keep
/// waiting. One whose call may still be under way is left alone.
pub(super) async fn freshen(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<(), Error> {
    let open = {
        let mut tx = cx.store.read().await?;
        tx.open_payments_of(scope, id).await?
    };
    for payment in open {
        if answer_is_overdue(cx, &payment) {
            ask(cx, scope, payment).await?;
        }
    }
    Ok(())
}

/// The same for one payment, before what can only be done when it has ended.
pub(super) async fn freshen_payment(cx: &Cx, scope: &Scope, id: &PaymentId) -> Result<(), Error> {
    let payment = {
        let mut tx = cx.store.read().await?;
        tx.payment(scope, id).await?
    };
    if let Some(payment) = payment.filter(|payment| payment.state.is_open())
        && answer_is_overdue(cx, &payment)
    {
        ask(cx, scope, payment).await?;
    }
    Ok(())
}

/// Whether the call that sent a payment must have ended by now.
pub(super) fn answer_is_overdue(cx: &Cx, payment: &Payment) -> bool {
    let deadline = cx.settings.load().plugins.deadline;
    payment.sent_at.is_some_and(|sent| {
        sent.checked_add(deadline)
            .is_ok_and(|latest| latest < cx.now())
    })
}

/// Asks the gateway about a payment that was sent, and settles what it answers.
pub(super) async fn ask(cx: &Cx, scope: &Scope, payment: Payment) -> Result<Payment, Error> {
    let gateway = match cx.plugins.gateway_of_open(scope, &payment.gateway) {
        Ok(gateway) => gateway,
        Err(error) => {
            tracing::warn!(payment.id = %payment.id, error = %error, "the gateway of an open payment is not usable");
            let after = not_learnt(cx, scope, &payment).await?;
            let look = Work::Reconcile {
                payment: payment.id.clone(),
            };
            let mut tx = cx.store.begin().await?;
            let (gateway, why, now) = (&payment.gateway, error.to_string(), cx.now());
            settlement::waits_for_gateway(&mut tx, &look, gateway, &why, now).await?;
            tx.commit().await?;
            return Ok(after);
        }
    };
    let lag = gateway.description().lookup_lag;
    match gateway.lookup(&records::sent(&payment, cx.now())).await {
        Ok(Lookup::Found(answer)) => settlement::apply(cx, scope, &payment.id, answer.into()).await,
        Ok(Lookup::Absent) => absent(cx, scope, payment, lag).await,
        Ok(Lookup::CannotTell) => not_learnt(cx, scope, &payment).await,
        Err(error) => {
            tracing::warn!(payment.id = %payment.id, error = %error, "a look-up has no answer");
            not_learnt(cx, scope, &payment).await
        }
    }
}

/// The gateway knows no such charge. That counts as "never happened" only when the last
/// sending is older than every delay it admits, and only when it was said twice.
async fn absent(
    cx: &Cx,
    scope: &Scope,
    payment: Payment,
    lag: std::time::Duration,
) -> Result<Payment, Error> {
    let now = cx.now();
    if !may_be_absent(&payment, now) {
        tracing::error!(payment.id = %payment.id, state = payment.state.name(), "the gateway does not know a payment that it has acknowledged; look at its settings and its account");
        return not_learnt(cx, scope, &payment).await;
    }
    let (enough, apart) = {
        let settings = cx.settings.load();
        let deadline = settings.plugins.deadline;
        let lag = SignedDuration::try_from(lag).unwrap_or(SignedDuration::MAX);
        let delay = deadline.checked_add(lag).unwrap_or(SignedDuration::MAX);
        (
            delay.max(settings.billing.absent_after),
            settings.billing.absent_again_after,
        )
    };
    let sent = payment.sent_at.unwrap_or(now);
    let old_enough = sent.checked_add(enough).is_ok_and(|at| at <= now);
    let said_before = payment
        .absent_since
        .is_some_and(|since| since.checked_add(apart).is_ok_and(|at| at <= now));
    if old_enough && said_before {
        tracing::info!(payment.id = %payment.id, "the gateway never executed a charge");
        let cancelled = News::bare(PaymentEvent::Cancelled);
        // What was sent again after this answer was asked for is not what it speaks of.
        return settlement::apply_while(cx, scope, &payment.id, cancelled, |now| {
            now.sent_at == payment.sent_at && now.state == payment.state
        })
        .await;
    }
    let since = if old_enough {
        payment.absent_since.or(Some(now))
    } else {
        None
    };
    note(cx, scope, &payment.id, |payment| {
        payment.absent_since = since;
    })
    .await
}

/// Whether "no such charge" can be true: not of money that is moving, nor of a page that the
/// customer may still be on.
fn may_be_absent(payment: &Payment, now: Timestamp) -> bool {
    match &payment.state {
        PaymentState::Created | PaymentState::Unknown { .. } => true,
        PaymentState::AwaitingCustomer { expires_at, .. } => *expires_at <= now,
        PaymentState::Processing { .. }
        | PaymentState::Succeeded { .. }
        | PaymentState::Declined { .. }
        | PaymentState::Cancelled { .. } => false,
    }
}

/// Nothing was learnt about an open payment; the next look is ordered.
pub(super) async fn not_learnt(
    cx: &Cx,
    scope: &Scope,
    payment: &Payment,
) -> Result<Payment, Error> {
    note(cx, scope, &payment.id, |_| {}).await
}

/// Counts a look that the queue asked for, so that the next one is further away.
async fn looked(cx: &Cx, scope: &Scope, id: &PaymentId) -> Result<Ending, Error> {
    let after = note(cx, scope, id, |payment| {
        payment.lookups = payment.lookups.saturating_add(1);
    })
    .await?;
    Ok(Ending::of(&after))
}

/// Writes something down about a payment while it is open, and orders the next look.
async fn note(
    cx: &Cx,
    scope: &Scope,
    id: &PaymentId,
    what: impl FnOnce(&mut Payment),
) -> Result<Payment, Error> {
    let mut tx = cx.store.begin().await?;
    let (_, payment) = settlement::lock(&mut tx, scope, id).await?;
    let mut payment = payment.ok_or(Error::NotFound("payment"))?;
    if payment.state.is_open() {
        what(&mut payment);
        charge::order_look(cx, &mut tx, &payment).await?;
        tx.save_payment(&mut payment).await?;
        tx.commit().await?;
    }
    Ok(payment)
}
