//! Subscriptions.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::subscription_rows::{Row, facts};
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{CustomerId, MethodId, ProductId, SubscriptionId};
use crate::domain::subscription::{CancelReason, CancellationFeedback, Subscription};

/// A page of the subscriptions that are `$whose`.
macro_rules! narrowed {
    ($whose:literal) => {
        concat!(
            "SELECT * FROM subscriptions WHERE business_id = $1 AND mode = $2 AND ",
            $whose,
            " AND (CAST($4 AS TEXT) IS NULL OR product_id = $4) \
            AND (CAST($5 AS TEXT) IS NULL OR state = $5) \
            AND (CAST($6 AS BOOLEAN) IS NULL OR cancel_at_period_end = $6) \
            AND (CAST($7 AS BIGINT) IS NULL OR created_at >= $7) \
            AND (CAST($8 AS BIGINT) IS NULL OR created_at <= $8) \
            ORDER BY created_at DESC, id DESC LIMIT $9 + 0 OFFSET $10"
        )
    };
}

queries! {
    INSERT = "INSERT INTO subscriptions (id, business_id, mode, customer_id, product_id, quantity, \
        unit_minor, currency, tax_inclusive, interval_unit, interval_count, term_unit, term_count, \
        trial_days, state, state_at, hold_reason, anchor_at, period_start, period_end, expires_at, \
        cancel_at_period_end, cancel_reason, cancel_feedback, cancel_comment, method_id, \
        billing_country, billing_city, billing_state, billing_street, billing_zipcode, tax_id, \
        business_name, metadata, return_url, created_at, updated_at, version, resume_at, on_demand, \
        extras) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
        $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, \
        $37, $38, $39, $40, $41)";
    GET = "SELECT * FROM subscriptions WHERE business_id = $1 AND mode = $2 AND id = $3";
    /// Takes the row's lock on both databases; what is read cannot change until the commit.
    LOCK = "UPDATE subscriptions SET version = version + 1 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 RETURNING *";
    SAVE = "UPDATE subscriptions SET quantity = $5, unit_minor = $6, state = $7, state_at = $8, \
        hold_reason = $9, anchor_at = $10, period_start = $11, period_end = $12, expires_at = $13, \
        cancel_at_period_end = $14, cancel_reason = $15, cancel_feedback = $16, \
        cancel_comment = $17, method_id = $18, billing_country = $19, billing_city = $20, \
        billing_state = $21, billing_street = $22, billing_zipcode = $23, tax_id = $24, \
        business_name = $25, metadata = $26, updated_at = $27, resume_at = $28, on_demand = $29, \
        extras = $30, \
        version = version + 1 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND version = $4";
    LIST = narrowed!("(CAST($3 AS TEXT) IS NULL OR customer_id = $3)");
    /// The same of one customer: a wish that may be absent uses no index.
    LIST_OF = narrowed!("customer_id = $3");
    BY_METHOD = "SELECT * FROM subscriptions WHERE business_id = $1 AND mode = $2 \
        AND method_id = $3 AND state NOT IN ('cancelled', 'failed', 'expired') ORDER BY id LIMIT 50";
}

/// Which subscriptions to list; an absent field does not narrow.
#[derive(Clone, Debug, Default)]
pub struct SubscriptionFilter {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Of this product.
    pub product: Option<ProductId>,
    /// In the state of this name (`SubscriptionState::name`).
    pub state: Option<&'static str>,
    /// Whether it ends with its period.
    pub cancel_at_period_end: Option<bool>,
    /// Made at this time or later.
    pub created_from: Option<Timestamp>,
    /// Made at this time or earlier.
    pub created_to: Option<Timestamp>,
}

impl Tx {
    /// Adds a subscription.
    pub async fn insert_subscription(&mut self, subscription: &Subscription) -> Result<()> {
        let (state_at, hold_reason) = facts(&subscription.state);
        execute!(
            self,
            INSERT,
            subscription.id.as_str(),
            subscription.scope.business.as_str(),
            subscription.scope.mode.as_str(),
            subscription.customer.as_str(),
            subscription.product.as_str(),
            i64::from(subscription.quantity),
            subscription.unit_price.minor,
            subscription.unit_price.currency.code(),
            subscription.tax_inclusive,
            subscription.interval.unit.as_str(),
            i64::from(subscription.interval.count),
            subscription.term.unit.as_str(),
            i64::from(subscription.term.count),
            i64::from(subscription.trial_days),
            subscription.state.name(),
            state_at,
            hold_reason,
            subscription.anchor.as_microsecond(),
            subscription.period.start.as_microsecond(),
            subscription.period.end.as_microsecond(),
            subscription.expires_at.map(Timestamp::as_microsecond),
            subscription.cancel_at_period_end,
            subscription.cancellation.reason.map(CancelReason::as_str),
            subscription
                .cancellation
                .feedback
                .map(CancellationFeedback::as_str),
            subscription.cancellation.comment.as_deref(),
            subscription.method.as_ref().map(MethodId::as_str),
            &subscription.buyer.billing.country,
            subscription.buyer.billing.city.as_deref(),
            subscription.buyer.billing.state.as_deref(),
            subscription.buyer.billing.street.as_deref(),
            subscription.buyer.billing.zipcode.as_deref(),
            subscription.buyer.tax_id.as_deref(),
            subscription.buyer.business_name.as_deref(),
            &subscription.metadata,
            subscription.return_url.as_deref(),
            subscription.created_at.as_microsecond(),
            subscription.updated_at.as_microsecond(),
            subscription.version,
            subscription.resume_at.map(Timestamp::as_microsecond),
            subscription.on_demand,
            super::row::json(&subscription.extras),
        )?;
        Ok(())
    }

    /// The subscription with this id in this scope.
    pub async fn subscription(
        &mut self,
        scope: &Scope,
        id: &SubscriptionId,
    ) -> Result<Option<Subscription>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Subscription::try_from)
        .transpose()
    }

    /// The subscription, locked until the transaction ends. A flow locks the subscription
    /// before any payment of it, so that no two flows wait for each other.
    pub async fn lock_subscription(
        &mut self,
        scope: &Scope,
        id: &SubscriptionId,
    ) -> Result<Option<Subscription>> {
        fetch_optional!(
            self,
            Row,
            LOCK,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Subscription::try_from)
        .transpose()
    }

    /// Writes a subscription; [`super::Error::Stale`] when it changed since it was read.
    pub async fn save_subscription(&mut self, subscription: &mut Subscription) -> Result<()> {
        let (state_at, hold_reason) = facts(&subscription.state);
        let touched = execute!(
            self,
            SAVE,
            subscription.scope.business.as_str(),
            subscription.scope.mode.as_str(),
            subscription.id.as_str(),
            subscription.version,
            i64::from(subscription.quantity),
            subscription.unit_price.minor,
            subscription.state.name(),
            state_at,
            hold_reason,
            subscription.anchor.as_microsecond(),
            subscription.period.start.as_microsecond(),
            subscription.period.end.as_microsecond(),
            subscription.expires_at.map(Timestamp::as_microsecond),
            subscription.cancel_at_period_end,
            subscription.cancellation.reason.map(CancelReason::as_str),
            subscription
                .cancellation
                .feedback
                .map(CancellationFeedback::as_str),
            subscription.cancellation.comment.as_deref(),
            subscription.method.as_ref().map(MethodId::as_str),
            &subscription.buyer.billing.country,
            subscription.buyer.billing.city.as_deref(),
            subscription.buyer.billing.state.as_deref(),
            subscription.buyer.billing.street.as_deref(),
            subscription.buyer.billing.zipcode.as_deref(),
            subscription.buyer.tax_id.as_deref(),
            subscription.buyer.business_name.as_deref(),
            &subscription.metadata,
            subscription.updated_at.as_microsecond(),
            subscription.resume_at.map(Timestamp::as_microsecond),
            subscription.on_demand,
            super::row::json(&subscription.extras),
        )?;
        super::row::touched_one(touched, "subscriptions", subscription.id.as_str())?;
        subscription.version += 1;
        Ok(())
    }

    /// A page of subscriptions, newest first.
    pub async fn subscriptions(
        &mut self,
        scope: &Scope,
        filter: &SubscriptionFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Subscription>> {
        let sql = match filter.customer {
            Some(_) => LIST_OF,
            None => LIST,
        };
        fetch_all!(
            self,
            Row,
            sql,
            scope.business.as_str(),
            scope.mode.as_str(),
            filter.customer.as_ref().map(CustomerId::as_str),
            filter.product.as_ref().map(ProductId::as_str),
            filter.state,
            filter.cancel_at_period_end,
            filter.created_from.map(Timestamp::as_microsecond),
            filter.created_to.map(Timestamp::as_microsecond),
            i64::from(limit),
            i64::from(offset),
        )?
        .into_iter()
        .map(Subscription::try_from)
        .collect()
    }

    /// The living subscriptions that a method pays for.
    pub async fn subscriptions_by_method(
        &mut self,
        scope: &Scope,
        method: &MethodId,
    ) -> Result<Vec<Subscription>> {
        fetch_all!(
            self,
            Row,
            BY_METHOD,
            scope.business.as_str(),
            scope.mode.as_str(),
            method.as_str(),
        )?
        .into_iter()
        .map(Subscription::try_from)
        .collect()
    }
}
