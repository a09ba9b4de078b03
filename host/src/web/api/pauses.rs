//! `POST /subscriptions/{id}/pause`, this host's own: a pause with a date on which it ends, and
//! with what was used before. `PATCH` with a status, as Dodo has it, knows neither.

use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::create::short;
use super::input::{At, invalid};
use super::key::{ApiKey, Writer};
use super::repeats::Making;
use super::run;
use super::subscriptions::MAX_SUM;
use crate::domain::id::{PaymentId, SubscriptionId};
use crate::domain::money::Money;
use crate::flows::pause::{self, Pause, Settlement};
use crate::flows::repeat;
use crate::web::{Error, Web};
use crate::wire::subscription::Status;

pub(super) fn router() -> Router<Web> {
    Router::new().route("/subscriptions/{subscription}/pause", post(create))
}

#[derive(Deserialize)]
struct PauseBody {
    resume_at: Option<Timestamp>,
    settlement: Option<SettlementBody>,
}

#[derive(Deserialize)]
struct SettlementBody {
    product_price: i64,
    product_description: Option<String>,
}

/// What it answers.
#[derive(Serialize)]
struct PauseAnswer {
    subscription_id: SubscriptionId,
    status: Status,
    paused_at: Option<Timestamp>,
    resume_at: Option<Timestamp>,
    payment_id: Option<PaymentId>,
}

async fn create(
    State(web): State<Web>,
    _: Writer,
    At(id): At<SubscriptionId>,
    Making { key, body, call }: Making<Option<PauseBody>>,
) -> Result<Json<PauseAnswer>, Error> {
    let body = body.unwrap_or(PauseBody {
        resume_at: None,
        settlement: None,
    });
    let known = {
        let mut tx = key.cx.store.read().await?;
        tx.subscription(&key.scope, &id).await?
    };
    let known = known.ok_or_else(Error::not_found)?;
    let settlement = match body.settlement {
        Some(told) if told.product_price > MAX_SUM => {
            return Err(invalid("settlement.product_price", "is too much"));
        }
        Some(told) => Some(Settlement {
            payment: call.id_of("payment"),
            price: Money::new(told.product_price, known.unit_price.currency),
            description: short("settlement.product_description", told.product_description)?,
        }),
        None => None,
    };
    let payment_id = settlement
        .as_ref()
        .map(|settlement| settlement.payment.clone());
    let wish = Pause {
        resume_at: body.resume_at,
        settlement,
    };
    let ApiKey { cx, scope, .. } = key;
    let (store, own) = (cx.store.clone(), scope.clone());
    let subscription = id.clone();
    let flow = Box::pin(async move {
        let deadline = cx.settings.load().plugins.deadline;
        let patience = Duration::try_from(deadline).unwrap_or_default() + Duration::from_secs(5);
        let made = async {
            let paused = pause::start(&cx, &scope, &subscription, wish).await?;
            Ok(paused.id.to_string())
        };
        repeat::once(&cx, &call, patience, made).await
    });
    run(&web, flow).await?;
    let subscription = {
        let mut tx = store.read().await?;
        tx.subscription(&own, &id).await?
    };
    let subscription = subscription.ok_or_else(Error::not_found)?;
    Ok(Json(PauseAnswer {
        status: Status::from(&subscription.state),
        paused_at: subscription.state.paused_since(),
        resume_at: subscription.resume_at,
        subscription_id: subscription.id,
        payment_id,
    }))
}
