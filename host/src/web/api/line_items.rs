//! `/payments/{id}/line-items`: what was paid for, and how much of each line can be given back.

use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::input::At;
use super::key::ApiKey;
use crate::domain::id::PaymentId;
use crate::domain::money::Currency;
use crate::domain::refund::parts;
use crate::flows::refund;
use crate::web::{Error, Web};
use crate::wire::Null;

pub(super) fn router() -> Router<Web> {
    Router::new().route("/payments/{payment}/line-items", get(show))
}

/// `PaymentRetrieveLineItemsResponse`.
#[derive(Serialize)]
struct LineItems {
    currency: Currency,
    items: Vec<LineItem>,
}

#[derive(Serialize)]
struct LineItem {
    amount: i64,
    items_id: String,
    refundable_amount: i64,
    tax: i64,
    description: Null,
    name: Option<String>,
}

async fn show(key: ApiKey, At(id): At<PaymentId>) -> Result<Json<LineItems>, Error> {
    let mut tx = key.cx.store.read().await?;
    let payment = tx.payment(&key.scope, &id).await?;
    let payment = payment.ok_or_else(Error::not_found)?;
    let debts = tx.debts_of_payment(&payment.id).await?;
    let lines: Vec<_> = debts.into_iter().flat_map(|debt| debt.lines).collect();
    let items = parts::items(&lines, payment.amount).map_err(crate::flows::Error::from)?;
    // Before the money has arrived nothing can be given back.
    let has = refund::refundable(&mut tx, &payment).await?;
    let items = items.into_iter().map(|item| {
        let left = parts::left_of(&item, &has.gone).clamp(0, has.left.minor);
        LineItem {
            amount: item.gross,
            refundable_amount: left,
            tax: item.tax,
            description: None,
            name: Some(item.name).filter(|name| !name.is_empty()),
            items_id: item.id,
        }
    });
    Ok(Json(LineItems {
        currency: payment.amount.currency,
        items: items.collect(),
    }))
}
