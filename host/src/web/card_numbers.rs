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
use serde_json::Value;

use super::Error;
use super::surface::Surface;
use super::visit::Visit;
use crate::domain::card_number;

/// The longest name of a field in an answer, in characters.
const LONGEST_NAME: usize = 100;

/// The layer.
pub(super) async fn refuse(
    Extension(visit): Extension<Arc<Visit>>,
    request: Request,
    next: Next,
) -> Response {
    if is_of_gateway(&visit) {
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
    let name: String = field.chars().take(LONGEST_NAME).collect();
    Error::card_number(&name).into_response()
}

fn is_of_gateway(visit: &Visit) -> bool {
    let first = visit.path.split('/').nth(1);
    visit.surface == Surface::Host && matches!(first, Some("hooks" | "return"))
}

/// The parameter of the query or the header that holds a card number.
fn in_head(parts: &Parts) -> Option<String> {
    if let Some(query) = parts.uri.query().filter(|query| card_number::is_in(query)) {
        return Some(in_pairs(query.as_bytes()).unwrap_or_else(|| "the query".to_owned()));
    }
    let key = parts.headers.get("idempotency-key")?.to_str().ok()?;
    card_number::is_in(key).then(|| "Idempotency-Key".to_owned())
}

/// The field of the body that holds a card number, whatever its type is said to be.
fn in_body(body: &[u8], is_api: bool) -> Option<String> {
    let found = if is_api {
        let value: Option<Value> = serde_json::from_slice(body).ok();
        value.and_then(|value| in_value(&value, ""))
    } else {
        in_pairs(body)
    };
    found.or_else(|| {
        card_number::is_in(&String::from_utf8_lossy(body)).then(|| "the body".to_owned())
    })
}

/// The name of the pair, in a form or a query.
fn in_pairs(text: &[u8]) -> Option<String> {
    url::form_urlencoded::parse(text).find_map(|(name, value)| {
        if card_number::is_in(&name) {
            Some("the name of a field".to_owned())
        } else {
            card_number::is_in(&value).then(|| name.into_owned())
        }
    })
}

/// The path of the field below `path`, in JSON.
fn in_value(value: &Value, path: &str) -> Option<String> {
    let found = match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) => card_number::is_in(text),
        Value::Number(number) => {
            let whole = number.as_f64().filter(|_| number.is_f64());
            let text = whole.map_or_else(|| number.to_string(), |whole| format!("{whole:.0}"));
            card_number::is_in(&text)
        }
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            return items.find_map(|(place, item)| in_value(item, &format!("{path}[{place}]")));
        }
        Value::Object(fields) => {
            return fields.iter().find_map(|(name, value)| {
                if card_number::is_in(name) {
                    return Some(format!("{} (a name in it)", named(path)));
                }
                let dot = if path.is_empty() { "" } else { "." };
                in_value(value, &format!("{path}{dot}{name}"))
            });
        }
    };
    found.then(|| named(path))
}

fn named(path: &str) -> String {
    let path = if path.is_empty() { "the body" } else { path };
    path.to_owned()
}
