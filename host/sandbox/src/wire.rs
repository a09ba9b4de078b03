//! What callers are told about charges, set-ups, methods and refunds. The same shapes stand
//! in answers and in webhooks.

use std::collections::BTreeMap;

use serde::Serialize;
use url::Url;

use crate::clock;
use crate::decline::{Advice, DeclineCode};
use crate::money::Money;
use crate::store::{
    self, Dispute, Initiator, Intent, Kind, Method, MethodKind, Refund, Status, Tx,
};

/// A charge or a set-up.
#[derive(Debug, Serialize)]
pub(crate) struct IntentOut {
    pub(crate) id: String,
    object: &'static str,
    key: String,
    status: &'static str,
    customer: String,
    /// None for a set-up.
    amount: Option<Money>,
    /// What has been or is being given back, in minor units.
    refunded: i64,
    initiator: Initiator,
    method: Option<MethodOut>,
    decline: Option<DeclineOut>,
    action: Option<Action>,
    /// When a bank debit is expected to be done.
    expected_by: Option<i64>,
    metadata: BTreeMap<String, String>,
    created_at: i64,
    updated_at: i64,
}

/// Why it was declined.
#[derive(Debug, Serialize)]
struct DeclineOut {
    code: DeclineCode,
    advice: Advice,
    message: &'static str,
    /// With the advice `later`: not before this moment.
    not_before: Option<i64>,
}

/// Where to send the customer.
#[derive(Debug, Serialize)]
struct Action {
    url: String,
    expires_at: Option<i64>,
}

/// A payment method, as far as it may be shown.
#[derive(Debug, Serialize)]
pub(crate) struct MethodOut {
    id: String,
    kind: MethodKind,
    brand: String,
    funding: String,
    last_four: String,
    expiry_month: Option<i64>,
    expiry_year: Option<i64>,
    holder: String,
    fingerprint: String,
    network_reference: String,
    /// Whether it can be charged again.
    saved: bool,
}

/// A refund.
#[derive(Debug, Serialize)]
pub(crate) struct RefundOut {
    pub(crate) id: String,
    object: &'static str,
    key: String,
    charge: String,
    status: &'static str,
    amount: Money,
    metadata: BTreeMap<String, String>,
    created_at: i64,
    updated_at: i64,
}

/// A dispute, or a debit that was returned.
#[derive(Debug, Serialize)]
pub(crate) struct DisputeOut {
    id: String,
    object: &'static str,
    charge: String,
    /// The charge's key.
    key: String,
    status: &'static str,
    amount: Money,
    reason: String,
    created_at: i64,
    updated_at: i64,
}

impl From<Dispute> for DisputeOut {
    fn from(dispute: Dispute) -> Self {
        Self {
            id: dispute.id,
            object: "dispute",
            charge: dispute.charge,
            key: dispute.idempotency_key,
            status: dispute.status.word(),
            amount: Money {
                minor: dispute.amount,
                currency: dispute.currency,
            },
            reason: dispute.reason,
            created_at: dispute.created_at,
            updated_at: dispute.updated_at,
        }
    }
}

impl From<Method> for MethodOut {
    fn from(method: Method) -> Self {
        Self {
            saved: method.saved && method.detached_at.is_none(),
            id: method.id,
            kind: method.kind,
            brand: method.brand,
            funding: method.funding,
            last_four: method.last_four,
            expiry_month: method.expiry_month,
            expiry_year: method.expiry_year,
            holder: method.holder,
            fingerprint: method.fingerprint,
            network_reference: method.network_reference,
        }
    }
}

impl From<Refund> for RefundOut {
    fn from(refund: Refund) -> Self {
        Self {
            metadata: refund.metadata(),
            status: refund.status.word(),
            id: refund.id,
            object: "refund",
            key: refund.idempotency_key,
            charge: refund.charge,
            amount: Money {
                minor: refund.amount,
                currency: refund.currency,
            },
            created_at: refund.created_at,
            updated_at: refund.updated_at,
        }
    }
}

/// How an intent is shown, with its method and what was given back.
pub(crate) async fn intent_out(
    tx: &mut Tx,
    intent: &Intent,
    public_url: &Url,
) -> store::Result<IntentOut> {
    let method = match &intent.method {
        Some(id) => tx.method(&intent.account, id).await?,
        None => None,
    };
    let page = match intent.status {
        Status::AwaitingMethod => Some("pay"),
        Status::AwaitingAuthentication => Some("3ds"),
        Status::Processing | Status::Succeeded | Status::Declined | Status::Cancelled => None,
    };
    Ok(IntentOut {
        id: intent.id.clone(),
        object: match intent.kind {
            Kind::Charge => "charge",
            Kind::Setup => "setup",
        },
        key: intent.idempotency_key.clone(),
        status: intent.status.word(),
        customer: intent.customer.clone(),
        amount: intent
            .amount
            .zip(intent.currency.clone())
            .map(|(minor, currency)| Money { minor, currency }),
        refunded: tx.refunded(&intent.id).await?,
        initiator: intent.initiator,
        method: method.map(MethodOut::from),
        decline: intent.decline.map(|code| DeclineOut {
            code,
            advice: code.advice(),
            message: code.message(),
            not_before: code
                .wait()
                .map(|wait| intent.updated_at.saturating_add(clock::micros(wait))),
        }),
        action: page.map(|page| Action {
            url: page_url(public_url, page, &intent.token),
            expires_at: intent.expires_at,
        }),
        expected_by: intent
            .settles_at
            .filter(|_| intent.status == Status::Processing),
        metadata: intent.metadata(),
        created_at: intent.created_at,
        updated_at: intent.updated_at,
    })
}

/// The address of a hosted page.
fn page_url(public_url: &Url, page: &str, token: &str) -> String {
    format!(
        "{}/{page}/{token}",
        public_url.as_str().trim_end_matches('/')
    )
}
