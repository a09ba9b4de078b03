//! Who calls: the bearer of an API key, and what the key allows.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::rates::Rates;
use crate::cx::{Actor, Cx};
use crate::domain::Scope;
use crate::domain::id::ApiKeyId;
use crate::flows::secret;
use crate::store;
use crate::web::{Error, Visit, Web};

/// The bearer of an API key; may at least read.
#[derive(Clone)]
pub(super) struct ApiKey {
    /// The business and mode that the key opens.
    pub(super) scope: Scope,
    /// The key's row.
    pub(super) id: ApiKeyId,
    /// The context, acting for this key.
    pub(super) cx: Cx,
    write: bool,
}

/// The bearer of a key that may write.
#[derive(Clone)]
pub(super) struct Writer(pub(super) ApiKey);

impl<S> FromRequestParts<S> for ApiKey
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        // Asked for a second time in the same request.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let web = Web::from_ref(state);
        let key = find(&web, parts).await?.ok_or_else(unauthorized)?;
        rates(parts).count_key(&web, &key.id)?;
        if web.cx.business(&key.scope).is_none() {
            return Err(Error::unavailable().saying("this business is not served right now"));
        }
        let known = Self {
            cx: acting(&web, parts, key.id.to_string()),
            scope: key.scope,
            id: key.id,
            write: key.write,
        };
        parts.extensions.insert(known.clone());
        Ok(known)
    }
}

impl<S> FromRequestParts<S> for Writer
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let key = ApiKey::from_request_parts(parts, state).await?;
        if key.write {
            Ok(Self(key))
        } else {
            Err(Error::forbidden().saying("this API key may only read"))
        }
    }
}

/// What this process knows of its callers.
pub(super) fn rates(parts: &Parts) -> &Rates {
    let rates = parts.extensions.get::<Arc<Rates>>();
    rates.expect("the routes of the API carry their rates")
}

/// The scope of the key that is shown where none is needed; one that is none is refused.
pub(super) async fn shown_scope(web: &Web, parts: &Parts) -> Result<Option<Scope>, Error> {
    match (bearer(parts), find(web, parts).await?) {
        (_, Some(key)) => Ok(Some(key.scope)),
        (None | Some(""), None) => Ok(None),
        (Some(_), None) => Err(unauthorized()),
    }
}

async fn find(web: &Web, parts: &Parts) -> Result<Option<store::ApiKey>, Error> {
    let Some(text) = bearer(parts) else {
        return Ok(None);
    };
    let mut tx = web.cx.store.read().await?;
    Ok(tx.api_key_by_hash(&secret::hash(text)).await?)
}

/// The context of a call on behalf of `actor`.
pub(super) fn acting(web: &Web, parts: &Parts, actor: String) -> Cx {
    let visit = parts.extensions.get::<Arc<Visit>>();
    let login = &web.cx.settings.load().login;
    Cx {
        actor: Actor {
            id: actor,
            origin: visit.map(|visit| visit.network(login)),
        },
        ..web.cx.clone()
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, text) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| text.trim())
}

fn unauthorized() -> Error {
    Error::new(StatusCode::UNAUTHORIZED, "unauthorized")
        .saying("send an API key of this host as `Authorization: Bearer …`")
}
