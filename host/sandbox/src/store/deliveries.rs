//! Webhooks on their way: written in the transaction of the change that they tell of.

use serde::Serialize;
use sqlx::FromRow;

use super::{Result, Tx};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum DeliveryStatus {
    /// Kept back until the control API lets it go.
    Held,
    Due,
    Delivered,
    /// Tried too often.
    GivenUp,
}

/// One message to one receiver. A repeated message is a second delivery of the same event.
#[derive(Debug, Clone, Serialize, FromRow)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    /// The `webhook-id`, the same for every delivery of the event.
    pub(crate) event: String,
    #[serde(skip)]
    pub(crate) account: String,
    /// The event's type, such as `charge.succeeded`.
    pub(crate) kind: String,
    #[serde(skip)]
    pub(crate) payload: String,
    pub(crate) status: DeliveryStatus,
    pub(crate) due_at: i64,
    pub(crate) attempts: i64,
    /// What the receiver said last: a status code, or why there was none.
    pub(crate) last_answer: Option<String>,
    pub(crate) created_at: i64,
}

impl Tx {
    pub(crate) async fn insert_delivery(&mut self, delivery: &Delivery) -> Result<()> {
        sqlx::query(
            "INSERT INTO deliveries (id, event, account, kind, payload, status, due_at, attempts,
                 last_answer, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(&delivery.id)
        .bind(&delivery.event)
        .bind(&delivery.account)
        .bind(&delivery.kind)
        .bind(&delivery.payload)
        .bind(delivery.status)
        .bind(delivery.due_at)
        .bind(delivery.attempts)
        .bind(&delivery.last_answer)
        .bind(delivery.created_at)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    pub(crate) async fn save_delivery(&mut self, delivery: &Delivery) -> Result<()> {
        sqlx::query(
            "UPDATE deliveries SET status = $2, due_at = $3, attempts = $4, last_answer = $5
             WHERE id = $1",
        )
        .bind(&delivery.id)
        .bind(delivery.status)
        .bind(delivery.due_at)
        .bind(delivery.attempts)
        .bind(&delivery.last_answer)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    pub(crate) async fn delivery(&mut self, id: &str) -> Result<Option<Delivery>> {
        sqlx::query_as("SELECT * FROM deliveries WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut *self.inner)
            .await
    }

    /// The next delivery of an account whose time has come.
    pub(crate) async fn due_delivery(
        &mut self,
        account: &str,
        now: i64,
    ) -> Result<Option<Delivery>> {
        sqlx::query_as(
            "SELECT * FROM deliveries WHERE account = $1 AND status = 'due' AND due_at <= $2
             ORDER BY due_at, seq LIMIT 1",
        )
        .bind(account)
        .bind(now)
        .fetch_optional(&mut *self.inner)
        .await
    }

    /// What is kept back, waits for another try or was given up, oldest first.
    pub(crate) async fn waiting_deliveries(&mut self, account: &str) -> Result<Vec<Delivery>> {
        sqlx::query_as(
            "SELECT * FROM deliveries WHERE account = $1
             AND (status IN ('held', 'given_up') OR (status = 'due' AND attempts > 0))
             ORDER BY seq",
        )
        .bind(account)
        .fetch_all(&mut *self.inner)
        .await
    }

    /// How many are on their way or held.
    pub(crate) async fn deliveries_under_way(&mut self, account: &str) -> Result<i64> {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM deliveries WHERE account = $1 AND status IN ('held', 'due')",
        )
        .bind(account)
        .fetch_one(&mut *self.inner)
        .await
    }

    /// Every delivery of an account, oldest first.
    pub(crate) async fn deliveries(&mut self, account: &str) -> Result<Vec<Delivery>> {
        sqlx::query_as("SELECT * FROM deliveries WHERE account = $1 ORDER BY seq LIMIT 1000")
            .bind(account)
            .fetch_all(&mut *self.inner)
            .await
    }
}
