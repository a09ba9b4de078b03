//! The one place where a gateway's answer about a refund becomes a fact; duplicates and stale
//! news are normal.

use jiff::Timestamp;

use super::{bounce, credit_note, look, unapplied};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::RefundId;
use crate::domain::money::Money;
use crate::domain::payment::{Payment, Purpose};
use crate::domain::refund::parts;
use crate::domain::refund::{Refund, RefundCause, RefundEvent, RefundState};
use crate::domain::transition::Transition;
use crate::flows::{Error, facts};
use crate::plugins::gateway::{answer, news};
use crate::store::{MailOrder, Tx};

/// What a gateway said about a refund, from whichever road.
#[derive(Clone, Debug)]
pub(super) struct News {
    event: RefundEvent,
    amount: Option<Money>,
    reference: Option<String>,
}

impl News {
    /// News without any of the gateway's facts.
    pub(super) fn bare(event: RefundEvent) -> Self {
        Self {
            event,
            amount: None,
            reference: None,
        }
    }
}

impl From<answer::Refund> for News {
    fn from(refund: answer::Refund) -> Self {
        Self {
            event: match refund.outcome {
                answer::RefundOutcome::Succeeded => RefundEvent::Succeeded,
                answer::RefundOutcome::Processing { expected_by } => RefundEvent::Processing {
                    expected_by: Timestamp::from_microsecond(expected_by.as_microsecond())
                        .unwrap_or(expected_by),
                },
                answer::RefundOutcome::Failed(why) => RefundEvent::Failed(why),
            },
            amount: Some(refund.amount),
            reference: refund.reference,
        }
    }
}

/// The refund's payment and the refund, locked in this order.
pub(super) async fn lock(
    tx: &mut Tx,
    scope: &Scope,
    id: &RefundId,
) -> Result<(Payment, Refund), Error> {
    let peek = tx.refund(scope, id).await?;
    let peek = peek.ok_or(Error::NotFound("refund"))?;
    let payment = tx.lock_payment(scope, &peek.payment).await?;
    let refund = tx.lock_refund(scope, id).await?;
    Ok((
        payment.ok_or(Error::NotFound("payment"))?,
        refund.ok_or(Error::NotFound("refund"))?,
    ))
}

/// Applies what a gateway said about a refund, with everything that follows from it, in one
/// transaction; answers the refund as it stands then.
pub(super) async fn apply(
    cx: &Cx,
    scope: &Scope,
    id: &RefundId,
    news: News,
) -> Result<Refund, Error> {
    apply_while(cx, scope, id, news, |_| true).await
}

/// The same for news that was concluded from how the refund stood: it counts only while `stands`
/// is still true of the locked row.
pub(super) async fn apply_while(
    cx: &Cx,
    scope: &Scope,
    id: &RefundId,
    news: News,
    stands: impl FnOnce(&Refund) -> bool,
) -> Result<Refund, Error> {
    let mut tx = cx.store.begin().await?;
    let (payment, mut refund) = lock(&mut tx, scope, id).await?;
    if !stands(&refund) {
        return Ok(refund);
    }
    apply_in(cx, &mut tx, &payment, &mut refund, news).await?;
    tx.commit().await?;
    Ok(refund)
}

/// The same in a transaction that has locked the refund, and its payment before.
pub(super) async fn apply_in(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    refund: &mut Refund,
    news: News,
) -> Result<(), Error> {
    let now = cx.business_now(tx, &refund.scope).await?;
    let news = credible(tx, refund, news).await?;
    if news.event != RefundEvent::OutcomeUnknown {
        refund.absent_since = None;
    }
    if refund.gateway_ref.is_none() {
        refund.gateway_ref.clone_from(&news.reference);
    }
    match refund.state.apply(news.event.clone(), now, cx.now()) {
        Transition::Moved(state) => {
            let before = std::mem::replace(&mut refund.state, state);
            refund.updated_at = now;
            tracing::info!(refund.id = %refund.id, from = before.name(), to = refund.state.name(), "refund moved");
            follow(cx, tx, payment, (&before, &mut *refund), news.amount, now).await?;
        }
        Transition::Unchanged => {
            tracing::debug!(refund.id = %refund.id, "news of a refund was known");
        }
        Transition::Refused(why) => {
            tracing::info!(refund.id = %refund.id, state = refund.state.name(), ?why, "late news of a refund");
        }
    }
    look::order(cx, tx, refund).await?;
    tx.save_refund(refund).await?;
    Ok(())
}

/// What a gateway says with the reference of another refund is no answer about this one: money that
/// went back once is not two refunds. This one stays open, is asked for again, and is listed.
async fn credible(tx: &mut Tx, refund: &Refund, news: News) -> Result<News, Error> {
    let Some(reference) = &news.reference else {
        return Ok(news);
    };
    let (scope, gateway) = (&refund.scope, &refund.gateway);
    let known = tx.refund_by_gateway_ref(scope, gateway, reference).await?;
    let Some(other) = known.filter(|known| known.id != refund.id) else {
        return Ok(news);
    };
    tracing::error!(refund.id = %refund.id, other.id = %other.id, gateway, "a gateway answered with the reference of another refund; what became of this one is unknown");
    Ok(News::bare(RefundEvent::OutcomeUnknown))
}

async fn follow(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    (before, refund): (&RefundState, &mut Refund),
    moved: Option<Money>,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = refund.scope.clone();
    let object = refund.id.as_str().to_owned();
    match &refund.state {
        RefundState::Created | RefundState::Unknown { .. } | RefundState::Processing { .. } => {}
        RefundState::Failed { why, .. } => {
            tracing::error!(refund.id = %refund.id, error.message = %why, "a refund failed");
            facts::tell(cx, tx, &scope, "refund.failed", &object, now).await?;
            if matches!(before, RefundState::Succeeded { .. }) {
                bounce::apply(cx, tx, payment, refund, now).await?;
            } else if refund.cause == RefundCause::Unapplied {
                unapplied::order_again(cx, tx, payment, why).await?;
            }
        }
        RefundState::Succeeded { .. } => {
            note_what_moved(refund, moved);
            refund.bounced = None;
            credit_note::issue(cx, tx, payment, refund, now).await?;
            end_what_was_bought(tx, payment, refund, now).await?;
            bounce::made_good(tx, refund).await?;
            facts::tell(cx, tx, &scope, "refund.succeeded", &object, now).await?;
            let mail = MailOrder::RefundIssued {
                refund: refund.id.clone(),
            };
            facts::mail(cx, tx, &scope, mail).await?;
        }
    }
    Ok(())
}

/// Keeps the amount that really went back, when that is not what was asked for.
fn note_what_moved(refund: &mut Refund, moved: Option<Money>) {
    let Some(moved) = moved.filter(|moved| *moved != refund.amount) else {
        return;
    };
    tracing::error!(refund.id = %refund.id, "another amount went back than was asked for; compare it with the gateway's records");
    if moved.currency == refund.amount.currency {
        refund.moved_minor = Some(moved.minor);
        refund.parts = parts::rescaled(&refund.parts, moved.minor);
    }
}

/// The keys of a purchase, alone or with the first period, end when all of its money went back. A
/// subscription is left alone.
async fn end_what_was_bought(
    tx: &mut Tx,
    payment: &Payment,
    refund: &Refund,
    now: Timestamp,
) -> Result<(), Error> {
    if !matches!(payment.purpose, Purpose::Purchase | Purpose::Begin) {
        return Ok(());
    }
    let gone = gone_beside(tx, payment, refund).await?;
    if gone + refund.total().minor >= payment.captured().minor {
        tx.end_licenses_of_purchase(&refund.scope, &payment.id, now)
            .await?;
    }
    Ok(())
}

/// What of a payment went back by other refunds than this one, in minor units of its currency.
pub(super) async fn gone_beside(
    tx: &mut Tx,
    payment: &Payment,
    refund: &Refund,
) -> Result<i64, Error> {
    let others = tx.refunds_of(&refund.scope, &payment.id).await?;
    Ok(others
        .iter()
        .filter(|other| other.id != refund.id)
        .filter(|other| matches!(other.state, RefundState::Succeeded { .. }))
        .map(|other| other.total().minor)
        .sum())
}

/// News of a refund by webhook: by our key, or by the gateway's reference.
pub(in crate::flows) async fn heard(
    cx: &Cx,
    scope: &Scope,
    gateway: &str,
    about: &news::About,
    answer: Option<answer::Refund>,
) -> Result<(), Error> {
    let found = {
        let mut tx = cx.store.read().await?;
        let by_key = match about.key.as_deref().and_then(|key| key.parse().ok()) {
            Some(id) => tx.refund(scope, &id).await?,
            None => None,
        };
        match (by_key, about.reference.as_deref()) {
            (Some(refund), _) => Some(refund),
            (None, Some(reference)) => tx.refund_by_gateway_ref(scope, gateway, reference).await?,
            (None, None) => None,
        }
    };
    // A gateway speaks of its own refunds only.
    let Some(refund) = found.filter(|refund| refund.gateway == gateway) else {
        tracing::warn!(
            gateway,
            "the gateway tells of a refund that was not made here; the daily balance names it"
        );
        return Ok(());
    };
    match answer {
        Some(answer) if contradicts(&refund, &answer) => {
            look::confirm(cx, scope, refund, answer).await?
        }
        Some(answer) => apply(cx, scope, &refund.id, answer.into()).await?,
        None => look::ask(cx, scope, refund).await?,
    };
    Ok(())
}

/// Whether the gateway has told another end of the refund before: which of the two came last is not
/// known by the order in which they are heard.
fn contradicts(refund: &Refund, told: &answer::Refund) -> bool {
    matches!(
        (&refund.state, &told.outcome),
        (
            RefundState::Succeeded { .. },
            answer::RefundOutcome::Failed(_)
        ) | (RefundState::Failed { .. }, answer::RefundOutcome::Succeeded)
    )
}
