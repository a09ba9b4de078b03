//! The database: one SQL text on SQLite and Postgres, and transactions to run it in.
//!
//! No statement runs outside [`Tx`]. Callers decide; the store only keeps: it knows no
//! gateway, no HTTP and no clock. Absent is `None`, never an error.

mod access_mail;
mod across;
mod addons;
mod api_calls;
mod api_keys;
mod balances;
mod clocks;
mod customers;
mod debts;
mod deliveries;
mod dialect;
mod discounts;
mod disputes;
mod dunnings;
mod email_changes;
mod endpoints;
mod entrances;
mod error;
mod events;
mod failing_jobs;
mod invoices;
mod jobs;
mod lent_access;
mod license_instances;
mod licenses;
mod limits;
mod login_requests;
mod macros;
mod method_pages;
mod methods;
mod pages;
mod payment_lists;
mod payments;
mod plan_changes;
mod plugin_reports;
mod plugin_store;
mod portal_hosts;
mod portal_links;
mod products;
mod refunds;
mod rounds;
mod row;
mod sessions;
mod setups;
mod staff;
mod statements;
mod subscription_lists;
mod subscription_rows;
mod subscriptions;
mod test_mails;
mod work;

use std::num::NonZero;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    Database, Executor, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction,
};
use tokio::sync::Notify;

pub use self::access_mail::AccessMail;
pub use self::customers::CustomerFilter;
pub use self::error::Error;
pub use self::events::{AuditEntry, Event};
pub use self::failing_jobs::{FailingJob, GivenUp};
pub use self::jobs::{ClaimedJob, JobClock, JobRow, Lane, NewJob};
pub use self::licenses::LicenseFilter;
pub use self::login_requests::LoginRequest;
pub use self::method_pages::MethodPage;
pub use self::methods::Tries;
pub use self::pages::{Page, Seek};
pub use self::payment_lists::PaymentFilter;
pub use self::plugin_reports::PluginReport;
pub use self::plugin_store::{PluginEntry, PluginKept, PluginMemory, PluginUsage};
pub use self::refunds::RefundFilter;
pub use self::rounds::{Round, Step, StepOutcome};
pub use self::setups::{Setup, SetupState};
pub use self::staff::StaffRequest;
pub use self::subscription_lists::{ListedMethod, ListedSubscription};
pub use self::subscriptions::SubscriptionFilter;
pub use self::test_mails::TestMail;
pub use self::work::{MailOrder, Work};
pub use self::{api_calls::ApiCall, api_keys::ApiKey, balances::Compared, clocks::Clock};
pub use self::{deliveries::DeliveryFilter, discounts::DiscountFilter, disputes::DisputeFilter};
pub use self::{email_changes::EmailChange, entrances::Entrance};

/// What the store answers.
pub type Result<T> = std::result::Result<T, Error>;

/// How long a writer waits for another process's transaction on SQLite.
const SQLITE_BUSY: Duration = Duration::from_secs(10);
/// How long a writer waits for a row that another transaction holds on Postgres.
const POSTGRES_BUSY: &str = "10s";
/// When Postgres ends a transaction of which nothing is heard any more: a host that vanished holds
/// its rows no longer.
const VANISHED: &str = "60s";

/// The newest migration of the database, in the table that sqlx keeps.
const MIGRATED: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations WHERE success";

static SQLITE_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// The database of a host. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pools: Pools,
    ordered: Arc<[Notify; Lane::ALL.len()]>,
}

#[derive(Clone, Debug)]
enum Pools {
    Sqlite { write: SqlitePool, read: SqlitePool },
    Postgres(PgPool),
}

/// A transaction. Dropped without [`Tx::commit`] it leaves no trace.
#[derive(Debug)]
pub struct Tx {
    connection: Connection,
    ordered: Arc<[Notify; Lane::ALL.len()]>,
    has_ordered: [bool; Lane::ALL.len()],
}

#[derive(Debug)]
enum Connection {
    Sqlite(Held),
    Postgres(Transaction<'static, Postgres>),
}

/// A connection to SQLite, with or without a transaction around its statements.
#[derive(Debug)]
enum Held {
    Transaction(Transaction<'static, Sqlite>),
    Reader(PoolConnection<Sqlite>),
}

impl Deref for Held {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self {
            Self::Transaction(transaction) => transaction,
            Self::Reader(connection) => connection,
        }
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Transaction(transaction) => transaction,
            Self::Reader(connection) => connection,
        }
    }
}

/// A pool whose connections live as long as they answer. The task with which sqlx 0.9 closes old ones
/// counts the idle ones without a lock: while one is handed on, it may see some 2⁶⁴ of them, and then
/// burns a processor for ever.
fn unattended<DB: Database>(pool: PoolOptions<DB>) -> PoolOptions<DB> {
    pool.idle_timeout(None).max_lifetime(None)
}

impl Store {
    /// As many readers of an SQLite file as help: each is a thread that computes, and with more
    /// than two for a processor they mostly wait for each other.
    pub fn useful_readers() -> u32 {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        u32::try_from(processors * 2).unwrap_or(u32::MAX)
    }

    /// Opens the SQLite file at `path`, making it when it is not there. `readers` can read at
    /// the same time, beside the one writer.
    pub async fn open_sqlite(path: &Path, readers: u32) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // There is money in it: a commit is on the disk when it is acknowledged.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(SQLITE_BUSY);
        let write = unattended(SqlitePoolOptions::new())
            .max_connections(1)
            .after_release(|connection, _| {
                Box::pin(async move {
                    // A cancelled `begin` may have left a transaction; an error means none is open.
                    let _none_open = connection.execute("ROLLBACK").await;
                    Ok(true)
                })
            })
            .connect_with(options.clone())
            .await?;
        // A file does not hang up, and asking whether it did costs two switches of threads. Nor
        // is a cancelled `begin` rolled back a second time: sqlx's own thread has done it.
        let read = unattended(SqlitePoolOptions::new())
            .max_connections(readers)
            .test_before_acquire(false)
            .connect_with(options.pragma("query_only", "ON"))
            .await?;
        Ok(Self {
            pools: Pools::Sqlite { write, read },
            ordered: Arc::default(),
        })
    }

    /// Connects to the Postgres database at `url`, with `connections` at most.
    pub async fn open_postgres(url: &str, connections: u32) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)?.options([
            ("client_min_messages", "error"),
            ("lock_timeout", POSTGRES_BUSY),
            ("idle_in_transaction_session_timeout", VANISHED),
        ]);
        let pool = unattended(PgPoolOptions::new())
            .max_connections(connections)
            .after_release(|connection, _| {
                Box::pin(async move {
                    // Measured on sqlx 0.9: a cancelled `begin` returns the connection inside
                    // a transaction, and later acknowledged writes vanish with it.
                    connection.execute("ROLLBACK").await?;
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        Ok(Self {
            pools: Pools::Postgres(pool),
            ordered: Arc::default(),
        })
    }

    /// Brings the schema up to date. Processes that start together wait for each other.
    pub async fn migrate(&self) -> Result<()> {
        match &self.pools {
            Pools::Sqlite { write, .. } => SQLITE_MIGRATIONS.run(write).await?,
            Pools::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await?,
        }
        Ok(())
    }

    /// Whether the schema is the one that this program was built for.
    pub async fn is_migrated(&self) -> Result<bool> {
        let (embedded, applied) = match &self.pools {
            Pools::Sqlite { read, .. } => {
                let sql = sqlx::query_scalar::<_, i64>(MIGRATED);
                (&SQLITE_MIGRATIONS, sql.fetch_one(read).await?)
            }
            Pools::Postgres(pool) => {
                let sql = sqlx::query_scalar::<_, i64>(MIGRATED);
                (&POSTGRES_MIGRATIONS, sql.fetch_one(pool).await?)
            }
        };
        Ok(embedded.iter().map(|migration| migration.version).max() <= Some(applied))
    }

    /// A transaction to write in. On SQLite it holds the write lock from the start: a read
    /// lock that is upgraded later fails at once under contention instead of waiting.
    pub async fn begin(&self) -> Result<Tx> {
        let connection = match &self.pools {
            Pools::Sqlite { write, .. } => Connection::Sqlite(Held::Transaction(
                write.begin_with("BEGIN IMMEDIATE").await?,
            )),
            Pools::Postgres(pool) => Connection::Postgres(pool.begin().await?),
        };
        Ok(self.tx(connection))
    }

    /// A transaction that sees one state of the database and writes nothing.
    pub async fn read(&self) -> Result<Tx> {
        let connection = match &self.pools {
            Pools::Sqlite { read, .. } => {
                Connection::Sqlite(Held::Transaction(read.begin().await?))
            }
            Pools::Postgres(pool) => Connection::Postgres(
                pool.begin_with("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?,
            ),
        };
        Ok(self.tx(connection))
    }

    /// For one question, or for several that need not see one state of the database; nothing can
    /// be written. On SQLite each question is a transaction of its own: to begin one costs as
    /// much as a question. [`Tx::together`] begins one after all.
    pub async fn glance(&self) -> Result<Tx> {
        match &self.pools {
            Pools::Sqlite { read, .. } => {
                let reader = Held::Reader(read.acquire().await?);
                Ok(self.tx(Connection::Sqlite(reader)))
            }
            Pools::Postgres(_) => self.read().await,
        }
    }

    fn tx(&self, connection: Connection) -> Tx {
        Tx {
            connection,
            ordered: Arc::clone(&self.ordered),
            has_ordered: [false; Lane::ALL.len()],
        }
    }

    /// Returns once work was ordered by this process, now or since the last call for `lane`. One
    /// waiter of each lane is woken for each commit.
    pub async fn work_ordered(&self, lane: Lane) {
        self.ordered[lane as usize].notified().await;
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// What is read from here on is read from one state of the database.
    pub async fn together(mut self) -> Result<Self> {
        if let Connection::Sqlite(Held::Reader(connection)) = self.connection {
            let transaction = Transaction::begin(connection, None).await?;
            self.connection = Connection::Sqlite(Held::Transaction(transaction));
        }
        Ok(self)
    }

    /// Makes everything written in this transaction last; [`Error::Unanswered`] when nobody
    /// knows whether it does.
    pub async fn commit(self) -> Result<()> {
        let done = match self.connection {
            Connection::Sqlite(Held::Transaction(transaction)) => transaction.commit().await,
            Connection::Sqlite(Held::Reader(_)) => Ok(()),
            Connection::Postgres(transaction) => transaction.commit().await,
        };
        done.map_err(Error::of_commit)?;
        for (lane, has_ordered) in self.ordered.iter().zip(self.has_ordered) {
            if has_ordered {
                lane.notify_one();
            }
        }
        Ok(())
    }

    /// The tables, their columns and whether each may be null, sorted; the same on both
    /// databases.
    pub async fn schema(&mut self) -> Result<Vec<(String, String, bool)>> {
        dialect::schema(self).await
    }
}
