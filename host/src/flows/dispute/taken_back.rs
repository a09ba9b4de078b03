//! The money is gone. What it had settled is owed again, the invoice is unpaid again, and access
//! ends until the customer pays, or for good, as the setting says.

use jiff::Timestamp;

use super::super::{Error, cancellation, facts, refund, settlement};
use crate::config::OnReversal;
use crate::cx::Cx;
use crate::domain::debt::{Debt, DebtKind, DebtState};
use crate::domain::dispute::{self, Attention, Dispute, DisputeState, Paid};
use crate::domain::payment::Payment;
use crate::domain::subscription::{
    CancelReason, Cancellation, HoldReason, Subscription, SubscriptionEvent,
};
use crate::domain::transition::Transition;
use crate::store::{MailOrder, Tx};

/// Books the loss of `dispute`, whose row still has the state before.
pub(super) async fn apply(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: Option<Subscription>,
    dispute: &mut Dispute,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = payment.scope.clone();
    let living = subscription.filter(|known| !known.state.is_final());
    let gone = debts(tx, payment, dispute).await?;
    for debt in &gone {
        dispute.reopened |= tx
            .reopen_debt(&scope, (&payment.id, &dispute.id), &debt.id)
            .await?;
        if let Some(invoice) = tx.issued_document_of(&debt.id).await? {
            tx.mark_unpaid(&scope, &invoice).await?;
        }
    }
    if gone.iter().any(|debt| debt.kind == DebtKind::Purchase) {
        tx.suspend_licenses_of_purchase(&scope, &payment.id, true)
            .await?;
    }
    // Who has no subscription any more has no page on which to pay.
    let payable = dispute.reopened && living.is_some();
    dispute.attention =
        (!payable && !harmless(tx, payment, dispute).await?).then_some(Attention::TakenBack);
    if dispute.attention.is_some() {
        tracing::error!(dispute.id = %dispute.id, payment.id = %payment.id, "money was taken back and nobody can be asked for it; it waits on the operator's list");
    }
    if let Some(subscription) = living.filter(|_| dispute.reopened) {
        let mail = MailOrder::PaymentReversed {
            payment: payment.id.clone(),
            nonce: once_more(tx, dispute, now).await?,
        };
        facts::mail(cx, tx, &scope, mail).await?;
        suspend_or_end(cx, tx, subscription, now).await?;
    }
    Ok(())
}

/// Tells the mail about this loss from that about one before it of the same payment, which its bank
/// took back in two parts, or again after it gave it back; none for the first.
async fn once_more(
    tx: &mut Tx,
    dispute: &Dispute,
    now: Timestamp,
) -> Result<Option<String>, Error> {
    let all = tx.disputes_of(&dispute.scope, &dispute.payment).await?;
    let before = |one: &Dispute| one.id != dispute.id && one.was_booked();
    let is_first = !dispute.came_back && !all.iter().any(before);
    Ok((!is_first).then(|| format!("{}:{}", dispute.id, now.as_microsecond())))
}

/// What is left of the payment's money beside this dispute, in minor units of its currency.
async fn left(tx: &mut Tx, payment: &Payment, dispute: &Dispute) -> Result<i64, Error> {
    // Its row may say already that it is lost; here it is to take nothing from what is left.
    let open = Dispute {
        state: DisputeState::Opened,
        ..dispute.clone()
    };
    tx.save_dispute(&open).await?;
    Ok(refund::refundable(tx, payment).await?.left.minor)
}

/// Money that settled nothing may go without anybody owing it, as long as it did not go twice.
async fn harmless(tx: &mut Tx, payment: &Payment, dispute: &Dispute) -> Result<bool, Error> {
    Ok(payment.unapplied && left(tx, payment, dispute).await? >= dispute.amount.minor)
}

/// The debts whose money is gone; none where that cannot be told.
async fn debts(tx: &mut Tx, payment: &Payment, dispute: &Dispute) -> Result<Vec<Debt>, Error> {
    let is_ours = |debt: &Debt| {
        debt.state == DebtState::Settled && debt.settled_by.as_ref() == Some(&payment.id)
    };
    let all = tx.debts_of_payment(&payment.id).await?;
    let amount = dispute.amount;
    if payment.unapplied
        || amount.currency != payment.captured().currency
        || amount.minor > left(tx, payment, dispute).await?
    {
        return Ok(Vec::new());
    }
    let has = refund::refundable(tx, payment).await?;
    // An item is a line of a debt, in their order; a part of none of them touches every debt.
    let owner = |item: &str| {
        let place = has.items.iter().position(|known| known.id == item)?;
        let mut ends = all.iter().scan(0, |end, debt| {
            *end += debt.lines.len();
            Some(*end)
        });
        ends.position(|end| place < end)
    };
    let refunded: Vec<Option<usize>> = has.gone.iter().map(|part| owner(&part.item)).collect();
    let seen: Vec<Paid> = all
        .iter()
        .enumerate()
        .map(|(place, debt)| Paid {
            minor: debt.amount.minor,
            whole: is_ours(debt)
                && refunded
                    .iter()
                    .all(|owner| owner.is_some_and(|owner| owner != place)),
        })
        .collect();
    let chosen =
        dispute::taken_back(&seen, payment.captured().minor, amount.minor).unwrap_or_default();
    let mut gone = Vec::with_capacity(chosen.len());
    for (place, debt) in all.into_iter().enumerate() {
        if chosen.contains(&place) {
            gone.push(debt);
        }
    }
    Ok(gone)
}

async fn suspend_or_end(
    cx: &Cx,
    tx: &mut Tx,
    mut subscription: Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    if cx.settings.load().billing.on_reversal == OnReversal::Cancel {
        let end = cancellation::Wish::Now(Cancellation {
            reason: Some(CancelReason::Merchant),
            ..Cancellation::default()
        });
        cancellation::grant(cx, tx, subscription, end, now).await?;
        return Ok(());
    }
    let event = SubscriptionEvent::PaymentFailed {
        why: HoldReason::PaymentReversed,
        grace_until: None,
    };
    if let Transition::Moved(state) = subscription.state.apply(event, now) {
        let scope = subscription.scope.clone();
        subscription.state = state;
        subscription.updated_at = now;
        tx.suspend_licenses(&scope, &subscription.id, true).await?;
        let object = subscription.id.as_str();
        facts::tell(cx, tx, &scope, "subscription.on_hold", object, now).await?;
        settlement::schedule(cx, tx, &subscription).await?;
        tx.save_subscription(&mut subscription).await?;
    }
    Ok(())
}
