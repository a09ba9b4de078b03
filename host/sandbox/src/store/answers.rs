//! What was answered to an idempotency key.

use sqlx::FromRow;

use super::{Result, Tx};

/// An answer to be given again.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct StoredAnswer {
    /// Hash of the operation and the request's body.
    pub(crate) request_hash: String,
    pub(crate) status: u16,
    /// JSON.
    pub(crate) body: String,
}

impl Tx {
    /// The answer to a key that was first used at `since` or later.
    pub(crate) async fn answer(
        &mut self,
        account: &str,
        key: &str,
        since: i64,
    ) -> Result<Option<StoredAnswer>> {
        sqlx::query_as(
            "SELECT request_hash, status, body FROM answers
             WHERE account = $1 AND idempotency_key = $2 AND created_at >= $3",
        )
        .bind(account)
        .bind(key)
        .bind(since)
        .fetch_optional(&mut *self.inner)
        .await
    }

    /// Remembers an answer, in the place of one that is too old to count.
    pub(crate) async fn keep_answer(
        &mut self,
        account: &str,
        key: &str,
        answer: &StoredAnswer,
        now: i64,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO answers (account, idempotency_key, request_hash, status, body, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (account, idempotency_key) DO UPDATE SET
                 request_hash = excluded.request_hash, status = excluded.status,
                 body = excluded.body, created_at = excluded.created_at",
        )
        .bind(account)
        .bind(key)
        .bind(&answer.request_hash)
        .bind(answer.status)
        .bind(&answer.body)
        .bind(now)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// Forgets one key of an account, or all of them; says how many.
    pub(crate) async fn forget_answers(&mut self, account: &str, key: Option<&str>) -> Result<u64> {
        let done = sqlx::query(
            "DELETE FROM answers
             WHERE account = $1 AND ($2 IS NULL OR idempotency_key = $2)",
        )
        .bind(account)
        .bind(key)
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected())
    }
}
