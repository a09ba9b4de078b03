//! `POST /subscriptions/{id}/charge`: a charge on demand.

use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::create::short;
use super::input::{At, invalid};
use super::key::{ApiKey, Writer};
use super::repeats::Making;
use super::run;
use super::subscriptions::MAX_SUM;
use crate::domain::id::{PaymentId, SubscriptionId};
use crate::domain::money::{Currency, Money};
use crate::flows::on_demand::{self, Charge};
use crate::flows::repeat;
use crate::web::{Error, Web};
use crate::wire::Metadata;

pub(super) fn router() -> Router<Web> {
    Router::new().route("/subscriptions/{subscription}/charge", post(create))
}

#[derive(Deserialize)]
struct ChargeBody {
    product_price: i64,
    product_currency: Option<Currency>,
    product_description: Option<String>,
    metadata: Option<Metadata>,
    customer_balance_config: Option<Balance>,
}

/// There are no balances here: one that may be used is empty, one that is to be filled is not
/// sold.
#[derive(Deserialize)]
struct Balance {
    allow_customer_credits_purchase: Option<bool>,
}

/// What it answers.
#[derive(Serialize)]
struct Charged {
    payment_id: PaymentId,
}

async fn create(
    State(web): State<Web>,
    _: Writer,
    At(id): At<SubscriptionId>,
    Making { key, body, call }: Making<ChargeBody>,
) -> Result<Json<Charged>, Error> {
    let known = {
        let mut tx = key.cx.store.read().await?;
        tx.subscription(&key.scope, &id).await?
    };
    let known = known.ok_or_else(Error::not_found)?;
    let currency = known.unit_price.currency;
    if !(1..=MAX_SUM).contains(&body.product_price) {
        return Err(invalid("product_price", "must be 1 to 100000000000"));
    }
    if body.product_currency.is_some_and(|asked| asked != currency) {
        return Err(invalid(
            "product_currency",
            "must be the currency of the subscription",
        ));
    }
    let balance = body.customer_balance_config;
    if balance.is_some_and(|balance| balance.allow_customer_credits_purchase == Some(true)) {
        return Err(invalid(
            "customer_balance_config.allow_customer_credits_purchase",
            "is not supported on this host",
        ));
    }
    let charge = Charge {
        payment: call.id_of("payment"),
        price: Money::new(body.product_price, currency),
        description: short("product_description", body.product_description)?,
        metadata: body.metadata.map(|metadata| metadata.to_json()),
    };
    let payment_id = charge.payment.clone();
    let ApiKey { cx, scope, .. } = key;
    let flow = Box::pin(async move {
        let deadline = cx.settings.load().plugins.deadline;
        let patience = Duration::try_from(deadline).unwrap_or_default() + Duration::from_secs(5);
        let made = async {
            let payment = on_demand::charge(&cx, &scope, &id, charge).await?;
            Ok(payment.to_string())
        };
        repeat::once(&cx, &call, patience, made).await
    });
    run(&web, flow).await?;
    Ok(Json(Charged { payment_id }))
}
