//! Refunds of charges.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::{Result, Tx};

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum RefundStatus {
    Processing,
    Succeeded,
    Failed,
}

impl RefundStatus {
    /// The word on the wire.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// A refund.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) idempotency_key: String,
    pub(crate) charge: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    metadata: String,
    pub(crate) status: RefundStatus,
    pub(crate) settles_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl Refund {
    /// A refund of a card charge, which is done at once.
    pub(crate) fn new(
        charge: &super::Intent,
        idempotency_key: String,
        amount: i64,
        currency: String,
        metadata: &BTreeMap<String, String>,
        now: i64,
    ) -> Self {
        Self {
            id: super::new_id("re"),
            account: charge.account.clone(),
            idempotency_key,
            charge: charge.id.clone(),
            amount,
            currency,
            metadata: super::intents::encode(metadata),
            status: RefundStatus::Succeeded,
            settles_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    pub(crate) fn metadata(&self) -> BTreeMap<String, String> {
        super::intents::decode(&self.metadata)
    }
}

impl Tx {
    pub(crate) async fn insert_refund(&mut self, refund: &Refund) -> Result<()> {
        sqlx::query(
            "INSERT INTO refunds (id, account, idempotency_key, charge, amount, currency,
                 metadata, status, settles_at, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(&refund.id)
        .bind(&refund.account)
        .bind(&refund.idempotency_key)
        .bind(&refund.charge)
        .bind(refund.amount)
        .bind(&refund.currency)
        .bind(&refund.metadata)
        .bind(refund.status)
        .bind(refund.settles_at)
        .bind(refund.created_at)
        .bind(refund.updated_at)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    pub(crate) async fn save_refund(&mut self, refund: &Refund) -> Result<()> {
        sqlx::query(
            "UPDATE refunds SET status = $2, settles_at = $3, updated_at = $4 WHERE id = $1",
        )
        .bind(&refund.id)
        .bind(refund.status)
        .bind(refund.settles_at)
        .bind(refund.updated_at)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    pub(crate) async fn refund(&mut self, account: &str, id: &str) -> Result<Option<Refund>> {
        sqlx::query_as("SELECT * FROM refunds WHERE account = $1 AND id = $2")
            .bind(account)
            .bind(id)
            .fetch_optional(&mut *self.inner)
            .await
    }

    pub(crate) async fn refunds_by_key(&mut self, account: &str, key: &str) -> Result<Vec<Refund>> {
        sqlx::query_as(
            "SELECT * FROM refunds WHERE account = $1 AND idempotency_key = $2 ORDER BY seq",
        )
        .bind(account)
        .bind(key)
        .fetch_all(&mut *self.inner)
        .await
    }

    /// What has been or is being given back of a charge, in minor units.
    pub(crate) async fn refunded(&mut self, charge: &str) -> Result<i64> {
        sqlx::query_scalar(
            "SELECT COALESCE(CAST(SUM(amount) AS BIGINT), 0) FROM refunds
             WHERE charge = $1 AND status <> 'failed'",
        )
        .bind(charge)
        .fetch_one(&mut *self.inner)
        .await
    }

    /// Refunds whose time to settle has come.
    pub(crate) async fn settling_refunds(&mut self, now: i64) -> Result<Vec<Refund>> {
        sqlx::query_as(
            "SELECT * FROM refunds WHERE status = 'processing' AND settles_at <= $1
             ORDER BY settles_at LIMIT 100",
        )
        .bind(now)
        .fetch_all(&mut *self.inner)
        .await
    }
}
