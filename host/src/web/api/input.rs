//! What callers send: JSON bodies, queries, page numbers, ids in paths. Whatever does not fit
//! is refused with 422 and its field's name; an id of another kind is simply not found.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::Scope;
use crate::web::Error;

/// The code of a query that cannot be used.
pub(super) const INVALID_PARAMETERS: &str = "invalid_request_parameters";

/// The largest page.
const MAX_PAGE: u32 = 100;

/// What a body is read as.
pub(super) trait Body: Sized {
    /// Reads the whole body.
    fn read(body: &[u8]) -> Result<Self, Error>;
}

impl<T: DeserializeOwned> Body for T {
    fn read(body: &[u8]) -> Result<Self, Error> {
        json(body)
    }
}

/// Reads a body as JSON, whatever its content type says.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        if error.is_data() {
            let field = if path == "." {
                String::new()
            } else {
                format!("{path}: ")
            };
            return refused(
                "invalid_request_body",
                format!("{field}{}", without_place(&error)),
            );
        }
        let message = format!("the body is not JSON: {error}");
        Error::new(StatusCode::BAD_REQUEST, "invalid_request_body").saying(message)
    })?;
    reader.end().map_err(|error| {
        let message = format!("the body goes on after its JSON: {error}");
        Error::new(StatusCode::BAD_REQUEST, "invalid_request_body").saying(message)
    })?;
    Ok(value)
}

/// The reason without "at line … column …": the field's name says where.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// A body or a query that cannot be used; `message` starts with the field's name.
pub(super) fn refused(code: &'static str, message: impl Into<String>) -> Error {
    Error::new(StatusCode::UNPROCESSABLE_ENTITY, code).saying(message)
}

/// A field whose value cannot be used.
pub(super) fn invalid(field: &str, problem: &str) -> Error {
    refused("invalid_request_body", format!("{field}: {problem}"))
}

/// Refuses fields whose wish this host cannot grant and must not ignore. Null and what is empty
/// wish for nothing.
pub(super) fn check_wishes(wishes: &[(&str, &Option<Value>)]) -> Result<(), Error> {
    let is_wish = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    };
    let wished = wishes
        .iter()
        .find(|(_, value)| value.as_ref().is_some_and(is_wish));
    match wished {
        Some((field, _)) => Err(invalid(field, "is not supported on this host")),
        None => Ok(()),
    }
}

/// The parameters after the question mark. One without a value is as if it were not there:
/// Dodo's SDK for JavaScript writes null so.
pub(super) struct Asked<T>(pub(super) T);

impl<T, S> FromRequestParts<S> for Asked<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        let has_value =
            |pair: &&str| matches!(pair.split_once('='), Some((_, value)) if !value.is_empty());
        let query = parts.uri.query().unwrap_or_default();
        let pairs: Vec<&str> = query.split('&').filter(has_value).collect();
        let uri: Uri = format!("/?{}", pairs.join("&"))
            .parse()
            .map_err(Error::internal)?;
        match Query::try_from_uri(&uri) {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(refused(INVALID_PARAMETERS, rejection.body_text())),
        }
    }
}

/// Whether `brand_id` in a filter excludes everything: each business is its one brand.
pub(super) fn is_other_brand(scope: &Scope, brand_id: Option<&str>) -> bool {
    brand_id.is_some_and(|brand| brand != scope.business.as_str())
}

/// Which page of a list. Dodo counts from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paging {
    pub(super) limit: u32,
    pub(super) offset: u32,
}

#[derive(Deserialize)]
struct PageQuery {
    #[serde(default)]
    page_number: u32,
    #[serde(default = "ten")]
    page_size: u32,
}

fn ten() -> u32 {
    10
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Asked(page) = Asked::<PageQuery>::from_request_parts(parts, state).await?;
        let limit = page.page_size.min(MAX_PAGE);
        Ok(Self {
            limit,
            offset: page.page_number.saturating_mul(limit),
        })
    }
}

/// The id or ids in the path. One that is not even of the right kind is not found, like any
/// other that is not there.
pub(super) struct At<T>(pub(super) T);

impl<T, S> FromRequestParts<S> for At<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(at)) => Ok(Self(at)),
            Err(_) => Err(Error::not_found()),
        }
    }
}
