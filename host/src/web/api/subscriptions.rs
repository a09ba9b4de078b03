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
use crate::domain::id::{AddonId, CustomerId, DiscountId, PaymentId, ProductId, SubscriptionId};
use crate::domain::money::{Currency, Money};
use crate::flows::begin::{self, NewSubscription, OnDemand};
use crate::store::SubscriptionFilter;
use crate::web::{Error, Web};
use crate::wire::customer::CustomerDetails;
use crate::wire::payment::CartItem;
use crate::wire::subscription::{AddonItem, Status, Subscription, SubscriptionItem};
use crate::wire::{Metadata, Null, Page, load};

/// The longest trial, in days.
const MAX_TRIAL: u32 = 10_000;
/// The largest sum of one purchase or period, in minor units, before tax that is added.
pub(super) const MAX_SUM: i64 = 100_000_000_000;
/// What is wrong with a sum beyond that.
pub(super) const TOO_MUCH: &str =
    "times the price is more than 100000000000 minor units; sell less at once";
/// The most add-ons and one-time products at once.
const MAX_ITEMS: usize = 100;
/// The largest quantity; the sum is checked besides.
pub(super) const MAX_QUANTITY: u32 = 100_000;

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
    addons: Option<Vec<AddonBody>>,
    discount_code: Option<String>,
    discount_codes: Option<Vec<String>>,
    one_time_product_cart: Option<Vec<OnceBody>>,
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

/// An add-on and how many of it (`AttachAddon`).
#[derive(Deserialize)]
pub(super) struct AddonBody {
    addon_id: String,
    quantity: u32,
}

/// A one-time product that the first payment pays as well.
#[derive(Deserialize)]
struct OnceBody {
    product_id: String,
    quantity: u32,
}

/// What `POST /subscriptions` answers.
#[derive(Serialize)]
struct Created {
    addons: Vec<AddonItem>,
    customer: CustomerDetails,
    metadata: Metadata,
    payment_id: PaymentId,
    payment_method_required: bool,
    recurring_pre_tax_amount: i64,
    subscription_id: SubscriptionId,
    client_secret: Null,
    discount_id: Option<DiscountId>,
    discount_ids: Option<Vec<DiscountId>>,
    expires_on: Timestamp,
    one_time_product_cart: Option<Vec<CartItem>>,
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
    let addons = addons(body.addons.as_deref().unwrap_or_default())?;
    let codes = codes(body.discount_code, body.discount_codes)?.unwrap_or_default();
    let items = body.one_time_product_cart.unwrap_or_default();
    if items.len() > MAX_ITEMS {
        return Err(invalid("one_time_product_cart", "at most 100 at once"));
    }
    let mut once = Vec::new();
    for item in &items {
        if !(1..=MAX_QUANTITY).contains(&item.quantity) {
            let problem = "a quantity must be 1 to 100000";
            return Err(invalid("one_time_product_cart", problem));
        }
        let (id, _) = self::product(&key, &item.product_id, item.quantity, None).await?;
        once.push((id, item.quantity));
    }
    let cart: Vec<CartItem> = once
        .iter()
        .map(|(product_id, quantity)| CartItem {
            product_id: product_id.clone(),
            quantity: *quantity,
        })
        .collect();
    let buyer = purchase.buyer()?;
    let return_url = purchase.return_url(&key)?;
    let (buying, customer) = buying_customer(&key, &call, purchase.customer).await?;
    let new = NewSubscription {
        id: call.id_of("subscription"),
        payment: call.id_of("payment"),
        customer,
        product,
        quantity: body.quantity,
        addons,
        codes,
        once,
        trial_days: body.trial_period_days,
        on_demand,
        buyer,
        metadata: purchase.metadata.unwrap_or_default().to_json(),
        return_url,
    };
    let (cx, scope) = (key.cx.clone(), key.scope.clone());
    let begun = run(
        &web,
        Box::pin(async move { begin::create_subscription_for(&cx, &scope, &buying, new).await }),
    )
    .await?;
    let subscription = begun.subscription.ok_or_else(Error::not_found)?;
    let mut tx = key.cx.store.read().await?;
    let whole = load::subscription(&mut tx, &subscription).await?;
    Ok(Json(Created {
        addons: whole.addons,
        customer: whole.customer,
        metadata: whole.metadata,
        payment_link: load::payment_link(&key.cx, &key.scope, &begun.payment.id),
        payment_id: begun.payment.id,
        payment_method_required: true,
        recurring_pre_tax_amount: whole.recurring_pre_tax_amount,
        subscription_id: subscription.id,
        client_secret: None,
        discount_id: whole.discount_id,
        discount_ids: whole
            .discounts
            .map(|all| all.into_iter().map(|one| one.discount_id).collect()),
        expires_on: begun.expires_at,
        one_time_product_cart: (!cart.is_empty()).then_some(cart),
        trial_amount: None,
    }))
}

/// The add-ons of a body.
pub(super) fn addons(body: &[AddonBody]) -> Result<Vec<(AddonId, u32)>, Error> {
    if body.len() > MAX_ITEMS {
        return Err(invalid("addons", "at most 100 at once"));
    }
    body.iter()
        .map(|item| {
            let id = item.addon_id.parse();
            let id = id.map_err(|_| Error::not_found().saying("there is no such add-on"))?;
            if !(1..=MAX_QUANTITY).contains(&item.quantity) {
                return Err(invalid("addons", "a quantity must be 1 to 100000"));
            }
            Ok((id, item.quantity))
        })
        .collect()
}

/// The discount codes of a body, of which Dodo has an old spelling; none when it names none.
pub(super) fn codes(
    one: Option<String>,
    several: Option<Vec<String>>,
) -> Result<Option<Vec<String>>, Error> {
    match (one.filter(|code| !code.trim().is_empty()), several) {
        (Some(_), Some(_)) => Err(invalid(
            "discount_code",
            "cannot be sent together with discount_codes",
        )),
        (Some(code), None) => Ok(Some(vec![code])),
        (None, several) => Ok(several),
    }
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
