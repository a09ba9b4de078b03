//! Lists of payments, and counts over them.

use jiff::Timestamp;

use super::macros::{fetch_all, fetch_optional, queries};
use super::payments::Row;
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{CustomerId, PaymentId, ProductId, SubscriptionId};
use crate::domain::payment::Payment;

/// A page of the payments that are `$whose`. One that was sent and has no answer is told as
/// processing, and so is `unknown`.
macro_rules! narrowed {
    ($whose:literal) => {
        concat!(
            "SELECT * FROM payments WHERE business_id = $1 AND mode = $2 AND ",
            $whose,
            " AND (CAST($5 AS TEXT) IS NULL OR $5 = CASE WHEN state = 'unknown' \
                OR (state = 'created' AND sent_at IS NOT NULL) THEN 'processing' ELSE state END) \
            AND (CAST($6 AS TEXT) IS NULL OR currency = $6) \
            AND (CAST($7 AS BIGINT) IS NULL OR created_at >= $7) \
            AND (CAST($8 AS BIGINT) IS NULL OR created_at <= $8) \
            AND (CAST($9 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM payment_debts \
                JOIN debts ON debts.id = payment_debts.debt_id \
                WHERE payment_debts.payment_id = payments.id AND debts.lines LIKE $9 ESCAPE '!')) \
            ORDER BY created_at DESC, id DESC LIMIT $10 + 0 OFFSET $11"
        )
    };
}

queries! {
    LIST = narrowed!("(CAST($3 AS TEXT) IS NULL OR customer_id = $3) \
        AND (CAST($4 AS TEXT) IS NULL OR subscription_id = $4)");
    /// The same of one customer, and of one subscription: a wish that may be absent uses no
    /// index.
    LIST_OF = narrowed!("customer_id = $3 AND (CAST($4 AS TEXT) IS NULL OR subscription_id = $4)");
    LIST_FOR = narrowed!("(CAST($3 AS TEXT) IS NULL OR customer_id = $3) AND subscription_id = $4");
    /// Every try at the same debts, the first one included.
    TRIES = "SELECT DISTINCT payments.* FROM payments \
        JOIN payment_debts ON payment_debts.payment_id = payments.id \
        WHERE payments.business_id = $1 AND payments.mode = $2 AND payment_debts.debt_id IN \
        (SELECT debt_id FROM payment_debts WHERE payment_id = $3) ORDER BY payments.id";
    NEW_METHOD_TRIES = "SELECT (SELECT COUNT(*) FROM payments \
        WHERE business_id = $1 AND mode = $2 AND customer_id = $3 AND created_at >= $4 \
        AND initiator = 'customer-present' AND request IS NOT NULL AND state = 'declined') \
        + (SELECT COUNT(*) FROM setups \
        WHERE business_id = $1 AND mode = $2 AND customer_id = $3 AND created_at >= $4 \
        AND state = 'declined') AS count";
}

#[derive(sqlx::FromRow)]
struct Count {
    count: i64,
}

/// Which payments to list; an absent field does not narrow.
#[derive(Clone, Debug, Default)]
pub struct PaymentFilter {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Of this subscription.
    pub subscription: Option<SubscriptionId>,
    /// For this product.
    pub product: Option<ProductId>,
    /// In the state of this name (`PaymentState::name`); `processing` includes `unknown`.
    pub state: Option<&'static str>,
    /// In this currency (its code).
    pub currency: Option<&'static str>,
    /// Made at this time or later.
    pub created_from: Option<Timestamp>,
    /// Made at this time or earlier.
    pub created_to: Option<Timestamp>,
}

/// The pattern of lines (JSON) that name a product.
fn named_in_lines(product: &ProductId) -> String {
    super::row::contains(&format!("\"{product}\""))
}

impl Tx {
    /// A page of payments, newest first.
    pub async fn payments(
        &mut self,
        scope: &Scope,
        filter: &PaymentFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Payment>> {
        let sql = match (&filter.subscription, &filter.customer) {
            (Some(_), _) => LIST_FOR,
            (None, Some(_)) => LIST_OF,
            (None, None) => LIST,
        };
        fetch_all!(
            self,
            Row,
            sql,
            scope.business.as_str(),
            scope.mode.as_str(),
            filter.customer.as_ref().map(CustomerId::as_str),
            filter.subscription.as_ref().map(SubscriptionId::as_str),
            filter.state,
            filter.currency,
            filter.created_from.map(Timestamp::as_microsecond),
            filter.created_to.map(Timestamp::as_microsecond),
            filter.product.as_ref().map(named_in_lines),
            i64::from(limit),
            i64::from(offset),
        )?
        .into_iter()
        .map(Payment::try_from)
        .collect()
    }

    /// How many customer-present charges of this customer were declined since `since`; what
    /// the limit against card testing counts.
    pub async fn declined_tries(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
        since: Timestamp,
    ) -> Result<i64> {
        let row = fetch_optional!(
            self,
            Count,
            NEW_METHOD_TRIES,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.as_str(),
            since.as_microsecond(),
        )?;
        Ok(row.map_or(0, |row| row.count))
    }

    /// Every payment that was made for a debt of `payment`, itself included, oldest first.
    pub async fn tries_at(&mut self, scope: &Scope, payment: &PaymentId) -> Result<Vec<Payment>> {
        fetch_all!(
            self,
            Row,
            TRIES,
            scope.business.as_str(),
            scope.mode.as_str(),
            payment.as_str(),
        )?
        .into_iter()
        .map(Payment::try_from)
        .collect()
    }
}
