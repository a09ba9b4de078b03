//! An owner's decision about a dispute from which nothing followed by itself.

use super::super::{Error, Refused, facts, settlement};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::dispute::Dispute;
use crate::domain::id::DisputeId;

/// Notes that an owner has decided what becomes of money that was taken back, or came back, and
/// takes the dispute off the operator's list. `evidence` says what was decided, and stands in the
/// audit. News of the dispute still counts.
pub async fn decide(
    cx: &Cx,
    scope: &Scope,
    id: &DisputeId,
    evidence: &str,
) -> Result<Dispute, Error> {
    let evidence = settlement::evidence(evidence)?;
    let mut tx = cx.store.begin().await?;
    let known = tx.dispute(scope, id).await?;
    let known = known.ok_or(Error::NotFound("dispute"))?;
    settlement::lock(&mut tx, scope, &known.payment).await?;
    let mut dispute = tx
        .lock_dispute_by_id(scope, id)
        .await?
        .ok_or(Error::NotFound("dispute"))?;
    let Some(attention) = dispute.attention.take() else {
        return Err(Error::Refused(Refused::State));
    };
    dispute.updated_at = cx.business_now(&mut tx, scope).await?;
    let before = serde_json::json!({ "attention": attention });
    let decided = ("dispute.decide", id.as_str());
    facts::audit_decision(cx, &mut tx, scope, decided, before, evidence).await?;
    tx.save_dispute(&dispute).await?;
    tx.commit().await?;
    Ok(dispute)
}
