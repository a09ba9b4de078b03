//! Many copies of the one subscription that was bought: on hold, due, or due in a while. Each has
//! a customer, a method and a place in the queue of its own, as if it had been bought, too.

use std::time::Instant;

use anyhow::Context as _;
use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use vestibule::domain::id::SubscriptionId;

use super::PATIENCE;
use super::works::Works;

/// Three weeks, in microseconds.
const LATER: i64 = 21 * 24 * 60 * 60 * 1_000_000;
/// Copies of one statement.
const AT_ONCE: usize = 50_000;

const RENEWED: &str = "SELECT COUNT(*) FROM payments WHERE purpose = 'renewal' \
    AND state = 'succeeded'";
const HELD: &str = "SELECT COUNT(*) FROM subscriptions WHERE state = 'on-hold'";
const AT_HAND: &str = "SELECT COUNT(*) FROM jobs WHERE state = 'running' OR (state = 'queued' \
    AND run_at <= $1)";

enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

pub(super) struct Copies {
    database: Database,
    original: SubscriptionId,
    clock: vestibule::cx::Clock,
    made: usize,
    held: Vec<SubscriptionId>,
}

impl Copies {
    pub(super) async fn of(works: &Works) -> anyhow::Result<Self> {
        let database = if works.url().starts_with("sqlite:") {
            let pool = SqlitePoolOptions::new().max_connections(1);
            Database::Sqlite(pool.connect(works.url()).await?)
        } else {
            Database::Postgres(PgPool::connect(works.url()).await?)
        };
        Ok(Self {
            database,
            original: works.bought.clone(),
            clock: works.cx.clock.clone(),
            made: 0,
            held: Vec::new(),
        })
    }

    /// Subscriptions whose last renewal failed.
    pub(super) async fn on_hold(&mut self, many: usize) -> anyhow::Result<()> {
        let first = self.made;
        self.copy(many, -1).await?;
        let now = self.now();
        self.run(&format!(
            "UPDATE subscriptions SET state = 'on-hold', hold_reason = 'renewal-failed', \
             state_at = {now} WHERE id > '{}' AND id <= '{}'",
            numbered("sub", first),
            numbered("sub", first + many),
        ))
        .await?;
        // What is on hold is not renewed.
        self.run(&format!(
            "DELETE FROM jobs WHERE kind = 'renew' AND run_at <= {now}"
        ))
        .await?;
        for n in first + 1..=first + many {
            self.held.push(numbered("sub", n).parse()?);
        }
        Ok(())
    }

    /// Subscriptions whose period has just ended.
    pub(super) async fn due(&mut self, many: usize) -> anyhow::Result<()> {
        self.copy(many, -1).await
    }

    /// Subscriptions that are due in weeks.
    pub(super) async fn idle(&mut self, many: usize) -> anyhow::Result<()> {
        self.copy(many, LATER).await
    }

    pub(super) fn held(&self) -> &[SubscriptionId] {
        &self.held
    }

    /// Fails while one that was on hold still is.
    pub(super) async fn ensure_paid(&self) -> anyhow::Result<()> {
        let held = self.count(HELD, None).await?;
        anyhow::ensure!(held == 0, "{held} are on hold");
        Ok(())
    }

    /// The last copy that was made.
    pub(super) fn newest(&self) -> anyhow::Result<SubscriptionId> {
        Ok(numbered("sub", self.made).parse()?)
    }

    /// How many renewals have succeeded.
    pub(super) async fn renewed(&self) -> anyhow::Result<i64> {
        self.count(RENEWED, None).await
    }

    /// Waits until nothing is due.
    pub(super) async fn until_idle(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let left = self.count(AT_HAND, Some(self.now())).await?;
            if left == 0 {
                return Ok(());
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "{left} jobs are left");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().as_microsecond()
    }

    /// Copies customer, method, subscription and its place in the queue; the period ends `from`
    /// microseconds from now.
    async fn copy(&mut self, many: usize, from: i64) -> anyhow::Result<()> {
        let end = self.now() + from;
        let mut left = many;
        while left > 0 {
            let some = left.min(AT_ONCE);
            for (table, prefix) in [
                ("customers", "cus"),
                ("payment_methods", "pm"),
                ("subscriptions", "sub"),
                ("jobs", "job"),
            ] {
                let sql = self.copying(table, prefix, self.made, some, end).await?;
                self.run(&sql)
                    .await
                    .with_context(|| format!("copying {table}"))?;
            }
            self.made += some;
            left -= some;
        }
        self.run("ANALYZE").await
    }

    /// The statement that copies the original's row of `table` under new numbers.
    async fn copying(
        &self,
        table: &str,
        prefix: &str,
        first: usize,
        many: usize,
        end: i64,
    ) -> anyhow::Result<String> {
        let number = match self.database {
            Database::Sqlite(_) => "printf('%026d', n)",
            Database::Postgres(_) => "lpad(n::text, 26, '0')",
        };
        let original = &self.original;
        let named = |prefix: &str| format!("'{prefix}_' || {number}");
        let columns = self.columns(table).await?;
        let values: Vec<String> = columns
            .iter()
            .map(|column| match column.as_str() {
                "id" => named(prefix),
                "customer_id" => named("cus"),
                "method_id" => named("pm"),
                "period_end" | "anchor_at" | "due_at" | "run_at" => end.to_string(),
                "payload" | "unique_key" => {
                    format!("replace({column}, '{original}', {})", named("sub"))
                }
                other => other.to_owned(),
            })
            .collect();
        let (from, last) = (first + 1, first + many);
        let numbers = match self.database {
            Database::Sqlite(_) => format!(
                "(WITH RECURSIVE up(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM up \
                 WHERE n < {last}) SELECT n FROM up)"
            ),
            Database::Postgres(_) => format!("generate_series({from}, {last})"),
        };
        let alias = match self.database {
            Database::Sqlite(_) => "AS numbers",
            Database::Postgres(_) => "AS numbers(n)",
        };
        let owner = format!("(SELECT customer_id FROM subscriptions WHERE id = '{original}')");
        let which = match table {
            "customers" => format!("id = {owner}"),
            "payment_methods" => format!("customer_id = {owner}"),
            "subscriptions" => format!("id = '{original}'"),
            _ => format!("unique_key = 'renew:{original}' AND state = 'queued'"),
        };
        Ok(format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {table}, {numbers} {alias} WHERE {which}",
            columns.join(", "),
            values.join(", "),
        ))
    }

    async fn columns(&self, table: &str) -> anyhow::Result<Vec<String>> {
        Ok(match &self.database {
            Database::Sqlite(pool) => {
                let sql = "SELECT name FROM pragma_table_info($1)";
                sqlx::query_scalar(sql).bind(table).fetch_all(pool).await?
            }
            Database::Postgres(pool) => {
                let sql = "SELECT column_name::text FROM information_schema.columns \
                    WHERE table_name = $1";
                sqlx::query_scalar(sql).bind(table).fetch_all(pool).await?
            }
        })
    }

    async fn run(&self, sql: &str) -> anyhow::Result<()> {
        // Made of constants, numbers and the schema's own names.
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match &self.database {
            Database::Sqlite(pool) => {
                sqlx::query(sql).execute(pool).await?;
            }
            Database::Postgres(pool) => {
                sqlx::query(sql).execute(pool).await?;
            }
        }
        Ok(())
    }

    async fn count(&self, sql: &'static str, now: Option<i64>) -> anyhow::Result<i64> {
        Ok(match &self.database {
            Database::Sqlite(pool) => {
                let mut query = sqlx::query_scalar(sql);
                if let Some(now) = now {
                    query = query.bind(now);
                }
                query.fetch_one(pool).await?
            }
            Database::Postgres(pool) => {
                let mut query = sqlx::query_scalar(sql);
                if let Some(now) = now {
                    query = query.bind(now);
                }
                query.fetch_one(pool).await?
            }
        })
    }
}

/// The id of the `n`-th copy.
fn numbered(prefix: &str, n: usize) -> String {
    format!("{prefix}_{n:026}")
}
