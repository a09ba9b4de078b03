//! The few texts that differ between the databases. One more needs a reason beside it.

use jiff::Timestamp;

use super::jobs::{ClaimedRow, Lane};
use super::macros::Statement;
use super::{Connection, Result, Tx};
use crate::domain::Scope;

/// What only SQLite is asked.
pub(super) const SQLITE: &[Statement] = &[
    CLAIM_WORK_SQLITE,
    CLAIM_LETTERS_SQLITE,
    CLAIM_DELIVERIES_SQLITE,
    Statement {
        name: "SCHEMA_SQLITE",
        sql: SCHEMA_SQLITE,
    },
];

/// What only Postgres is asked.
pub(super) const POSTGRES: &[Statement] = &[
    CLAIM_WORK_POSTGRES,
    CLAIM_LETTERS_POSTGRES,
    CLAIM_DELIVERIES_POSTGRES,
    Statement {
        name: "SCHEMA_POSTGRES",
        sql: SCHEMA_POSTGRES,
    },
];

/// On Postgres other workers skip the rows that one is about to take instead of waiting for
/// them; SQLite has one writer at a time. The kind stands in each branch, so that each is found
/// by the index of its lane. `$5` names the businesses that have enough under way, each with its
/// mode between blanks.
macro_rules! claim {
    ($name:ident, $kind:literal, $skip:literal, $place:literal) => {
        const $name: Statement = Statement {
            name: stringify!($name),
            sql: concat!(
                "UPDATE jobs SET state = 'running', attempts = attempts + 1, \
                lease_until = $2, lease_token = $3 \
                WHERE id IN (SELECT id FROM jobs \
                WHERE ((state = 'queued' AND kind ",
                $kind,
                " AND run_at <= $1) OR (state = 'running' AND kind ",
                $kind,
                " AND lease_until <= $1)) AND ",
                $place,
                "($5, ' ' || business_id || '/' || mode || ' ') = 0 \
                ORDER BY run_at, id LIMIT $4 + 0",
                $skip,
                ") RETURNING id, business_id, mode, kind, payload, attempts, failing_since, \
                lease_token"
            ),
        };
    };
}

/// The same on both databases.
macro_rules! claims {
    ($sqlite:ident, $postgres:ident, $kind:literal) => {
        claim!($sqlite, $kind, "", "instr");
        claim!($postgres, $kind, " FOR UPDATE SKIP LOCKED", "strpos");
    };
}

claims!(
    CLAIM_WORK_SQLITE,
    CLAIM_WORK_POSTGRES,
    "NOT IN ('deliver-event', 'tell-plugin', 'call-plugin', 'mail', 'access-mail', \
    'answer-login', 'answer-staff-login')"
);
claims!(
    CLAIM_LETTERS_SQLITE,
    CLAIM_LETTERS_POSTGRES,
    "IN ('mail', 'access-mail', 'answer-login', 'answer-staff-login')"
);
claims!(
    CLAIM_DELIVERIES_SQLITE,
    CLAIM_DELIVERIES_POSTGRES,
    "IN ('deliver-event', 'tell-plugin', 'call-plugin')"
);

pub(super) async fn claim_jobs(
    tx: &mut Tx,
    lane: Lane,
    now: Timestamp,
    (lease_until, lease): (Timestamp, &str),
    limit: u32,
    left_out: &[Scope],
) -> Result<Vec<ClaimedRow>> {
    let left_out = left_out.iter();
    let left_out: Vec<String> = left_out
        .map(|scope| format!(" {}/{} ", scope.business, scope.mode))
        .collect();
    let left_out = left_out.concat();
    let rows = match &mut tx.connection {
        Connection::Sqlite(c) => {
            let claim = match lane {
                Lane::Work => CLAIM_WORK_SQLITE,
                Lane::Letters => CLAIM_LETTERS_SQLITE,
                Lane::Deliveries => CLAIM_DELIVERIES_SQLITE,
            };
            sqlx::query_as::<_, ClaimedRow>(claim.sql)
                .bind(now.as_microsecond())
                .bind(lease_until.as_microsecond())
                .bind(lease)
                .bind(i64::from(limit))
                .bind(&left_out)
                .fetch_all(&mut **c)
                .await?
        }
        Connection::Postgres(c) => {
            let claim = match lane {
                Lane::Work => CLAIM_WORK_POSTGRES,
                Lane::Letters => CLAIM_LETTERS_POSTGRES,
                Lane::Deliveries => CLAIM_DELIVERIES_POSTGRES,
            };
            sqlx::query_as::<_, ClaimedRow>(claim.sql)
                .bind(now.as_microsecond())
                .bind(lease_until.as_microsecond())
                .bind(lease)
                .bind(i64::from(limit))
                .bind(&left_out)
                .fetch_all(&mut **c)
                .await?
        }
    };
    Ok(rows)
}

const SCHEMA_SQLITE: &str = "SELECT m.name AS table_name, c.name AS column_name, \
    CASE WHEN c.\"notnull\" = 0 THEN 1 ELSE 0 END AS nullable \
    FROM sqlite_master m JOIN pragma_table_info(m.name) c \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx%' \
    ORDER BY 1, 2";

const SCHEMA_POSTGRES: &str = "SELECT CAST(table_name AS TEXT) AS table_name, \
    CAST(column_name AS TEXT) AS column_name, \
    CAST(CASE WHEN is_nullable = 'YES' THEN 1 ELSE 0 END AS BIGINT) AS nullable \
    FROM information_schema.columns \
    WHERE table_schema = current_schema() AND table_name NOT LIKE '!_sqlx%' ESCAPE '!' \
    ORDER BY 1, 2";

#[derive(sqlx::FromRow)]
struct ColumnRow {
    table_name: String,
    column_name: String,
    nullable: i64,
}

pub(super) async fn schema(tx: &mut Tx) -> Result<Vec<(String, String, bool)>> {
    let rows: Vec<ColumnRow> = match &mut tx.connection {
        Connection::Sqlite(c) => sqlx::query_as(SCHEMA_SQLITE).fetch_all(&mut **c).await?,
        Connection::Postgres(c) => sqlx::query_as(SCHEMA_POSTGRES).fetch_all(&mut **c).await?,
    };
    let mut columns: Vec<_> = rows
        .into_iter()
        .map(|row| (row.table_name, row.column_name, row.nullable == 1))
        .collect();
    columns.sort();
    Ok(columns)
}
