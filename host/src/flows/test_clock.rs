//! The test clock: a business's own time in test mode, moved ahead so that a merchant can
//! rehearse a year in a minute. It goes from one due date to the next and waits at each until
//! everything that was due there is done, so that things happen in their order.

use jiff::{SignedDuration, Timestamp};

use super::{Error, facts};
use crate::cx::Cx;
use crate::domain::{Mode, Scope};
use crate::store::{Tx, Work};

/// How far a clock can be moved at once.
const FARTHEST: SignedDuration = SignedDuration::from_hours(24 * 366 * 10);
/// What is due within this time of each other happens in one step.
const STEP: SignedDuration = SignedDuration::from_mins(1);
/// Between two looks at whether everything of a step is done (host time).
const LOOK: SignedDuration = SignedDuration::from_millis(50);

/// Where a business's time stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestClock {
    /// The business's time.
    pub now: Timestamp,
    /// Where it is moving to; none while it runs along with the host's.
    pub target: Option<Timestamp>,
}

/// The clock of a scope.
pub async fn read(cx: &Cx, scope: &Scope) -> Result<TestClock, Error> {
    let mut tx = cx.store.read().await?;
    at(cx, &mut tx, scope).await
}

/// Lets the clock move to `target`. The way there is a job; read the clock to see how far it
/// has come. A clock on its way may be sent further, never back.
pub async fn advance(cx: &Cx, scope: &Scope, target: Timestamp) -> Result<TestClock, Error> {
    if scope.mode == Mode::Live {
        return Err(invalid("the time of live mode cannot be moved"));
    }
    let mut tx = cx.store.begin().await?;
    tx.hold_clock(scope).await?;
    let before = at(cx, &mut tx, scope).await?;
    let from = before.target.unwrap_or(before.now);
    if target <= from {
        return Err(invalid(&format!(
            "must be later than {from}: a clock never goes back"
        )));
    }
    if target.duration_since(before.now) > FARTHEST {
        return Err(invalid("at most ten years at once"));
    }
    tx.aim_clock(scope, target).await?;
    cx.order(&mut tx, scope, &work(scope)).await?;
    facts::audit(
        cx,
        &mut tx,
        scope,
        "test-clock.advance",
        scope.business.as_str(),
        Some(serde_json::json!({ "now": before.now })),
        Some(serde_json::json!({ "target": target })),
    )
    .await?;
    tx.commit().await?;
    Ok(TestClock {
        target: Some(target),
        ..before
    })
}

/// One step of a clock on its way: nothing while work is at hand, otherwise on to the next
/// due date, or to the end of the way. Orders the next step itself.
pub async fn step(cx: &Cx, scope: &Scope) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let clock = tx.hold_clock(scope).await?;
    let Some(target) = clock.target else {
        return Ok(());
    };
    let business_now = cx.business_now(&mut tx, scope).await?;
    let is_awaited = look_sooner(cx, &mut tx, scope).await?;
    if !is_awaited && !tx.is_under_way(scope, cx.now()).await? {
        if business_now >= target {
            tx.clock_arrived(scope).await?;
            tx.commit().await?;
            return Ok(());
        }
        let next = tx.next_due(scope).await?.map_or(target, |due| {
            due.checked_add(STEP).unwrap_or(due).min(target)
        });
        let ahead = next.max(business_now).duration_since(cx.now());
        let offset = i64::try_from(ahead.as_micros()).unwrap_or(clock.offset_us);
        tx.move_clock(scope, offset).await?;
    }
    let again = cx.now().checked_add(LOOK).unwrap_or(Timestamp::MAX);
    cx.order_at(&mut tx, scope, &work(scope), again).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether payments have no outcome on which what is due next depends. Looks at them that are far
/// away come sooner: a rehearsal is not to wait a day for what is known by then.
async fn look_sooner(cx: &Cx, tx: &mut Tx, scope: &Scope) -> Result<bool, Error> {
    let awaited = tx.awaited_payments(scope, cx.now()).await?;
    let wait = {
        let settings = cx.settings.load();
        let first = settings.billing.lookup_after.first().copied();
        first.unwrap_or(settings.billing.lookup_every)
    };
    let soon = cx.now().checked_add(wait).unwrap_or(Timestamp::MAX);
    for payment in &awaited {
        let look = Work::Reconcile {
            payment: payment.clone(),
        };
        let key = look.unique_key().unwrap_or_default();
        if tx.next_run_of(&key).await?.is_some_and(|at| at > soon) {
            cx.order_at(tx, scope, &look, soon).await?;
        }
    }
    Ok(!awaited.is_empty())
}

async fn at(cx: &Cx, tx: &mut Tx, scope: &Scope) -> Result<TestClock, Error> {
    Ok(TestClock {
        now: cx.business_now(tx, scope).await?,
        target: tx.clock(scope).await?.target,
    })
}

fn work(scope: &Scope) -> Work {
    Work::MoveClock {
        business: scope.business.clone(),
    }
}

fn invalid(problem: &str) -> Error {
    Error::Invalid {
        field: "to",
        problem: problem.to_owned(),
    }
}
