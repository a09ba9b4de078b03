//! Refunds: make, show, find by key.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};

use super::charges::{ByKey, Found};
use super::{Caller, Desk, carry_out, read_json, spoil, strike};
use crate::clock;
use crate::error::Error;
use crate::faults::Operation;
use crate::orders::Order;
use crate::wire::RefundOut;

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
        Order::Refund(read_json(&body)?),
    )
    .await
}

pub(super) async fn show(
    State(processor): Desk,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<RefundOut>, Error> {
    let mut tx = processor.store.read().await?;
    let refund = tx
        .refund(&account.name, &id)
        .await?
        .ok_or_else(|| Error::not_found("refund"))?;
    Ok(Json(RefundOut::from(refund)))
}

pub(super) async fn find(
    State(processor): Desk,
    Caller(account): Caller,
    Query(query): Query<ByKey>,
) -> Result<Response, Error> {
    let mut tx = processor.store.read().await?;
    let refunds = tx.refunds_by_key(&account.name, &query.key).await?;
    drop(tx);
    let metadata = refunds
        .first()
        .map(crate::store::Refund::metadata)
        .unwrap_or_default();
    let mut data: Vec<RefundOut> = refunds.into_iter().map(RefundOut::from).collect();
    if account.faults().hides(&query.key, clock::now()) {
        data.clear();
    }
    let fault = strike(&account, Operation::Lookup, "", &metadata).await;
    let found = Found {
        data,
        lag_seconds: processor.lookup_lag.as_secs(),
    };
    Ok(spoil(fault, Json(found).into_response()))
}
