//! `/payments`: one-time purchases, and reading every payment.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::create::{Sale, buying_customer};
use super::input::{Asked, At, Paging, check_wishes, invalid, is_other_brand};
use super::key::ApiKey;
use super::repeats::Making;
use super::run;
use super::subscriptions::{MAX_SUM, product};
use crate::domain::Scope;
use crate::domain::id::{CustomerId, PaymentId, ProductId, SubscriptionId};
use crate::domain::money::Currency;
use crate::flows::begin::{self, NewPurchase};
use crate::store::PaymentFilter;
use crate::web::{Error, Web};
use crate::wire::customer::CustomerDetails;
use crate::wire::payment::{CartItem, Payment, Status};
use crate::wire::payment_item::PaymentItem;
use crate::wire::{Metadata, Null, Page, load};

/// The most products in one purchase.
const MAX_ITEMS: usize = 100;
/// The largest quantity; the sum is checked besides.
const MAX_QUANTITY: u32 = 100_000;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/payments", get(index).post(create))
        .route("/payments/{payment}", get(show))
}

#[derive(Deserialize)]
struct Filter {
    brand_id: Option<String>,
    customer_id: Option<String>,
    subscription_id: Option<String>,
    product_id: Option<String>,
    status: Option<String>,
    currency: Option<Currency>,
    created_at_gte: Option<Timestamp>,
    created_at_lte: Option<Timestamp>,
}

impl Filter {
    /// None when it can match nothing: a foreign id, a status this host never gives.
    fn read(self, scope: &Scope) -> Option<PaymentFilter> {
        if is_other_brand(scope, self.brand_id.as_deref()) {
            return None;
        }
        Some(PaymentFilter {
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
            product: self.product_id.map(ProductId::try_from).transpose().ok()?,
            state: match self.status {
                Some(status) => Some(status.parse::<Status>().ok()?.state_name()),
                None => None,
            },
            currency: self.currency.map(Currency::code),
            created_from: self.created_at_gte,
            created_to: self.created_at_lte,
        })
    }
}

async fn index(
    key: ApiKey,
    Asked(asked): Asked<Filter>,
    paging: Paging,
) -> Result<Json<Page<PaymentItem>>, Error> {
    let Some(filter) = asked.read(&key.scope) else {
        return Ok(Json(Page { items: Vec::new() }));
    };
    let mut tx = key.cx.store.read().await?;
    let found = tx
        .payments(&key.scope, &filter, paging.limit, paging.offset)
        .await?;
    let mut items = Vec::with_capacity(found.len());
    for payment in &found {
        let whole = load::payment(&key.cx, &mut tx, payment).await?;
        let has_key = tx.has_licenses(&key.scope, &payment.id).await?;
        items.push(PaymentItem::new(whole, has_key));
    }
    Ok(Json(Page { items }))
}

async fn show(key: ApiKey, At(id): At<PaymentId>) -> Result<Json<Payment>, Error> {
    let mut tx = key.cx.store.read().await?;
    let row = tx.payment(&key.scope, &id).await?;
    let row = row.ok_or_else(Error::not_found)?;
    Ok(Json(load::payment(&key.cx, &mut tx, &row).await?))
}

#[derive(Deserialize)]
struct NewBody {
    product_cart: Vec<ItemBody>,
    billing_currency: Option<Currency>,
    /// Codes are for subscriptions.
    discount_code: Option<Value>,
    discount_codes: Option<Value>,
}

/// An `amount` besides is for pay-what-you-want prices; for others Dodo ignores it, as this host
/// does.
#[derive(Deserialize)]
struct ItemBody {
    product_id: String,
    quantity: u32,
}

/// What `POST /payments` answers. There is no secret for a script of Dodo's: the page behind
/// `payment_link` is the host's own.
#[derive(Serialize)]
struct Created {
    client_secret: &'static str,
    customer: CustomerDetails,
    metadata: Metadata,
    payment_id: PaymentId,
    total_amount: i64,
    discount_id: Null,
    discount_ids: Null,
    expires_on: Timestamp,
    payment_link: String,
    product_cart: Vec<CartItem>,
}

async fn create(
    State(web): State<Web>,
    Making { key, body, call }: Making<Sale<NewBody>>,
) -> Result<Json<Created>, Error> {
    let (purchase, body) = (body.purchase, body.what);
    purchase.check(&key)?;
    check_wishes(&[
        ("discount_code", &body.discount_code),
        ("discount_codes", &body.discount_codes),
    ])?;
    if !(1..=MAX_ITEMS).contains(&body.product_cart.len()) {
        return Err(invalid("product_cart", "must have 1 to 100 items"));
    }
    let mut items = Vec::with_capacity(body.product_cart.len());
    let mut sum = 0_i64;
    for item in &body.product_cart {
        if !(1..=MAX_QUANTITY).contains(&item.quantity) {
            return Err(invalid("product_cart", "a quantity must be 1 to 100000"));
        }
        let (id, price) =
            product(&key, &item.product_id, item.quantity, body.billing_currency).await?;
        sum = sum.saturating_add(price.minor);
        if sum > MAX_SUM {
            return Err(invalid(
                "product_cart",
                "is more than 100000000000 minor units in all",
            ));
        }
        items.push((id, item.quantity));
    }
    let buyer = purchase.buyer()?;
    let return_url = purchase.return_url(&key)?;
    let (buying, customer) = buying_customer(&key, &call, purchase.customer).await?;
    let new = NewPurchase {
        payment: call.id_of("payment"),
        customer,
        items,
        buyer,
        metadata: purchase.metadata.unwrap_or_default().to_json(),
        return_url,
    };
    let (cx, scope) = (key.cx.clone(), key.scope.clone());
    let begun = run(
        &web,
        Box::pin(async move { begin::create_purchase_for(&cx, &scope, &buying, new).await }),
    )
    .await?;
    let mut tx = key.cx.store.read().await?;
    let whole = load::payment(&key.cx, &mut tx, &begun.payment).await?;
    Ok(Json(Created {
        client_secret: "",
        customer: whole.customer,
        metadata: whole.metadata,
        payment_link: load::payment_link(&key.cx, &key.scope, &whole.payment_id),
        payment_id: whole.payment_id,
        total_amount: whole.total_amount,
        discount_id: None,
        discount_ids: None,
        expires_on: begun.expires_at,
        product_cart: whole.product_cart.unwrap_or_default(),
    }))
}
