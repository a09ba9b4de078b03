//! Test clocks: by how much a scope's business time is ahead, and where it is moving to.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Lane, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::PaymentId;

queries! {
    GET = "SELECT offset_us, target_us FROM clocks WHERE business_id = $1 AND mode = $2";
    /// Locks the clock until the transaction ends, so that it does not move meanwhile. One that was
    /// never moved has no row that could be locked, and gets it here.
    HOLD = "INSERT INTO clocks (business_id, mode, offset_us) VALUES ($1, $2, 0) \
        ON CONFLICT (business_id, mode) DO UPDATE SET offset_us = clocks.offset_us \
        RETURNING offset_us, target_us";
    AIM = "INSERT INTO clocks (business_id, mode, offset_us, target_us) VALUES ($1, $2, 0, $3) \
        ON CONFLICT (business_id, mode) DO UPDATE SET target_us = excluded.target_us";
    MOVE = "UPDATE clocks SET offset_us = $3 WHERE business_id = $1 AND mode = $2";
    ARRIVE = "UPDATE clocks SET target_us = NULL WHERE business_id = $1 AND mode = $2";
    REDATE = "UPDATE jobs SET run_at = due_at - $3 \
        WHERE business_id = $1 AND mode = $2 AND state = 'queued' AND clock = 'business' \
        AND attempts = 0";
    NEXT_DUE = "SELECT MIN(due_at) AS at FROM jobs WHERE business_id = $1 AND mode = $2 \
        AND state = 'queued' AND clock = 'business' AND attempts = 0";
    /// Work at hand, work that was due and is to be tried again, and charges whose outcome is not known yet.
    UNDER_WAY = "SELECT (SELECT COUNT(*) FROM jobs WHERE business_id = $1 AND mode = $2 \
        AND kind <> 'move-clock' \
        AND (state = 'running' OR (state = 'queued' AND (run_at <= $3 \
        OR (clock = 'business' AND attempts > 0))))) \
        + (SELECT COUNT(*) FROM payments WHERE business_id = $1 AND mode = $2 \
        AND (state = 'unknown' OR (state = 'created' AND request IS NOT NULL))) AS count";
    /// Payments of subscriptions whose outcome decides what is due next: unknown ones, those to be
    /// sent, and those that a bank moves until it was to be done.
    AWAITED = "SELECT id FROM payments WHERE business_id = $1 AND mode = $2 \
        AND subscription_id IS NOT NULL AND (state = 'unknown' \
        OR (state = 'created' AND request IS NOT NULL) \
        OR (state = 'processing' AND state_at > $3)) ORDER BY id LIMIT 1000";
}

/// A test clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// By how many microseconds business time is ahead of host time.
    pub offset_us: i64,
    /// Where it is moving to (business time).
    pub target: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    offset_us: i64,
    target_us: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct At {
    at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Awaited {
    id: String,
}

#[derive(sqlx::FromRow)]
struct Count {
    count: i64,
}

impl Row {
    fn clock(self, scope: &Scope) -> Result<Clock> {
        let columns = Columns {
            table: "clocks",
            id: scope.business.as_str(),
        };
        Ok(Clock {
            offset_us: self.offset_us,
            target: self
                .target_us
                .map(|at| columns.time("target_us", at))
                .transpose()?,
        })
    }
}

impl Tx {
    /// The scope's clock; one that was never moved stands at host time.
    pub async fn clock(&mut self, scope: &Scope) -> Result<Clock> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let row = fetch_optional!(self, Row, GET, business, mode)?;
        row.map_or(Ok(Clock::default()), |row| row.clock(scope))
    }

    /// The scope's clock, which does not move until this transaction ends.
    pub async fn hold_clock(&mut self, scope: &Scope) -> Result<Clock> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let row = fetch_optional!(self, Row, HOLD, business, mode)?;
        row.map_or(Ok(Clock::default()), |row| row.clock(scope))
    }

    /// Says where the clock is to move to.
    pub async fn aim_clock(&mut self, scope: &Scope, target: Timestamp) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        execute!(self, AIM, business, mode, target.as_microsecond())?;
        Ok(())
    }

    /// Moves the clock, and with it whatever is due by it.
    pub async fn move_clock(&mut self, scope: &Scope, offset_us: i64) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        execute!(self, MOVE, business, mode, offset_us)?;
        execute!(self, REDATE, business, mode, offset_us)?;
        self.has_ordered = [true; Lane::ALL.len()];
        Ok(())
    }

    /// The clock is where it was to move to.
    pub async fn clock_arrived(&mut self, scope: &Scope) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        execute!(self, ARRIVE, business, mode)?;
        Ok(())
    }

    /// When the next work is due by the scope's clock (business time).
    pub async fn next_due(&mut self, scope: &Scope) -> Result<Option<Timestamp>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let row = fetch_optional!(self, At, NEXT_DUE, business, mode)?;
        let columns = Columns {
            table: "jobs",
            id: business,
        };
        row.and_then(|row| row.at)
            .map(|at| columns.time("due_at", at))
            .transpose()
    }

    /// Whether work of the scope is at hand at `now` (host time), or a charge has no outcome
    /// yet.
    pub async fn is_under_way(&mut self, scope: &Scope, now: Timestamp) -> Result<bool> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let row = fetch_optional!(self, Count, UNDER_WAY, business, mode, now.as_microsecond())?;
        Ok(row.is_some_and(|row| row.count > 0))
    }

    /// Payments of subscriptions whose outcome a clock on its way waits for at `now` (host time).
    pub async fn awaited_payments(
        &mut self,
        scope: &Scope,
        now: Timestamp,
    ) -> Result<Vec<PaymentId>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let rows = fetch_all!(self, Awaited, AWAITED, business, mode, now.as_microsecond())?;
        rows.into_iter()
            .map(|row| {
                let columns = Columns {
                    table: "payments",
                    id: &row.id,
                };
                columns.parse("id", &row.id)
            })
            .collect()
    }
}
