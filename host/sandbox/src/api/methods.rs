//! Saved payment methods: show, list a customer's, let one go.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::{Caller, Desk, spoil, strike};
use crate::clock;
use crate::error::Error;
use crate::faults::Operation;
use crate::wire::MethodOut;

pub(super) async fn show(
    State(processor): Desk,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<MethodOut>, Error> {
    let mut tx = processor.store.read().await?;
    let method = tx
        .method(&account.name, &id)
        .await?
        .ok_or_else(|| Error::not_found("method"))?;
    Ok(Json(MethodOut::from(method)))
}

pub(super) async fn index(
    State(processor): Desk,
    Caller(account): Caller,
    Path(reference): Path<String>,
) -> Result<Json<Value>, Error> {
    let mut tx = processor.store.read().await?;
    let methods = tx.methods_of(&account.name, &reference).await?;
    let data: Vec<MethodOut> = methods.into_iter().map(MethodOut::from).collect();
    Ok(Json(json!({ "data": data })))
}

/// Lets a method go. Letting go of one that is gone is no error.
pub(super) async fn detach(
    State(processor): Desk,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let mut tx = processor.store.write().await?;
    tx.mark_method_detached(&account.name, &id, clock::now())
        .await?;
    let method = tx
        .method(&account.name, &id)
        .await?
        .ok_or_else(|| Error::not_found("method"))?;
    tx.commit().await?;
    let fault = strike(
        &account,
        Operation::Detach,
        &method.customer,
        &BTreeMap::new(),
    )
    .await;
    Ok(spoil(fault, Json(MethodOut::from(method)).into_response()))
}
