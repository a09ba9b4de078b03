//! The page of the customer's bank, where a payment is approved or refused (3-D Secure).

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Order, elsewhere, missing, page, settle_visit, visited, way_back};
use crate::clock;
use crate::error::Error;
use crate::processor::Processor;
use crate::store::Status;

/// What the page shows.
#[derive(Debug, Serialize)]
struct ConfirmPage {
    order: Order,
    token: String,
    /// Such as `visa ending in 3155`.
    brand: String,
    last_four: String,
}

/// The button that was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Approve,
    Refuse,
}

/// The form.
#[derive(Debug, Deserialize)]
pub(super) struct Decided {
    decision: Decision,
}

pub(super) async fn show(
    State(processor): State<Arc<Processor>>,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let mut tx = processor.store.write().await?;
    let Some((intent, account)) = visited(&processor, &mut tx, &token).await? else {
        return missing(&processor);
    };
    let method = match &intent.method {
        Some(id) => tx.method(&intent.account, id).await?,
        None => None,
    };
    tx.commit().await?;
    account.wake.notify_one();
    let (Status::AwaitingAuthentication, Some(method)) = (intent.status, method) else {
        return elsewhere(&processor, &intent);
    };
    let shown = ConfirmPage {
        order: Order::new(&intent),
        token: intent.token.clone(),
        brand: method.brand,
        last_four: method.last_four,
    };
    page(
        &processor,
        StatusCode::OK,
        "confirm.html",
        &shown,
        way_back(&intent).as_deref(),
    )
}

pub(super) async fn submit(
    State(processor): State<Arc<Processor>>,
    Path(token): Path<String>,
    Form(decided): Form<Decided>,
) -> Result<Response, Error> {
    let mut tx = processor.store.write().await?;
    let Some((mut intent, account)) = visited(&processor, &mut tx, &token).await? else {
        return missing(&processor);
    };
    if intent.status != Status::AwaitingAuthentication {
        tx.commit().await?;
        return elsewhere(&processor, &intent);
    }
    let approved = decided.decision == Decision::Approve;
    processor
        .work(&mut tx, &account, clock::now())
        .confirm(&mut intent, approved)
        .await?;
    settle_visit(&processor, tx, &account, &intent).await
}
