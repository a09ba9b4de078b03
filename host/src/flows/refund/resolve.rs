//! An owner's decision about a refund whose outcome no gateway tells any more.

use super::settle::{self, News};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::RefundId;
use crate::domain::refund::{Refund, RefundEvent};
use crate::flows::settlement::{self, Finding};
use crate::flows::{Error, Refused, facts};

/// Ends an open refund by what an owner found out, such as on a statement of the gateway.
/// `evidence` says where, and stands in the audit. What a gateway says later still counts.
pub async fn resolve(
    cx: &Cx,
    scope: &Scope,
    id: &RefundId,
    finding: Finding,
    evidence: &str,
) -> Result<Refund, Error> {
    let evidence = settlement::evidence(evidence)?;
    let mut tx = cx.store.begin().await?;
    let (payment, mut refund) = settle::lock(&mut tx, scope, id).await?;
    if !refund.state.is_open() || refund.sent_at.is_none() {
        return Err(Error::Refused(Refused::State));
    }
    let (event, found) = match finding {
        Finding::Happened => (RefundEvent::Succeeded, "happened"),
        Finding::Never => {
            let why = "an owner found that it never happened".to_owned();
            (RefundEvent::Failed(why), "never")
        }
    };
    let before = serde_json::json!({ "state": refund.standing().name() });
    let after = serde_json::json!({ "found": found, "evidence": evidence });
    facts::audit(
        cx,
        &mut tx,
        scope,
        "refund.resolve",
        id.as_str(),
        Some(before),
        Some(after),
    )
    .await?;
    settle::apply_in(cx, &mut tx, &payment, &mut refund, News::bare(event)).await?;
    tx.commit().await?;
    Ok(refund)
}
