//! `/license_keys` and `/license_key_instances`, for the merchant.

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;

use super::input::{Asked, At, Paging, invalid, json};
use super::key::{ApiKey, Writer};
use super::repeats::Making;
use super::run;
use crate::domain::id::{CustomerId, LicenseId, LicenseInstanceId, ProductId};
use crate::domain::license::{LicenseSource, LicenseStatus};
use crate::flows::Change;
use crate::flows::license_keys::{self, Changes, NewKey};
use crate::store::LicenseFilter;
use crate::web::{Error, Web};
use crate::wire::Page;
use crate::wire::license::{Instance, LicenseKey};

/// The field that says on how many devices a key may be active.
const LIMIT: &str = "activations_limit";
/// The longest key, in bytes.
const MAX_KEY: usize = 255;
/// Dodo's integers have a sign and 32 bits.
const MOST_ACTIVATIONS: u32 = i32::MAX as u32;
/// The longest name of a device, in characters.
const MAX_NAME: usize = 255;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/license_keys", get(index).post(create))
        .route("/license_keys/{license}", get(show).patch(update))
        .route("/license_key_instances", get(instances))
        .route(
            "/license_key_instances/{instance}",
            get(instance).patch(rename),
        )
}

#[derive(Deserialize)]
struct Filter {
    customer_id: Option<String>,
    product_id: Option<String>,
    status: Option<LicenseStatus>,
    source: Option<LicenseSource>,
    created_at_gte: Option<Timestamp>,
    created_at_lte: Option<Timestamp>,
}

async fn index(
    key: ApiKey,
    Asked(asked): Asked<Filter>,
    paging: Paging,
) -> Result<Json<Page<LicenseKey>>, Error> {
    let nothing = Json(Page { items: Vec::new() });
    let customer = asked.customer_id.map(CustomerId::try_from).transpose();
    let product = asked.product_id.map(ProductId::try_from).transpose();
    let (Ok(customer), Ok(product)) = (customer, product) else {
        return Ok(nothing);
    };
    let mut tx = key.cx.store.read().await?;
    let now = key.cx.business_now(&mut tx, &key.scope).await?;
    let filter = LicenseFilter {
        customer,
        product,
        status: asked.status.map(|status| (status, now)),
        source: asked.source,
        created_from: asked.created_at_gte,
        created_to: asked.created_at_lte,
    };
    let found = tx
        .find_licenses(&key.scope, &filter, paging.limit, paging.offset)
        .await?;
    Ok(Json(Page {
        items: found
            .iter()
            .map(|license| LicenseKey::new(license, now))
            .collect(),
    }))
}

async fn show(key: ApiKey, At(id): At<LicenseId>) -> Result<Json<LicenseKey>, Error> {
    let mut tx = key.cx.store.read().await?;
    let license = tx.license(&key.scope, &id).await?;
    let license = license.ok_or_else(Error::not_found)?;
    let now = key.cx.business_now(&mut tx, &key.scope).await?;
    Ok(Json(LicenseKey::new(&license, now)))
}

#[derive(Deserialize)]
struct NewBody {
    customer_id: CustomerId,
    key: String,
    product_id: ProductId,
    activations_limit: Option<u32>,
    expires_at: Option<Timestamp>,
}

async fn create(
    State(web): State<Web>,
    Making { key, body, call }: Making<NewBody>,
) -> Result<Json<LicenseKey>, Error> {
    let text = body.key.trim();
    if text.is_empty() || text.len() > MAX_KEY || text.chars().any(char::is_control) {
        return Err(invalid("key", "must have 1 to 255 bytes in one line"));
    }
    let new = NewKey {
        id: call.id_of("license"),
        customer: body.customer_id,
        product: body.product_id,
        key: text.to_owned(),
        activations_limit: body
            .activations_limit
            .map(|most| limit(LIMIT, most))
            .transpose()?,
        expires_at: body.expires_at,
    };
    let made = run(&web, async move {
        let license = license_keys::import(&key.cx, &key.scope, new).await?;
        let mut tx = key.cx.store.read().await?;
        let now = key.cx.business_now(&mut tx, &key.scope).await?;
        Ok(LicenseKey::new(&license, now))
    })
    .await?;
    Ok(Json(made))
}

#[derive(Deserialize)]
struct ChangeBody {
    #[serde(default)]
    activations_limit: Change<u32>,
    disabled: Option<bool>,
    #[serde(default)]
    expires_at: Change<Timestamp>,
}

async fn update(
    State(web): State<Web>,
    Writer(key): Writer,
    At(id): At<LicenseId>,
    body: Bytes,
) -> Result<Json<LicenseKey>, Error> {
    let body: ChangeBody = json(&body)?;
    let changes = Changes {
        activations_limit: match body.activations_limit {
            Change::Set(most) => Change::Set(limit(LIMIT, most)?),
            other => other,
        },
        disabled: body.disabled,
        expires_at: body.expires_at,
    };
    let changed = run(&web, async move {
        let license = license_keys::update(&key.cx, &key.scope, &id, changes).await?;
        let mut tx = key.cx.store.read().await?;
        let now = key.cx.business_now(&mut tx, &key.scope).await?;
        Ok(LicenseKey::new(&license, now))
    })
    .await?;
    Ok(Json(changed))
}

/// How many devices a key may be active on, as `field` says.
pub(super) fn limit(field: &str, most: u32) -> Result<u32, Error> {
    if (1..=MOST_ACTIVATIONS).contains(&most) {
        Ok(most)
    } else {
        Err(invalid(field, "must be 1 to 2147483647, or null"))
    }
}

#[derive(Deserialize)]
struct InstanceFilter {
    license_key_id: Option<String>,
    grant_id: Option<String>,
}

async fn instances(
    key: ApiKey,
    Asked(asked): Asked<InstanceFilter>,
    paging: Paging,
) -> Result<Json<Page<Instance>>, Error> {
    let license = asked.license_key_id.map(LicenseId::try_from).transpose();
    // No key comes with a grant here.
    let (Ok(license), None) = (license, asked.grant_id) else {
        return Ok(Json(Page { items: Vec::new() }));
    };
    let mut tx = key.cx.store.read().await?;
    let found = tx
        .license_instances(&key.scope, license.as_ref(), paging.limit, paging.offset)
        .await?;
    let business = &key.scope.business;
    Ok(Json(Page {
        items: found
            .iter()
            .map(|instance| Instance::new(instance, business))
            .collect(),
    }))
}

async fn instance(key: ApiKey, At(id): At<LicenseInstanceId>) -> Result<Json<Instance>, Error> {
    let mut tx = key.cx.store.read().await?;
    let instance = tx.license_instance(&id).await?;
    let instance = instance.ok_or_else(Error::not_found)?;
    if tx.license(&key.scope, &instance.license).await?.is_none() {
        return Err(Error::not_found());
    }
    Ok(Json(Instance::new(&instance, &key.scope.business)))
}

#[derive(Deserialize)]
struct NameBody {
    name: String,
}

async fn rename(
    State(web): State<Web>,
    Writer(key): Writer,
    At(id): At<LicenseInstanceId>,
    body: Bytes,
) -> Result<Json<Instance>, Error> {
    let NameBody { name } = json(&body)?;
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(invalid("name", "must have 1 to 255 characters"));
    }
    let business = key.scope.business.clone();
    let renamed = run(&web, async move {
        license_keys::rename(&key.cx, &key.scope, &id, name).await
    })
    .await?;
    Ok(Json(Instance::new(&renamed, &business)))
}
