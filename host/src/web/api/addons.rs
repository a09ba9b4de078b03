//! `/addons`: what is sold on top of plans.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::Value;

use super::input::{At, Paging, check_wishes, invalid, json};
use super::key::{ApiKey, Writer};
use super::products::{MAX_NAME, MAX_PRICE, MAX_TEXT};
use super::repeats::Making;
use super::run;
use crate::domain::id::AddonId;
use crate::domain::money::{Currency, Money};
use crate::flows::Change;
use crate::flows::addon::{self, Changes, NewAddon};
use crate::web::{Error, Web};
use crate::wire::Page;
use crate::wire::addon::Addon;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/addons", get(index).post(create))
        .route("/addons/{addon}", get(show).patch(update))
}

async fn index(key: ApiKey, paging: Paging) -> Result<Json<Page<Addon>>, Error> {
    let mut tx = key.cx.store.read().await?;
    let found = tx.addons(&key.scope, paging.limit, paging.offset).await?;
    Ok(Json(Page {
        items: found.iter().map(Addon::from).collect(),
    }))
}

async fn show(key: ApiKey, At(id): At<AddonId>) -> Result<Json<Addon>, Error> {
    let mut tx = key.cx.store.read().await?;
    let addon = tx.addon(&key.scope, &id).await?;
    let addon = addon.ok_or_else(Error::not_found)?;
    Ok(Json(Addon::from(&addon)))
}

#[derive(Deserialize)]
struct NewBody {
    currency: Currency,
    name: String,
    price: i64,
    tax_category: String,
    description: Option<String>,
}

async fn create(
    State(web): State<Web>,
    Making { key, body, call }: Making<NewBody>,
) -> Result<Json<Addon>, Error> {
    let new = NewAddon {
        id: call.id_of("addon"),
        name: name(&body.name)?,
        description: body.description.map(description).transpose()?,
        price: Money::new(price(body.price)?, body.currency),
        tax_category: category(body.tax_category)?,
    };
    let made = run(&web, async move {
        addon::create(&key.cx, &key.scope, new).await
    })
    .await?;
    Ok(Json(Addon::from(&made)))
}

#[derive(Deserialize)]
struct ChangeBody {
    currency: Option<Currency>,
    #[serde(default)]
    description: Change<String>,
    image_id: Option<Value>,
    name: Option<String>,
    price: Option<i64>,
    tax_category: Option<String>,
}

async fn update(
    State(web): State<Web>,
    Writer(key): Writer,
    At(id): At<AddonId>,
    body: axum::body::Bytes,
) -> Result<Json<Addon>, Error> {
    let body: ChangeBody = json(&body)?;
    check_wishes(&[("image_id", &body.image_id)])?;
    let changes = Changes {
        name: body.name.as_deref().map(name).transpose()?,
        description: match body.description {
            Change::Set(text) => Change::Set(description(text)?),
            other => other,
        },
        price: body.price.map(price).transpose()?,
        currency: body.currency,
        tax_category: body.tax_category.map(category).transpose()?,
    };
    let changed = run(&web, async move {
        addon::update(&key.cx, &key.scope, &id, changes).await
    })
    .await?;
    Ok(Json(Addon::from(&changed)))
}

fn name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(invalid("name", "must have 1 to 255 characters"));
    }
    Ok(name.to_owned())
}

fn description(text: String) -> Result<String, Error> {
    if text.chars().count() > MAX_TEXT {
        return Err(invalid("description", "is longer than 5000 characters"));
    }
    Ok(text)
}

fn price(minor: i64) -> Result<i64, Error> {
    if (0..=MAX_PRICE).contains(&minor) {
        Ok(minor)
    } else {
        Err(invalid(
            "price",
            "must be 0 or more and at most 100000000000 minor units",
        ))
    }
}

fn category(text: String) -> Result<String, Error> {
    if text.is_empty() || text.len() > 64 {
        return Err(invalid("tax_category", "must have 1 to 64 characters"));
    }
    Ok(text)
}
