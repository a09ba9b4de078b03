//! Asking the gateway what became of a refund, at growing intervals. Time alone never fails one.

use jiff::{SignedDuration, Timestamp};

use super::settle::{self, News};
use super::{read, refundable, send};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::Money;
use crate::domain::refund::{Refund, RefundEvent, RefundState};
use crate::flows::{Error, settlement};
use crate::plugins::gateway::answer::{self, Lookup};
use crate::plugins::gateway::request::SentRequest;
use crate::store::{self, Tx, Work};

/// Orders the next look at an open refund.
pub(super) async fn order(cx: &Cx, tx: &mut Tx, refund: &Refund) -> store::Result<()> {
    if refund.state.is_open() {
        let at = next(cx, refund);
        order_at(cx, tx, refund, at).await?;
    }
    Ok(())
}

pub(super) async fn order_at(
    cx: &Cx,
    tx: &mut Tx,
    refund: &Refund,
    at: Timestamp,
) -> store::Result<()> {
    let work = Work::ReconcileRefund {
        refund: refund.id.clone(),
    };
    cx.order_at(tx, &refund.scope, &work, at).await
}

/// When the gateway is asked about an open refund again (host time).
fn next(cx: &Cx, refund: &Refund) -> Timestamp {
    let settings = cx.settings.load();
    let billing = &settings.billing;
    let now = cx.now();
    let after = |from: Timestamp, wait| from.checked_add(wait).unwrap_or(Timestamp::MAX);
    let looks = usize::try_from(refund.lookups).unwrap_or(usize::MAX);
    let sent = refund.sent_at.unwrap_or(now);
    let at = match billing.lookup_after.get(looks) {
        Some(wait) => match after(sent, *wait) {
            at if at > now => at,
            _ => after(now, *wait),
        },
        None => after(now, billing.lookup_every),
    };
    if refund.absent_since.is_some() {
        return at.min(after(now, billing.absent_again_after));
    }
    at
}

/// Looks after an open refund: sends what was certainly not executed, asks about the rest.
/// Orders the next look itself.
pub async fn look(cx: &Cx, scope: &Scope, id: &RefundId) -> Result<Refund, Error> {
    let refund = read(cx, scope, id).await?;
    if !refund.state.is_open() {
        return Ok(refund);
    }
    if refund.state == RefundState::Created && refund.sent_at.is_none() {
        return send_again(cx, scope, refund).await;
    }
    ask(cx, scope, refund).await?;
    note(cx, scope, id, |refund| {
        refund.lookups = refund.lookups.saturating_add(1);
    })
    .await
}

/// Asks about the refunds of a payment that have no outcome, before another one is made: what did
/// not happen can be given back again. One whose call may still be under way is left alone.
pub(super) async fn freshen(cx: &Cx, scope: &Scope, payment: &PaymentId) -> Result<(), Error> {
    let refunds = {
        let mut tx = cx.store.read().await?;
        tx.refunds_of(scope, payment).await?
    };
    let deadline = cx.settings.load().plugins.deadline;
    for refund in refunds.into_iter().filter(|refund| refund.state.is_open()) {
        let sent = refund.sent_at.and_then(|at| at.checked_add(deadline).ok());
        if sent.is_some_and(|latest| latest < cx.now()) {
            ask(cx, scope, refund).await?;
        }
    }
    Ok(())
}

/// Sends a refund that was not executed, while its key is certainly alive at the gateway; after
/// that it has failed. While a bank decides about the payment it waits, however long that takes.
async fn send_again(cx: &Cx, scope: &Scope, known: Refund) -> Result<Refund, Error> {
    let id = &known.id;
    let as_known = |now: &Refund| now.state == known.state && now.sent_at == known.sent_at;
    let alive = key_is_alive(cx, &known);
    let ended = {
        let mut tx = cx.store.begin().await?;
        let (payment, mut refund) = settle::lock(&mut tx, scope, id).await?;
        if !as_known(&refund) {
            return Ok(refund);
        }
        let has = refundable(&mut tx, &payment).await?;
        if has.disputed {
            // The bank may take the same money back: it is decided there first.
            refund.waits = true;
            refund.lookups = refund.lookups.saturating_add(1);
            order(cx, &mut tx, &refund).await?;
            tx.save_refund(&mut refund).await?;
            tx.commit().await?;
            return Ok(refund);
        }
        let ended = ended(&refund, has.overdrawn, alive);
        if ended.is_none() {
            if has_no_key(&refund) {
                refund.key_from = Some(cx.now());
            }
            refund.waits = false;
            refund.state = RefundState::Created;
            refund.sent_at = Some(cx.now());
            refund.absent_since = None;
            order(cx, &mut tx, &refund).await?;
            tx.save_refund(&mut refund).await?;
            tx.commit().await?;
        }
        ended
    };
    match ended {
        Some(why) => {
            let failed = News::bare(RefundEvent::Failed(why.to_owned()));
            settle::apply_while(cx, scope, id, failed, as_known).await
        }
        None => send::send(cx, scope, id).await,
    }
}

/// Why a refund that was not executed is not sent any more; none when it is.
const fn ended(refund: &Refund, overdrawn: bool, alive: bool) -> Option<&'static str> {
    match (overdrawn, alive) {
        (true, _) => Some("the bank took the money back in a dispute before it was sent"),
        (false, true) => None,
        (false, false) if refund.waits => Some(
            "the gateway did not take it, and while a bank decided about the payment its key ended; \
             give the money back anew",
        ),
        (false, false) => Some("the gateway did not take it while its key was alive"),
    }
}

/// Whether nothing of a refund is at the gateway, because it waited here: what was certainly not
/// executed leaves no key there, and the wait is not the gateway's.
fn has_no_key(refund: &Refund) -> bool {
    refund.waits && refund.state == RefundState::Created && refund.sent_at.is_none()
}

fn key_is_alive(cx: &Cx, refund: &Refund) -> bool {
    let alive = match cx.plugins.gateway(&refund.scope, &refund.gateway) {
        Ok(gateway) => SignedDuration::try_from(gateway.description().key_lifetime / 2).ok(),
        Err(_) => None,
    };
    let alive = alive.unwrap_or(SignedDuration::from_hours(12));
    let made = refund.id.made_at().unwrap_or(refund.created_at);
    let from = refund.key_from.unwrap_or(made);
    has_no_key(refund) || from.checked_add(alive).is_ok_and(|end| cx.now() < end)
}

/// Asks the gateway about a refund that was sent, and settles what it answers.
pub(super) async fn ask(cx: &Cx, scope: &Scope, refund: Refund) -> Result<Refund, Error> {
    let gateway = match cx.plugins.gateway_of_open(scope, &refund.gateway) {
        Ok(gateway) => gateway,
        Err(error) => {
            tracing::warn!(refund.id = %refund.id, error = %error, "the gateway of an open refund is not usable");
            let after = note(cx, scope, &refund.id, |_| {}).await?;
            let look = Work::ReconcileRefund {
                refund: refund.id.clone(),
            };
            let mut tx = cx.store.begin().await?;
            let (gateway, why, now) = (&refund.gateway, error.to_string(), cx.now());
            settlement::waits_for_gateway(&mut tx, &look, gateway, &why, now).await?;
            tx.commit().await?;
            return Ok(after);
        }
    };
    let lag = gateway.description().lookup_lag;
    match gateway.refund_lookup(&sent(&refund, cx.now())).await {
        Ok(Lookup::Found(answer)) => settle::apply(cx, scope, &refund.id, answer.into()).await,
        Ok(Lookup::Absent) => absent(cx, scope, refund, lag).await,
        Ok(Lookup::CannotTell) => note(cx, scope, &refund.id, |_| {}).await,
        Err(error) => {
            tracing::warn!(refund.id = %refund.id, error = %error, "a look-up of a refund has no answer");
            note(cx, scope, &refund.id, |_| {}).await
        }
    }
}

/// The gateway has told two ends of one refund. How it stands there now decides. As long as the
/// gateway may not be able to tell yet, it is to be told again; where it never can, what was `told`
/// last.
pub(super) async fn confirm(
    cx: &Cx,
    scope: &Scope,
    refund: Refund,
    told: answer::Refund,
) -> Result<Refund, Error> {
    let gateway = cx.plugins.gateway_of_open(scope, &refund.gateway);
    let gateway = gateway.map_err(|error| Error::Unavailable(error.to_string()))?;
    let lag = gateway.description().lookup_lag;
    let young = refund.sent_at.is_some() && !is_old_enough(cx, &refund, lag);
    let now = match gateway.refund_lookup(&sent(&refund, cx.now())).await {
        Ok(Lookup::Found(answer)) => answer,
        Ok(Lookup::Absent | Lookup::CannotTell) if young => {
            return Err(Error::Unavailable(
                "the gateway has told two ends of a refund and cannot tell yet which is true"
                    .to_owned(),
            ));
        }
        Ok(Lookup::Absent | Lookup::CannotTell) => told,
        Err(error) => return Err(Error::Unavailable(error.to_string())),
    };
    settle::apply(cx, scope, &refund.id, now.into()).await
}

fn sent(refund: &Refund, now: Timestamp) -> SentRequest {
    SentRequest {
        key: refund.id.to_string(),
        reference: refund.gateway_ref.clone(),
        customer_reference: None,
        first_sent_at: refund.sent_at.unwrap_or(now),
        amount: Some(Money::new(refund.amount.minor, refund.amount.currency)),
    }
}

/// The gateway knows no such refund. That counts as "never happened" only when the last sending
/// is older than every delay it admits, and only when it was said twice; then the same request is
/// sent again, while its key is alive.
async fn absent(
    cx: &Cx,
    scope: &Scope,
    refund: Refund,
    lag: std::time::Duration,
) -> Result<Refund, Error> {
    if matches!(refund.state, RefundState::Processing { .. }) {
        tracing::error!(refund.id = %refund.id, "the gateway does not know a refund that it has acknowledged; look at its settings and its account");
        return note(cx, scope, &refund.id, |_| {}).await;
    }
    let now = cx.now();
    let old_enough = is_old_enough(cx, &refund, lag);
    let apart = cx.settings.load().billing.absent_again_after;
    let said_before = refund
        .absent_since
        .is_some_and(|since| since.checked_add(apart).is_ok_and(|at| at <= now));
    if old_enough && said_before {
        tracing::info!(refund.id = %refund.id, "the gateway never executed a refund");
        return send_again(cx, scope, refund).await;
    }
    let since = old_enough.then(|| refund.absent_since.unwrap_or(now));
    note(cx, scope, &refund.id, |refund| refund.absent_since = since).await
}

/// Whether the last sending is older than every delay that the gateway admits, and than the least
/// age at which "absent" counts.
fn is_old_enough(cx: &Cx, refund: &Refund, lag: std::time::Duration) -> bool {
    let settings = cx.settings.load();
    let lag = SignedDuration::try_from(lag).unwrap_or(SignedDuration::MAX);
    let delay = settings.plugins.deadline.checked_add(lag);
    let enough = delay
        .unwrap_or(SignedDuration::MAX)
        .max(settings.billing.absent_after);
    let now = cx.now();
    let sent = refund.sent_at.unwrap_or(now);
    sent.checked_add(enough).is_ok_and(|at| at <= now)
}

/// Writes something down about a refund while it is open, and orders the next look.
async fn note(
    cx: &Cx,
    scope: &Scope,
    id: &RefundId,
    what: impl FnOnce(&mut Refund),
) -> Result<Refund, Error> {
    let mut tx = cx.store.begin().await?;
    let mut refund = settle::lock(&mut tx, scope, id).await?.1;
    if refund.state.is_open() {
        what(&mut refund);
        order(cx, &mut tx, &refund).await?;
        tx.save_refund(&mut refund).await?;
        tx.commit().await?;
    }
    Ok(refund)
}
