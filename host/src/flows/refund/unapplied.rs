//! The rule for money that settled nothing: after a time it goes back, or it is held until
//! somebody decides.

use jiff::Timestamp;

use super::{NewRefund, make, may_be_refunded, refundable};
use crate::config::Unapplied;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::PaymentId;
use crate::domain::payment::Payment;
use crate::domain::refund::parts::Wish;
use crate::domain::refund::{Refund, RefundCause, RefundState};
use crate::flows::{Error, Refused, settlement};
use crate::store::{Tx, Work};

/// How many are read at once.
const AT_ONCE: u32 = 100;

/// Orders that a payment which settled nothing goes back when the rule says so.
pub(in crate::flows) async fn order(cx: &Cx, tx: &mut Tx, payment: &Payment) -> Result<(), Error> {
    let Unapplied::After(wait) = cx.settings.load().billing.unapplied else {
        return Ok(());
    };
    let at = cx.now().checked_add(wait).unwrap_or(Timestamp::MAX);
    let work = Work::RefundUnapplied {
        payment: payment.id.clone(),
    };
    cx.order_at(tx, &payment.scope, &work, at).await?;
    Ok(())
}

/// Orders what nobody has ordered: money that came while it was to be held goes back as soon as the
/// rule is a time again. A refund that came back is for a person to decide.
pub async fn order_all(cx: &Cx) -> Result<(), Error> {
    let mut after = String::new();
    while !is_held(cx) {
        let mut tx = cx.store.read().await?;
        let found = tx.unordered_receipts(&after, AT_ONCE).await?;
        drop(tx);
        let Some(last) = found.last() else {
            break;
        };
        last.id.as_str().clone_into(&mut after);
        for payment in &found {
            if may_be_refunded(cx, payment).is_ok() {
                order_if_left(cx, &payment.scope, &payment.id).await?;
            }
        }
    }
    Ok(())
}

async fn order_if_left(cx: &Cx, scope: &Scope, id: &PaymentId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let Some(payment) = settlement::lock(&mut tx, scope, id).await?.1 else {
        return Ok(());
    };
    let work = Work::RefundUnapplied {
        payment: id.clone(),
    };
    let key = work.unique_key().unwrap_or_default();
    let refunds = tx.refunds_of(scope, id).await?;
    let waits_for_somebody = refunds.iter().any(|refund| refund.bounced.is_some());
    if payment.unapplied
        && !waits_for_somebody
        && refundable(&mut tx, &payment).await?.left.minor > 0
        && tx.next_run_of(&key).await?.is_none()
    {
        order(cx, &mut tx, &payment).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn is_held(cx: &Cx) -> bool {
    matches!(cx.settings.load().billing.unapplied, Unapplied::Hold)
}

/// Orders another try after `refund` failed, and puts on the operator's list `why` it did until the
/// money goes back. A try that is queued for later stands; one that is due, or under way, may not
/// have seen the failure.
pub(super) async fn order_again(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    refund: &Refund,
    why: &str,
) -> Result<(), Error> {
    let work = Work::RefundUnapplied {
        payment: payment.id.clone(),
    };
    let Some(key) = work.unique_key() else {
        return Ok(());
    };
    let why = format!("the refund failed: {why}");
    let (since, now) = (fails_since(tx, refund).await?, cx.now());
    let since = since.unwrap_or(now);
    if !tx.coming_job_in_trouble(&key, &why, since, now).await? {
        order(cx, tx, payment).await?;
        tx.job_in_trouble(&key, &why, since).await?;
    }
    Ok(())
}

/// When the first of those refunds was sent that failed as `refund` does now (host time). One that
/// is under way for another part has not failed.
async fn fails_since(tx: &mut Tx, refund: &Refund) -> Result<Option<Timestamp>, Error> {
    let tries = tx.refunds_of(&refund.scope, &refund.payment).await?;
    let has_failed = |tried: &&Refund| {
        tried.id != refund.id
            && tried.bounced.is_none()
            && matches!(tried.state, RefundState::Failed { .. })
    };
    let before = tries.iter().filter(has_failed);
    let sent = before.filter_map(|tried| tried.sent_at);
    Ok(sent.chain(refund.sent_at).min())
}

/// Gives back what is left of money that settled nothing, unless that is under way. A try that
/// failed is followed by another at the same distance, under a key of its own.
pub async fn give_back(cx: &Cx, scope: &Scope, id: &PaymentId) -> Result<(), Error> {
    let mut tx = cx.store.read().await?;
    let payment = tx.payment(scope, id).await?;
    let payment = payment.ok_or(Error::NotFound("payment"))?;
    let left = refundable(&mut tx, &payment).await?.left;
    drop(tx);
    if !payment.unapplied || left.is_zero() || is_held(cx) {
        return Ok(());
    }
    let new = NewRefund {
        // A second one finds nothing left: the first counts from its intent on.
        id: cx.new_id(),
        payment: id.clone(),
        wish: Wish::Rest,
        reason: None,
        metadata: "{}".to_owned(),
        cancel_subscription: false,
    };
    match make(cx, scope, new, RefundCause::Unapplied).await {
        // The bank decides about it first.
        Err(Error::Refused(Refused::Disputed)) => {
            let mut tx = cx.store.begin().await?;
            order(cx, &mut tx, &payment).await?;
            tx.commit().await?;
            Ok(())
        }
        ended => ended.map(drop),
    }
}
