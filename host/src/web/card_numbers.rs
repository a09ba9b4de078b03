//! Numbers of payment cards are refused where they come in, before anything reads, keeps or logs
//! them: in the query, in the body, in what is kept of the head. The answer names the field and
//! never repeats the number.
//!
//! What gateways send is theirs: their deliveries and returns go to their plugin as they are, and
//! nothing of them is kept but ids that the plugin names.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Extension, FromRequest as _, Request};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::surface::Surface;
use super::visit::Visit;
use super::{Error, fields};
use crate::domain::card_number;

/// The layer.
pub(super) async fn refuse(
    Extension(visit): Extension<Arc<Visit>>,
    request: Request,
    next: Next,
) -> Response {
    if visit.is_of_gateway() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return match in_head(&parts) {
            Some(field) => refused(&field),
            None => next.run(Request::from_parts(parts, body)).await,
        };
    }
    let body = match Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await {
        Ok(body) => body,
        Err(rejection) => {
            return Error::new(rejection.status(), "invalid_request_body").into_response();
        }
    };
    let is_api = matches!(visit.surface, Surface::Api { .. });
    let field = in_head(&parts).or_else(|| in_body(&body, is_api));
    match field {
        Some(field) => refused(&field),
        None => next.run(Request::from_parts(parts, Body::from(body))).await,
    }
}

fn refused(field: &str) -> Response {
    Error::card_number(field).into_response()
}

/// The parameter of the query or the header that holds a card number.
fn in_head(parts: &Parts) -> Option<String> {
    if let Some(query) = parts.uri.query().filter(|query| card_number::is_in(query)) {
        let field = fields::in_pairs(query.as_bytes(), card_number::is_in);
        return Some(field.unwrap_or_else(|| "the query".to_owned()));
    }
    let key = parts.headers.get("idempotency-key")?.to_str().ok()?;
    card_number::is_in(key).then(|| "Idempotency-Key".to_owned())
}

/// The field of the body that holds a card number, whatever its type is said to be.
fn in_body(body: &[u8], is_api: bool) -> Option<String> {
    let found = if is_api {
        fields::in_json(body, card_number::is_in)
    } else {
        fields::in_pairs(body, card_number::is_in)
    };
    found.or_else(|| {
        card_number::is_in(&String::from_utf8_lossy(body)).then(|| "the body".to_owned())
    })
}
