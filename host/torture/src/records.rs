//! What the hosts' database says at the end, read past the hosts.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, FromRow};

const PAYMENTS: &str = "SELECT id, subscription_id, purpose, state, amount_minor, currency, \
    CAST(CAST(unapplied AS INTEGER) AS BIGINT) AS unapplied, invoice_id, sent_at, metadata \
    FROM payments";
const SHARES: &str = "SELECT payment_id, debt_id FROM payment_debts";
const REFUNDS: &str = "SELECT id, payment_id, cause, state, amount_minor, credit_note_id, metadata \
    FROM refunds";
const DEBTS: &str = "SELECT state, amount_minor, settled_by FROM debts";
const SUBSCRIPTIONS: &str = "SELECT id, state, period_end, \
    CAST(CAST(on_demand AS INTEGER) AS BIGINT) AS on_demand FROM subscriptions";
const LICENSES: &str = "SELECT id, subscription_id, expires_at, \
    CAST(CAST(suspended AS INTEGER) AS BIGINT) AS suspended FROM licenses";
const INVOICES: &str = "SELECT id, kind, state, number, number_text, gross_minor FROM invoices";
const EVENTS: &str = "SELECT id, type AS kind, object_id AS object FROM events";
const JOBS: &str = "SELECT id, kind, state, run_at, unique_key, last_error FROM jobs \
    WHERE state <> 'done'";
/// Work that is running or waits for its turn; what is due in days is not at hand.
const AT_HAND: &str = "SELECT COUNT(*) FROM jobs WHERE state = 'running' OR (state = 'queued' \
    AND kind IN ('mail', 'access-mail', 'deliver-event', 'render-invoice', 'reconcile', \
    'reconcile-refund', 'refund-unapplied'))";

#[derive(Clone, Debug, Default, FromRow)]
pub(crate) struct Payment {
    pub(crate) id: String,
    pub(crate) subscription_id: Option<String>,
    pub(crate) purpose: String,
    pub(crate) state: String,
    pub(crate) amount_minor: i64,
    pub(crate) currency: String,
    pub(crate) unapplied: i64,
    pub(crate) invoice_id: Option<String>,
    pub(crate) sent_at: Option<i64>,
    pub(crate) metadata: String,
}

/// A payment pays for a debt.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Share {
    pub(crate) payment_id: String,
    pub(crate) debt_id: String,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct Debt {
    pub(crate) state: String,
    pub(crate) amount_minor: i64,
    pub(crate) settled_by: Option<String>,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) period_end: i64,
    pub(crate) on_demand: i64,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct License {
    pub(crate) id: String,
    pub(crate) subscription_id: Option<String>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) suspended: i64,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct Invoice {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) number: Option<i64>,
    pub(crate) number_text: Option<String>,
    pub(crate) gross_minor: i64,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) object: String,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) run_at: i64,
    pub(crate) unique_key: Option<String>,
    pub(crate) last_error: Option<String>,
}

#[derive(Clone, Debug, Default, FromRow)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) payment_id: String,
    pub(crate) cause: String,
    pub(crate) state: String,
    pub(crate) amount_minor: i64,
    pub(crate) credit_note_id: Option<String>,
    pub(crate) metadata: String,
}

/// Everything that is audited.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) payments: Vec<Payment>,
    pub(crate) shares: Vec<Share>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) debts: Vec<Debt>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) licenses: Vec<License>,
    pub(crate) invoices: Vec<Invoice>,
    pub(crate) events: Vec<Event>,
    pub(crate) jobs: Vec<Job>,
}

/// A connection of our own to either database.
enum Reader {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A row of either database.
trait Row:
    for<'r> FromRow<'r, sqlx::sqlite::SqliteRow>
    + for<'r> FromRow<'r, sqlx::postgres::PgRow>
    + Send
    + Unpin
{
}

impl<T> Row for T where
    T: for<'r> FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin
{
}

impl Reader {
    async fn connect(url: &str) -> anyhow::Result<Self> {
        Ok(if url.starts_with("sqlite:") {
            Self::Sqlite(SqliteConnection::connect(url).await?)
        } else {
            Self::Postgres(PgConnection::connect(url).await?)
        })
    }

    async fn all<T: Row>(&mut self, sql: &'static str) -> anyhow::Result<Vec<T>> {
        Ok(match self {
            Self::Sqlite(own) => sqlx::query_as(sql).fetch_all(own).await?,
            Self::Postgres(own) => sqlx::query_as(sql).fetch_all(own).await?,
        })
    }
}

impl Records {
    /// Reads the database at `url`.
    pub(crate) async fn read(url: &str) -> anyhow::Result<Self> {
        let mut reader = Reader::connect(url).await?;
        Ok(Self {
            payments: reader.all(PAYMENTS).await?,
            shares: reader.all(SHARES).await?,
            refunds: reader.all(REFUNDS).await?,
            debts: reader.all(DEBTS).await?,
            subscriptions: reader.all(SUBSCRIPTIONS).await?,
            licenses: reader.all(LICENSES).await?,
            invoices: reader.all(INVOICES).await?,
            events: reader.all(EVENTS).await?,
            jobs: reader.all(JOBS).await?,
        })
    }
}

/// Whether the hosts have work at hand.
pub(crate) async fn is_busy(url: &str) -> anyhow::Result<bool> {
    let mut reader = Reader::connect(url).await?;
    let count: Vec<(i64,)> = reader.all(AT_HAND).await?;
    Ok(count.iter().any(|(count,)| *count > 0))
}
