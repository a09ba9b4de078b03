//! What plugins remember: small values under keys, apart for each plugin, business and mode.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Error, Result, Tx};
use crate::domain::Scope;

queries! {
    GET = "SELECT key, value FROM plugin_store WHERE business_id = $1 AND mode = $2 \
        AND plugin = $3 AND key = $4";
    PUT = "INSERT INTO plugin_store (business_id, mode, plugin, key, value, written_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (business_id, mode, plugin, key) \
        DO UPDATE SET value = excluded.value, written_at = excluded.written_at";
    DELETE = "DELETE FROM plugin_store WHERE business_id = $1 AND mode = $2 AND plugin = $3 \
        AND key = $4";
    SCAN = "SELECT key, value FROM plugin_store WHERE business_id = $1 AND mode = $2 \
        AND plugin = $3 AND key > $4 AND key >= $5 AND key < $6 ORDER BY key LIMIT $7 + 0";
    USAGES = "SELECT plugin, COUNT(*) AS entries, \
        CAST(COALESCE(SUM(LENGTH(value)), 0) AS BIGINT) AS bytes, MAX(written_at) AS written_at \
        FROM plugin_store WHERE business_id = $1 AND mode = $2 GROUP BY plugin ORDER BY plugin";
    CLEAR = "DELETE FROM plugin_store WHERE business_id = $1 AND mode = $2 AND plugin = $3";
    LENGTH = "SELECT CAST(LENGTH(value) AS BIGINT) AS bytes FROM plugin_store \
        WHERE business_id = $1 AND mode = $2 AND plugin = $3 AND key = $4";
    USAGE = "SELECT entries, bytes FROM plugin_usage \
        WHERE business_id = $1 AND mode = $2 AND plugin = $3";
    /// Others who write for the same plugin wait for the end of the transaction.
    LOCK_USAGE = "INSERT INTO plugin_usage (business_id, mode, plugin, entries, bytes) \
        VALUES ($1, $2, $3, 0, 0) ON CONFLICT (business_id, mode, plugin) \
        DO UPDATE SET entries = plugin_usage.entries RETURNING entries, bytes";
    SET_USAGE = "UPDATE plugin_usage SET entries = $4, bytes = $5 \
        WHERE business_id = $1 AND mode = $2 AND plugin = $3";
}

/// A value under its key.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PluginEntry {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
}

/// What became of a value that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginKept {
    /// It is there.
    Yes,
    /// The key had one already, which stays.
    Another,
    /// There is no room.
    Full,
}

/// How much a plugin remembers in a business and mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct PluginUsage {
    /// How many keys.
    pub entries: i64,
    /// How many bytes of values.
    pub bytes: i64,
}

/// How much one of the plugins of a business and mode remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginMemory {
    /// The plugin's id.
    pub plugin: String,
    /// How much.
    pub usage: PluginUsage,
    /// When it last wrote (host time).
    pub written_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct MemoryRow {
    plugin: String,
    entries: i64,
    bytes: i64,
    written_at: i64,
}

impl TryFrom<MemoryRow> for PluginMemory {
    type Error = Error;

    fn try_from(row: MemoryRow) -> Result<Self> {
        let columns = Columns {
            table: "plugin_store",
            id: &row.plugin,
        };
        Ok(Self {
            written_at: columns.time("written_at", row.written_at)?,
            usage: PluginUsage {
                entries: row.entries,
                bytes: row.bytes,
            },
            plugin: row.plugin,
        })
    }
}

#[derive(sqlx::FromRow)]
struct LengthRow {
    bytes: i64,
}

impl Tx {
    /// How much every plugin remembers in a business and mode, by their ids.
    pub async fn plugin_memories(&mut self, scope: &Scope) -> Result<Vec<PluginMemory>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let rows = fetch_all!(self, MemoryRow, USAGES, business, mode)?;
        rows.into_iter().map(PluginMemory::try_from).collect()
    }

    /// Forgets everything that a plugin remembers; answers how many keys that were.
    pub async fn clear_plugin_memory(&mut self, scope: &Scope, plugin: &str) -> Result<u64> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        self.lock_plugin_usage(scope, plugin).await?;
        let cleared = execute!(self, CLEAR, business, mode, plugin)?;
        let nothing = PluginUsage::default();
        self.set_plugin_usage(scope, plugin, nothing).await?;
        Ok(cleared)
    }

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

    /// Keeps a value; where `over` is not set, only under a key that has none; and only where the
    /// plugin remembers no more than `most` then.
    pub async fn keep_plugin_value(
        &mut self,
        scope: &Scope,
        plugin: &str,
        entry: &PluginEntry,
        over: bool,
        most: PluginUsage,
        at: Timestamp,
    ) -> Result<PluginKept> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let used = self.lock_plugin_usage(scope, plugin).await?;
        let before = self.length(scope, plugin, &entry.key).await?;
        if before.is_some() && !over {
            return Ok(PluginKept::Another);
        }
        let length = i64::try_from(entry.value.len()).unwrap_or(i64::MAX);
        let now = PluginUsage {
            entries: used.entries + i64::from(before.is_none()),
            bytes: (used.bytes - before.unwrap_or_default()).saturating_add(length),
        };
        if now.entries > most.entries || now.bytes > most.bytes {
            return Ok(PluginKept::Full);
        }
        let at = at.as_microsecond();
        let (key, value) = (&entry.key, &entry.value);
        execute!(self, PUT, business, mode, plugin, key, value, at)?;
        self.set_plugin_usage(scope, plugin, now).await?;
        Ok(PluginKept::Yes)
    }

    /// Forgets a key.
    pub async fn forget_plugin_value(
        &mut self,
        scope: &Scope,
        plugin: &str,
        key: &str,
    ) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let used = self.lock_plugin_usage(scope, plugin).await?;
        let Some(before) = self.length(scope, plugin, key).await? else {
            return Ok(());
        };
        execute!(self, DELETE, business, mode, plugin, key)?;
        let now = PluginUsage {
            entries: used.entries - 1,
            bytes: used.bytes - before,
        };
        self.set_plugin_usage(scope, plugin, now).await
    }

    /// Bytes of the value of a key.
    async fn length(&mut self, scope: &Scope, plugin: &str, key: &str) -> Result<Option<i64>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let row = fetch_optional!(self, LengthRow, LENGTH, business, mode, plugin, key)?;
        Ok(row.map(|row| row.bytes))
    }

    /// How much a plugin remembers, which nobody else changes until this transaction ends.
    async fn lock_plugin_usage(&mut self, scope: &Scope, plugin: &str) -> Result<PluginUsage> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let row = fetch_optional!(self, PluginUsage, LOCK_USAGE, business, mode, plugin)?;
        Ok(row.unwrap_or_default())
    }

    async fn set_plugin_usage(
        &mut self,
        scope: &Scope,
        plugin: &str,
        now: PluginUsage,
    ) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let PluginUsage { entries, bytes } = now;
        execute!(self, SET_USAGE, business, mode, plugin, entries, bytes)?;
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
        Ok(row.unwrap_or_default())
    }
}
