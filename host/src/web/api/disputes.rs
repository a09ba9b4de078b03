//! `/disputes`: payments that customers contest at their banks. Gateways tell of them; nothing is
//! made here.

use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;

use super::input::{Asked, At, Paging};
use super::key::ApiKey;
use crate::domain::id::{CustomerId, DisputeId};
use crate::store::DisputeFilter;
use crate::web::{Error, Web};
use crate::wire::dispute::{Dispute, DisputeItem, STAGE, Status};
use crate::wire::{Page, load};

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/disputes", get(index))
        .route("/disputes/{dispute}", get(show))
}

#[derive(Deserialize)]
struct Filter {
    customer_id: Option<String>,
    dispute_stage: Option<String>,
    dispute_status: Option<String>,
    created_at_gte: Option<Timestamp>,
    created_at_lte: Option<Timestamp>,
}

impl Filter {
    /// None when it can match nothing: a foreign id, a stage or status this host never gives.
    fn read(self) -> Option<DisputeFilter> {
        if self.dispute_stage.is_some_and(|stage| stage != STAGE) {
            return None;
        }
        let status = self.dispute_status.map(|word| word.parse::<Status>());
        Some(DisputeFilter {
            customer: self
                .customer_id
                .map(CustomerId::try_from)
                .transpose()
                .ok()?,
            state: status.transpose().ok()?.map(Status::state),
            created_from: self.created_at_gte,
            created_to: self.created_at_lte,
        })
    }
}

async fn index(
    key: ApiKey,
    Asked(asked): Asked<Filter>,
    paging: Paging,
) -> Result<Json<Page<DisputeItem>>, Error> {
    let Some(filter) = asked.read() else {
        return Ok(Json(Page { items: Vec::new() }));
    };
    let mut tx = key.cx.store.read().await?;
    let found = tx
        .disputes(&key.scope, &filter, paging.limit, paging.offset)
        .await?;
    let items = found.iter().map(DisputeItem::new).collect();
    Ok(Json(Page { items }))
}

async fn show(key: ApiKey, At(id): At<DisputeId>) -> Result<Json<Dispute>, Error> {
    let mut tx = key.cx.store.read().await?;
    let dispute = tx.dispute(&key.scope, &id).await?;
    let dispute = dispute.ok_or_else(Error::not_found)?;
    Ok(Json(load::dispute(&mut tx, &dispute).await?))
}
