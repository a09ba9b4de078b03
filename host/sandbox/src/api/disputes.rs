//! Banks that take money back, on demand: part of the control API.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{post, put};
use axum::{Json, Router};
use serde::Deserialize;

use super::{Caller, Desk, read_json};
use crate::clock;
use crate::error::Error;
use crate::orders::NewDispute;
use crate::processor::Processor;
use crate::wire::{DisputeOut, MethodOut};

pub(super) fn router() -> Router<Arc<Processor>> {
    Router::new()
        .route("/refunds", put(treat_refunds))
        .route("/charges/{id}/dispute", post(open))
        .route("/charges/{id}/return", post(return_debit))
        .route("/methods/{id}/revoke", post(revoke))
        .route("/disputes/{id}/win", post(win))
        .route("/disputes/{id}/lose", post(lose))
}

/// How refunds of cards are treated.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refunds {
    /// Whether they, too, are under way until they are told to end.
    held: bool,
}

async fn treat_refunds(Caller(account): Caller, body: Bytes) -> Result<StatusCode, Error> {
    let refunds: Refunds = read_json(&body)?;
    account.faults().refunds_held = refunds.held;
    Ok(StatusCode::NO_CONTENT)
}

async fn open(
    State(processor): Desk,
    Caller(account): Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<DisputeOut>, Error> {
    let order: NewDispute = if body.is_empty() {
        NewDispute::default()
    } else {
        read_json(&body)?
    };
    let mut tx = processor.store.write().await?;
    let out = processor
        .work(&mut tx, &account, clock::now())
        .dispute(&id, &order)
        .await?;
    tx.commit().await?;
    account.wake.notify_one();
    Ok(Json(out))
}

async fn return_debit(
    State(processor): Desk,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<DisputeOut>, Error> {
    let mut tx = processor.store.write().await?;
    let out = processor
        .work(&mut tx, &account, clock::now())
        .return_debit(&id)
        .await?;
    tx.commit().await?;
    account.wake.notify_one();
    Ok(Json(out))
}

async fn revoke(
    State(processor): Desk,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<MethodOut>, Error> {
    let mut tx = processor.store.write().await?;
    let out = processor
        .work(&mut tx, &account, clock::now())
        .revoke_method(&id)
        .await?;
    tx.commit().await?;
    account.wake.notify_one();
    Ok(Json(out))
}

async fn win(
    State(processor): Desk,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DisputeOut>, Error> {
    decide(&processor, caller, &id, true).await
}

async fn lose(
    State(processor): Desk,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DisputeOut>, Error> {
    decide(&processor, caller, &id, false).await
}

async fn decide(
    processor: &Processor,
    Caller(account): Caller,
    id: &str,
    won: bool,
) -> Result<Json<DisputeOut>, Error> {
    let mut tx = processor.store.write().await?;
    let dispute = tx
        .dispute(&account.name, id)
        .await?
        .ok_or_else(|| Error::not_found("dispute"))?;
    let out = processor
        .work(&mut tx, &account, clock::now())
        .decide_dispute(dispute, won)
        .await?;
    tx.commit().await?;
    account.wake.notify_one();
    Ok(Json(out))
}
