//! Forms that change something: from a page of ours, with the token that page was given.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use axum_extra::extract::Form;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;

use super::cookies::{Cookies, Purpose};
use super::visit::Visit;
use super::{Error, Web};
use crate::config::HostKeys;

const PURPOSE: &str = "csrf";

/// The fields of a form that a page of ours has sent. The field `csrf` is checked and gone.
#[derive(Debug)]
pub struct Posted<T>(pub T);

#[derive(serde::Deserialize)]
struct Token {
    csrf: String,
}

impl<T: DeserializeOwned> FromRequest<Web> for Posted<T> {
    type Rejection = Error;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Error> {
        let (mut parts, body) = request.into_parts();
        let visit = axum::Extension::<Arc<Visit>>::from_request_parts(&mut parts, web)
            .await
            .map_err(Error::internal)?
            .0;
        if !is_ours(&parts.headers, &visit.origin) {
            return Err(Error::forbidden());
        }
        let request = Request::from_parts(parts.clone(), body);
        let body = Bytes::from_request(request, web)
            .await
            .map_err(|error| Error::new(error.status(), "invalid_request").because(error))?;
        // Read twice: a flattened struct would take every field for text.
        let form: Token = fields(&parts, &body, web)
            .await
            .map_err(|_| Error::expired())?;
        if is_token(&web.cx.keys, &visit.cookies, &form.csrf) {
            Ok(Self(fields(&parts, &body, web).await?))
        } else {
            Err(Error::expired())
        }
    }
}

async fn fields<T: DeserializeOwned>(parts: &Parts, body: &Bytes, web: &Web) -> Result<T, Error> {
    let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
    let form = Form::<T>::from_request(request, web).await;
    form.map(|form| form.0)
        .map_err(|error| Error::invalid().because(error))
}

/// Whether the browser says that a page of this very origin sent the request. Browsers that do
/// not say it send the origin.
fn is_ours(headers: &HeaderMap, origin: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers.get(ORIGIN).is_some_and(|from| from == origin),
    }
}

/// The token of forms in the browser that holds `secret` in a cookie.
pub(super) fn token(keys: &HostKeys, secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(keys.sign(PURPOSE, secret.as_bytes()))
}

fn is_token(keys: &HostKeys, cookies: &Cookies, token: &str) -> bool {
    let Ok(signature) = URL_SAFE_NO_PAD.decode(token) else {
        return false;
    };
    [Purpose::Session, Purpose::Browser]
        .into_iter()
        .filter_map(|purpose| cookies.get(purpose))
        .any(|secret| keys.verify(PURPOSE, secret.as_bytes(), &signature))
}
