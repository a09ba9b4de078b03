//! An owner's decision about a payment whose outcome no gateway tells any more.

use super::super::records::News;
use super::super::{Error, Refused, facts};
use super::{apply_in, lock};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::PaymentId;
use crate::domain::payment::{Payment, PaymentEvent};

/// The longest evidence, in characters.
const LONGEST: usize = 500;

/// What an owner found out about a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The money moved.
    Happened,
    /// The charge never happened, and never will.
    Never,
}

/// What stands in the audit beside a decision.
pub(in crate::flows) fn evidence(evidence: &str) -> Result<&str, Error> {
    let evidence = evidence.trim();
    if evidence.is_empty() || evidence.chars().count() > LONGEST {
        return Err(Error::Invalid {
            field: "evidence",
            problem: "say in 1 to 500 characters where you saw it".to_owned(),
        });
    }
    Ok(evidence)
}

/// Ends an open payment by what an owner found out, such as on a statement of the gateway.
/// `evidence` says where, and stands in the audit. What a gateway says later still counts: money
/// that did move is never ignored.
pub async fn resolve(
    cx: &Cx,
    scope: &Scope,
    id: &PaymentId,
    finding: Finding,
    evidence: &str,
) -> Result<Payment, Error> {
    let evidence = self::evidence(evidence)?;
    let mut tx = cx.store.begin().await?;
    let (subscription, payment) = lock(&mut tx, scope, id).await?;
    let mut payment = payment.ok_or(Error::NotFound("payment"))?;
    if !payment.state.is_open() || payment.sent_at.is_none() {
        return Err(Error::Refused(Refused::State));
    }
    let (event, found) = match finding {
        Finding::Happened => (PaymentEvent::Succeeded, "happened"),
        Finding::Never => (PaymentEvent::Cancelled, "never"),
    };
    let before = serde_json::json!({ "state": payment.standing().name() });
    let after = serde_json::json!({ "found": found, "evidence": evidence });
    facts::audit(
        cx,
        &mut tx,
        scope,
        "payment.resolve",
        id.as_str(),
        Some(before),
        Some(after),
    )
    .await?;
    apply_in(cx, &mut tx, subscription, &mut payment, News::bare(event)).await?;
    tx.commit().await?;
    Ok(payment)
}
