//! `/subscriptions`: making, reading, listing.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::create::{Sale, buying_customer, short};
use super::input::{Asked, At, Paging, invalid, is_other_brand};
use super::key::ApiKey;
use super::repeats::Making;
use super::{run, subscription_changes};
use crate::domain::id::{CustomerId, PaymentId, ProductId, SubscriptionId};
use crate::domain::money::{Currency, Money};
use crate::flows::begin::{self, NewSubscription, OnDemand};
use crate::store::SubscriptionFilter;
use crate::web::{Error, Web};
use crate::wire::customer::CustomerDetails;
use crate::wire::subscription::{Status, Subscription, SubscriptionItem};
use crate::wire::{Empty, Metadata, Null, Page, load};

/// The longest trial, in days.
const MAX_TRIAL: u32 = 10_000;
/// The largest sum of one purchase or period, in minor units, before tax that is added.
pub(super) const MAX_SUM: i64 = 100_000_000_000;
/// What is wrong with a sum beyond that.
pub(super) const TOO_MUCH: &str =
    "times the price is more than 100000000000 minor units; sell less at once";
/// The largest quantity; the sum is checked besides.
const MAX_QUANTITY: u32 = 100_000;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/subscriptions", get(index).post(create))
        .route(
            "/subscriptions/{subscription}",
            get(show).patch(subscription_changes::update),
        )
}

#[derive(Deserialize)]
struct Filter {
    brand_id: Option<String>,
    customer_id: Option<String>,
    product_id: Option<String>,
    status: Option<Status>,
    cancel_at_next_billing_date: Option<bool>,
    created_at_gte: Option<Timestamp>,
    created_at_lte: Option<Timestamp>,
}

async fn index(
    key: ApiKey,
    Asked(asked): Asked<Filter>,
    paging: Paging,
) -> Result<Json<Page<SubscriptionItem>>, Error> {
    let nothing = Json(Page { items: Vec::new() });
    if is_other_brand(&key.scope, asked.brand_id.as_deref()) {
        return Ok(nothing);
    }
    let customer = asked.customer_id.map(CustomerId::try_from).transpose();
    let product = asked.product_id.map(ProductId::try_from).transpose();
    // Nothing belongs to what is not even an id.
    let (Ok(customer), Ok(product)) = (customer, product) else {
        return Ok(nothing);
    };
    let filter = SubscriptionFilter {
        customer,
        product,
        state: asked.status.map(Status::state_name),
        cancel_at_period_end: asked.cancel_at_next_billing_date,
        created_from: asked.created_at_gte,
        created_to: asked.created_at_lte,
    };
    let mut tx = key.cx.store.read().await?;
    let found = tx
        .subscriptions(&key.scope, &filter, paging.limit, paging.offset)
        .await?;
    let mut items = Vec::with_capacity(found.len());
    for subscription in &found {
        let whole = load::subscription(&mut tx, subscription).await?;
        let product = tx.product(&key.scope, &subscription.product).await?;
        items.push(SubscriptionItem::new(
            whole,
            product.map(|product| product.name),
        ));
    }
    Ok(Json(Page { items }))
}

async fn show(key: ApiKey, At(id): At<SubscriptionId>) -> Result<Json<Subscription>, Error> {
    let mut tx = key.cx.store.read().await?;
    let row = tx.subscription(&key.scope, &id).await?;
    let row = row.ok_or_else(Error::not_found)?;
    Ok(Json(load::subscription(&mut tx, &row).await?))
}

#[derive(Deserialize)]
struct NewBody {
    product_id: String,
    quantity: u32,
    billing_currency: Option<Currency>,
    trial_period_days: Option<u32>,
    on_demand: Option<OnDemandBody>,
}

/// Dodo's `OnDemandSubscription`; prices are not adapted to currencies here.
#[derive(Deserialize)]
struct OnDemandBody {
    mandate_only: bool,
    product_price: Option<i64>,
    product_currency: Option<Currency>,
    product_description: Option<String>,
}

impl OnDemandBody {
    fn checked(self) -> Result<OnDemand, Error> {
        let price = self.product_price;
        if price.is_some_and(|price| !(1..=MAX_SUM).contains(&price)) {
            return Err(invalid(
                "on_demand.product_price",
                "must be 1 to 100000000000",
            ));
        }
        if self.mandate_only {
            return Ok(OnDemand::Mandate);
        }
        let description = short("on_demand.product_description", self.product_description)?;
        Ok(OnDemand::Charge { price, description })
    }
}

/// What `POST /subscriptions` answers.
#[derive(Serialize)]
struct Created {
    addons: Empty,
    customer: CustomerDetails,
    metadata: Metadata,
    payment_id: PaymentId,
    payment_method_required: bool,
    recurring_pre_tax_amount: i64,
    subscription_id: SubscriptionId,
    client_secret: Null,
    discount_id: Null,
    discount_ids: Null,
    expires_on: Timestamp,
    one_time_product_cart: Null,
    payment_link: String,
    trial_amount: Null,
}

async fn create(
    State(web): State<Web>,
    Making { key, body, call }: Making<Sale<NewBody>>,
) -> Result<Json<Created>, Error> {
    let (purchase, body) = (body.purchase, body.what);
    purchase.check(&key)?;
    if !(1..=MAX_QUANTITY).contains(&body.quantity) {
        return Err(invalid("quantity", "must be 1 to 100000"));
    }
    if body.trial_period_days.is_some_and(|days| days > MAX_TRIAL) {
        return Err(invalid("trial_period_days", "is more than 10000"));
    }
    let (product, _) =
        product(&key, &body.product_id, body.quantity, body.billing_currency).await?;
    if let Some(asked) = body.on_demand.as_ref().and_then(|on| on.product_currency) {
        self::product(&key, &body.product_id, 1, Some(asked)).await?;
    }
    let on_demand = body.on_demand.map(OnDemandBody::checked).transpose()?;
    let buyer = purchase.buyer()?;
    let return_url = purchase.return_url(&key)?;
    let customer = buying_customer(&web, &key, &call, purchase.customer).await?;
    let new = NewSubscription {
        id: call.id_of("subscription"),
        payment: call.id_of("payment"),
        customer: customer.id.clone(),
        product,
        quantity: body.quantity,
        trial_days: body.trial_period_days,
        on_demand,
        buyer,
        metadata: purchase.metadata.unwrap_or_default().to_json(),
        return_url,
    };
    let (cx, scope) = (key.cx.clone(), key.scope.clone());
    let begun = run(
        &web,
        Box::pin(async move { begin::create_subscription(&cx, &scope, new).await }),
    )
    .await?;
    let subscription = begun.subscription.ok_or_else(Error::not_found)?;
    let mut tx = key.cx.store.read().await?;
    let whole = load::subscription(&mut tx, &subscription).await?;
    Ok(Json(Created {
        addons: [],
        customer: whole.customer,
        metadata: whole.metadata,
        payment_link: load::payment_link(&key.cx, &key.scope, &begun.payment.id),
        payment_id: begun.payment.id,
        payment_method_required: true,
        recurring_pre_tax_amount: whole.recurring_pre_tax_amount,
        subscription_id: subscription.id,
        client_secret: None,
        discount_id: None,
        discount_ids: None,
        expires_on: begun.expires_at,
        one_time_product_cart: None,
        trial_amount: None,
    }))
}

/// The product that is sold, and how much `quantity` of it costs without tax that is added; its
/// currency is the only one it is sold in.
pub(super) async fn product(
    key: &ApiKey,
    id: &str,
    quantity: u32,
    currency: Option<Currency>,
) -> Result<(ProductId, Money), Error> {
    let missing = || Error::not_found().saying("there is no such product");
    let id: ProductId = id.parse().map_err(|_| missing())?;
    let mut tx = key.cx.store.read().await?;
    let product = tx.product(&key.scope, &id).await?.ok_or_else(missing)?;
    if currency.is_some_and(|currency| currency != product.price.currency) {
        return Err(invalid(
            "billing_currency",
            "must be the currency of the product's price",
        ));
    }
    let price = product.price.checked_mul(i64::from(quantity));
    let price = price.ok().filter(|price| price.minor <= MAX_SUM);
    let price = price.ok_or_else(|| invalid("quantity", TOO_MUCH))?;
    Ok((id, price))
}
