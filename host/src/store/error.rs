//! What can go wrong in the store.

/// Why the store could not answer or write.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Somebody wrote the row after it was read; read it again and decide anew.
    #[error("the {table} row {id} changed since it was read")]
    Stale {
        /// The table.
        table: &'static str,
        /// The row.
        id: String,
    },
    /// A unique index refused the row: what it stands for exists already.
    #[error("a row with the same key exists")]
    Conflict(#[source] sqlx::Error),
    /// The answer to a commit was lost: what was written may last or not. Read again before
    /// anything is decided.
    #[error("nobody knows whether it was written")]
    Unanswered(#[source] sqlx::Error),
    /// A row holds what the code cannot read.
    #[error("{table}.{column} of {id} is not readable: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The schema could not be brought up to date.
    #[error("the schema could not be migrated")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database refused or is out of reach.
    #[error("the database failed")]
    Backend(#[source] sqlx::Error),
}

impl Error {
    /// What it means that a commit failed. A refusal of the database is an answer.
    pub(super) fn of_commit(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(_) => error.into(),
            _ => Self::Unanswered(error),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(db) if db.is_unique_violation() => Self::Conflict(error),
            _ => Self::Backend(error),
        }
    }
}
