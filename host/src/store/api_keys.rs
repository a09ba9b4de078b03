//! Keys of the merchant API. The key itself is never here, only its hash.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, queries};
use super::row::Columns;
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::ApiKeyId;

queries! {
    INSERT = "INSERT INTO api_keys (id, business_id, mode, label, hash, may_write, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    LIST = "SELECT id, business_id, mode, label, may_write, created_at FROM api_keys \
        WHERE business_id = $1 AND mode = $2 AND revoked_at IS NULL ORDER BY id LIMIT 1000";
    REVOKE = "UPDATE api_keys SET revoked_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND revoked_at IS NULL";
}

/// A key of the merchant API.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Identity; not secret.
    pub id: ApiKeyId,
    /// The business and mode that it opens.
    pub scope: Scope,
    /// What the merchant calls it.
    pub label: String,
    /// Whether it may change anything.
    pub write: bool,
    /// When it was made (host time).
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    business_id: String,
    mode: String,
    label: String,
    may_write: bool,
    created_at: i64,
}

impl TryFrom<Row> for ApiKey {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "api_keys",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            created_at: columns.time("created_at", row.created_at)?,
            label: row.label,
            write: row.may_write,
        })
    }
}

impl Tx {
    /// Adds a key, known by the `hash` of its text.
    pub async fn insert_api_key(&mut self, key: &ApiKey, hash: &str) -> Result<()> {
        execute!(
            self,
            INSERT,
            key.id.as_str(),
            key.scope.business.as_str(),
            key.scope.mode.as_str(),
            &key.label,
            hash,
            key.write,
            key.created_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The keys of a scope that work, oldest first.
    pub async fn api_keys(&mut self, scope: &Scope) -> Result<Vec<ApiKey>> {
        fetch_all!(
            self,
            Row,
            LIST,
            scope.business.as_str(),
            scope.mode.as_str()
        )?
        .into_iter()
        .map(ApiKey::try_from)
        .collect()
    }

    /// Ends a key for good; answers whether it worked until now.
    pub async fn revoke_api_key(
        &mut self,
        scope: &Scope,
        id: &ApiKeyId,
        at: Timestamp,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            REVOKE,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            at.as_microsecond(),
        )?;
        Ok(touched == 1)
    }
}
