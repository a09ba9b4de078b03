//! `/discounts`: codes that take something off the price of subscriptions.

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;

use super::input::{Asked, At, Paging, invalid, json};
use super::key::{ApiKey, Writer};
use super::repeats::Making;
use super::run;
use crate::domain;
use crate::domain::discount::{CurrencyOption, DiscountKind, Eligibility};
use crate::domain::id::{DiscountId, ProductId};
use crate::flows::{self, Change, discount};
use crate::store::DiscountFilter;
use crate::web::{Error, Web};
use crate::wire::discount::Discount;
use crate::wire::{Metadata, Page};

/// The longest code and name, in characters.
const MAX_TEXT: usize = 255;
/// The shortest and longest code, in characters.
const CODE: std::ops::RangeInclusive<usize> = 3..=16;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/discounts", get(index).post(create))
        .route(
            "/discounts/{discount}",
            get(show).patch(update).delete(remove),
        )
        .route("/discounts/code/{code}", get(by_code))
}

#[derive(Deserialize)]
struct Filter {
    active: Option<bool>,
    code: Option<String>,
    discount_type: Option<DiscountKind>,
    product_id: Option<String>,
}

async fn index(
    key: ApiKey,
    Asked(asked): Asked<Filter>,
    paging: Paging,
) -> Result<Json<Page<Discount>>, Error> {
    let product = asked.product_id.map(ProductId::try_from).transpose();
    // Nothing is for what is not even an id.
    let Ok(product) = product else {
        return Ok(Json(Page { items: Vec::new() }));
    };
    let filter = DiscountFilter {
        code: asked.code.map(|code| code.to_uppercase()),
        kind: asked.discount_type,
        product,
        active: asked.active,
    };
    let mut tx = key.cx.store.read().await?;
    let now = key.cx.business_now(&mut tx, &key.scope).await?;
    let found = tx
        .discounts(&key.scope, &filter, now, paging.limit, paging.offset)
        .await?;
    Ok(Json(Page {
        items: found.iter().map(Discount::from).collect(),
    }))
}

async fn show(key: ApiKey, At(id): At<DiscountId>) -> Result<Json<Discount>, Error> {
    let mut tx = key.cx.store.read().await?;
    let found = tx.discount(&key.scope, &id).await?;
    let found = found.filter(|discount| discount.deleted_at.is_none());
    Ok(Json(Discount::from(&found.ok_or_else(Error::not_found)?)))
}

async fn by_code(key: ApiKey, At(code): At<String>) -> Result<Json<Discount>, Error> {
    let mut tx = key.cx.store.read().await?;
    let found = tx
        .discount_by_code(&key.scope, &code.to_uppercase())
        .await?;
    Ok(Json(Discount::from(&found.ok_or_else(Error::not_found)?)))
}

#[derive(Deserialize)]
struct NewBody {
    amount: i64,
    #[serde(rename = "type")]
    kind: DiscountKind,
    code: Option<String>,
    currency_options: Option<Vec<CurrencyOption>>,
    customer_eligibility: Option<Who>,
    expires_at: Option<Timestamp>,
    metadata: Option<Metadata>,
    name: Option<String>,
    per_customer_usage_limit: Option<u32>,
    preserve_on_plan_change: Option<bool>,
    restricted_to: Option<Vec<ProductId>>,
    starts_at: Option<Timestamp>,
    subscription_cycles: Option<u32>,
    usage_limit: Option<u32>,
}

/// Dodo's `customer_eligibility`; lists of customers are not kept here.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Who {
    Ours(Eligibility),
    Listed(Listed),
}

#[derive(Clone, Copy, Deserialize)]
enum Listed {
    #[serde(rename = "specific")]
    Specific,
}

impl Who {
    fn read(self) -> Result<Eligibility, Error> {
        match self {
            Self::Ours(eligibility) => Ok(eligibility),
            Self::Listed(Listed::Specific) => Err(invalid(
                "customer_eligibility",
                "specific is not supported on this host",
            )),
        }
    }
}

async fn create(
    State(web): State<Web>,
    Making { key, body, call }: Making<NewBody>,
) -> Result<Json<Discount>, Error> {
    let id: DiscountId = call.id_of("discount");
    let code = match body.code {
        Some(code) => checked_code(&code)?,
        None => random_code(&id),
    };
    let new = domain::discount::Discount {
        code,
        scope: key.scope.clone(),
        name: body.name,
        kind: body.kind,
        amount: body.amount,
        options: body.currency_options.unwrap_or_default(),
        restricted_to: body.restricted_to.unwrap_or_default(),
        eligibility: body
            .customer_eligibility
            .map_or(Ok(Eligibility::Any), Who::read)?,
        usage_limit: body.usage_limit,
        per_customer_limit: body.per_customer_usage_limit,
        times_used: 0,
        cycles: body.subscription_cycles,
        preserve: body.preserve_on_plan_change.unwrap_or(false),
        starts_at: body.starts_at,
        expires_at: body.expires_at,
        metadata: body.metadata.unwrap_or_default().to_json(),
        // Dated by the flow.
        created_at: key.cx.now(),
        deleted_at: None,
        id,
    };
    check(&new)?;
    let made = run(&web, async move {
        discount::create(&key.cx, &key.scope, new).await
    })
    .await?;
    Ok(Json(Discount::from(&made)))
}

#[derive(Deserialize)]
struct ChangeBody {
    amount: Option<i64>,
    #[serde(rename = "type")]
    kind: Option<DiscountKind>,
    code: Option<String>,
    currency_options: Option<Vec<CurrencyOption>>,
    customer_eligibility: Option<Who>,
    #[serde(default)]
    expires_at: Change<Timestamp>,
    metadata: Option<Metadata>,
    #[serde(default)]
    name: Change<String>,
    #[serde(default)]
    per_customer_usage_limit: Change<u32>,
    preserve_on_plan_change: Option<bool>,
    restricted_to: Option<Vec<ProductId>>,
    #[serde(default)]
    starts_at: Change<Timestamp>,
    #[serde(default)]
    subscription_cycles: Change<u32>,
    #[serde(default)]
    usage_limit: Change<u32>,
}

async fn update(
    State(web): State<Web>,
    Writer(key): Writer,
    At(id): At<DiscountId>,
    body: Bytes,
) -> Result<Json<Discount>, Error> {
    let body: ChangeBody = json(&body)?;
    let code = body.code.as_deref().map(checked_code).transpose()?;
    let eligibility = body.customer_eligibility.map(Who::read).transpose()?;
    let changed = run(&web, async move {
        discount::update(&key.cx, &key.scope, &id, |discount| {
            set(&mut discount.amount, body.amount);
            set(&mut discount.kind, body.kind);
            set(&mut discount.code, code);
            set(&mut discount.options, body.currency_options);
            set(&mut discount.eligibility, eligibility);
            set(&mut discount.preserve, body.preserve_on_plan_change);
            set(&mut discount.restricted_to, body.restricted_to);
            let metadata = body.metadata.map(|metadata| metadata.to_json());
            set(&mut discount.metadata, metadata);
            body.expires_at.write(&mut discount.expires_at);
            body.name.write(&mut discount.name);
            body.per_customer_usage_limit
                .write(&mut discount.per_customer_limit);
            body.starts_at.write(&mut discount.starts_at);
            body.subscription_cycles.write(&mut discount.cycles);
            body.usage_limit.write(&mut discount.usage_limit);
            wrong(discount).map_or(Ok(()), |(field, problem)| {
                Err(flows::Error::Invalid {
                    field,
                    problem: problem.to_owned(),
                })
            })
        })
        .await
    })
    .await?;
    Ok(Json(Discount::from(&changed)))
}

fn set<T>(place: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *place = new;
    }
}

async fn remove(
    State(web): State<Web>,
    Writer(key): Writer,
    At(id): At<DiscountId>,
) -> Result<(), Error> {
    run(&web, async move {
        discount::delete(&key.cx, &key.scope, &id).await
    })
    .await
}

fn check(discount: &domain::discount::Discount) -> Result<(), Error> {
    wrong(discount).map_or(Ok(()), |(field, problem)| Err(invalid(field, problem)))
}

/// The first field that cannot be, and why.
fn wrong(discount: &domain::discount::Discount) -> Option<(&'static str, &'static str)> {
    let is_percentage = discount.kind == DiscountKind::Percentage;
    let options = &discount.options;
    let is_twice = |row: &CurrencyOption| {
        let same = |other: &&CurrencyOption| other.currency == row.currency;
        options.iter().filter(same).count() > 1
    };
    let too_long = |text: &String| text.chars().count() > MAX_TEXT;
    let checks = [
        (discount.amount < 1, "amount", "must be at least 1"),
        (
            is_percentage && discount.amount > 10_000,
            "amount",
            "is in basis points, of which 10000 are all",
        ),
        (
            !is_percentage && options.iter().all(|row| row.max_amount_possible.is_none()),
            "currency_options",
            "a flat code needs max_amount_possible for each currency it works in",
        ),
        (
            options
                .iter()
                .any(|row| row.max_amount_possible.is_some_and(|most| most < 1)),
            "currency_options",
            "max_amount_possible must be at least 1",
        ),
        (
            options.iter().any(|row| row.minimum_subtotal < 0),
            "currency_options",
            "minimum_subtotal must not be negative",
        ),
        (
            options.iter().any(is_twice),
            "currency_options",
            "a currency is there twice",
        ),
        (
            discount.name.as_ref().is_some_and(too_long),
            "name",
            "is longer than 255 characters",
        ),
        (
            discount.usage_limit == Some(0),
            "usage_limit",
            "must be at least 1",
        ),
        (
            discount.per_customer_limit == Some(0),
            "per_customer_usage_limit",
            "must be at least 1",
        ),
        (
            discount
                .usage_limit
                .is_some_and(|all| discount.per_customer_limit.is_some_and(|one| one > all)),
            "per_customer_usage_limit",
            "must not be more than usage_limit",
        ),
        (
            discount.cycles == Some(0),
            "subscription_cycles",
            "must be at least 1",
        ),
        (
            discount
                .starts_at
                .is_some_and(|start| discount.expires_at.is_some_and(|end| end <= start)),
            "starts_at",
            "must be before expires_at",
        ),
    ];
    let found = checks.into_iter().find(|(is_wrong, ..)| *is_wrong);
    found.map(|(_, field, problem)| (field, problem))
}

fn checked_code(code: &str) -> Result<String, Error> {
    let code = code.trim().to_uppercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !CODE.contains(&code.len()) || !code.chars().all(plain) {
        return Err(invalid(
            "code",
            "must have 3 to 16 letters, digits, hyphens or underscores",
        ));
    }
    Ok(code)
}

/// The random part of the id, which a repeat of the call has as well.
fn random_code(id: &DiscountId) -> String {
    let text = id.as_str();
    text[text.len() - 16..].to_ascii_uppercase()
}
