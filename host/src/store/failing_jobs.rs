//! Work that does not get on: given up, or failing for a long time.

use jiff::Timestamp;

use super::jobs::Lane;
use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::JobId;

queries! {
    /// Deliveries have a log of their own, and a plugin that is called by the clock its next call.
    FAILING = "SELECT id, business_id, mode, kind, payload, unique_key, state, run_at, attempts, \
        failing_since, last_error FROM jobs WHERE failing_since IS NOT NULL \
        AND (state = 'failed' OR failing_since <= $1) \
        AND kind NOT IN ('deliver-event', 'call-plugin') \
        ORDER BY failing_since, id LIMIT $2 + 0";
    GET = "SELECT id, business_id, mode, kind, payload, unique_key, state, run_at, attempts, \
        failing_since, last_error FROM jobs WHERE id = $1 AND failing_since IS NOT NULL";
    /// What was given up has all its time again; what is still tried is in trouble as long as it was.
    RETRY = "UPDATE jobs SET state = 'queued', run_at = $2, attempts = 0, finished_at = NULL, \
        failing_since = CASE WHEN state = 'failed' THEN NULL ELSE failing_since END \
        WHERE id = $1 AND state IN ('failed', 'queued') AND failing_since IS NOT NULL";
    /// The same work was ordered anew since this one was given up.
    SUPERSEDE = "UPDATE jobs SET state = 'done', finished_at = $2, failing_since = NULL \
        WHERE id = $1 AND state = 'failed'";
    /// Why work that is queued cannot be done at present, and since when.
    TROUBLE = "UPDATE jobs SET last_error = $2, failing_since = COALESCE(failing_since, $3) \
        WHERE unique_key = $1 AND state = 'queued'";
    /// The same of work that is not due yet.
    TROUBLE_AHEAD = "UPDATE jobs SET last_error = $2, \
        failing_since = COALESCE(failing_since, $3) \
        WHERE unique_key = $1 AND state = 'queued' AND run_at > $4";
    GIVEN_UP = "SELECT id, payload FROM jobs WHERE business_id = $1 AND mode = $2 \
        AND kind = $3 AND state = 'failed' AND id > $4 ORDER BY id LIMIT $5 + 0";
    FORGET_GIVEN_UP = "DELETE FROM jobs WHERE business_id = $1 AND mode = $2 AND id = $3 \
        AND state = 'failed'";
}

/// A job that was given up, or that has failed since a long time.
#[derive(Clone, Debug)]
pub struct FailingJob {
    /// Identity.
    pub id: JobId,
    /// Business and mode.
    pub scope: Scope,
    /// What is to be done.
    pub kind: String,
    /// What it is done with.
    pub payload: String,
    /// The key it is queued under, which names what it is about.
    pub unique_key: Option<String>,
    /// Whether nobody goes on with it.
    pub given_up: bool,
    /// When it is tried again (host time), unless it is given up.
    pub run_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Since when it fails (host time).
    pub since: Timestamp,
    /// Why.
    pub reason: String,
}

/// A job that was given up.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct GivenUp {
    /// Identity.
    pub id: String,
    /// What was to be done.
    pub payload: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    kind: String,
    payload: String,
    unique_key: Option<String>,
    state: String,
    run_at: i64,
    attempts: i64,
    failing_since: Option<i64>,
    last_error: Option<String>,
}

impl TryFrom<Row> for FailingJob {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "jobs",
            id: &row.id,
        };
        let since = columns.present("failing_since", row.failing_since)?;
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            given_up: row.state == "failed",
            run_at: columns.time("run_at", row.run_at)?,
            attempts: columns.number("attempts", row.attempts)?,
            since: columns.time("failing_since", since)?,
            kind: row.kind,
            payload: row.payload,
            unique_key: row.unique_key,
            reason: row.last_error.unwrap_or_default(),
        })
    }
}

impl Tx {
    /// The work of all businesses that was given up, or has failed since `since` at the latest
    /// (host time); oldest trouble first.
    pub async fn failing_jobs(&mut self, since: Timestamp, limit: u32) -> Result<Vec<FailingJob>> {
        let since = since.as_microsecond();
        let rows = fetch_all!(self, Row, FAILING, since, i64::from(limit))?;
        rows.into_iter().map(FailingJob::try_from).collect()
    }

    /// The job with this id, if it fails.
    pub async fn failing_job(&mut self, id: &JobId) -> Result<Option<FailingJob>> {
        let row = fetch_optional!(self, Row, GET, id.as_str())?;
        row.map(FailingJob::try_from).transpose()
    }

    /// Lets a failing job be tried at once, as if for the first time; answers whether it could.
    /// [`Error::Conflict`] when the same work was ordered anew meanwhile.
    pub async fn retry_job(&mut self, id: &JobId, at: Timestamp) -> Result<bool> {
        self.has_ordered = [true; Lane::ALL.len()];
        let touched = execute!(self, RETRY, id.as_str(), at.as_microsecond())?;
        Ok(touched == 1)
    }

    /// Ends a job that was given up and whose work was ordered anew since.
    pub async fn supersede_job(&mut self, id: &JobId, at: Timestamp) -> Result<()> {
        execute!(self, SUPERSEDE, id.as_str(), at.as_microsecond())?;
        Ok(())
    }

    /// Notes on the queued job of this key why it could not be done before, and since when (host
    /// time); answers whether there is one.
    pub async fn job_in_trouble(
        &mut self,
        unique_key: &str,
        why: &str,
        since: Timestamp,
    ) -> Result<bool> {
        let touched = execute!(self, TROUBLE, unique_key, why, since.as_microsecond())?;
        Ok(touched == 1)
    }

    /// The same where the job is queued for after `now` (host time). Nobody takes it up before the
    /// transaction ends.
    pub async fn coming_job_in_trouble(
        &mut self,
        unique_key: &str,
        why: &str,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let (since, now) = (since.as_microsecond(), now.as_microsecond());
        let touched = execute!(self, TROUBLE_AHEAD, unique_key, why, since, now)?;
        Ok(touched == 1)
    }

    /// Work of a kind that was given up, in the order of its ids after `after`.
    pub async fn given_up(
        &mut self,
        scope: &Scope,
        kind: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<GivenUp>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let limit = i64::from(limit);
        fetch_all!(self, GivenUp, GIVEN_UP, business, mode, kind, after, limit)
    }

    /// Takes a job off the list of what was given up, which is ordered anew.
    pub async fn forget_given_up(&mut self, scope: &Scope, id: &str) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        execute!(self, FORGET_GIVEN_UP, business, mode, id)?;
        Ok(())
    }
}
