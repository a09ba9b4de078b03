//! The job queue: rows written in the transaction of the change that caused them, claimed
//! under a lease by any process.
//!
//! One small module of ours because the crates that exist use the database's own clock or
//! cannot enqueue inside our transaction on both databases.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Result, Tx, dialect};
use crate::domain::id::JobId;
use crate::domain::{Mode, Scope, text_enum};

queries! {
    /// Queued work of the same key is moved to the earlier time instead of doubled.
    INSERT = "INSERT INTO jobs (id, business_id, mode, kind, payload, unique_key, clock, due_at, \
        run_at, state, attempts, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', 0, $10) \
        ON CONFLICT (unique_key) WHERE state = 'queued' DO NOTHING";
    /// Work of the business's own time that is dated anew has not been tried at its new date.
    REDATE = "UPDATE jobs SET due_at = $2, run_at = $3, payload = $4, clock = $5, \
        attempts = CASE WHEN $5 = 'business' THEN 0 ELSE attempts END, \
        failing_since = CASE WHEN $5 = 'business' THEN NULL ELSE failing_since END \
        WHERE unique_key = $1 AND state = 'queued'";
    CANCEL = "DELETE FROM jobs WHERE unique_key = $1 AND state = 'queued'";
    DONE = "UPDATE jobs SET state = 'done', finished_at = $3, last_error = NULL, \
        failing_since = NULL \
        WHERE id = $1 AND lease_token = $2 AND state = 'running'";
    AGAIN = "UPDATE jobs SET state = 'queued', run_at = $3, attempts = $4, \
        last_error = COALESCE($5, last_error), \
        failing_since = COALESCE(failing_since, $6), lease_until = NULL, lease_token = NULL \
        WHERE id = $1 AND lease_token = $2 AND state = 'running'";
    EXTEND = "UPDATE jobs SET lease_until = $3 \
        WHERE id = $1 AND lease_token = $2 AND state = 'running'";
    FAILED = "UPDATE jobs SET state = 'failed', finished_at = $3, last_error = $4, \
        failing_since = COALESCE(failing_since, $3) \
        WHERE id = $1 AND lease_token = $2 AND state = 'running'";
    NEXT_WORK = "SELECT MIN(next.run_at) AS run_at FROM \
        (SELECT MIN(run_at) AS run_at FROM jobs \
        WHERE state = 'queued' AND kind NOT IN ('deliver-event', 'tell-plugin', \
        'call-plugin', 'mail', 'access-mail', 'answer-login', 'answer-staff-login') \
        UNION ALL SELECT MIN(lease_until) AS run_at FROM jobs \
        WHERE state = 'running' AND kind NOT IN ('deliver-event', 'tell-plugin', \
        'call-plugin', 'mail', 'access-mail', 'answer-login', 'answer-staff-login')) AS next";
    NEXT_LETTER = "SELECT MIN(next.run_at) AS run_at FROM \
        (SELECT MIN(run_at) AS run_at FROM jobs \
        WHERE state = 'queued' AND kind IN ('mail', 'access-mail', \
        'answer-login', 'answer-staff-login') \
        UNION ALL SELECT MIN(lease_until) AS run_at FROM jobs \
        WHERE state = 'running' AND kind IN ('mail', 'access-mail', \
        'answer-login', 'answer-staff-login')) AS next";
    NEXT_DELIVERY = "SELECT MIN(next.run_at) AS run_at FROM \
        (SELECT MIN(run_at) AS run_at FROM jobs \
        WHERE state = 'queued' AND kind IN ('deliver-event', 'tell-plugin', \
        'call-plugin') \
        UNION ALL SELECT MIN(lease_until) AS run_at FROM jobs \
        WHERE state = 'running' AND kind IN ('deliver-event', 'tell-plugin', \
        'call-plugin')) AS next";
    LIST = "SELECT id, kind, unique_key, run_at, attempts, state, last_error FROM jobs \
        WHERE business_id = $1 AND mode = $2 AND state IN ('queued', 'running', 'failed') \
        ORDER BY run_at, id LIMIT $3 + 0";
    WHY = "SELECT last_error FROM jobs WHERE unique_key = $1 AND state = 'queued' \
        AND business_id = $2 AND mode = $3";
    /// Of a delivery that was given up its own log tells, and a plugin is called by the clock again.
    FORGET = "DELETE FROM jobs WHERE finished_at < $1 AND (state = 'done' \
        OR (state = 'failed' AND kind IN ('deliver-event', 'call-plugin')))";
}

text_enum! {
    /// Which clock a job's due time is on.
    pub enum JobClock {
        /// Periods, trials, grace, dunning: what a test clock moves.
        Business = "business",
        /// Leases, back-off, look-ups, expiries.
        Host = "host",
    }
}

/// Each lane is claimed and worked on apart. Deliveries wait for other people's machines and work for
/// gateways, and nobody who wants to sign in may wait for either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// What is charged, looked up and dated.
    Work,
    /// Mails, and the links with which people sign in.
    Letters,
    /// Events on their way to merchants' endpoints and plugins, and calls of plugins by the clock.
    Deliveries,
}

impl Lane {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Work, Self::Letters, Self::Deliveries];

    fn of(kind: &str) -> Self {
        match kind {
            "deliver-event" | "tell-plugin" | "call-plugin" => Self::Deliveries,
            "mail" | "access-mail" | "answer-login" | "answer-staff-login" => Self::Letters,
            _ => Self::Work,
        }
    }
}

/// Work to be done later.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Identity.
    pub id: JobId,
    /// What is to be done, such as `renew`.
    pub kind: &'static str,
    /// What it is done with (a JSON object), without secrets.
    pub payload: String,
    /// Queued once under this key; a second one only moves the first to its own time.
    pub unique_key: Option<String>,
    /// Which clock `due_at` is on.
    pub clock: JobClock,
    /// When it is due, on `clock`.
    pub due_at: Timestamp,
    /// The same instant in host time.
    pub run_at: Timestamp,
    /// When it was ordered (host time).
    pub created_at: Timestamp,
}

/// A job that this process has to do before its lease ends.
#[derive(Clone, Debug)]
pub struct ClaimedJob {
    /// Identity.
    pub id: JobId,
    /// Business and mode.
    pub scope: Scope,
    /// What is to be done.
    pub kind: String,
    /// What it is done with.
    pub payload: String,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// Since when it has failed without success (host time); none when it has not.
    pub failing_since: Option<Timestamp>,
    /// Proves that the lease is still ours.
    pub lease: String,
}

/// A job as it is shown to operators and staff.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// Identity.
    pub id: String,
    /// What is to be done.
    pub kind: String,
    /// The key it is queued under.
    pub unique_key: Option<String>,
    /// When it runs next (host time).
    pub run_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// `queued`, `running` or `failed`.
    pub state: String,
    /// Why the last try did not succeed.
    pub last_error: Option<String>,
}

#[derive(sqlx::FromRow)]
pub(super) struct ClaimedRow {
    id: String,
    business_id: String,
    mode: String,
    kind: String,
    payload: String,
    attempts: i64,
    failing_since: Option<i64>,
    lease_token: Option<String>,
}

#[derive(sqlx::FromRow)]
struct NextRun {
    run_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct WhyRow {
    last_error: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ListRow {
    id: String,
    kind: String,
    unique_key: Option<String>,
    run_at: i64,
    attempts: i64,
    state: String,
    last_error: Option<String>,
}

impl TryFrom<ClaimedRow> for ClaimedJob {
    type Error = super::Error;

    fn try_from(row: ClaimedRow) -> Result<Self> {
        let columns = Columns {
            table: "jobs",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            attempts: columns.number("attempts", row.attempts)?,
            failing_since: columns.time_some("failing_since", row.failing_since)?,
            lease: columns.present("lease_token", row.lease_token)?,
            kind: row.kind,
            payload: row.payload,
        })
    }
}

impl Tx {
    /// Orders work. A queued job of the same key is moved to this one's time and payload;
    /// one that is running already may not have seen the news, so the work is queued again.
    pub async fn enqueue(&mut self, scope: &Scope, job: &NewJob) -> Result<()> {
        self.has_ordered[Lane::of(job.kind) as usize] = true;
        // Between the two statements a worker may take the queued row: it has not seen the news,
        // and the work is queued once more.
        while !self.insert_or_redate(scope, job).await? {}
        Ok(())
    }

    async fn insert_or_redate(&mut self, scope: &Scope, job: &NewJob) -> Result<bool> {
        let inserted = execute!(
            self,
            INSERT,
            job.id.as_str(),
            scope.business.as_str(),
            scope.mode.as_str(),
            job.kind,
            &job.payload,
            job.unique_key.as_deref(),
            job.clock.as_str(),
            job.due_at.as_microsecond(),
            job.run_at.as_microsecond(),
            job.created_at.as_microsecond(),
        )?;
        let (0, Some(key)) = (inserted, job.unique_key.as_deref()) else {
            return Ok(true);
        };
        let redated = execute!(
            self,
            REDATE,
            key,
            job.due_at.as_microsecond(),
            job.run_at.as_microsecond(),
            &job.payload,
            job.clock.as_str(),
        )?;
        Ok(redated > 0)
    }

    /// Takes queued work back. A test clock stands still meanwhile: a step that dates this work
    /// anew would wait for us, and we for it as soon as we order other work.
    pub async fn cancel_job(&mut self, scope: &Scope, unique_key: &str) -> Result<()> {
        if scope.mode == Mode::Test {
            self.hold_clock(scope).await?;
        }
        execute!(self, CANCEL, unique_key)?;
        Ok(())
    }

    /// Claims up to `limit` due jobs of `lane` until `lease_until`, those of dead processes
    /// included and those of `left_out` not.
    pub async fn claim_jobs(
        &mut self,
        lane: Lane,
        now: Timestamp,
        (lease_until, lease): (Timestamp, &str),
        limit: u32,
        left_out: &[Scope],
    ) -> Result<Vec<ClaimedJob>> {
        dialect::claim_jobs(self, lane, now, (lease_until, lease), limit, left_out)
            .await?
            .into_iter()
            .map(ClaimedJob::try_from)
            .collect()
    }

    /// Notes that a job is done; answers false when the lease was lost.
    pub async fn job_done(&mut self, job: &ClaimedJob, at: Timestamp) -> Result<bool> {
        let touched = execute!(self, DONE, job.id.as_str(), &job.lease, at.as_microsecond())?;
        Ok(touched == 1)
    }

    /// Keeps a job until `until`; answers false when the lease was lost.
    pub async fn extend_lease(&mut self, job: &ClaimedJob, until: Timestamp) -> Result<bool> {
        let until = until.as_microsecond();
        let touched = execute!(self, EXTEND, job.id.as_str(), &job.lease, until)?;
        Ok(touched == 1)
    }

    /// Puts a job back to be tried again at `run_at` (host time), as tried `attempts` times; without
    /// an error, which comes with the moment of its failure, that of an earlier try stays.
    /// [`Error::Conflict`](super::Error::Conflict) when the same work was ordered meanwhile.
    pub async fn job_again(
        &mut self,
        job: &ClaimedJob,
        run_at: Timestamp,
        attempts: u32,
        failed: Option<(&str, Timestamp)>,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            AGAIN,
            job.id.as_str(),
            &job.lease,
            run_at.as_microsecond(),
            i64::from(attempts),
            failed.map(|(error, _)| error),
            failed.map(|(_, at)| at.as_microsecond()),
        )?;
        Ok(touched == 1)
    }

    /// Gives a job up; it stays visible.
    pub async fn job_failed(
        &mut self,
        job: &ClaimedJob,
        at: Timestamp,
        error: &str,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            FAILED,
            job.id.as_str(),
            &job.lease,
            at.as_microsecond(),
            error
        )?;
        Ok(touched == 1)
    }

    /// When there is work in `lane` next (host time): a queued job is due, or a lease ends.
    pub async fn next_job_at(&mut self, lane: Lane) -> Result<Option<Timestamp>> {
        let next = match lane {
            Lane::Work => NEXT_WORK,
            Lane::Letters => NEXT_LETTER,
            Lane::Deliveries => NEXT_DELIVERY,
        };
        let row = fetch_optional!(self, NextRun, next)?;
        let columns = Columns {
            table: "jobs",
            id: "next",
        };
        columns.time_some("run_at", row.and_then(|row| row.run_at))
    }

    /// The work of a scope that is queued, running or given up.
    pub async fn jobs(&mut self, scope: &Scope, limit: u32) -> Result<Vec<JobRow>> {
        fetch_all!(
            self,
            ListRow,
            LIST,
            scope.business.as_str(),
            scope.mode.as_str(),
            i64::from(limit),
        )?
        .into_iter()
        .map(|row| {
            let columns = Columns {
                table: "jobs",
                id: &row.id,
            };
            Ok(JobRow {
                run_at: columns.time("run_at", row.run_at)?,
                id: row.id,
                kind: row.kind,
                unique_key: row.unique_key,
                attempts: row.attempts,
                state: row.state,
                last_error: row.last_error,
            })
        })
        .collect()
    }

    /// Why the queued job of this key is not done yet, as far as it was taken up before.
    pub async fn why_queued(&mut self, scope: &Scope, unique_key: &str) -> Result<Option<String>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let row = fetch_optional!(self, WhyRow, WHY, unique_key, business, mode)?;
        Ok(row.and_then(|row| row.last_error))
    }

    /// Deletes what was done before `before`, and what was given up then and is on no list.
    pub async fn forget_done_jobs(&mut self, before: Timestamp) -> Result<()> {
        execute!(self, FORGET, before.as_microsecond())?;
        Ok(())
    }
}
