//! Disputes over charges, and debits that the bank returned.

use sqlx::FromRow;

use super::{Result, Tx};

/// Where a dispute stands. A returned debit is one that nobody decides about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum DisputeStatus {
    Opened,
    Won,
    Lost,
    Returned,
}

impl DisputeStatus {
    /// The word on the wire.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Returned => "returned",
        }
    }
}

/// A dispute, or a returned debit.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Dispute {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) charge: String,
    /// The charge's key.
    pub(crate) idempotency_key: String,
    /// Minor units.
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) reason: String,
    pub(crate) status: DisputeStatus,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl Tx {
    pub(crate) async fn insert_dispute(&mut self, dispute: &Dispute) -> Result<()> {
        sqlx::query(
            "INSERT INTO disputes (id, account, charge, idempotency_key, amount, currency, reason,
                 status, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(&dispute.id)
        .bind(&dispute.account)
        .bind(&dispute.charge)
        .bind(&dispute.idempotency_key)
        .bind(dispute.amount)
        .bind(&dispute.currency)
        .bind(&dispute.reason)
        .bind(dispute.status)
        .bind(dispute.created_at)
        .bind(dispute.updated_at)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    pub(crate) async fn save_dispute(&mut self, dispute: &Dispute) -> Result<()> {
        sqlx::query("UPDATE disputes SET status = $2, updated_at = $3 WHERE id = $1")
            .bind(&dispute.id)
            .bind(dispute.status)
            .bind(dispute.updated_at)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    pub(crate) async fn dispute(&mut self, account: &str, id: &str) -> Result<Option<Dispute>> {
        sqlx::query_as("SELECT * FROM disputes WHERE account = $1 AND id = $2")
            .bind(account)
            .bind(id)
            .fetch_optional(&mut *self.inner)
            .await
    }

    /// What of a charge was taken back or is contested, in minor units.
    pub(crate) async fn contested(&mut self, charge: &str) -> Result<i64> {
        sqlx::query_scalar(
            "SELECT COALESCE(CAST(SUM(amount) AS BIGINT), 0) FROM disputes
             WHERE charge = $1 AND status <> 'won'",
        )
        .bind(charge)
        .fetch_one(&mut *self.inner)
        .await
    }
}
