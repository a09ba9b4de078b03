//! What callers send: JSON bodies, queries, page numbers, ids in paths. Whatever does not fit
//! is refused with 422 and its field's name; an id of another kind is simply not found.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::web::Error;

/// The largest page.
const MAX_PAGE: u32 = 100;

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

/// The parameters after the question mark.
pub(super) struct Asked<T>(pub(super) T);

impl<T, S> FromRequestParts<S> for Asked<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(refused("invalid_request_parameters", rejection.body_text())),
        }
    }
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
