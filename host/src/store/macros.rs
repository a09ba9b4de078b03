//! One SQL text, two typed drivers: macros that write the same statement for each.

/// Declares a file's statements and lists them, so that a test can prepare them all.
macro_rules! queries {
    ($($(#[$meta:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$meta])* const $name: &str = $sql;)+
        pub(super) const QUERIES: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}

/// Runs a statement: `execute!(tx, SQL, bind, …)`; answers how many rows it touched.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $tx.connection {
            $crate::store::Connection::Sqlite(c) => sqlx::query($sql)
                $(.bind($bind))*
                .execute(&mut **c)
                .await
                .map(|done| done.rows_affected()),
            $crate::store::Connection::Postgres(c) => sqlx::query($sql)
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
            $crate::store::Connection::Sqlite(c) => sqlx::query_as::<_, $row>($sql)
                $(.bind($bind))*
                .fetch_optional(&mut **c)
                .await,
            $crate::store::Connection::Postgres(c) => sqlx::query_as::<_, $row>($sql)
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
            $crate::store::Connection::Sqlite(c) => sqlx::query_as::<_, $row>($sql)
                $(.bind($bind))*
                .fetch_all(&mut **c)
                .await,
            $crate::store::Connection::Postgres(c) => sqlx::query_as::<_, $row>($sql)
                $(.bind($bind))*
                .fetch_all(&mut **c)
                .await,
        }
        .map_err($crate::store::Error::from)
    };
}

pub(super) use {execute, fetch_all, fetch_optional, queries};
