//! Calls that make something, read together with what is needed to recognise a repeat.

use axum::body::Bytes;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::input::{Body, invalid};
use super::key::{ApiKey, Writer};
use crate::flows::repeat::{self, Arrival, Call};
use crate::web::{Error, Web};

/// The longest `Idempotency-Key`, in bytes.
const MAX_KEY: usize = 255;

/// A POST that makes something: its caller, its body and its place among repeats.
pub(super) struct Making<T> {
    /// Who calls.
    pub(super) key: ApiKey,
    /// What is asked for.
    pub(super) body: T,
    /// Gives what is made its ids.
    pub(super) call: Call,
}

impl<T, S> FromRequest<S> for Making<T>
where
    T: Body + Send,
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let (mut parts, body) = request.into_parts();
        let Writer(key) = Writer::from_request_parts(&mut parts, state).await?;
        let bytes = bytes(Request::from_parts(parts.clone(), body), state).await?;
        // A POST that takes nothing is sent without a body.
        let body = T::read(if bytes.is_empty() { b"null" } else { &bytes })?;
        let arrival = arrival(key.id.to_string(), &parts, &bytes)?;
        let web = Web::from_ref(state);
        let (cx, scope) = (key.cx.clone(), key.scope.clone());
        let call = super::run(
            &web,
            async move { repeat::open(&cx, &scope, arrival).await },
        )
        .await?;
        Ok(Self { key, body, call })
    }
}

/// The whole body, within the host's limit.
pub(super) async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Error> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| Error::new(rejection.status(), "invalid_request_body"))
}

/// What is known of a call by `caller`.
pub(super) fn arrival(caller: String, parts: &Parts, body: &[u8]) -> Result<Arrival, Error> {
    let idempotency_key = header(&parts.headers, "idempotency-key");
    if idempotency_key.is_some_and(|key| key.len() > MAX_KEY) {
        return Err(invalid("Idempotency-Key", "is longer than 255 bytes"));
    }
    Ok(Arrival {
        caller,
        idempotency_key: idempotency_key.map(str::to_owned),
        is_repeat: is_repeat(&parts.headers),
        fingerprint: fingerprint(parts, body),
    })
}

/// Whether an SDK says that it has sent this before.
pub(super) fn is_repeat(headers: &HeaderMap) -> bool {
    header(headers, "x-stainless-retry-count")
        .and_then(|count| count.parse::<u32>().ok())
        .is_some_and(|count| count > 0)
}

fn fingerprint(parts: &Parts, body: &[u8]) -> String {
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let mut hash = Sha256::new();
    for part in [parts.method.as_str().as_bytes(), target.as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    HEXLOWER.encode(&hash.finalize())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then_some(value)
}
