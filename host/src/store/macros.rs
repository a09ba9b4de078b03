//! One SQL text, two typed drivers: macros that write the same statement for each.

/// A statement of the store. Only [`queries!`] makes them, and the macros below run nothing
/// else: what is not in a file's list cannot be run.
#[derive(Clone, Copy)]
pub(super) struct Statement {
    /// The constant's name.
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

/// Declares a file's statements and lists them, so that a test can prepare them all. A list
/// that `store::queries` does not name is dead code, which the compiler refuses.
///
/// A limit is written `LIMIT $3 + 0`: SQLite looks at the value of a bare one while it plans, and
/// so plans the statement anew for every call.
macro_rules! queries {
    ($($(#[$meta:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$meta])*
        const $name: $crate::store::macros::Statement = $crate::store::macros::Statement {
            name: stringify!($name),
            sql: $sql,
        };)+
        pub(super) const QUERIES: &[$crate::store::macros::Statement] = &[$($name),+];
    };
}

/// Runs a statement: `execute!(tx, SQL, bind, …)`; answers how many rows it touched.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $tx.connection {
            $crate::store::Connection::Sqlite(c) => sqlx::query($sql.sql)
                $(.bind($bind))*
                .execute(&mut **c)
                .await
                .map(|done| done.rows_affected()),
            $crate::store::Connection::Postgres(c) => sqlx::query($sql.sql)
                $(.bind($bind))*
                .execute(&mut **c)
                .await
                .map(|done| done.rows_affected()),
        }
        .map_err($crate::store::Error::from)
    };
}

/// At most one row: `fetch_optional!(tx, Row, SQL, bind, …)`.
macro_rules! fetch_optional {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $tx.connection {
            $crate::store::Connection::Sqlite(c) => sqlx::query_as::<_, $row>($sql.sql)
                $(.bind($bind))*
                .fetch_optional(&mut **c)
                .await,
            $crate::store::Connection::Postgres(c) => sqlx::query_as::<_, $row>($sql.sql)
                $(.bind($bind))*
                .fetch_optional(&mut **c)
                .await,
        }
        .map_err($crate::store::Error::from)
    };
}

/// Every row: `fetch_all!(tx, Row, SQL, bind, …)`.
macro_rules! fetch_all {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $tx.connection {
            $crate::store::Connection::Sqlite(c) => sqlx::query_as::<_, $row>($sql.sql)
                $(.bind($bind))*
                .fetch_all(&mut **c)
                .await,
            $crate::store::Connection::Postgres(c) => sqlx::query_as::<_, $row>($sql.sql)
                $(.bind($bind))*
                .fetch_all(&mut **c)
                .await,
        }
        .map_err($crate::store::Error::from)
    };
}

pub(super) use {execute, fetch_all, fetch_optional, queries};
