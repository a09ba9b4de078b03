//! What the processor says of itself, and the ledger.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Caller, Desk, spoil, strike};
use crate::error::Error;
use crate::faults::Operation;
use crate::money;
use crate::store::Page;

/// Entries on a page of the ledger, at most and by default.
const MOST: i64 = 100;

pub(super) async fn info(State(processor): Desk, Caller(account): Caller) -> Json<Value> {
    let currencies: Vec<&str> = money::CURRENCIES.iter().map(|(code, _)| *code).collect();
    Json(json!({
        "account": account.name,
        "methods": ["card", "bank_debit"],
        "currencies": currencies,
        "least_amount": money::LEAST,
        "greatest_amount": money::GREATEST,
        "key_lifetime_seconds": processor.key_lifetime.as_secs(),
        "lookup_lag_seconds": processor.lookup_lag.as_secs(),
    }))
}

/// Which part of the ledger: moments in microseconds, `to` not included.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default)]
    from: i64,
    #[serde(default = "forever")]
    to: i64,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    cursor: i64,
    #[serde(default = "most")]
    limit: i64,
}

fn forever() -> i64 {
    i64::MAX
}

fn most() -> i64 {
    MOST
}

pub(super) async fn index(
    State(processor): Desk,
    Caller(account): Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let limit = wanted.limit.clamp(1, MOST);
    let page = Page {
        from: wanted.from,
        to: wanted.to,
        after: wanted.cursor,
        limit: limit + 1,
    };
    let mut entries = processor
        .store
        .read()
        .await?
        .ledger(&account.name, page)
        .await?;
    let more = entries.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        entries.pop();
    }
    let next = entries.last().filter(|_| more).map(|entry| entry.seq);
    let fault = strike(&account, Operation::Ledger, "", &BTreeMap::new()).await;
    let real = Json(json!({ "data": entries, "next_cursor": next })).into_response();
    Ok(spoil(fault, real))
}
