//! Everything that a database holds, as text: to compare it, or to look for what must not be there.

use std::collections::BTreeMap;

use sqlx::{Connection as _, PgConnection, SqliteConnection};

/// The rows of every table, each as one text, in an order of their own.
pub(crate) type Dump = BTreeMap<String, Vec<String>>;

/// Reads the database at `url` over a connection of its own.
pub(crate) async fn dump(url: &str) -> Dump {
    if url.starts_with("sqlite:") {
        sqlite(url).await
    } else {
        postgres(url).await
    }
}

async fn sqlite(url: &str) -> Dump {
    let mut database = SqliteConnection::connect(url).await.unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let tables: Vec<String> = sqlx::query_scalar(tables)
        .fetch_all(&mut database)
        .await
        .unwrap();
    let mut dump = Dump::new();
    for table in tables {
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
            .bind(&table)
            .fetch_all(&mut database)
            .await
            .unwrap();
        let columns: Vec<String> = columns
            .iter()
            .map(|column| format!("quote(\"{column}\")"))
            .collect();
        // Names of tables and columns cannot be parameters; the schema says them.
        let rows = format!(
            "SELECT {} AS line FROM \"{table}\" ORDER BY line",
            columns.join(" || '|' || ")
        );
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(rows));
        dump.insert(table, rows.fetch_all(&mut database).await.unwrap());
    }
    dump
}

async fn postgres(url: &str) -> Dump {
    let mut database = PgConnection::connect(url).await.unwrap();
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let tables: Vec<String> = sqlx::query_scalar(tables)
        .fetch_all(&mut database)
        .await
        .unwrap();
    let mut dump = Dump::new();
    for table in tables {
        // As above.
        let rows = format!("SELECT t::text FROM \"{table}\" AS t ORDER BY 1");
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(rows));
        dump.insert(table, rows.fetch_all(&mut database).await.unwrap());
    }
    dump
}
