//! Counts of what is limited, as rows, so that they hold across processes.

use jiff::Timestamp;

use super::macros::{execute, fetch_optional, queries};
use super::row::Columns;
use super::{Result, Tx};

queries! {
    /// Taking the row first makes two processes count one after the other.
    TAKE = "INSERT INTO limits (subject, touched_at) VALUES ($1, $2) \
        ON CONFLICT (subject) DO UPDATE SET touched_at = excluded.touched_at";
    COUNT = "SELECT COUNT(*) AS uses FROM limit_uses WHERE subject = $1 AND at > $2";
    OLDEST = "SELECT MIN(at) AS at FROM limit_uses WHERE subject = $1 AND at > $2";
    USE = "INSERT INTO limit_uses (subject, at) VALUES ($1, $2)";
    FORGET_USES = "DELETE FROM limit_uses WHERE at < $1";
    FORGET = "DELETE FROM limits WHERE touched_at < $1";
}

#[derive(sqlx::FromRow)]
struct Uses {
    uses: i64,
}

#[derive(sqlx::FromRow)]
struct Oldest {
    at: Option<i64>,
}

impl Tx {
    /// When `subject` was first used after `since`.
    pub async fn oldest_use(
        &mut self,
        subject: &str,
        since: Timestamp,
    ) -> Result<Option<Timestamp>> {
        let row = fetch_optional!(self, Oldest, OLDEST, subject, since.as_microsecond())?;
        let at = row.and_then(|row| row.at);
        let columns = Columns {
            table: "limit_uses",
            id: subject,
        };
        columns.time_some("at", at)
    }

    /// How often `subject` was used since `since`. Until this transaction ends, nobody else
    /// counts or uses the same subject.
    pub async fn take_limit(
        &mut self,
        subject: &str,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<u32> {
        execute!(self, TAKE, subject, now.as_microsecond())?;
        let row = fetch_optional!(self, Uses, COUNT, subject, since.as_microsecond())?;
        Ok(row.map_or(0, |row| u32::try_from(row.uses).unwrap_or(u32::MAX)))
    }

    /// Notes a use of `subject`.
    pub async fn use_limit(&mut self, subject: &str, now: Timestamp) -> Result<()> {
        execute!(self, USE, subject, now.as_microsecond())?;
        Ok(())
    }

    /// Deletes uses from before `before`.
    pub async fn forget_limit_uses(&mut self, before: Timestamp) -> Result<()> {
        execute!(self, FORGET_USES, before.as_microsecond())?;
        execute!(self, FORGET, before.as_microsecond())?;
        Ok(())
    }
}
