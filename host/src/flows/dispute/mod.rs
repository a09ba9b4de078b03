//! What the customer's bank takes back, or wants to: disputes and returned debits, as gateways
//! tell of them. The money is gone when a dispute is lost or a debit is returned: what it had paid
//! for is owed again, marked, and only the customer can pay it. Where that cannot be told, or
//! nobody can pay it, a person has to decide.

mod came_back;
mod decide;
mod taken_back;

pub use self::decide::decide;

use jiff::Timestamp;

use super::{Error, facts, reconciliation, settlement};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::dispute::{Dispute, DisputeKind, DisputeState};
use crate::domain::id::MethodId;
use crate::domain::payment::{Payment, PaymentState};
use crate::domain::subscription::SubscriptionState;
use crate::domain::transition::Transition;
use crate::plugins::gateway::news::{Reversal, ReversalStage};
use crate::store::{Tx, Work};

/// Whether a method must not be charged without its customer, because a dispute over a payment
/// with it is open.
pub(super) async fn forbids(tx: &mut Tx, scope: &Scope, method: &MethodId) -> Result<bool, Error> {
    Ok(tx.open_dispute_over(scope, method).await?.is_some())
}

/// News of a reversal. Repeated, late and contradictory news is safe: a state only grows, and
/// what follows from it happens when it does.
pub(super) async fn heard(
    cx: &Cx,
    scope: &Scope,
    gateway: &str,
    said: Reversal,
    at: Timestamp,
) -> Result<(), Error> {
    let Some(payment) = settlement::find(cx, scope, gateway, &said.about).await? else {
        tracing::error!(gateway, dispute.reference = %said.reference, "the gateway tells of a reversal of a payment that was not made here");
        return Ok(());
    };
    if !has_arrived(&payment) {
        // Only what arrived can be taken back: our news of the payment is the older one.
        let after = reconciliation::ask(cx, scope, payment.clone()).await?;
        if !has_arrived(&after) {
            return Err(Error::Unavailable(
                "the gateway takes back a payment that it has not settled".to_owned(),
            ));
        }
    }
    let mut tx = cx.store.begin().await?;
    let (subscription, locked) = settlement::lock(&mut tx, scope, &payment.id).await?;
    let mut payment = locked.ok_or(Error::NotFound("payment"))?;
    let now = cx.business_now(&mut tx, scope).await?;
    let (kind, heard) = meaning(said.stage);
    let known = tx.lock_dispute(scope, gateway, &said.reference).await?;
    if let Some(other) = known.as_ref().filter(|known| known.payment != payment.id) {
        // One dispute never takes back what two payments brought.
        tracing::error!(dispute.id = %other.id, payment.id = %payment.id, other.id = %other.payment, gateway, "the gateway tells of a dispute over another payment than before; it is not believed");
        return Ok(());
    }
    let is_new = known.is_none();
    let mut dispute = known.unwrap_or_else(|| Dispute {
        id: cx.new_id(),
        scope: scope.clone(),
        payment: payment.id.clone(),
        customer: payment.customer.clone(),
        method: payment.method.clone(),
        gateway: gateway.to_owned(),
        reference: said.reference.clone(),
        kind,
        state: heard,
        amount: said.amount,
        reason: said.reason.clone(),
        reopened: false,
        came_back: false,
        attention: None,
        heard_at: at,
        created_at: now,
        updated_at: now,
    });
    let before = dispute.state;
    if !is_new {
        match before.apply(heard, at.cmp(&dispute.heard_at)) {
            Transition::Moved(state) => dispute.state = state,
            Transition::Unchanged => {
                if at > dispute.heard_at {
                    dispute.heard_at = at;
                    tx.save_dispute(&dispute).await?;
                    tx.commit().await?;
                }
                return Ok(());
            }
            Transition::Refused(why) => {
                tracing::warn!(dispute.id = %dispute.id, state = %dispute.state, said = %heard, ?why, "late news of a dispute");
                if (before, heard) == (DisputeState::Won, DisputeState::Lost) && !dispute.came_back
                {
                    // The gateway has booked it there and back, which is told in the other order.
                    dispute.came_back = true;
                    tx.save_dispute(&dispute).await?;
                    tx.commit().await?;
                }
                return Ok(());
            }
        }
        dispute.amount = said.amount;
        dispute.reason = said.reason.or(dispute.reason);
        dispute.heard_at = at;
        dispute.updated_at = now;
    }
    tracing::warn!(dispute.id = %dispute.id, payment.id = %payment.id, state = %dispute.state, "a payment is contested");
    if is_new {
        tx.insert_dispute(&dispute).await?;
    }
    let event = match dispute.state {
        DisputeState::Opened => "dispute.opened",
        DisputeState::Won => {
            charges_go_on(cx, &mut tx, &payment, now).await?;
            if before == DisputeState::Lost {
                came_back::apply(cx, &mut tx, &mut payment, subscription, &mut dispute, now)
                    .await?;
            }
            "dispute.won"
        }
        DisputeState::Lost => {
            taken_back::apply(cx, &mut tx, &payment, subscription, &mut dispute, now).await?;
            // After it: codes that an end gives back are locked before the clock.
            charges_go_on(cx, &mut tx, &payment, now).await?;
            "dispute.lost"
        }
    };
    facts::tell(cx, &mut tx, scope, event, dispute.id.as_str(), now).await?;
    tx.save_dispute(&dispute).await?;
    tx.commit().await?;
    Ok(())
}

fn has_arrived(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Succeeded { .. })
}

fn meaning(stage: ReversalStage) -> (DisputeKind, DisputeState) {
    match stage {
        ReversalStage::DisputeOpened => (DisputeKind::Dispute, DisputeState::Opened),
        ReversalStage::DisputeWon => (DisputeKind::Dispute, DisputeState::Won),
        ReversalStage::DisputeLost => (DisputeKind::Dispute, DisputeState::Lost),
        ReversalStage::DebitReturned => (DisputeKind::ReturnedDebit, DisputeState::Lost),
    }
}

/// A renewal that waited for the bank's decision is due again.
async fn charges_go_on(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    now: Timestamp,
) -> Result<(), Error> {
    let (scope, Some(id)) = (&payment.scope, &payment.subscription) else {
        return Ok(());
    };
    let subscription = tx.subscription(scope, id).await?;
    if subscription.is_some_and(|known| known.state == SubscriptionState::Active) {
        let work = Work::Renew {
            subscription: id.clone(),
        };
        cx.order_at_business_time(tx, scope, &work, now).await?;
    }
    Ok(())
}
