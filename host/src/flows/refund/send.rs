//! Beat two of a refund: its stored request, sent now or again.

use jiff::Timestamp;

use super::settle::{self, News};
use super::{look, read};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::RefundId;
use crate::domain::refund::{Refund, RefundEvent, RefundState};
use crate::flows::{Error, charge};
use crate::plugins::gateway::request::RefundRequest;

/// Sends the stored request of a refund that was marked as sent, and settles what comes back.
pub(super) async fn send(cx: &Cx, scope: &Scope, id: &RefundId) -> Result<Refund, Error> {
    let refund = read(cx, scope, id).await?;
    if refund.state != RefundState::Created || refund.sent_at.is_none() {
        return Ok(refund);
    }
    if charge::is_too_late(cx, refund.sent_at) {
        tracing::warn!(refund.id = %id, "this process stood still with a refund in hand; it is not sent now");
        return not_executed(cx, scope, id).await;
    }
    let request: RefundRequest = serde_json::from_str(&refund.request)
        .map_err(|error| Error::Unavailable(format!("the refund cannot be read: {error}")))?;
    let called = match cx.plugins.gateway(scope, &refund.gateway) {
        Ok(gateway) => gateway.refund(&request).await,
        Err(error) => Err(error),
    };
    let news = match called {
        Ok(answer) => News::from(answer),
        Err(error) if error.outcome_unknown() => {
            tracing::warn!(refund.id = %id, error = %error, "the outcome of a refund is unknown");
            News::bare(RefundEvent::OutcomeUnknown)
        }
        Err(error) if error.may_be_sent_again() => {
            tracing::warn!(refund.id = %id, error = %error, "a refund was not executed and is sent again");
            return not_executed(cx, scope, id).await;
        }
        Err(error) => {
            tracing::error!(refund.id = %id, error = %error, "a refund is impossible; the gateway's settings need attention");
            News::bare(RefundEvent::Failed(error.to_string()))
        }
    };
    match settle::apply(cx, scope, id, news).await {
        Ok(after) => Ok(after),
        // The gateway was asked: whatever happens here now, the answer is that nobody knows yet.
        Err(error) => {
            tracing::error!(refund.id = %id, error = &error as &dyn std::error::Error, "the outcome of a refund was not written down; it will be asked for");
            Ok(refund)
        }
    }
}

/// The request did certainly not happen: the refund stays open and is sent again soon.
async fn not_executed(cx: &Cx, scope: &Scope, id: &RefundId) -> Result<Refund, Error> {
    let mut tx = cx.store.begin().await?;
    let mut refund = settle::lock(&mut tx, scope, id).await?.1;
    if refund.state == RefundState::Created {
        refund.sent_at = None;
        refund.updated_at = cx.business_now(&mut tx, scope).await?;
        tx.save_refund(&mut refund).await?;
        let wait = cx.settings.load().billing.send_again_after;
        let at = cx.now().checked_add(wait).unwrap_or(Timestamp::MAX);
        look::order_at(cx, &mut tx, &refund, at).await?;
        tx.commit().await?;
    }
    Ok(refund)
}
