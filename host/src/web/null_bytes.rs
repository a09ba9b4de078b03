//! Texts with a null byte are refused where they come in. No name, address or note has one, and only
//! one of the two databases can keep it: the other would fail in the middle of the work.
//!
//! What gateways send is theirs, and goes to their plugin as it is.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Extension, FromRequest as _, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::surface::Surface;
use super::visit::Visit;
use super::{Error, fields};

/// A null byte, as addresses and forms write it.
const ENCODED: &str = "%00";
/// A null byte, as JSON writes it.
const ESCAPED: &[u8] = br"\u0000";

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
    // Nothing of ours has such a name.
    if parts.uri.path().contains(ENCODED) {
        return Error::not_found().into_response();
    }
    let query = parts.uri.query().filter(|query| query.contains(ENCODED));
    if let Some(field) = query.and_then(|query| fields::in_pairs(query.as_bytes(), is_in)) {
        return refused("invalid_request_parameters", &field);
    }
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let body = match Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await {
        Ok(body) => body,
        Err(rejection) => {
            return Error::new(rejection.status(), "invalid_request_body").into_response();
        }
    };
    let is_api = matches!(visit.surface, Surface::Api { .. });
    match in_body(&body, is_api) {
        Some(field) => refused("invalid_request_body", &field),
        None => next.run(Request::from_parts(parts, Body::from(body))).await,
    }
}

fn refused(code: &'static str, field: &str) -> Response {
    Error::new(StatusCode::UNPROCESSABLE_ENTITY, code)
        .saying(format!("{field}: holds a null byte, which no text may"))
        .into_response()
}

/// The field of the body that holds one. Most bodies have nothing that could become one, and are
/// not read for it.
fn in_body(body: &[u8], is_api: bool) -> Option<String> {
    if is_api {
        let escaped = || fields::in_json(body, is_in);
        return holds(body, ESCAPED).then(escaped).flatten();
    }
    let pairs = || fields::in_pairs(body, is_in);
    let may_hold = holds(body, ENCODED.as_bytes()) || body.contains(&0);
    may_hold.then(pairs).flatten()
}

fn is_in(text: &str) -> bool {
    text.contains('\0')
}

fn holds(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}
