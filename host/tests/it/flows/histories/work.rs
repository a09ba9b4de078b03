//! What is left to do, and whether it gets on: histories wait for their hosts by that, and not by
//! time, which on a busy machine says nothing.

use super::invariants::Reader;
use crate::support::world::World;

/// Work that is due or being done, and clocks on their way that go on by themselves: those that wait
/// for nothing. The looks of a clock that waits are no work. One statement, so that what a step of a
/// clock makes due is seen together with the step.
const LEFT: &str = "SELECT kind || ' ' || id FROM jobs WHERE kind <> 'move-clock' \
    AND (state = 'running' OR (state = 'queued' AND run_at <= $1)) \
    UNION ALL SELECT 'the clock of ' || business_id FROM clocks WHERE target_us IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM payments WHERE payments.business_id = clocks.business_id \
    AND payments.mode = 'test' AND (payments.state = 'unknown' \
    OR (payments.state = 'created' AND request IS NOT NULL) \
    OR (payments.state = 'processing' AND subscription_id IS NOT NULL AND state_at > $1))) \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.business_id = clocks.business_id \
    AND jobs.mode = 'test' AND jobs.state = 'queued' AND clock = 'business' AND attempts > 0)";
/// Another number whenever something was tried or done, or a clock moved.
const DONE: &str = "SELECT CAST(COALESCE(SUM(attempts + CASE WHEN state = 'done' THEN 1 ELSE 0 END), 0) \
    + COALESCE((SELECT SUM(offset_us) FROM clocks), 0) AS BIGINT) FROM jobs \
    WHERE kind <> 'move-clock'";

impl Reader {
    /// What the hosts can do now.
    pub(super) async fn left(&mut self, world: &World) -> Vec<String> {
        self.at(LEFT, world.cx.now()).await
    }

    /// How far they are.
    pub(super) async fn done(&mut self) -> i64 {
        self.sum(DONE).await
    }
}
