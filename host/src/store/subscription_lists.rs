//! The subscriptions of a customer as lists show them: of forty columns a card needs fifteen, and
//! its method four.

use jiff::Timestamp;

use super::macros::{fetch_all, queries};
use super::pages::{Page, Seek, beside};
use super::row::Columns;
use super::subscription_rows::state;
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{CustomerId, MethodId, SubscriptionId};
use crate::domain::method::PaymentMethod;
use crate::domain::money::Money;
use crate::domain::period::Interval;
use crate::domain::subscription::{Extras, Subscription, SubscriptionState};

/// What a list shows, of the rows that are `$whose`.
macro_rules! listed {
    ($whose:literal) => {
        concat!(
            "SELECT s.id, s.quantity, s.unit_minor, s.currency, s.tax_inclusive, s.interval_unit, \
            s.interval_count, s.extras, s.state, s.state_at, s.hold_reason, s.period_end, s.expires_at, \
            s.cancel_at_period_end, s.resume_at, s.on_demand, s.method_id, products.name AS product_name, \
            COALESCE(m.brand, m.kind) AS method_kind, m.last4, m.expiry_month, m.expiry_year \
            FROM subscriptions s JOIN products ON products.id = s.product_id \
            LEFT JOIN payment_methods m ON m.id = s.method_id \
            WHERE s.business_id = $1 AND s.mode = $2 AND ",
            $whose
        )
    };
}

/// 1 for what goes on, 0 for what is over: the text of an expression that has an index.
macro_rules! living {
    () => {
        "CASE s.state WHEN 'cancelled' THEN 0 WHEN 'failed' THEN 0 WHEN 'expired' THEN 0 ELSE 1 END"
    };
}

queries! {
    /// Those that are over come last.
    OLDER = concat!(
        listed!("s.customer_id = $6 AND ("),
        living!(),
        ", s.created_at, s.id) < ($7, $3, $4) ORDER BY ",
        living!(),
        " DESC, s.created_at DESC, s.id DESC LIMIT $5 + 0"
    );
    NEWER = concat!(
        listed!("s.customer_id = $6 AND ("),
        living!(),
        ", s.created_at, s.id) > ($7, $3, $4) ORDER BY ",
        living!(),
        ", s.created_at, s.id LIMIT $5 + 0"
    );
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    quantity: i64,
    unit_minor: i64,
    currency: String,
    tax_inclusive: bool,
    interval_unit: String,
    interval_count: i64,
    extras: String,
    state: String,
    state_at: Option<i64>,
    hold_reason: Option<String>,
    period_end: i64,
    expires_at: Option<i64>,
    cancel_at_period_end: bool,
    resume_at: Option<i64>,
    on_demand: bool,
    method_id: Option<String>,
    product_name: String,
    method_kind: Option<String>,
    last4: Option<String>,
    expiry_month: Option<i64>,
    expiry_year: Option<i64>,
}

/// A subscription with the name of its product; the fields are those of [`Subscription`].
#[derive(Clone, Debug)]
pub struct ListedSubscription {
    /// Identity.
    pub id: SubscriptionId,
    /// What is paid for.
    pub product_name: String,
    /// How many of it.
    pub quantity: u32,
    /// The price of one for one interval.
    pub unit_price: Money,
    /// What one interval costs with all add-ons, before discounts.
    pub price: Money,
    /// Whether the price contains the tax.
    pub tax_inclusive: bool,
    /// How often it is paid.
    pub interval: Interval,
    /// Where it stands.
    pub state: SubscriptionState,
    /// The next billing date.
    pub period_end: Timestamp,
    /// When the agreed term is over.
    pub expires_at: Option<Timestamp>,
    /// End it at the end of the period.
    pub cancel_at_period_end: bool,
    /// While paused: when it goes on by itself.
    pub resume_at: Option<Timestamp>,
    /// Charged when the merchant says so, never by itself.
    pub on_demand: bool,
    /// The method that renewals charge.
    pub method: Option<ListedMethod>,
}

/// A payment method as lists show it, even one that was removed.
#[derive(Clone, Debug)]
pub struct ListedMethod {
    /// Identity.
    pub id: MethodId,
    /// Its brand, or its kind if it has none.
    pub kind: String,
    /// The last four characters of its number.
    pub last4: Option<String>,
    /// Month and year of its expiry.
    pub expiry: Option<(u8, u16)>,
}

impl From<&PaymentMethod> for ListedMethod {
    fn from(method: &PaymentMethod) -> Self {
        Self {
            id: method.id.clone(),
            kind: method.brand.as_ref().unwrap_or(&method.kind).clone(),
            last4: method.last4.clone(),
            expiry: method.expiry_month.zip(method.expiry_year),
        }
    }
}

impl ListedSubscription {
    /// `subscription` as lists show it.
    pub fn of(
        subscription: &Subscription,
        product_name: String,
        method: Option<ListedMethod>,
    ) -> Self {
        Self {
            id: subscription.id.clone(),
            product_name,
            quantity: subscription.quantity,
            unit_price: subscription.unit_price,
            price: subscription.price().unwrap_or(subscription.unit_price),
            tax_inclusive: subscription.tax_inclusive,
            interval: subscription.interval,
            state: subscription.state.clone(),
            period_end: subscription.period.end,
            expires_at: subscription.expires_at,
            cancel_at_period_end: subscription.cancel_at_period_end,
            resume_at: subscription.resume_at,
            on_demand: subscription.on_demand,
            method,
        }
    }
}

impl TryFrom<Row> for ListedSubscription {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "subscriptions",
            id: &row.id,
        };
        let unit_price = columns.money(row.unit_minor, &row.currency)?;
        let own = unit_price.checked_mul(row.quantity);
        let price = match row.extras.as_str() {
            "{}" => own,
            extras => {
                let extras: Extras = columns.json("extras", extras)?;
                own.and_then(|own| extras.addons_price(own))
            }
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            quantity: columns.number("quantity", row.quantity)?,
            price: price.unwrap_or(unit_price),
            unit_price,
            tax_inclusive: row.tax_inclusive,
            interval: columns.interval(&row.interval_unit, row.interval_count)?,
            state: state(
                &columns,
                &row.state,
                row.state_at,
                row.hold_reason.as_deref(),
            )?,
            period_end: columns.time("period_end", row.period_end)?,
            expires_at: columns.time_some("expires_at", row.expires_at)?,
            cancel_at_period_end: row.cancel_at_period_end,
            resume_at: columns.time_some("resume_at", row.resume_at)?,
            on_demand: row.on_demand,
            method: match (row.method_id, row.method_kind) {
                (Some(id), Some(kind)) => Some(ListedMethod {
                    id: columns.parse("method_id", &id)?,
                    kind,
                    last4: row.last4,
                    expiry: columns
                        .number_some("expiry_month", row.expiry_month)?
                        .zip(columns.number_some("expiry_year", row.expiry_year)?),
                }),
                _ => None,
            },
            product_name: row.product_name,
        })
    }
}

impl Tx {
    /// A page of a customer's subscriptions; those that are over come last.
    pub async fn subscriptions_page(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
        seek: &Seek<SubscriptionId>,
        limit: u32,
    ) -> Result<Page<ListedSubscription>> {
        let row = match seek.row() {
            Some(id) => self.subscription(scope, id).await?,
            None => None,
        };
        let row = row.filter(|row| row.customer == *customer);
        let rank = row
            .as_ref()
            .map_or(2, |row| i64::from(!row.state.is_final()));
        let edge = seek.edge(row.map(|row| (row.created_at, row.id.into())));
        let page = beside!(
            self,
            scope,
            edge,
            limit,
            Row,
            OLDER,
            NEWER,
            customer.as_str(),
            rank,
        );
        match page {
            Some(page) => Ok(page),
            None => Box::pin(self.subscriptions_page(scope, customer, &Seek::Newest, limit)).await,
        }
    }
}
