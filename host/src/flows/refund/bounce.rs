//! Refunds that had succeeded and come back, as when the customer's account is closed: the amount can
//! be given back again, and a person has to decide how.

use jiff::Timestamp;

use super::{credit_note, settle};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::RefundId;
use crate::domain::payment::Payment;
use crate::domain::refund::{Bounce, Refund};
use crate::flows::{Error, Refused, facts, settlement};
use crate::store::{MailOrder, Tx};

/// Books that the money of a refund came back, in the transaction that learns it: its document is
/// taken back, the keys that ended with it are there again, and the customer is told.
pub(super) async fn apply(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    refund: &mut Refund,
    now: Timestamp,
) -> Result<(), Error> {
    tracing::error!(refund.id = %refund.id, "a refund came back after it had succeeded; it waits on the operator's list");
    refund.bounced = Some(Bounce::Open);
    credit_note::take_back(cx, tx, payment, refund, now).await?;
    if settle::gone_beside(tx, payment, refund).await? < payment.captured().minor {
        tx.give_licenses_of_purchase_back(&refund.scope, &payment.id)
            .await?;
    }
    let mail = MailOrder::RefundReturned {
        refund: refund.id.clone(),
    };
    facts::mail(cx, tx, &refund.scope, mail).await?;
    Ok(())
}

/// A refund succeeded: those of the same payment that came back before, and are no more than it,
/// need nobody any more.
pub(super) async fn made_good(tx: &mut Tx, refund: &Refund) -> Result<(), Error> {
    for other in tx.refunds_of(&refund.scope, &refund.payment).await? {
        let is_covered = other.total().minor <= refund.total().minor;
        if other.id == refund.id || other.bounced != Some(Bounce::Open) || !is_covered {
            continue;
        }
        if let Some(mut locked) = tx.lock_refund(&refund.scope, &other.id).await? {
            locked.bounced = Some(Bounce::Decided);
            tx.save_refund(&mut locked).await?;
        }
    }
    Ok(())
}

/// Notes that an owner has decided how the customer gets what came back, and takes the refund off
/// the operator's list. `evidence` says what was decided, and stands in the audit.
pub async fn decide(
    cx: &Cx,
    scope: &Scope,
    id: &RefundId,
    evidence: &str,
) -> Result<Refund, Error> {
    let evidence = settlement::evidence(evidence)?;
    let mut tx = cx.store.begin().await?;
    let mut refund = settle::lock(&mut tx, scope, id).await?.1;
    if refund.bounced != Some(Bounce::Open) {
        return Err(Error::Refused(Refused::State));
    }
    refund.bounced = Some(Bounce::Decided);
    refund.updated_at = cx.business_now(&mut tx, scope).await?;
    let before = serde_json::json!({ "bounced": "open" });
    let decided = ("refund.decide", id.as_str());
    facts::audit_decision(cx, &mut tx, scope, decided, before, evidence).await?;
    tx.save_refund(&mut refund).await?;
    tx.commit().await?;
    Ok(refund)
}
