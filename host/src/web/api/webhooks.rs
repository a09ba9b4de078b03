//! `/webhooks`: the endpoints that events are delivered to.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::input::{Asked, At, invalid, json};
use super::key::{ApiKey, Writer};
use super::repeats::Making;
use super::run;
use crate::domain::id::EndpointId;
use crate::flows::endpoint::{self, Changes, NewEndpoint};
use crate::flows::{self, Change, repeat};
use crate::web::{Error, Web};
use crate::wire::Metadata;
use crate::wire::endpoint::{Cursor, Headers, WebhookDetails};

/// Endpoints on a page when nothing else is asked for, and at most.
const PAGE: u32 = 50;
const MAX_PAGE: u32 = 250;

/// How long a repeat waits for the call that it joins.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/webhooks", get(index).post(create))
        .route(
            "/webhooks/{webhook}",
            get(show).patch(update).delete(remove),
        )
        .route("/webhooks/{webhook}/secret", get(secret))
        .route("/webhooks/{webhook}/secret/rotate", post(rotate))
        .route(
            "/webhooks/{webhook}/headers",
            get(headers).patch(set_headers),
        )
}

#[derive(Deserialize)]
struct PageQuery {
    iterator: Option<String>,
    limit: Option<u32>,
}

/// The page behind `iterator`, the id of the last endpoint of the page before.
async fn index(
    key: ApiKey,
    Asked(asked): Asked<PageQuery>,
) -> Result<Json<Cursor<WebhookDetails>>, Error> {
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let after = asked.iterator.as_deref().map(str::parse::<EndpointId>);
    let after = after
        .transpose()
        .map_err(|_| invalid("iterator", "is not one of a page before"))?;
    let mut tx = key.cx.store.read().await?;
    let (cx, scope) = (&key.cx, &key.scope);
    let mut found = endpoint::list(cx, &mut tx, scope, after.as_ref(), limit + 1).await?;
    let done = found.len() <= limit as usize;
    found.truncate(limit as usize);
    let last = found.last().map(|view| view.id.clone()).or(after);
    Ok(Json(Cursor {
        data: found.into_iter().map(WebhookDetails::from).collect(),
        iterator: last.map(String::from).unwrap_or_default(),
        done,
    }))
}

#[derive(Deserialize)]
struct NewBody {
    url: String,
    description: Option<String>,
    disabled: Option<bool>,
    filter_types: Option<Vec<String>>,
    headers: Option<BTreeMap<String, Option<String>>>,
    idempotency_key: Option<String>,
    metadata: Option<Metadata>,
    rate_limit: Option<u32>,
}

async fn create(
    State(web): State<Web>,
    Making { key, body, call }: Making<NewBody>,
) -> Result<Json<WebhookDetails>, Error> {
    let new = NewEndpoint {
        id: call.id_of("webhook"),
        url: body.url,
        description: body.description.unwrap_or_default(),
        metadata: body.metadata.unwrap_or_default().to_json(),
        disabled: body.disabled.unwrap_or_default(),
        filter_types: body.filter_types,
        headers: body.headers.unwrap_or_default(),
        rate_limit: body.rate_limit,
        idempotency_key: body.idempotency_key,
    };
    let made = run(&web, async move {
        endpoint::create(&key.cx, &key.scope, new).await
    });
    Ok(Json(made.await?.into()))
}

async fn show(key: ApiKey, At(id): At<EndpointId>) -> Result<Json<WebhookDetails>, Error> {
    let mut tx = key.cx.store.read().await?;
    let found = endpoint::find(&key.cx, &mut tx, &key.scope, &id).await?;
    Ok(Json(found.ok_or_else(Error::not_found)?.into()))
}

#[derive(Deserialize)]
struct ChangesBody {
    url: Option<String>,
    #[serde(default)]
    description: Change<String>,
    #[serde(default)]
    metadata: Change<Metadata>,
    disabled: Option<bool>,
    #[serde(default)]
    filter_types: Change<Vec<String>>,
    #[serde(default)]
    rate_limit: Change<u32>,
}

/// Null empties what may be empty (remark, metadata, filter, limit) and leaves the rest as it is.
async fn update(
    State(web): State<Web>,
    Writer(key): Writer,
    At(id): At<EndpointId>,
    body: axum::body::Bytes,
) -> Result<Json<WebhookDetails>, Error> {
    let body: ChangesBody = json(&body)?;
    let changes = Changes {
        url: body.url,
        description: body.description,
        metadata: match body.metadata {
            Change::Keep => None,
            Change::Clear => Some(Metadata::default().to_json()),
            Change::Set(metadata) => Some(metadata.to_json()),
        },
        disabled: body.disabled,
        filter_types: body.filter_types,
        rate_limit: body.rate_limit,
    };
    let changed = run(&web, async move {
        endpoint::update(&key.cx, &key.scope, &id, changes).await
    });
    Ok(Json(changed.await?.into()))
}

async fn remove(
    State(web): State<Web>,
    Writer(key): Writer,
    At(id): At<EndpointId>,
) -> Result<StatusCode, Error> {
    run(&web, async move {
        endpoint::delete(&key.cx, &key.scope, &id).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
struct Secret {
    secret: String,
}

/// For keys that may write: whoever has the secret can write as this host.
async fn secret(Writer(key): Writer, At(id): At<EndpointId>) -> Result<Json<Secret>, Error> {
    let secret = endpoint::secret(&key.cx, &key.scope, &id).await?;
    Ok(Json(Secret {
        secret: secret.expose_secret().to_owned(),
    }))
}

#[derive(Default, Deserialize)]
struct RotateBody {
    /// The old secret signs no more.
    #[serde(default)]
    at_once: bool,
}

/// A new secret; the old one signs beside it for a while. Not one of Dodo's paths. A repeat
/// answers the secret that the first call made.
async fn rotate(
    State(web): State<Web>,
    At(id): At<EndpointId>,
    Making { key, body, call }: Making<Option<RotateBody>>,
) -> Result<Json<Secret>, Error> {
    let overlap = if body.unwrap_or_default().at_once {
        SignedDuration::ZERO
    } else {
        key.cx.settings.load().webhooks.secret_overlap
    };
    let secret = run(&web, async move {
        let (cx, scope) = (&key.cx, &key.scope);
        let rotated = repeat::once(cx, &call, PATIENCE, async {
            endpoint::rotate(cx, scope, &id, overlap).await?;
            Ok::<_, flows::Error>(id.to_string())
        });
        rotated.await?;
        endpoint::secret(cx, scope, &id).await
    });
    Ok(Json(Secret {
        secret: secret.await?.expose_secret().to_owned(),
    }))
}

async fn headers(key: ApiKey, At(id): At<EndpointId>) -> Result<Json<Headers>, Error> {
    let all = endpoint::headers(&key.cx, &key.scope, &id).await?;
    Ok(Json(all.into()))
}

#[derive(Deserialize)]
struct HeadersBody {
    headers: BTreeMap<String, Option<String>>,
}

async fn set_headers(
    State(web): State<Web>,
    Writer(key): Writer,
    At(id): At<EndpointId>,
    body: axum::body::Bytes,
) -> Result<StatusCode, Error> {
    let body: HeadersBody = json(&body)?;
    run(&web, async move {
        endpoint::set_headers(&key.cx, &key.scope, &id, body.headers).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
