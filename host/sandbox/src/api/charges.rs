//! Charges and set-ups: make, show, find by key, cancel.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Caller, Desk, carry_out, read_json, spoil, strike};
use crate::clock;
use crate::error::Error;
use crate::faults::Operation;
use crate::orders::Order;
use crate::processor::Processor;
use crate::store::{Intent, Kind};
use crate::wire::{self, IntentOut};

pub(super) async fn create(
    State(processor): Desk,
    Caller(account): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    carry_out(
        &processor,
        &account,
        &headers,
        Order::Charge(read_json(&body)?),
    )
    .await
}

pub(super) async fn create_setup(
    State(processor): Desk,
    Caller(account): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    carry_out(
        &processor,
        &account,
        &headers,
        Order::Setup(read_json(&body)?),
    )
    .await
}

pub(super) async fn show(
    State(processor): Desk,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    show_intent(&processor, caller, Kind::Charge, &id).await
}

pub(super) async fn show_setup(
    State(processor): Desk,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    show_intent(&processor, caller, Kind::Setup, &id).await
}

async fn show_intent(
    processor: &Arc<Processor>,
    Caller(account): Caller,
    kind: Kind,
    id: &str,
) -> Result<Response, Error> {
    let mut tx = processor.store.write().await?;
    let mut intent = tx
        .intent(&account.name, kind, id)
        .await?
        .ok_or_else(|| Error::not_found("object"))?;
    processor.expire(&mut tx, &account, &mut intent).await?;
    let out = wire::intent_out(&mut tx, &intent, &processor.public_url).await?;
    tx.commit().await?;
    let fault = strike(
        &account,
        Operation::Lookup,
        &intent.customer,
        &intent.metadata(),
    )
    .await;
    Ok(spoil(fault, Json(out).into_response()))
}

/// Which key to look for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByKey {
    pub(super) key: String,
}

/// What was found under a key: nothing, one, or several when the key was used again after it
/// was forgotten.
#[derive(Debug, Serialize)]
pub(super) struct Found<T> {
    pub(super) data: Vec<T>,
    /// A thing made less than this long ago may be missing.
    pub(super) lag_seconds: u64,
}

pub(super) async fn find(
    State(processor): Desk,
    caller: Caller,
    Query(query): Query<ByKey>,
) -> Result<Response, Error> {
    find_intents(&processor, caller, Kind::Charge, &query.key).await
}

pub(super) async fn find_setup(
    State(processor): Desk,
    caller: Caller,
    Query(query): Query<ByKey>,
) -> Result<Response, Error> {
    find_intents(&processor, caller, Kind::Setup, &query.key).await
}

async fn find_intents(
    processor: &Arc<Processor>,
    Caller(account): Caller,
    kind: Kind,
    key: &str,
) -> Result<Response, Error> {
    let mut tx = processor.store.write().await?;
    let mut intents = tx.intents_by_key(&account.name, kind, key).await?;
    for intent in &mut intents {
        processor.expire(&mut tx, &account, intent).await?;
    }
    let mut data: Vec<IntentOut> = Vec::with_capacity(intents.len());
    for intent in &intents {
        data.push(wire::intent_out(&mut tx, intent, &processor.public_url).await?);
    }
    tx.commit().await?;
    if account.faults().hides(key, clock::now()) {
        data.clear();
    }
    let (customer, metadata) = intents
        .first()
        .map(|intent| (intent.customer.clone(), intent.metadata()))
        .unwrap_or_default();
    let fault = strike(&account, Operation::Lookup, &customer, &metadata).await;
    let found = Found {
        data,
        lag_seconds: processor.lookup_lag.as_secs(),
    };
    Ok(spoil(fault, Json(found).into_response()))
}

pub(super) async fn cancel(
    State(processor): Desk,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    cancel_intent(&processor, caller, Kind::Charge, &id).await
}

pub(super) async fn cancel_setup(
    State(processor): Desk,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    cancel_intent(&processor, caller, Kind::Setup, &id).await
}

/// Cancels what still awaits its customer, and says what it is now in either case.
async fn cancel_intent(
    processor: &Arc<Processor>,
    Caller(account): Caller,
    kind: Kind,
    id: &str,
) -> Result<Response, Error> {
    let mut tx = processor.store.write().await?;
    let mut intent: Intent = tx
        .intent(&account.name, kind, id)
        .await?
        .ok_or_else(|| Error::not_found("object"))?;
    let done = processor
        .work(&mut tx, &account, clock::now())
        .cancel(&mut intent)
        .await?;
    let object = wire::intent_out(&mut tx, &intent, &processor.public_url).await?;
    tx.commit().await?;
    account.wake.notify_one();
    let result = if done { "cancelled" } else { "too_late" };
    let fault = strike(
        &account,
        Operation::Cancel,
        &intent.customer,
        &intent.metadata(),
    )
    .await;
    Ok(spoil(
        fault,
        Json(json!({ "result": result, "object": object })).into_response(),
    ))
}
