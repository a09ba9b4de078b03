//! `/customers` and the links into their portals.

use std::time::Duration;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::input::{Asked, At, INVALID_PARAMETERS, Paging, json};
use super::key::{ApiKey, Writer};
use super::repeats::Making;
use super::{return_url, run};
use crate::domain::email::Email;
use crate::domain::id::{CustomerId, LinkId};
use crate::flows::customer::{self, Changes, NewCustomer};
use crate::flows::{self, Change, portal_link, repeat};
use crate::store::CustomerFilter;
use crate::web::{Error, Web};
use crate::wire::{Metadata, Page, customer::Customer};

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/customers", get(index).post(create))
        .route("/customers/{customer}", get(show).patch(update))
        .route(
            "/customers/{customer}/customer-portal/session",
            post(portal_session),
        )
}

#[derive(Deserialize)]
struct Filter {
    email: Option<String>,
    name: Option<String>,
    created_at_gte: Option<Timestamp>,
    created_at_lte: Option<Timestamp>,
}

async fn index(
    key: ApiKey,
    Asked(asked): Asked<Filter>,
    paging: Paging,
) -> Result<Json<Page<Customer>>, Error> {
    let email = match asked.email.as_deref().map(str::parse::<Email>) {
        None => None,
        Some(Ok(email)) => Some(email),
        // Nobody has an address that is none.
        Some(Err(_)) => return Ok(Json(Page { items: Vec::new() })),
    };
    let filter = CustomerFilter {
        email,
        name: asked.name,
        created_from: asked.created_at_gte,
        created_to: asked.created_at_lte,
    };
    let mut tx = key.cx.store.read().await?;
    let found = tx
        .customers(&key.scope, &filter, paging.limit, paging.offset)
        .await?;
    Ok(Json(Page {
        items: found.iter().map(Customer::from).collect(),
    }))
}

#[derive(Deserialize)]
struct NewBody {
    email: Email,
    name: String,
    phone_number: Option<String>,
    metadata: Option<Metadata>,
}

async fn create(
    State(web): State<Web>,
    Making { key, body, call }: Making<NewBody>,
) -> Result<Json<Customer>, Error> {
    let new = NewCustomer {
        id: call.id_of("customer"),
        email: body.email,
        name: body.name,
        phone: body.phone_number,
        metadata: body.metadata.unwrap_or_default().to_json(),
    };
    let made = run(&web, async move {
        customer::create(&key.cx, &key.scope, new).await
    })
    .await?;
    Ok(Json(Customer::from(&made)))
}

async fn show(key: ApiKey, At(id): At<CustomerId>) -> Result<Json<Customer>, Error> {
    let mut tx = key.cx.store.read().await?;
    let customer = tx.customer(&key.scope, &id).await?;
    let customer = customer.ok_or_else(Error::not_found)?;
    Ok(Json(Customer::from(&customer)))
}

#[derive(Deserialize)]
struct ChangesBody {
    email: Option<Email>,
    name: Option<String>,
    #[serde(default)]
    phone_number: Change<String>,
    metadata: Option<Metadata>,
}

/// Null removes the telephone number and leaves every other field as it is.
async fn update(
    State(web): State<Web>,
    Writer(key): Writer,
    At(id): At<CustomerId>,
    body: axum::body::Bytes,
) -> Result<Json<Customer>, Error> {
    let body: ChangesBody = json(&body)?;
    let changes = Changes {
        email: body.email,
        name: body.name,
        phone: body.phone_number,
        metadata: body.metadata.map(|metadata| metadata.to_json()),
    };
    let changed = run(&web, async move {
        customer::update(&key.cx, &key.scope, &id, changes).await
    })
    .await?;
    Ok(Json(Customer::from(&changed)))
}

/// How long a repeat waits for the call that it joins.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct SessionQuery {
    return_url: Option<String>,
    #[serde(default)]
    send_email: bool,
}

#[derive(Serialize)]
struct Session {
    link: String,
}

/// Everything is in the query; a body says nothing. A repeat answers the same link.
async fn portal_session(
    State(web): State<Web>,
    _: Writer,
    At(id): At<CustomerId>,
    Asked(asked): Asked<SessionQuery>,
    Making { key, call, .. }: Making<IgnoredAny>,
) -> Result<Json<Session>, Error> {
    let back = return_url::checked(&key.cx.settings.load(), &key.scope, asked.return_url)
        .map_err(|error| error.coded(INVALID_PARAMETERS))?;
    let link = run(&web, async move {
        let ApiKey {
            cx, scope, id: by, ..
        } = key;
        let made = repeat::once(&cx, &call, PATIENCE, async {
            // A repeat that did not wait long enough makes the same one.
            let link: LinkId = call.id_of("portal-link");
            portal_link::create_as(&cx, &scope, &link, &id, back, by.as_str()).await?;
            if asked.send_email {
                portal_link::send(&cx, &scope, &link).await?;
            }
            Ok(link.to_string())
        });
        let link: LinkId = made
            .await?
            .parse()
            .map_err(|_| flows::Error::NotFound("link"))?;
        portal_link::url_of(&cx, &scope, &link).await
    })
    .await?;
    Ok(Json(Session { link }))
}
