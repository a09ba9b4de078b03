//! Calls of plugins that nobody waits for: events that the operator lets them hear of, and calls
//! by the clock. Each is a job of its own, ordered in the transaction of what caused it, and done
//! again until the plugin takes it: at least once.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::plugin_report::{self, Said};
use super::{Error, facts};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::EventId;
use crate::plugins::pages::PluginEvent;
use crate::plugins::{Hearing, Task};
use crate::store::{self, Event, Tx, Work};

/// An event whose plugin was not there for so long is given up.
const PATIENCE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Why an event waits whose pages are in another process alone.
const NOT_YET: &str = "another process has these pages and cannot call them yet";

/// How many events one transaction tells again.
const BATCH: u32 = 200;

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// It was taken, or is no longer wanted.
    Done,
    /// The plugin is not there at present.
    NotThere(String),
    /// Another process has the version, or the configuration, that takes it.
    Elsewhere,
    /// The plugin failed.
    Failed(String),
    /// The plugin was not there for too long.
    GivenUp(String),
}

/// Orders one job for each plugin that is to hear of `event`.
pub(super) async fn order_telling(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    event: &Event,
) -> store::Result<()> {
    for plugin in cx.plugins.listeners(scope, &event.kind) {
        let work = Work::TellPlugin {
            event: event.id.clone(),
            plugin,
        };
        cx.order(tx, scope, &work).await?;
    }
    Ok(())
}

/// Tells the plugin of an event. The id tells it that a repeat is the same.
pub async fn tell(cx: &Cx, scope: &Scope, event: &EventId, name: &str) -> store::Result<Called> {
    let mut tx = cx.store.read().await?;
    let found = tx.event(scope, event).await?;
    drop(tx);
    let Some(event) = found else {
        return Ok(Called::Done);
    };
    let past = cx.now().duration_since(event.occurred_at) > PATIENCE;
    let hearing = Hearing::new(scope, name, &event.kind);
    let pages = match cx.plugins.pages(scope, name) {
        Some(Ok(pages)) if !pages.hears(&event.kind) => None,
        pages => pages,
    };
    let event = PluginEvent {
        id: event.id.to_string(),
        kind: event.kind,
        object: event.object,
        occurred_at: event.occurred_at,
    };
    let ended = match pages {
        None => elsewhere_or(Called::Done, cx, &hearing, past).await?,
        Some(Ok(pages)) => {
            let ended = pages.handle(scope, &event).await;
            called(cx, scope, pages.plugin(), ended)
        }
        Some(Err(error)) => {
            let not_there = Called::NotThere(error.to_string());
            elsewhere_or(not_there, cx, &hearing, past).await?
        }
    };
    Ok(match ended {
        Called::NotThere(why) if past => Called::GivenUp(why),
        ended => ended,
    })
}

/// What nobody takes here is left to a process that does, where one is there, until it is `past`, and
/// is never done while a process has pages for it; otherwise it is as it is `here`.
async fn elsewhere_or(
    here: Called,
    cx: &Cx,
    hearing: &Hearing,
    past: bool,
) -> store::Result<Called> {
    let said = plugin_report::said_of(cx, hearing).await?;
    Ok(match (said, here) {
        (Said::Heard, _) if !past => Called::Elsewhere,
        (Said::Heard | Said::Awaited, Called::Done) => Called::NotThere(NOT_YET.to_owned()),
        (_, here) => here,
    })
}

/// Calls the plugin by the clock, for the moment `due` in seconds; the next call is ordered first.
pub async fn tick(
    cx: &Cx,
    scope: &Scope,
    name: &str,
    schedule: &str,
    due: i64,
) -> store::Result<Called> {
    order_tick(cx, scope, name, schedule).await?;
    let due = Timestamp::from_second(due).unwrap_or(cx.now());
    let over = length(schedule).is_some_and(|length| cx.now().duration_since(due) >= length);
    let hearing = Hearing::new(scope, name, schedule);
    let pages = match cx.plugins.pages(scope, name) {
        Some(Ok(pages)) if !pages.is_called(schedule) => None,
        pages => pages,
    };
    let granted = (scope.clone(), name.to_owned(), schedule.to_owned());
    let ended = match pages.filter(|_| cx.plugins.schedules().contains(&granted)) {
        None => elsewhere_or(Called::Done, cx, &hearing, over).await?,
        Some(Ok(pages)) => {
            let ended = pages.tick(scope, schedule, due).await;
            called(cx, scope, pages.plugin(), ended)
        }
        Some(Err(error)) => {
            let not_there = Called::NotThere(error.to_string());
            elsewhere_or(not_there, cx, &hearing, over).await?
        }
    };
    Ok(match ended {
        // Its plugin is not there, and the next call is due.
        Called::NotThere(_) if over => Called::Done,
        ended => ended,
    })
}

/// Tells the plugin again of everything that was given up; answers how many events that are.
pub async fn replay(cx: &Cx, scope: &Scope, name: &str) -> Result<usize, Error> {
    if cx.plugins.pages(scope, name).is_none() {
        return Err(Error::NotFound("pages plugin"));
    }
    let (mut replayed, mut after) = (0, String::new());
    loop {
        let mut tx = cx.store.begin().await?;
        let failed = tx.given_up(scope, "tell-plugin", &after, BATCH).await?;
        for job in &failed {
            let work = serde_json::from_str::<Work>(&job.payload).ok();
            let of =
                |work: &Work| matches!(work, Work::TellPlugin { plugin, .. } if plugin == name);
            if let Some(work) = work.filter(of) {
                cx.order(&mut tx, scope, &work).await?;
                tx.forget_given_up(scope, &job.id).await?;
                replayed += 1;
            }
        }
        let last = failed.len() < BATCH as usize;
        if last && replayed > 0 {
            let told = json!({ "events": replayed });
            facts::audit(cx, &mut tx, scope, "plugin.replay", name, None, Some(told)).await?;
        }
        tx.commit().await?;
        match failed.last() {
            Some(job) if !last => after.clone_from(&job.id),
            _ => return Ok(replayed),
        }
    }
}

fn called(
    cx: &Cx,
    scope: &Scope,
    plugin: &str,
    ended: Result<(), crate::plugins::Error>,
) -> Called {
    match ended {
        Ok(()) => {
            cx.plugins.is_well(plugin, scope, Task::Event);
            Called::Done
        }
        // It was never asked: too many calls were under way, or it could not be begun.
        Err(error @ crate::plugins::Error::NotExecuted { .. }) => {
            Called::NotThere(error.to_string())
        }
        Err(error) => {
            cx.plugins
                .report(plugin, scope, Task::Event, &error.to_string());
            Called::Failed(error.to_string())
        }
    }
}

/// Orders the next call of every plugin that is called by the clock. Each is ordered once, however
/// often this runs.
pub async fn order_all(cx: &Cx) -> store::Result<()> {
    for (scope, name, schedule) in cx.plugins.schedules() {
        order_tick(cx, &scope, &name, &schedule).await?;
    }
    Ok(())
}

async fn order_tick(cx: &Cx, scope: &Scope, name: &str, schedule: &str) -> store::Result<()> {
    let Some(length) = length(schedule) else {
        return Ok(());
    };
    let granted = (scope.clone(), name.to_owned(), schedule.to_owned());
    if !cx.plugins.schedules().contains(&granted) {
        return Ok(());
    }
    let due = (cx.now().as_second() / length.as_secs() + 1) * length.as_secs();
    let work = Work::CallPlugin {
        business: scope.business.clone(),
        mode: scope.mode,
        plugin: name.to_owned(),
        schedule: schedule.to_owned(),
        due,
    };
    let at = Timestamp::from_second(due).unwrap_or(Timestamp::MAX);
    let mut tx = cx.store.begin().await?;
    cx.order_at(&mut tx, scope, &work, at).await?;
    tx.commit().await
}

/// From one call by the clock to the next.
fn length(schedule: &str) -> Option<SignedDuration> {
    match schedule {
        "hourly" => Some(SignedDuration::from_hours(1)),
        "daily" => Some(SignedDuration::from_hours(24)),
        _ => None,
    }
}
