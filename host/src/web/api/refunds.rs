//! `/refunds`: giving money back, and reading what went back.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;

use super::input::{Asked, At, Paging, invalid};
use super::key::ApiKey;
use super::repeats::Making;
use super::run;
use crate::domain::id::{CustomerId, PaymentId, RefundId, SubscriptionId};
use crate::domain::refund::parts::{Wish, WishedItem};
use crate::flows::refund::{self, NewRefund};
use crate::store::RefundFilter;
use crate::web::{Error, Web};
use crate::wire::refund::{Refund, RefundItem, Status};
use crate::wire::{Metadata, Page, load};

/// The most lines in one refund.
const MAX_ITEMS: usize = 100;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/refunds", get(index).post(create))
        .route("/refunds/{refund}", get(show))
}

#[derive(Deserialize)]
struct Filter {
    customer_id: Option<String>,
    subscription_id: Option<String>,
    status: Option<String>,
    created_at_gte: Option<Timestamp>,
    created_at_lte: Option<Timestamp>,
}

impl Filter {
    /// None when it can match nothing: a foreign id, a status this host never gives.
    fn read(self) -> Option<RefundFilter> {
        let status = self.status.map(|word| word.parse::<Status>()).transpose();
        Some(RefundFilter {
            customer: self
                .customer_id
                .map(CustomerId::try_from)
                .transpose()
                .ok()?,
            subscription: self
                .subscription_id
                .map(SubscriptionId::try_from)
                .transpose()
                .ok()?,
            standing: status.ok()?.map(Status::as_str),
            created_from: self.created_at_gte,
            created_to: self.created_at_lte,
        })
    }
}

async fn index(
    key: ApiKey,
    Asked(asked): Asked<Filter>,
    paging: Paging,
) -> Result<Json<Page<RefundItem>>, Error> {
    let Some(filter) = asked.read() else {
        return Ok(Json(Page { items: Vec::new() }));
    };
    let mut tx = key.cx.store.read().await?;
    let found = tx
        .refunds(&key.scope, &filter, paging.limit, paging.offset)
        .await?;
    let items = found.iter().map(RefundItem::new).collect();
    Ok(Json(Page { items }))
}

async fn show(key: ApiKey, At(id): At<RefundId>) -> Result<Json<Refund>, Error> {
    let mut tx = key.cx.store.read().await?;
    let refund = tx.refund(&key.scope, &id).await?;
    let refund = refund.ok_or_else(Error::not_found)?;
    Ok(Json(load::refund(&mut tx, &refund).await?))
}

#[derive(Deserialize)]
struct NewBody {
    payment_id: String,
    items: Option<Vec<ItemBody>>,
    metadata: Option<Metadata>,
    reason: Option<String>,
    /// Of this host: the payment's subscription ends at once as well.
    cancel_subscription: Option<bool>,
}

#[derive(Deserialize)]
struct ItemBody {
    item_id: String,
    amount: Option<i64>,
    tax_inclusive: Option<bool>,
}

async fn create(
    State(web): State<Web>,
    Making { key, body, call }: Making<NewBody>,
) -> Result<Json<Refund>, Error> {
    let payment: PaymentId = body
        .payment_id
        .parse()
        .map_err(|_| Error::not_found().saying("there is no such payment"))?;
    let items = body.items.unwrap_or_default();
    if items.len() > MAX_ITEMS {
        return Err(invalid("items", "are more than 100"));
    }
    let wish = if items.is_empty() {
        Wish::Rest
    } else {
        let items = items.into_iter().map(|item| WishedItem {
            id: item.item_id,
            amount: item.amount,
            tax_inclusive: item.tax_inclusive.unwrap_or(true),
        });
        Wish::Items(items.collect())
    };
    let new = NewRefund {
        id: call.id_of("refund"),
        payment,
        wish,
        reason: body.reason,
        metadata: body.metadata.unwrap_or_default().to_json(),
        cancel_subscription: body.cancel_subscription.unwrap_or(false),
    };
    let (cx, scope) = (key.cx.clone(), key.scope.clone());
    let made = run(
        &web,
        Box::pin(async move { refund::create(&cx, &scope, new).await }),
    )
    .await?;
    let mut tx = key.cx.store.read().await?;
    Ok(Json(load::refund(&mut tx, &made).await?))
}
