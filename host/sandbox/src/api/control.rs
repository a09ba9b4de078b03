//! The control API: makes things go wrong on demand, and shows everything. It acts on the
//! caller's own account only.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Caller, Desk, read_json};
use crate::clock;
use crate::decline::DeclineCode;
use crate::error::Error;
use crate::faults::{Departure, Fault, WebhookTreatment};
use crate::instrument::Verdict;
use crate::processor::Processor;
use crate::store::{Kind, Page};
use crate::webhooks;
use crate::wire::{self, IntentOut, RefundOut};

/// The most rows that one answer shows.
const MOST: i64 = 10_000;

pub(super) fn router() -> Router<Arc<Processor>> {
    Router::new()
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/forget-keys", post(forget_keys))
        .route("/keys", put(set_keys))
        .route("/debits", put(set_debits))
        .route("/webhooks", get(deliveries).put(treat_webhooks))
        .route("/webhooks/release", post(release_webhooks))
        .route("/charges", get(charges))
        .route("/charges/{id}/settle", post(settle))
        .route("/charges/{id}/fail", post(fail))
        .route("/refunds/{id}/settle", post(settle_refund))
        .route("/refunds/{id}/fail", post(fail_refund))
        .route("/refunds/{id}/bounce", post(bounce_refund))
        .route("/ledger", get(ledger))
}

async fn faults(Caller(account): Caller) -> Json<Value> {
    Json(json!({ "data": account.faults().pending }))
}

async fn add_fault(Caller(account): Caller, body: Bytes) -> Result<StatusCode, Error> {
    let fault: Fault = read_json(&body)?;
    account.faults().pending.push(fault);
    Ok(StatusCode::CREATED)
}

async fn clear_faults(Caller(account): Caller) -> StatusCode {
    account.faults().pending.clear();
    StatusCode::NO_CONTENT
}

/// Which keys to forget.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Forget {
    /// One key; all of them when absent.
    key: Option<String>,
}

async fn forget_keys(
    State(processor): Desk,
    Caller(account): Caller,
    body: Bytes,
) -> Result<Json<Value>, Error> {
    let forget: Forget = if body.is_empty() {
        Forget::default()
    } else {
        read_json(&body)?
    };
    let _memory = processor.memory.write().await;
    let mut tx = processor.store.write().await?;
    let forgotten = tx
        .forget_answers(&account.name, forget.key.as_deref())
        .await?;
    tx.commit().await?;
    Ok(Json(json!({ "forgotten": forgotten })))
}

/// Whether keys do what they are for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// False: an order under a known key is carried out anew. For seeing that an audit notices.
    honoured: bool,
}

async fn set_keys(Caller(account): Caller, body: Bytes) -> Result<StatusCode, Error> {
    let keys: Keys = read_json(&body)?;
    account.faults().ignores_keys = !keys.honoured;
    Ok(StatusCode::NO_CONTENT)
}

/// When bank debits settle or fail by themselves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Debits {
    /// Milliseconds; null: only when they are told to.
    delay_ms: Option<u64>,
}

async fn set_debits(Caller(account): Caller, body: Bytes) -> Result<StatusCode, Error> {
    let debits: Debits = read_json(&body)?;
    account.faults().debit_delay = debits.delay_ms.map(Duration::from_millis);
    Ok(StatusCode::NO_CONTENT)
}

async fn deliveries(State(processor): Desk, Caller(account): Caller) -> Result<Json<Value>, Error> {
    let mut tx = processor.store.read().await?;
    let deliveries = tx.deliveries(&account.name).await?;
    let under_way = tx.deliveries_under_way(&account.name).await?;
    let waiting = tx.waiting_deliveries(&account.name).await?;
    let treatment = account.faults().webhooks;
    Ok(Json(json!({
        "treatment": treatment,
        "under_way": under_way,
        "waiting": waiting,
        "data": deliveries,
    })))
}

async fn treat_webhooks(Caller(account): Caller, body: Bytes) -> Result<StatusCode, Error> {
    let treatment: WebhookTreatment = read_json(&body)?;
    account.faults().webhooks = treatment;
    Ok(StatusCode::NO_CONTENT)
}

/// In which order held webhooks leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sequence {
    #[default]
    AsMade,
    Reversed,
}

/// How held webhooks are let go.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Release {
    order: Sequence,
}

/// Lets the held webhooks go, and those that wait for another try or were given up, and sends later
/// ones at once.
async fn release_webhooks(
    State(processor): Desk,
    Caller(account): Caller,
    body: Bytes,
) -> Result<Json<Value>, Error> {
    let release: Release = if body.is_empty() {
        Release::default()
    } else {
        read_json(&body)?
    };
    let reversed = release.order == Sequence::Reversed;
    let mut tx = processor.store.write().await?;
    let released = webhooks::release(&mut tx, &account, reversed, clock::now()).await?;
    tx.commit().await?;
    account.faults().webhooks.departure = Departure::AtOnce;
    account.wake.notify_one();
    Ok(Json(json!({ "released": released })))
}

async fn charges(State(processor): Desk, Caller(account): Caller) -> Result<Json<Value>, Error> {
    let mut tx = processor.store.read().await?;
    let mut data: Vec<IntentOut> = Vec::new();
    for intent in tx.newest_intents(Some(&account.name), MOST).await? {
        if intent.kind == Kind::Charge {
            data.push(wire::intent_out(&mut tx, &intent, &processor.public_url).await?);
        }
    }
    Ok(Json(json!({ "data": data })))
}

async fn settle(
    State(processor): Desk,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<IntentOut>, Error> {
    end_debit(&processor, caller, &id, Verdict::Succeed).await
}

async fn fail(
    State(processor): Desk,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<IntentOut>, Error> {
    end_debit(
        &processor,
        caller,
        &id,
        Verdict::Decline(DeclineCode::DebitFailed),
    )
    .await
}

async fn end_debit(
    processor: &Processor,
    Caller(account): Caller,
    id: &str,
    verdict: Verdict,
) -> Result<Json<IntentOut>, Error> {
    let mut tx = processor.store.write().await?;
    let mut intent = tx
        .intent(&account.name, Kind::Charge, id)
        .await?
        .ok_or_else(|| Error::not_found("charge"))?;
    processor
        .work(&mut tx, &account, clock::now())
        .settle(&mut intent, verdict)
        .await?;
    let out = wire::intent_out(&mut tx, &intent, &processor.public_url).await?;
    tx.commit().await?;
    account.wake.notify_one();
    Ok(Json(out))
}

async fn settle_refund(
    State(processor): Desk,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<RefundOut>, Error> {
    end_refund(&processor, caller, &id, true).await
}

async fn fail_refund(
    State(processor): Desk,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<RefundOut>, Error> {
    end_refund(&processor, caller, &id, false).await
}

async fn end_refund(
    processor: &Processor,
    Caller(account): Caller,
    id: &str,
    succeeds: bool,
) -> Result<Json<RefundOut>, Error> {
    let mut tx = processor.store.write().await?;
    let refund = tx
        .refund(&account.name, id)
        .await?
        .ok_or_else(|| Error::not_found("refund"))?;
    let out = processor
        .work(&mut tx, &account, clock::now())
        .settle_refund(refund, succeeds)
        .await?;
    tx.commit().await?;
    account.wake.notify_one();
    Ok(Json(out))
}

async fn bounce_refund(
    State(processor): Desk,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<RefundOut>, Error> {
    let mut tx = processor.store.write().await?;
    let refund = tx
        .refund(&account.name, &id)
        .await?
        .ok_or_else(|| Error::not_found("refund"))?;
    let out = processor
        .work(&mut tx, &account, clock::now())
        .bounce_refund(refund)
        .await?;
    tx.commit().await?;
    account.wake.notify_one();
    Ok(Json(out))
}

/// The whole ledger, with what it comes to per currency: charges less refunds and reversals.
async fn ledger(State(processor): Desk, Caller(account): Caller) -> Result<Json<Value>, Error> {
    let page = Page {
        from: 0,
        to: i64::MAX,
        after: 0,
        limit: MOST,
    };
    let entries = processor
        .store
        .read()
        .await?
        .ledger(&account.name, page)
        .await?;
    let mut totals: BTreeMap<&str, i64> = BTreeMap::new();
    for entry in &entries {
        *totals.entry(&entry.currency).or_default() += match entry.kind {
            crate::store::EntryKind::Charge | crate::store::EntryKind::ReversalReturned => {
                entry.amount
            }
            crate::store::EntryKind::Refund | crate::store::EntryKind::Reversal => -entry.amount,
        };
    }
    Ok(Json(json!({ "data": entries, "totals": totals })))
}
