//! Begin: a subscription or a purchase is made by the merchant, and its first payment is
//! taken on a hosted page that needs no sign-in.

mod create;
mod pay;
mod supply;

use jiff::{SignedDuration, Timestamp};

use super::{Ending, Error};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::customer::{BuyerDetails, Customer};
use crate::domain::id::{AddonId, CustomerId, PaymentId, ProductId, SubscriptionId};
use crate::domain::payment::{Payment, PaymentState};
use crate::domain::subscription::Subscription;
use crate::domain::tax::{self, Line, Totals};
use crate::store::Tx;

pub use self::create::{
    create_purchase, create_purchase_for, create_subscription, create_subscription_for,
};
pub use self::pay::{expire, pay};

pub(super) use self::create::attach;
pub(super) use self::pay::fail;
pub(super) use self::supply::{line, period_debt, period_lines};

/// A subscription to be made.
#[derive(Clone, Debug)]
pub struct NewSubscription {
    /// Its id, chosen beforehand so that a repeated call makes one.
    pub id: SubscriptionId,
    /// The id of its first payment, likewise.
    pub payment: PaymentId,
    /// Who pays.
    pub customer: CustomerId,
    /// What for; must have a recurring price.
    pub product: ProductId,
    /// How many, at least 1.
    pub quantity: u32,
    /// Add-ons and how many of each, at least 1; in the currency of the product.
    pub addons: Vec<(AddonId, u32)>,
    /// Discount codes, in the order in which they count.
    pub codes: Vec<String>,
    /// One-time products that the first payment pays as well, and how many of each.
    pub once: Vec<(ProductId, u32)>,
    /// Days without charge; the product's when none.
    pub trial_days: Option<u32>,
    /// Charged when the merchant says so, not by the period.
    pub on_demand: Option<OnDemand>,
    /// Who buys, for tax and documents.
    pub buyer: BuyerDetails,
    /// A JSON object.
    pub metadata: String,
    /// Where the merchant wants the customer to be offered to go afterwards.
    pub return_url: Option<String>,
}

/// How a subscription on demand begins.
#[derive(Clone, Debug)]
pub enum OnDemand {
    /// With a method, and no charge.
    Mandate,
    /// With a charge.
    Charge {
        /// How much, in minor units of the product's currency; the product's price when none.
        price: Option<i64>,
        /// How its line reads; the product's name when none.
        description: Option<String>,
    },
}

/// A one-time purchase to be made.
#[derive(Clone, Debug)]
pub struct NewPurchase {
    /// The id of its payment, chosen beforehand so that a repeated call makes one.
    pub payment: PaymentId,
    /// Who pays.
    pub customer: CustomerId,
    /// What and how many; prices must be one-time and of one currency.
    pub items: Vec<(ProductId, u32)>,
    /// Who buys, for tax and documents.
    pub buyer: BuyerDetails,
    /// A JSON object.
    pub metadata: String,
    /// Where the merchant wants the customer to be offered to go afterwards.
    pub return_url: Option<String>,
}

/// What was made, and until when its page works.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The subscription, unless it is a purchase.
    pub subscription: Option<Subscription>,
    /// The first payment; its page's token is made of it.
    pub payment: Payment,
    /// When the page stops working (host time).
    pub expires_at: Timestamp,
}

/// What the hosted page shows.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The newest try.
    pub payment: Payment,
    /// The subscription, unless it is a purchase.
    pub subscription: Option<Subscription>,
    /// Who pays.
    pub customer: Customer,
    /// What is bought.
    pub lines: Vec<Line>,
    /// The sums.
    pub totals: Totals,
    /// When the page stops working (host time).
    pub expires_at: Timestamp,
    /// Where the newest try stands; none before the first.
    pub ending: Option<Ending>,
}

/// What the hosted page of `first` offers now.
pub async fn offer(cx: &Cx, scope: &Scope, first: &PaymentId) -> Result<Offer, Error> {
    let mut tx = cx.store.read().await?;
    let made = tx
        .payment(scope, first)
        .await?
        .ok_or(Error::NotFound("payment"))?;
    let payment = newest(&mut tx, scope, &made).await?;
    let subscription = match &made.subscription {
        Some(id) => tx.subscription(scope, id).await?,
        None => None,
    };
    let customer = tx
        .customer(scope, &made.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let debts = tx.debts_of_payment(first).await?;
    let lines: Vec<Line> = debts.into_iter().flat_map(|debt| debt.lines).collect();
    let totals = tax::totals(made.amount.currency, &lines)?;
    let untouched = payment.state == PaymentState::Created && payment.sent_at.is_none();
    Ok(Offer {
        expires_at: expiry(cx, &made),
        ending: (!untouched).then(|| Ending::of(&payment)),
        payment,
        subscription,
        customer,
        lines,
        totals,
    })
}

/// The newest try at what `made` was made for.
async fn newest(tx: &mut Tx, scope: &Scope, made: &Payment) -> Result<Payment, Error> {
    let tries = tx.tries_at(scope, &made.id).await?;
    Ok(tries
        .into_iter()
        .next_back()
        .unwrap_or_else(|| made.clone()))
}

/// When the page of a first payment stops working. The id carries the host time at which it
/// was made; a test clock does not move it.
fn expiry(cx: &Cx, made: &Payment) -> Timestamp {
    let lifetime: SignedDuration = cx.settings.load().billing.payment_link_lifetime;
    made.id
        .made_at()
        .unwrap_or(made.created_at)
        .checked_add(lifetime)
        .unwrap_or(Timestamp::MAX)
}
