//! The bank overturned its decision, and the money that was gone came back. What its loss made owed
//! again is settled again where nobody has paid it meanwhile; otherwise the money settles nothing.

use jiff::Timestamp;

use super::super::{Error, documents, dunning, refund, settlement};
use crate::cx::Cx;
use crate::domain::debt::{Debt, DebtKind, DebtState};
use crate::domain::dispute::{Attention, Dispute};
use crate::domain::payment::Payment;
use crate::domain::subscription::{HoldReason, Subscription, SubscriptionState};
use crate::store::Tx;

/// Books that the money of `dispute` is back.
pub(super) async fn apply(
    cx: &Cx,
    tx: &mut Tx,
    payment: &mut Payment,
    subscription: Option<Subscription>,
    dispute: &mut Dispute,
    now: Timestamp,
) -> Result<(), Error> {
    dispute.came_back = true;
    // What was to be decided was who bears the loss: there is none.
    dispute.attention = None;
    if payment.unapplied {
        return refund::order_for_unapplied(cx, tx, payment).await;
    }
    if !dispute.reopened {
        return Ok(());
    }
    dispute.reopened = false;
    let debts = tx.debts_reopened_by(dispute).await?;
    // What was written off was so because this money was gone: what was supplied is paid after all.
    if !debts.is_empty() && debts.iter().all(|debt| debt.state != DebtState::Settled) {
        return settle_again(cx, tx, payment, subscription, (dispute, &debts), now).await;
    }
    let all = tx.debts_of_payment(&payment.id).await?;
    let none_is_ours = all
        .iter()
        .all(|debt| debt.state != DebtState::Open && debt.settled_by.as_ref() != Some(&payment.id));
    if none_is_ours && dispute.amount == payment.captured() {
        payment.unapplied = true;
        payment.updated_at = now;
        refund::order_for_unapplied(cx, tx, payment).await?;
        tx.save_payment(payment).await?;
        tracing::error!(payment.id = %payment.id, "money came back that was paid otherwise meanwhile; it waits on the list of unapplied receipts");
        return Ok(());
    }
    dispute.attention = Some(Attention::CameBack);
    tracing::error!(dispute.id = %dispute.id, payment.id = %payment.id, "money came back for a part that was paid otherwise meanwhile; it waits on the operator's list");
    Ok(())
}

async fn settle_again(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: Option<Subscription>,
    (dispute, debts): (&Dispute, &[Debt]),
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &payment.scope;
    let paid_with = documents::paid_with(tx, payment, now).await?;
    for debt in debts {
        tx.settle_debt_again(dispute, &debt.id, now).await?;
    }
    let (mut paid, mut unpaid) = (Vec::new(), Vec::new());
    for debt in tx.debts_of_payment(&payment.id).await? {
        let documents = match debt.state {
            DebtState::Settled => &mut paid,
            DebtState::Open | DebtState::WrittenOff => &mut unpaid,
        };
        documents.extend(tx.issued_document_of(&debt.id).await?);
    }
    for invoice in paid.iter().filter(|invoice| !unpaid.contains(invoice)) {
        tx.mark_paid(scope, invoice, &paid_with).await?;
    }
    if debts.iter().any(|debt| debt.kind == DebtKind::Purchase) {
        tx.suspend_licenses_of_purchase(scope, &payment.id, false)
            .await?;
    }
    if let Some(subscription) = subscription.filter(|known| !known.state.is_final()) {
        documents::discard_draft(tx, scope, &subscription).await?;
        if nothing_holds(tx, &subscription).await? {
            settlement::dues_are_gone(cx, tx, subscription, now).await?;
        } else {
            dunning::ask_again(cx, tx, &subscription, now).await?;
        }
    }
    Ok(())
}

/// Whether nothing that is due keeps a locked subscription on hold. Beside a loss that is
/// overturned there may be what is owed with access: what is carried, what a charge under way
/// decides by its end, and a change that no gateway was asked for, or none has answered, such as
/// one that costs too little.
async fn nothing_holds(tx: &mut Tx, subscription: &Subscription) -> Result<bool, Error> {
    let (scope, id) = (&subscription.scope, &subscription.id);
    let mut dues = tx.dues_of(scope, id).await?;
    let held_by_loss = matches!(
        subscription.state,
        SubscriptionState::OnHold {
            why: HoldReason::PaymentReversed,
            ..
        }
    );
    if dues.is_empty() || !held_by_loss || tx.open_dunning(scope, id).await?.is_some() {
        return Ok(dues.is_empty());
    }
    dues.retain(|due| due.disputed || due.kind != DebtKind::Carried);
    let holds = |due: &Debt| due.disputed || due.kind == DebtKind::Period;
    for open in tx.open_payments_of(scope, id).await? {
        let held = tx.debts_of_payment(&open.id).await?;
        dues.retain(|due| holds(due) || held.iter().all(|held| held.id != due.id));
    }
    for due in &dues {
        let is_change = due.kind == DebtKind::PlanChange && !due.disputed;
        if !is_change || tx.is_answered(due).await? {
            return Ok(false);
        }
    }
    Ok(true)
}
