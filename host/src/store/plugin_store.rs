//! What plugins remember: small values under keys, apart for each plugin, business and mode.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::{Result, Tx};
use crate::domain::Scope;

queries! {
    GET = "SELECT key, value FROM plugin_store WHERE business_id = $1 AND mode = $2 \
        AND plugin = $3 AND key = $4";
    PUT = "INSERT INTO plugin_store (business_id, mode, plugin, key, value, written_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (business_id, mode, plugin, key) \
        DO UPDATE SET value = excluded.value, written_at = excluded.written_at";
    ADD = "INSERT INTO plugin_store (business_id, mode, plugin, key, value, written_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (business_id, mode, plugin, key) DO NOTHING";
    DELETE = "DELETE FROM plugin_store WHERE business_id = $1 AND mode = $2 AND plugin = $3 \
        AND key = $4";
    SCAN = "SELECT key, value FROM plugin_store WHERE business_id = $1 AND mode = $2 \
        AND plugin = $3 AND key > $4 AND key >= $5 AND key < $6 ORDER BY key LIMIT $7 + 0";
    USAGE = "SELECT COUNT(*) AS entries, CAST(COALESCE(SUM(LENGTH(value)), 0) AS BIGINT) AS bytes \
        FROM plugin_store WHERE business_id = $1 AND mode = $2 AND plugin = $3";
}

/// A value under its key.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PluginEntry {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
}

/// How much a plugin remembers in a business and mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PluginUsage {
    /// How many keys.
    pub entries: i64,
    /// How many bytes of values.
    pub bytes: i64,
}

impl Tx {
    /// The value of a key.
    pub async fn plugin_value(
        &mut self,
        scope: &Scope,
        plugin: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let row = fetch_optional!(self, PluginEntry, GET, business, mode, plugin, key)?;
        Ok(row.map(|row| row.value))
    }

    /// Keeps a value; where `over` is not set, only under a key that has none. Whether it was
    /// kept.
    pub async fn keep_plugin_value(
        &mut self,
        scope: &Scope,
        plugin: &str,
        entry: &PluginEntry,
        over: bool,
        at: Timestamp,
    ) -> Result<bool> {
        let statement = if over { PUT } else { ADD };
        let kept = execute!(
            self,
            statement,
            scope.business.as_str(),
            scope.mode.as_str(),
            plugin,
            &entry.key,
            &entry.value,
            at.as_microsecond(),
        )?;
        Ok(kept > 0)
    }

    /// Forgets a key.
    pub async fn forget_plugin_value(
        &mut self,
        scope: &Scope,
        plugin: &str,
        key: &str,
    ) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        execute!(self, DELETE, business, mode, plugin, key)?;
        Ok(())
    }

    /// Entries after the key `after` whose keys start with `prefix`, in order.
    pub async fn plugin_values(
        &mut self,
        scope: &Scope,
        plugin: &str,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<PluginEntry>> {
        // No key has this letter: they are printable ASCII.
        let end = format!("{prefix}\u{7f}");
        fetch_all!(
            self,
            PluginEntry,
            SCAN,
            scope.business.as_str(),
            scope.mode.as_str(),
            plugin,
            after,
            prefix,
            &end,
            i64::from(limit),
        )
    }

    /// How much a plugin remembers.
    pub async fn plugin_usage(&mut self, scope: &Scope, plugin: &str) -> Result<PluginUsage> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let row = fetch_optional!(self, PluginUsage, USAGE, business, mode, plugin)?;
        Ok(row.unwrap_or(PluginUsage {
            entries: 0,
            bytes: 0,
        }))
    }
}
