//! The database alone: as many commits with as many rows as a payment writes, and nothing else.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::works::Kind;

/// For how long.
const TIME: Duration = Duration::from_secs(5);
/// A row of the size of a payment's.
const BYTES: usize = 400;

const MAKE: &str =
    "CREATE TABLE IF NOT EXISTS bare_rows (id TEXT PRIMARY KEY NOT NULL, text TEXT NOT NULL)";
const WRITE: &str = "INSERT INTO bare_rows (id, text) VALUES ($1, $2)";

/// How many payments' writes the database at `url` commits in a second where `at_once` write side by
/// side; `commits` says how many rows each of a payment's commits has.
pub(super) async fn per_second(
    kind: Kind,
    url: &str,
    commits: &[i64],
    at_once: u32,
) -> anyhow::Result<f64> {
    match kind {
        Kind::Sqlite => sqlite(url, commits, at_once).await,
        Kind::Postgres => postgres(url, commits, at_once).await,
    }
}

async fn sqlite(url: &str, commits: &[i64], at_once: u32) -> anyhow::Result<f64> {
    // Settings as the host's own.
    let options: SqliteConnectOptions = url.parse()?;
    let options = options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?;
    sqlx::query(MAKE).execute(&pool).await?;
    let text = "x".repeat(BYTES);
    let begun = Instant::now();
    let writers = (0..at_once).map(|_| async {
        let mut done = 0_u32;
        while begun.elapsed() < TIME {
            for rows in commits {
                let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
                for _ in 0..*rows {
                    let id = ulid::Ulid::generate().to_string();
                    sqlx::query(WRITE)
                        .bind(id)
                        .bind(&text)
                        .execute(&mut *tx)
                        .await?;
                }
                tx.commit().await?;
            }
            done += 1;
        }
        anyhow::Ok(done)
    });
    let done: u32 = try_join_all(writers).await?.into_iter().sum();
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}

async fn postgres(url: &str, commits: &[i64], at_once: u32) -> anyhow::Result<f64> {
    let pool = PgPoolOptions::new()
        .max_connections(at_once)
        .connect(url)
        .await?;
    sqlx::query(MAKE).execute(&pool).await?;
    let text = "x".repeat(BYTES);
    let begun = Instant::now();
    let writers = (0..at_once).map(|_| async {
        let mut done = 0_u32;
        while begun.elapsed() < TIME {
            for rows in commits {
                let mut tx = pool.begin().await?;
                for _ in 0..*rows {
                    let id = ulid::Ulid::generate().to_string();
                    sqlx::query(WRITE)
                        .bind(id)
                        .bind(&text)
                        .execute(&mut *tx)
                        .await?;
                }
                tx.commit().await?;
            }
            done += 1;
        }
        anyhow::Ok(done)
    });
    let done: u32 = try_join_all(writers).await?.into_iter().sum();
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}
