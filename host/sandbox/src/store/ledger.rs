//! The ledger: one entry for each charge and each refund that moved money, never changed.

use serde::Serialize;
use sqlx::FromRow;

use super::{Result, Tx};

/// Which way the money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum EntryKind {
    Charge,
    Refund,
    /// Money that a bank took back.
    Reversal,
    /// The same money, given again because the bank has overturned its decision; or a refund that
    /// came back.
    ReversalReturned,
}

/// One movement of money.
#[derive(Debug, Clone, Serialize, FromRow)]
pub(crate) struct Entry {
    /// Its place in the ledger; also the cursor that continues after it.
    pub(crate) seq: i64,
    #[serde(skip)]
    pub(crate) account: String,
    pub(crate) kind: EntryKind,
    /// The id of the charge, the refund or the dispute.
    pub(crate) reference: String,
    /// The caller's idempotency key.
    pub(crate) idempotency_key: String,
    /// Minor units, always positive.
    pub(crate) amount: i64,
    pub(crate) currency: String,
    /// When it happened, in microseconds since the epoch.
    pub(crate) at: i64,
}

/// Which part of the ledger.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// Entries at this moment or later.
    pub(crate) from: i64,
    /// Entries before this moment.
    pub(crate) to: i64,
    /// Entries after this place.
    pub(crate) after: i64,
    pub(crate) limit: i64,
}

impl Tx {
    /// Writes an entry. A second one for the same charge or refund breaks a unique key, which
    /// undoes the whole transaction: nothing can be counted twice.
    pub(crate) async fn append_entry(&mut self, entry: &Entry) -> Result<()> {
        sqlx::query(
            "INSERT INTO ledger (account, kind, reference, idempotency_key, amount, currency, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&entry.account)
        .bind(entry.kind)
        .bind(&entry.reference)
        .bind(&entry.idempotency_key)
        .bind(entry.amount)
        .bind(&entry.currency)
        .bind(entry.at)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// A page of the ledger of one account, oldest first.
    pub(crate) async fn ledger(&mut self, account: &str, page: Page) -> Result<Vec<Entry>> {
        sqlx::query_as(
            "SELECT * FROM ledger
             WHERE account = $1 AND at >= $2 AND at < $3 AND seq > $4 ORDER BY seq LIMIT $5",
        )
        .bind(account)
        .bind(page.from)
        .bind(page.to)
        .bind(page.after)
        .bind(page.limit)
        .fetch_all(&mut *self.inner)
        .await
    }

    /// The newest entries of all accounts, for the front page.
    pub(crate) async fn newest_entries(&mut self, limit: i64) -> Result<Vec<Entry>> {
        sqlx::query_as("SELECT * FROM ledger ORDER BY seq DESC LIMIT $1")
            .bind(limit)
            .fetch_all(&mut *self.inner)
            .await
    }
}
