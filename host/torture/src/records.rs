//! What the hosts' database says at the end, read past the hosts.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, FromRow};

const PAYMENTS: &str = "SELECT id, subscription_id, purpose, state, state_at, amount_minor, \
    currency, CAST(CAST(unapplied AS INTEGER) AS BIGINT) AS unapplied, invoice_id, sent_at, \
    created_at, metadata FROM payments";
const SHARES: &str = "SELECT payment_id, debt_id FROM payment_debts";
const REFUNDS: &str = "SELECT id, payment_id, cause, state, state_at, bounced, amount_minor, \
    credit_note_id, metadata FROM refunds";
const DISPUTES: &str = "SELECT id, payment_id, reference, state, amount_minor, updated_at, \
    CAST(CAST(reopened AS INTEGER) AS BIGINT) AS reopened FROM disputes";
const DISCOUNTS: &str = "SELECT code, CAST(times_used AS BIGINT) AS times_used, \
    CAST(usage_limit AS BIGINT) AS usage_limit, (SELECT COUNT(*) FROM discount_uses \
    WHERE discount_uses.discount_id = discounts.id) AS uses FROM discounts";
/// Every mail about a fact that was ever ordered.
const LETTERS: &str = "SELECT unique_key, payload, state, created_at, finished_at FROM jobs \
    WHERE kind = 'mail' AND unique_key IS NOT NULL";
const DEBTS: &str = "SELECT id, state, amount_minor, settled_by FROM debts";
const BILLED: &str = "SELECT invoice_id, debt_id FROM invoice_debts WHERE live";
const CHANGES: &str = "SELECT id, state, closed_at FROM plan_changes";
const SUBSCRIPTIONS: &str = "SELECT id, state, hold_reason, period_end, resume_at, \
    CAST(CAST(on_demand AS INTEGER) AS BIGINT) AS on_demand FROM subscriptions";
const LICENSES: &str = "SELECT id, subscription_id, expires_at, \
    CAST(CAST(suspended AS INTEGER) AS BIGINT) AS suspended FROM licenses";
const INVOICES: &str = "SELECT id, kind, state, number, number_text, gross_minor FROM invoices";
const EVENTS: &str = "SELECT id, type AS kind, object_id AS object, occurred_at FROM events";
const JOBS: &str = "SELECT id, kind, state, run_at, attempts, unique_key, last_error FROM jobs \
    WHERE state <> 'done'";
/// Work that is running, or that waits for its turn or for a date which may be near.
const AT_HAND: &str = "SELECT state, kind, run_at FROM jobs WHERE state = 'running' \
    OR (state = 'queued' AND kind IN ('mail', 'access-mail', 'deliver-event', 'render-invoice', \
    'reconcile', 'reconcile-refund', 'refund-unapplied', 'renew', 'retry', 'remind', \
    'end-grace', 'resume', 'round'))";
/// What has a date is at hand when that is so near, in microseconds.
const NEAR: i64 = 20 * 1_000_000;

#[derive(Clone, Debug, Default, FromRow)]
pub(crate) struct Payment {
    pub(crate) id: String,
    pub(crate) subscription_id: Option<String>,
    pub(crate) purpose: String,
    pub(crate) state: String,
    pub(crate) state_at: Option<i64>,
    pub(crate) amount_minor: i64,
    pub(crate) currency: String,
    pub(crate) unapplied: i64,
    pub(crate) invoice_id: Option<String>,
    pub(crate) sent_at: Option<i64>,
    pub(crate) created_at: i64,
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
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) amount_minor: i64,
    pub(crate) settled_by: Option<String>,
}

/// An issued document, or a draft, is over a debt.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Billed {
    pub(crate) invoice_id: String,
    pub(crate) debt_id: String,
}

/// A change of plan.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Change {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) closed_at: Option<i64>,
}

/// A mail about a fact, as it was ordered.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Letter {
    pub(crate) unique_key: String,
    pub(crate) payload: String,
    pub(crate) state: String,
    pub(crate) created_at: i64,
    pub(crate) finished_at: Option<i64>,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) hold_reason: Option<String>,
    pub(crate) period_end: i64,
    pub(crate) resume_at: Option<i64>,
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
    pub(crate) occurred_at: i64,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) run_at: i64,
    pub(crate) attempts: i64,
    pub(crate) unique_key: Option<String>,
    pub(crate) last_error: Option<String>,
}

#[derive(Clone, Debug, Default, FromRow)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) payment_id: String,
    pub(crate) cause: String,
    pub(crate) state: String,
    pub(crate) state_at: Option<i64>,
    /// What became of one that had succeeded and came back.
    pub(crate) bounced: Option<String>,
    pub(crate) amount_minor: i64,
    pub(crate) credit_note_id: Option<String>,
    pub(crate) metadata: String,
}

/// Money that a bank took back, or wanted to.
#[derive(Clone, Debug, Default, FromRow)]
pub(crate) struct Dispute {
    pub(crate) id: String,
    pub(crate) payment_id: String,
    pub(crate) reference: String,
    pub(crate) state: String,
    pub(crate) amount_minor: i64,
    pub(crate) updated_at: i64,
    pub(crate) reopened: i64,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct Discount {
    pub(crate) code: String,
    pub(crate) times_used: i64,
    pub(crate) usage_limit: Option<i64>,
    pub(crate) uses: i64,
}

#[derive(FromRow)]
struct AtHand {
    state: String,
    kind: String,
    run_at: i64,
}

/// Everything that is audited.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) payments: Vec<Payment>,
    pub(crate) shares: Vec<Share>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) disputes: Vec<Dispute>,
    pub(crate) discounts: Vec<Discount>,
    pub(crate) letters: Vec<Letter>,
    pub(crate) debts: Vec<Debt>,
    pub(crate) billed: Vec<Billed>,
    pub(crate) changes: Vec<Change>,
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
            disputes: reader.all(DISPUTES).await?,
            discounts: reader.all(DISCOUNTS).await?,
            letters: reader.all(LETTERS).await?,
            debts: reader.all(DEBTS).await?,
            billed: reader.all(BILLED).await?,
            changes: reader.all(CHANGES).await?,
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
    let work: Vec<AtHand> = reader.all(AT_HAND).await?;
    let near = crate::errand::now().as_microsecond().saturating_add(NEAR);
    Ok(work.iter().any(|work| {
        let dated = matches!(
            work.kind.as_str(),
            "renew" | "retry" | "remind" | "end-grace" | "resume" | "round"
        );
        work.state == "running" || !dated || work.run_at < near
    }))
}
