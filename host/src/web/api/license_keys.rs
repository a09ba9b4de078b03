//! `/license_keys` and `/license_key_instances`, for the merchant.

use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;

use super::input::{Asked, At, Paging};
use super::key::ApiKey;
use crate::domain::id::{CustomerId, LicenseId, LicenseInstanceId, ProductId};
use crate::domain::license::LicenseStatus;
use crate::store::LicenseFilter;
use crate::web::{Error, Web};
use crate::wire::Page;
use crate::wire::license::{Instance, LicenseKey};

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/license_keys", get(index))
        .route("/license_keys/{license}", get(show))
        .route("/license_key_instances", get(instances))
        .route("/license_key_instances/{instance}", get(instance))
}

#[derive(Deserialize)]
struct Filter {
    customer_id: Option<String>,
    product_id: Option<String>,
    status: Option<LicenseStatus>,
    source: Option<String>,
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
    // Every key comes with a purchase.
    let others = asked.source.is_some_and(|source| source != "auto");
    let (Ok(customer), Ok(product), false) = (customer, product, others) else {
        return Ok(nothing);
    };
    let mut tx = key.cx.store.read().await?;
    let now = key.cx.business_now(&mut tx, &key.scope).await?;
    let filter = LicenseFilter {
        customer,
        product,
        status: asked.status.map(|status| (status, now)),
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
