//! Telling a plugin of a fact and calling one by the clock: few at once, so that a plugin that hangs
//! holds up neither merchants' endpoints nor other plugins nor its own pages.

use jiff::SignedDuration;

use super::couriers::{Pass, Receiver};
use super::{Jobs, Verdict};
use crate::domain::Scope;
use crate::domain::id::EventId;
use crate::flows::plugin_calls::{self, Called};
use crate::store;

pub(super) async fn tell(jobs: &Jobs, scope: &Scope, event: &EventId, plugin: &str) -> Verdict {
    match admit(jobs, scope, plugin) {
        Ok(_passes) => plugin_calls::tell(&jobs.cx, scope, event, plugin)
            .await
            .into(),
        Err(wait) => Verdict::NotYet(wait),
    }
}

pub(super) async fn tick(
    jobs: &Jobs,
    scope: &Scope,
    plugin: &str,
    schedule: &str,
    due: i64,
) -> Verdict {
    match admit(jobs, scope, plugin) {
        Ok(_passes) => plugin_calls::tick(&jobs.cx, scope, plugin, schedule, due)
            .await
            .into(),
        Err(wait) => Verdict::NotYet(wait),
    }
}

/// Room for a call: half of what the plugin may run at once, so that its pages have the other
/// half, and half of the lane for all plugins together.
fn admit(jobs: &Jobs, scope: &Scope, plugin: &str) -> Result<[Pass; 2], SignedDuration> {
    let settings = jobs.cx.settings.load();
    let own = u32::try_from(settings.plugins.calls_at_once / 2).unwrap_or(u32::MAX);
    let all = (settings.webhooks.at_once / 2).max(1);
    let now = jobs.cx.now();
    let receiver = Receiver::Plugin(scope.clone(), plugin.to_owned());
    let own = jobs.couriers.admit(&receiver, own.max(1), now)?;
    match jobs.couriers.admit(&Receiver::Plugins, all, now) {
        Ok(among_all) => Ok([own, among_all]),
        Err(wait) => {
            own.unused();
            Err(wait)
        }
    }
}

impl From<store::Result<Called>> for Verdict {
    fn from(called: store::Result<Called>) -> Self {
        match called {
            Ok(Called::Done) => Self::Done,
            Ok(Called::NotThere(why)) => Self::Park(why),
            Ok(Called::Failed(why)) => Self::Retry(why),
            Ok(Called::GivenUp(why)) => Self::GiveUp(why),
            Err(error) => error.into(),
        }
    }
}
