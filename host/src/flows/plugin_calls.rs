//! Calls of plugins that nobody waits for: events that the operator lets them hear of, and calls
//! by the clock. Each is a job of its own, ordered in the transaction of what caused it, and done
//! again until the plugin takes it: at least once.

use jiff::{SignedDuration, Timestamp};

use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::EventId;
use crate::plugins::pages::PluginEvent;
use crate::store::{self, Event, Tx, Work};

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// It was taken, or is no longer wanted.
    Done,
    /// The plugin is not there at present.
    NotThere(String),
    /// The plugin failed.
    Failed(String),
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
    let (Some(event), Some(pages)) = (found, cx.plugins.pages(scope, name)) else {
        return Ok(Called::Done);
    };
    let event = PluginEvent {
        id: event.id.to_string(),
        kind: event.kind,
        object: event.object,
        occurred_at: event.occurred_at,
    };
    let pages = match pages {
        Ok(pages) => pages,
        Err(error) => return Ok(Called::NotThere(error.to_string())),
    };
    Ok(called(
        cx,
        scope,
        pages.plugin(),
        pages.handle(scope, &event).await,
    ))
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
    let granted = (scope.clone(), name.to_owned(), schedule.to_owned());
    let pages = cx.plugins.pages(scope, name);
    let (true, Some(pages)) = (cx.plugins.schedules().contains(&granted), pages) else {
        return Ok(Called::Done);
    };
    let pages = match pages {
        Ok(pages) => pages,
        Err(error) => return Ok(Called::NotThere(error.to_string())),
    };
    let due = Timestamp::from_second(due).unwrap_or(cx.now());
    let ended = pages.tick(scope, schedule, due).await;
    Ok(called(cx, scope, pages.plugin(), ended))
}

fn called(
    cx: &Cx,
    scope: &Scope,
    plugin: &str,
    ended: Result<(), crate::plugins::Error>,
) -> Called {
    match ended {
        Ok(()) => {
            cx.plugins.is_well(plugin, scope);
            Called::Done
        }
        // It was never asked: too many calls were under way, or it could not be begun.
        Err(error @ crate::plugins::Error::NotExecuted { .. }) => {
            Called::NotThere(error.to_string())
        }
        Err(error) => {
            cx.plugins.report(plugin, scope, &error.to_string());
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
    let length = match schedule {
        "hourly" => SignedDuration::from_hours(1),
        "daily" => SignedDuration::from_hours(24),
        _ => return Ok(()),
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
