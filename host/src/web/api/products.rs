//! `/products`: one-time and recurring prices, and license keys that come with them.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::Value;

use super::input::{Asked, At, Paging, check_wishes, invalid, is_other_brand};
use super::key::ApiKey;
use super::repeats::Making;
use super::{license_keys, run};
use crate::domain::id::ProductId;
use crate::domain::money::{Currency, Money};
use crate::domain::period::{Interval, Unit};
use crate::domain::product::{LicenseTerms, Recurring};
use crate::flows::product::{self, NewProduct};
use crate::web::{Error, Web};
use crate::wire::product::{Duration, Product, ProductItem};
use crate::wire::{Metadata, Page};

/// The longest name, in characters.
pub(super) const MAX_NAME: usize = 255;
/// The longest description and activation message, in characters.
pub(super) const MAX_TEXT: usize = 5000;
/// The largest price of one, in minor units: a quantity of it still fits.
pub(super) const MAX_PRICE: i64 = 100_000_000_000;
/// The most intervals of one kind in a frequency, a term or a duration.
const MAX_COUNT: u32 = 1000;
/// The longest trial, in days.
const MAX_TRIAL: u32 = 10_000;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/products", get(index).post(create))
        .route("/products/{product}", get(show))
}

#[derive(Deserialize)]
struct Filter {
    brand_id: Option<String>,
    recurring: Option<bool>,
    #[serde(default)]
    archived: bool,
}

async fn index(
    key: ApiKey,
    Asked(asked): Asked<Filter>,
    paging: Paging,
) -> Result<Json<Page<ProductItem>>, Error> {
    if asked.archived || is_other_brand(&key.scope, asked.brand_id.as_deref()) {
        return Ok(Json(Page { items: Vec::new() }));
    }
    let mut tx = key.cx.store.read().await?;
    let found = tx
        .products(&key.scope, asked.recurring, paging.limit, paging.offset)
        .await?;
    Ok(Json(Page {
        items: found.iter().map(ProductItem::from).collect(),
    }))
}

async fn show(key: ApiKey, At(id): At<ProductId>) -> Result<Json<Product>, Error> {
    let mut tx = key.cx.store.read().await?;
    let product = tx.product(&key.scope, &id).await?;
    let product = product.ok_or_else(Error::not_found)?;
    Ok(Json(Product::from(&product)))
}

#[derive(Deserialize)]
struct NewBody {
    name: String,
    price: PriceBody,
    tax_category: String,
    description: Option<String>,
    metadata: Option<Metadata>,
    license_key_enabled: Option<bool>,
    license_key_activation_message: Option<String>,
    license_key_activations_limit: Option<u32>,
    license_key_duration: Option<Duration>,
    /// What buyers would miss if it were ignored.
    entitlements: Option<Value>,
    credit_entitlements: Option<Value>,
    digital_product_delivery: Option<Value>,
    addons: Option<Value>,
    pricing_mode: Option<Value>,
}

/// One struct for all types of prices: which fields are needed depends on `type`, and a
/// wrong field is then still refused by its own name.
#[derive(Deserialize)]
struct PriceBody {
    #[serde(rename = "type")]
    kind: String,
    currency: Currency,
    price: Option<i64>,
    tax_inclusive: Option<bool>,
    payment_frequency_count: Option<u32>,
    payment_frequency_interval: Option<Unit>,
    subscription_period_count: Option<u32>,
    subscription_period_interval: Option<Unit>,
    trial_period_days: Option<u32>,
    discount: Option<f64>,
    discount_bps: Option<f64>,
    pay_what_you_want: Option<bool>,
    purchasing_power_parity: Option<bool>,
    trial_amount: Option<i64>,
    trial_payment_method_optional: Option<bool>,
    zero_amount_payment_method_optional: Option<bool>,
}

async fn create(
    State(web): State<Web>,
    Making { key, body, call }: Making<NewBody>,
) -> Result<Json<Product>, Error> {
    let new = body.product(call.id_of("product"))?;
    let made = run(&web, async move {
        product::create(&key.cx, &key.scope, new).await
    })
    .await?;
    Ok(Json(Product::from(&made)))
}

impl NewBody {
    fn product(self, id: ProductId) -> Result<NewProduct, Error> {
        check_wishes(&[
            ("entitlements", &self.entitlements),
            ("credit_entitlements", &self.credit_entitlements),
            ("digital_product_delivery", &self.digital_product_delivery),
            ("addons", &self.addons),
            ("pricing_mode", &self.pricing_mode),
        ])?;
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME {
            return Err(invalid("name", "must have 1 to 255 characters"));
        }
        for (field, text) in [
            ("description", &self.description),
            (
                "license_key_activation_message",
                &self.license_key_activation_message,
            ),
        ] {
            if text
                .as_ref()
                .is_some_and(|text| text.chars().count() > MAX_TEXT)
            {
                return Err(invalid(field, "is longer than 5000 characters"));
            }
        }
        if self.tax_category.is_empty() || self.tax_category.len() > 64 {
            return Err(invalid("tax_category", "must have 1 to 64 characters"));
        }
        let recurring = self.price.recurring()?;
        let license = match self.license_key_enabled {
            Some(true) => Some(LicenseTerms {
                activations_limit: self
                    .license_key_activations_limit
                    .map(|most| license_keys::limit("license_key_activations_limit", most))
                    .transpose()?,
                duration: self
                    .license_key_duration
                    .map(|duration| {
                        interval("license_key_duration", duration.interval, duration.count)
                    })
                    .transpose()?,
                activation_message: self.license_key_activation_message,
            }),
            Some(false) | None => None,
        };
        Ok(NewProduct {
            id,
            name: name.to_owned(),
            description: self.description,
            price: self.price.money()?,
            tax_inclusive: self.price.tax_inclusive.unwrap_or(false),
            tax_category: self.tax_category,
            recurring,
            license,
            metadata: self.metadata.unwrap_or_default().to_json(),
        })
    }
}

impl PriceBody {
    fn money(&self) -> Result<Money, Error> {
        match self.price {
            Some(minor) if (0..=MAX_PRICE).contains(&minor) => Ok(Money::new(minor, self.currency)),
            Some(_) => Err(invalid(
                "price.price",
                "must be 0 or more and at most 100000000000 minor units",
            )),
            None => Err(invalid("price.price", "is missing")),
        }
    }

    /// How it recurs; none for a one-time price. Wishes that would change what is charged and
    /// that this host does not know are refused, not ignored.
    fn recurring(&self) -> Result<Option<Recurring>, Error> {
        let wishes = [
            ("price.discount", self.discount.is_some_and(|n| n != 0.0)),
            (
                "price.discount_bps",
                self.discount_bps.is_some_and(|n| n != 0.0),
            ),
            (
                "price.pay_what_you_want",
                self.pay_what_you_want == Some(true),
            ),
            (
                "price.purchasing_power_parity",
                self.purchasing_power_parity == Some(true),
            ),
            (
                "price.trial_amount",
                self.trial_amount.is_some_and(|n| n != 0),
            ),
            (
                "price.trial_payment_method_optional",
                self.trial_payment_method_optional == Some(true),
            ),
            (
                "price.zero_amount_payment_method_optional",
                self.zero_amount_payment_method_optional == Some(true),
            ),
        ];
        if let Some((field, _)) = wishes.iter().find(|(_, wished)| *wished) {
            return Err(invalid(field, "is not supported on this host"));
        }
        match self.kind.as_str() {
            "one_time_price" => Ok(None),
            "recurring_price" => {
                let interval = needed(
                    "price.payment_frequency",
                    self.payment_frequency_interval,
                    self.payment_frequency_count,
                )?;
                let term = needed(
                    "price.subscription_period",
                    self.subscription_period_interval,
                    self.subscription_period_count,
                )?;
                let trial_days = self.trial_period_days.unwrap_or(0);
                if trial_days > MAX_TRIAL {
                    return Err(invalid("price.trial_period_days", "is more than 10000"));
                }
                Ok(Some(Recurring {
                    interval,
                    term,
                    trial_days,
                }))
            }
            "usage_based_price" => Err(invalid(
                "price.type",
                "usage_based_price is not supported on this host; use one_time_price or \
                 recurring_price",
            )),
            _ => Err(invalid(
                "price.type",
                "must be one_time_price or recurring_price",
            )),
        }
    }
}

fn needed(field: &str, unit: Option<Unit>, count: Option<u32>) -> Result<Interval, Error> {
    let unit = unit.ok_or_else(|| invalid(&format!("{field}_interval"), "is missing"))?;
    let count = count.ok_or_else(|| invalid(&format!("{field}_count"), "is missing"))?;
    interval(&format!("{field}_count"), unit, count)
}

fn interval(field: &str, unit: Unit, count: u32) -> Result<Interval, Error> {
    if (1..=MAX_COUNT).contains(&count) {
        Ok(Interval { unit, count })
    } else {
        Err(invalid(field, "must count 1 to 1000"))
    }
}
