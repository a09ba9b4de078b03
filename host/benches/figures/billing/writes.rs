//! What a payment writes: how many rows in each commit. Counted by triggers on every table of a
//! Postgres of its own, which knows in which transaction it is.

use anyhow::ensure;
use sqlx::postgres::PgPool;
use vestibule::flows::renewal;

use super::browser::Browser;
use super::copies::Copies;
use super::works::{Kind, Works};

const NOTE: &str = "CREATE TABLE written (at BIGSERIAL, tx BIGINT NOT NULL DEFAULT txid_current())";
const NOTED: &str = "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN INSERT INTO written DEFAULT VALUES; RETURN NULL; END $$";
const TABLES: &str = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' \
    AND tablename <> 'written'";
const COMMITS: &str = "SELECT COUNT(*) FROM written GROUP BY tx ORDER BY MIN(at)";

/// The rows of each commit, in order.
#[derive(Clone, Debug)]
pub(super) struct Writes {
    /// Of a reactivation with a saved method.
    pub(super) reactivation: Vec<i64>,
    /// Of a renewal, with the job's claim and its end.
    pub(super) renewal: Vec<i64>,
}

/// Pays once in each way and counts.
pub(super) async fn counted() -> anyhow::Result<Writes> {
    let works = Works::open(Kind::Postgres).await?;
    let mut copies = Copies::of(&works).await?;
    copies.on_hold(1).await?;
    copies.due(1).await?;
    let mut browsers = Vec::new();
    for held in copies.held() {
        browsers.push(Browser::of(&works, held).await?);
    }
    let pool = PgPool::connect(works.url()).await?;
    sqlx::query(NOTE).execute(&pool).await?;
    sqlx::query(NOTED).execute(&pool).await?;
    let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&pool).await?;
    for table in tables {
        let trigger = format!(
            "CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON {table} \
             FOR EACH ROW EXECUTE FUNCTION noted()"
        );
        // The schema's own names.
        let trigger = sqlx::AssertSqlSafe(trigger);
        sqlx::query(trigger).execute(&pool).await?;
    }
    for browser in &browsers {
        browser.pay().await?;
    }
    let reactivation = commits(&pool).await?;
    renewal::due(&works.cx, &works.scope, &copies.newest()?).await?;
    ensure!(copies.renewed().await? == 1, "the copy was not renewed");
    let of_flow = commits(&pool).await?;
    let renewal = [vec![1], of_flow, vec![1]].concat();
    pool.close().await;
    works.close().await;
    Ok(Writes {
        reactivation,
        renewal,
    })
}

async fn commits(pool: &PgPool) -> anyhow::Result<Vec<i64>> {
    let commits = sqlx::query_scalar(COMMITS).fetch_all(pool).await?;
    sqlx::query("DELETE FROM written").execute(pool).await?;
    ensure!(!commits.is_empty(), "nothing was written");
    Ok(commits)
}
