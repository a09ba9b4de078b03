//! The endpoints that a merchant's events are delivered to: those that the merchant makes, and
//! the one that the business's file names, which only the file changes.

mod check;
mod headers;
mod sealed;
mod view;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::json;
use url::Url;

pub use self::headers::is_sensitive;
pub use self::view::{View, find, list};

use self::sealed::Signing;
use self::view::of_file;
use super::{Change, Error, Refused, facts, limit};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::endpoint::{Endpoint, wants};
use crate::domain::id::EndpointId;
use crate::store::{self, Tx};

/// The most endpoints of a business in one mode: each is told of every event.
const MOST: u32 = 50;
/// What is not there.
const NOUN: &str = "webhook endpoint";

/// What a delivery needs to know of its endpoint.
#[derive(Debug)]
pub struct Target {
    /// Where to.
    pub url: Url,
    /// Whether that may be an address that is not public.
    pub private: bool,
    /// Every one of them signs, the newest first.
    pub secrets: Vec<SecretString>,
    /// Headers of the merchant's own.
    pub headers: Vec<(String, SecretString)>,
    /// The time between two deliveries, where they are limited.
    pub pace: Option<SignedDuration>,
}

/// An endpoint to make.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// Chosen by the caller, so that a repeat finds the endpoint that the first one made.
    pub id: EndpointId,
    /// Where events are posted to.
    pub url: String,
    /// The merchant's remark.
    pub description: String,
    /// The merchant's metadata (a JSON object).
    pub metadata: String,
    /// Whether nothing is sent to it for now.
    pub disabled: bool,
    /// The types of events that it wants; none for all.
    pub filter_types: Option<Vec<String>>,
    /// Headers of the merchant's own.
    pub headers: BTreeMap<String, Option<String>>,
    /// The most deliveries in a second.
    pub rate_limit: Option<u32>,
    /// One endpoint is made per word, however often it is asked for.
    pub idempotency_key: Option<String>,
}

/// What to change; an absent field stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Where events are posted to.
    pub url: Option<String>,
    /// The merchant's remark.
    pub description: Change<String>,
    /// The merchant's metadata (a JSON object).
    pub metadata: Option<String>,
    /// Whether nothing is sent to it.
    pub disabled: Option<bool>,
    /// The types of events that it wants; cleared for all.
    pub filter_types: Change<Vec<String>>,
    /// The most deliveries in a second; cleared for no limit.
    pub rate_limit: Change<u32>,
}

/// Everybody who is to be told of an event of this type.
pub(super) async fn listeners(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    kind: &str,
) -> store::Result<Vec<EndpointId>> {
    // While the file is away nobody knows whether it names an endpoint: the delivery waits for it.
    let of_file = cx.settings.load().scope(scope).is_none_or(|mode| {
        let webhook = mode.webhook.as_ref();
        webhook.is_some_and(|webhook| wants(webhook.filter_types.as_deref(), kind))
    });
    let rows = tx.endpoints(scope, "", MOST).await?;
    let wanting = rows.into_iter().filter(|endpoint| endpoint.wants(kind));
    Ok(of_file
        .then(|| EndpointId::of_file(scope))
        .into_iter()
        .chain(wanting.map(|endpoint| endpoint.id))
        .collect())
}

/// What the delivery of an event of this type needs; none when the endpoint is gone or disabled.
pub(super) async fn target(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    id: &EndpointId,
    kind: &str,
) -> Result<Option<Target>, Error> {
    if *id == EndpointId::of_file(scope) {
        let settings = cx.settings.load();
        let webhook = settings.scope(scope).and_then(|mode| mode.webhook.as_ref());
        let wanting = webhook.filter(|webhook| wants(webhook.filter_types.as_deref(), kind));
        return Ok(wanting.map(|webhook| Target {
            url: webhook.url.clone(),
            private: webhook.private,
            secrets: std::iter::once(&webhook.secret)
                .chain(&webhook.previous_secret)
                .cloned()
                .collect(),
            headers: Vec::new(),
            pace: None,
        }));
    }
    let Some(endpoint) = tx.endpoint(scope, id).await?.filter(|row| !row.disabled) else {
        return Ok(None);
    };
    let url = Url::parse(&endpoint.url).map_err(|_| Error::NotFound(NOUN))?;
    let headers = sealed::headers(cx, &endpoint)?;
    Ok(Some(Target {
        private: check::is_listed(cx, scope, &url),
        url,
        secrets: Signing::of(cx, &endpoint)?.at(cx.now()),
        headers: headers
            .into_iter()
            .map(|(name, value)| (name, SecretString::from(value)))
            .collect(),
        pace: endpoint
            .rate_limit
            .map(|rate| SignedDuration::from_secs(1) / i32::try_from(rate).unwrap_or(i32::MAX)),
    }))
}

/// Makes an endpoint, or answers the one that has this id or this idempotency key.
pub async fn create(cx: &Cx, scope: &Scope, new: NewEndpoint) -> Result<View, Error> {
    let (id, key) = (new.id.clone(), new.idempotency_key.clone());
    match insert(cx, scope, new).await {
        // The first try of this call, still running a moment ago, has made it.
        Err(Error::Store(store::Error::Conflict(_))) => {
            let mut tx = cx.store.read().await?;
            let made = known(&mut tx, scope, &id, key.as_deref()).await?;
            made.map(View::from).ok_or(Error::NotFound(NOUN))
        }
        other => other,
    }
}

async fn known(
    tx: &mut Tx,
    scope: &Scope,
    id: &EndpointId,
    key: Option<&str>,
) -> store::Result<Option<Endpoint>> {
    match (tx.endpoint(scope, id).await?, key) {
        (None, Some(key)) => tx.endpoint_by_key(scope, key).await,
        (found, _) => Ok(found),
    }
}

async fn insert(cx: &Cx, scope: &Scope, new: NewEndpoint) -> Result<View, Error> {
    let url = check::url(cx, scope, &new.url)?;
    check::description(&new.description)?;
    check::filter(new.filter_types.as_deref())?;
    check::rate(new.rate_limit)?;
    check::key(new.idempotency_key.as_deref())?;
    let headers = headers::change(BTreeMap::new(), new.headers)?;
    let mut tx = cx.store.begin().await?;
    limit::one_by_one(cx, &mut tx, &format!("endpoints:{scope}")).await?;
    let key = new.idempotency_key.as_deref();
    if let Some(known) = known(&mut tx, scope, &new.id, key).await? {
        return Ok(known.into());
    }
    if tx.endpoints(scope, "", MOST).await?.len() >= MOST as usize {
        return Err(Error::Invalid {
            field: "url",
            problem: format!("there are {MOST} endpoints already; delete one first"),
        });
    }
    let now = cx.now();
    let mut endpoint = Endpoint {
        id: new.id,
        scope: scope.clone(),
        url: url.into(),
        description: new.description,
        metadata: new.metadata,
        disabled: new.disabled,
        filter_types: new.filter_types,
        rate_limit: new.rate_limit,
        secrets: String::new(),
        headers: String::new(),
        idempotency_key: new.idempotency_key,
        created_at: now,
        updated_at: now,
        version: 0,
    };
    Signing::new().seal(cx, &mut endpoint);
    sealed::set_headers(cx, &mut endpoint, &headers);
    tx.insert_endpoint(&endpoint).await?;
    note(cx, &mut tx, &endpoint, "webhook.create").await?;
    tx.commit().await?;
    Ok(endpoint.into())
}

/// Changes an endpoint.
pub async fn update(
    cx: &Cx,
    scope: &Scope,
    id: &EndpointId,
    changes: Changes,
) -> Result<View, Error> {
    let url = match &changes.url {
        Some(url) => Some(check::url(cx, scope, url)?),
        None => None,
    };
    if let Some(description) = changes.description.value() {
        check::description(description)?;
    }
    check::filter(changes.filter_types.value().map(Vec::as_slice))?;
    check::rate(changes.rate_limit.value().copied())?;
    let mut tx = cx.store.begin().await?;
    let mut endpoint = own(cx, &mut tx, scope, id).await?;
    if let Some(url) = url {
        endpoint.url = url.into();
    }
    match changes.description {
        Change::Keep => {}
        Change::Clear => endpoint.description.clear(),
        Change::Set(description) => endpoint.description = description,
    }
    endpoint.metadata = changes.metadata.unwrap_or(endpoint.metadata);
    endpoint.disabled = changes.disabled.unwrap_or(endpoint.disabled);
    changes.filter_types.apply(&mut endpoint.filter_types);
    changes.rate_limit.apply(&mut endpoint.rate_limit);
    save(cx, tx, &mut endpoint, "webhook.update").await?;
    Ok(endpoint.into())
}

/// Removes an endpoint for good. What is on its way to it is dropped.
pub async fn delete(cx: &Cx, scope: &Scope, id: &EndpointId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let endpoint = own(cx, &mut tx, scope, id).await?;
    tx.delete_endpoint(scope, id).await?;
    note(cx, &mut tx, &endpoint, "webhook.delete").await?;
    Ok(tx.commit().await?)
}

/// The secret that signs.
pub async fn secret(cx: &Cx, scope: &Scope, id: &EndpointId) -> Result<SecretString, Error> {
    let mut tx = cx.store.read().await?;
    let endpoint = own(cx, &mut tx, scope, id).await?;
    Ok(Signing::of(cx, &endpoint)?.current())
}

/// Gives an endpoint a new secret and answers it. The one before signs beside it for `overlap`,
/// unless the host key that sealed it is lost.
pub async fn rotate(
    cx: &Cx,
    scope: &Scope,
    id: &EndpointId,
    overlap: SignedDuration,
) -> Result<SecretString, Error> {
    let mut tx = cx.store.begin().await?;
    let mut endpoint = own(cx, &mut tx, scope, id).await?;
    let signing = match Signing::of(cx, &endpoint) {
        Ok(known) => known.rotated(cx.now(), overlap),
        Err(lost) => {
            tracing::warn!(endpoint.id = %id, error = %lost, "a new secret replaces one that nobody can read");
            Signing::new()
        }
    };
    signing.seal(cx, &mut endpoint);
    sealed::renew_no_headers(cx, &mut endpoint);
    save(cx, tx, &mut endpoint, "webhook.rotate-secret").await?;
    Ok(signing.current())
}

/// The headers of the merchant's own that deliveries carry.
pub async fn headers(
    cx: &Cx,
    scope: &Scope,
    id: &EndpointId,
) -> Result<BTreeMap<String, String>, Error> {
    let mut tx = cx.store.read().await?;
    let endpoint = own(cx, &mut tx, scope, id).await?;
    sealed::headers(cx, &endpoint)
}

/// Sets headers, and removes those without a value; the others stay, unless the host key that
/// sealed them is lost.
pub async fn set_headers(
    cx: &Cx,
    scope: &Scope,
    id: &EndpointId,
    changes: BTreeMap<String, Option<String>>,
) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let mut endpoint = own(cx, &mut tx, scope, id).await?;
    let known = match sealed::headers(cx, &endpoint) {
        Ok(known) => known,
        Err(lost) => {
            tracing::warn!(endpoint.id = %id, error = %lost, "new headers replace those that nobody can read");
            BTreeMap::new()
        }
    };
    let headers = headers::change(known, changes)?;
    sealed::set_headers(cx, &mut endpoint, &headers);
    save(cx, tx, &mut endpoint, "webhook.set-headers").await
}

/// An endpoint that may be changed here.
async fn own(cx: &Cx, tx: &mut Tx, scope: &Scope, id: &EndpointId) -> Result<Endpoint, Error> {
    if *id == EndpointId::of_file(scope) && of_file(cx, scope).is_some() {
        return Err(Error::Refused(Refused::FixedByFile));
    }
    tx.endpoint(scope, id).await?.ok_or(Error::NotFound(NOUN))
}

async fn save(cx: &Cx, mut tx: Tx, endpoint: &mut Endpoint, action: &str) -> Result<(), Error> {
    endpoint.updated_at = cx.now();
    tx.save_endpoint(endpoint).await?;
    note(cx, &mut tx, endpoint, action).await?;
    Ok(tx.commit().await?)
}

/// The audit names the host of an address only: its path may hold a token.
async fn note(cx: &Cx, tx: &mut Tx, endpoint: &Endpoint, action: &str) -> store::Result<()> {
    let url = Url::parse(&endpoint.url).ok();
    let after = json!({
        "host": url.as_ref().and_then(Url::host_str),
        "disabled": endpoint.disabled,
        "filter_types": endpoint.filter_types,
        "rate_limit": endpoint.rate_limit,
    });
    let id = endpoint.id.as_str();
    facts::audit(cx, tx, &endpoint.scope, action, id, None, Some(after)).await
}
