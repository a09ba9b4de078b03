//! `/invoices/payments/{id}`: the document of a payment, as PDF. Opened by an API key or by
//! the signature in its `invoice_url`; knowing the payment's id is not enough. And the credit note
//! of a refund, opened by an API key.

use axum::Router;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::input::At;
use super::key::ApiKey;
use crate::domain::id::{BusinessId, PaymentId, RefundId};
use crate::domain::{Mode, Scope};
use crate::web::{Error, Web, document};
use crate::wire::load;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/invoices/payments/{payment}", get(show))
        .route("/invoices/refunds/{refund}", get(of_refund))
}

#[derive(Deserialize)]
struct Signed {
    business: BusinessId,
    mode: Mode,
    signature: String,
}

/// Who may open the document: the scope in which it is looked for.
struct Opener {
    scope: Scope,
    signature: Option<String>,
}

impl FromRequestParts<Web> for Opener {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Error> {
        if let Ok(Query(signed)) = Query::<Signed>::try_from_uri(&parts.uri) {
            return Ok(Self {
                scope: Scope::new(signed.business, signed.mode),
                signature: Some(signed.signature),
            });
        }
        let key = ApiKey::from_request_parts(parts, web).await?;
        Ok(Self {
            scope: key.scope,
            signature: None,
        })
    }
}

async fn show(
    State(web): State<Web>,
    opener: Opener,
    At(id): At<PaymentId>,
) -> Result<Response, Error> {
    let scope = opener.scope;
    if let Some(signature) = opener.signature
        && !load::opens_invoice(&web.cx, &scope, &id, &signature)
    {
        return Err(Error::not_found());
    }
    let mut tx = web.cx.store.read().await?;
    let payment = tx.payment(&scope, &id).await?;
    let invoice = payment.and_then(|payment| payment.invoice);
    drop(tx);
    let invoice = invoice.ok_or_else(Error::not_found)?;
    document::pdf(&web, &scope, &invoice).await
}

async fn of_refund(
    State(web): State<Web>,
    key: ApiKey,
    At(id): At<RefundId>,
) -> Result<Response, Error> {
    let mut tx = web.cx.store.read().await?;
    let refund = tx.refund(&key.scope, &id).await?;
    let note = refund.and_then(|refund| refund.credit_note);
    drop(tx);
    let note = note.ok_or_else(Error::not_found)?;
    document::pdf(&web, &key.scope, &note).await
}
