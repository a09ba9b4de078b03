//! The few statements that find their scope instead of starting from it, or span scopes: by the
//! hash of a secret that its bearer showed, and for the operator of the host.

use super::api_keys::{ApiKey, Row as ApiKeyRow};
use jiff::Timestamp;

use super::macros::{fetch_all, fetch_optional, queries};
use super::payments::Row as PaymentRow;
use super::refunds::Row as RefundRow;
use super::{Result, Tx};
use crate::domain::payment::Payment;
use crate::domain::refund::Refund;

/// Money that settled nothing. What went back again, or was taken back, needs nobody.
macro_rules! receipts {
    ($which:literal) => {
        concat!(
            "SELECT * FROM payments WHERE unapplied \
            AND (SELECT COALESCE(SUM(COALESCE(refunds.moved_minor, refunds.amount_minor)), 0) \
            FROM refunds WHERE refunds.business_id = payments.business_id \
            AND refunds.mode = payments.mode AND refunds.payment_id = payments.id \
            AND refunds.state = 'succeeded') \
            + (SELECT COALESCE(SUM(disputes.amount_minor), 0) \
            FROM disputes WHERE disputes.business_id = payments.business_id \
            AND disputes.mode = payments.mode AND disputes.payment_id = payments.id \
            AND disputes.state = 'lost') < COALESCE(payments.moved_minor, payments.amount_minor)",
            $which
        )
    };
}

queries! {
    API_KEY = "SELECT id, business_id, mode, label, may_write, created_at FROM api_keys \
        WHERE hash = $1 AND revoked_at IS NULL";
    /// Sent, and not ended; what was never sent waits for its customer only.
    UNSETTLED = "SELECT * FROM payments \
        WHERE state IN ('created', 'awaiting-customer', 'processing', 'unknown') \
        AND request IS NOT NULL ORDER BY id LIMIT $1";
    UNAPPLIED = receipts!(" ORDER BY id LIMIT $1");
    /// Whose way back is neither ordered, under way nor given up.
    UNORDERED = receipts!(
        " AND id > $1 AND NOT EXISTS (SELECT 1 FROM jobs \
        WHERE jobs.business_id = payments.business_id AND jobs.mode = payments.mode \
        AND jobs.state IN ('queued', 'running', 'failed') \
        AND jobs.unique_key = 'refund-unapplied:' || payments.id) ORDER BY id LIMIT $2 + 0"
    );
    UNSETTLED_REFUNDS = "SELECT * FROM refunds \
        WHERE state IN ('created', 'processing', 'unknown') ORDER BY id LIMIT $1";
    TO_DECIDE = "SELECT * FROM refunds WHERE bounced = 'open' ORDER BY id LIMIT $1";
    NEXT_LOOK = "SELECT MIN(run_at) AS at FROM jobs \
        WHERE unique_key = $1 AND state IN ('queued', 'running')";
}

#[derive(sqlx::FromRow)]
struct At {
    at: Option<i64>,
}

impl Tx {
    /// The API key with this hash, unless it was revoked.
    pub async fn api_key_by_hash(&mut self, hash: &str) -> Result<Option<ApiKey>> {
        fetch_optional!(self, ApiKeyRow, API_KEY, hash)?
            .map(ApiKey::try_from)
            .transpose()
    }

    /// Payments of every business that were sent and have not ended, oldest first.
    pub async fn unsettled_payments(&mut self, limit: u32) -> Result<Vec<Payment>> {
        let rows = fetch_all!(self, PaymentRow, UNSETTLED, i64::from(limit))?;
        rows.into_iter().map(Payment::try_from).collect()
    }

    /// Payments of every business whose money settled nothing, oldest first.
    pub async fn unapplied_payments(&mut self, limit: u32) -> Result<Vec<Payment>> {
        let rows = fetch_all!(self, PaymentRow, UNAPPLIED, i64::from(limit))?;
        rows.into_iter().map(Payment::try_from).collect()
    }

    /// Those of them after `after`, in the order of their ids, whose way back nobody has ordered.
    pub async fn unordered_receipts(&mut self, after: &str, limit: u32) -> Result<Vec<Payment>> {
        let rows = fetch_all!(self, PaymentRow, UNORDERED, after, i64::from(limit))?;
        rows.into_iter().map(Payment::try_from).collect()
    }

    /// Refunds of every business that have not ended, oldest first.
    pub async fn unsettled_refunds(&mut self, limit: u32) -> Result<Vec<Refund>> {
        let rows = fetch_all!(self, RefundRow, UNSETTLED_REFUNDS, i64::from(limit))?;
        rows.into_iter().map(Refund::try_from).collect()
    }

    /// Refunds of every business that came back and about which a person has to decide, oldest
    /// first.
    pub async fn refunds_to_decide(&mut self, limit: u32) -> Result<Vec<Refund>> {
        let rows = fetch_all!(self, RefundRow, TO_DECIDE, i64::from(limit))?;
        rows.into_iter().map(Refund::try_from).collect()
    }

    /// When the work that is queued under this key runs (host time); none when there is none.
    pub async fn next_run_of(&mut self, unique_key: &str) -> Result<Option<Timestamp>> {
        let row = fetch_optional!(self, At, NEXT_LOOK, unique_key)?;
        let at = row.and_then(|row| row.at);
        Ok(at.and_then(|at| Timestamp::from_microsecond(at).ok()))
    }
}
