//! The processor's own database: one SQLite file, one writer, write-ahead log, every commit
//! on the disk before it is answered. Holds all the SQL; knows no HTTP.

mod answers;
mod deliveries;
mod disputes;
mod intents;
mod ledger;
mod methods;
mod refunds;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Transaction};

pub(crate) use answers::StoredAnswer;
pub(crate) use deliveries::{Delivery, DeliveryStatus};
pub(crate) use disputes::{Dispute, DisputeStatus};
pub(crate) use intents::{Initiator, Intent, Kind, Status};
pub(crate) use ledger::{Entry, EntryKind, Page};
pub(crate) use methods::{Method, MethodKind};
pub(crate) use refunds::{Refund, RefundStatus};

/// Result of a statement.
pub(crate) type Result<T> = std::result::Result<T, sqlx::Error>;

/// The database.
pub(crate) struct Store {
    write: SqlitePool,
    read: SqlitePool,
}

/// A transaction. Dropped without [`Tx::commit`] it leaves nothing behind.
pub(crate) struct Tx {
    inner: Transaction<'static, Sqlite>,
}

impl Store {
    /// Opens the file, makes it if needed, and brings its tables up to date.
    pub(crate) async fn open(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .disable_statement_logging();
        // The task of sqlx 0.9 that closes old connections may never end: see the host's store.
        let pool = || {
            SqlitePoolOptions::new()
                .idle_timeout(None)
                .max_lifetime(None)
        };
        let write = pool()
            .max_connections(1)
            .connect_with(options.clone())
            .await?;
        sqlx::migrate!("./migrations").run(&write).await?;
        let read = pool().max_connections(4).connect_with(options).await?;
        Ok(Self { write, read })
    }

    /// Begins a transaction that may write. It holds the only writer, so that everything it
    /// reads is still true when it commits.
    pub(crate) async fn write(&self) -> Result<Tx> {
        Ok(Tx {
            inner: self.write.begin_with("BEGIN IMMEDIATE").await?,
        })
    }

    /// Begins a transaction that only reads.
    pub(crate) async fn read(&self) -> Result<Tx> {
        Ok(Tx {
            inner: self.read.begin().await?,
        })
    }

    /// Closes every connection, which folds the write-ahead log into the file.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

impl Tx {
    /// Makes everything written so far last.
    pub(crate) async fn commit(self) -> Result<()> {
        self.inner.commit().await
    }

    /// The random key with this name, made when it is first asked for.
    pub(crate) async fn secret(&mut self, name: &str) -> Result<Vec<u8>> {
        sqlx::query("INSERT INTO secrets (name, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(name)
            .bind(crate::chance::bytes().to_vec())
            .execute(&mut *self.inner)
            .await?;
        sqlx::query_scalar("SELECT bytes FROM secrets WHERE name = $1")
            .bind(name)
            .fetch_one(&mut *self.inner)
            .await
    }
}

/// A new identifier: sortable, with a prefix that says what it names.
pub(crate) fn new_id(prefix: &str) -> String {
    format!(
        "{prefix}_{}",
        ulid::Ulid::generate().to_string().to_lowercase()
    )
}
