//! Telling a plugin of a fact and calling one by the clock: few at once, so that a plugin that hangs
//! holds up neither merchants' endpoints nor other plugins nor its own pages.

use jiff::SignedDuration;

use super::couriers::{Pass, Receiver};
use super::{Jobs, Verdict};
use crate::domain::Scope;
use crate::domain::id::EventId;
use crate::flows::plugin_calls::{self, Called};
use crate::store;

/// How long a call is left to the process that can make it.
const ELSEWHERE: SignedDuration = SignedDuration::from_secs(5);

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
/// half, and half of the lane for all plugins together, of which one business has a quarter.
fn admit(jobs: &Jobs, scope: &Scope, plugin: &str) -> Result<Vec<Pass>, SignedDuration> {
    let settings = jobs.cx.settings.load();
    let own = u32::try_from(settings.plugins.calls_at_once / 2).unwrap_or(u32::MAX);
    let all = (settings.webhooks.at_once / 2).max(1);
    let receivers = receivers(scope, plugin, own.max(1), all);
    jobs.couriers.admit_to_all(&receivers, jobs.cx.now())
}

fn receivers(scope: &Scope, plugin: &str, own: u32, all: u32) -> [(Receiver, u32); 3] {
    let business = Receiver::PluginsOf(scope.business.clone());
    [
        (Receiver::Plugin(scope.clone(), plugin.to_owned()), own),
        (business, (all / 4).max(1)),
        (Receiver::Plugins, all),
    ]
}

impl From<store::Result<Called>> for Verdict {
    fn from(called: store::Result<Called>) -> Self {
        match called {
            Ok(Called::Done) => Self::Done,
            Ok(Called::NotThere(why)) => Self::Park(why),
            Ok(Called::Elsewhere) => Self::NotYet(ELSEWHERE),
            Ok(Called::Failed(why)) => Self::Retry(why),
            Ok(Called::GivenUp(why)) => Self::GiveUp(why),
            Err(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::domain::Mode;
    use crate::jobs::couriers::Couriers;

    #[test]
    fn the_plugins_of_one_business_leave_room_for_those_of_others() {
        let couriers = Arc::new(Couriers::default());
        let scope = |business: &str, mode| Scope::new(business.parse().expect("an id"), mode);
        let admit = |scope: &Scope, plugin: &str| {
            couriers.admit_to_all(&receivers(scope, plugin, 4, 32), Timestamp::UNIX_EPOCH)
        };
        let mut hang = Vec::new();
        for mode in [Mode::Live, Mode::Test] {
            for name in ["a", "b", "c", "d"] {
                hang.extend((0..9).filter_map(|_| admit(&scope("bus_1", mode), name).ok()));
            }
        }
        assert_eq!(hang.len(), 8, "a quarter of 32");
        let calm = scope("bus_2", Mode::Live);
        let told = admit(&calm, "crm");
        assert!(told.is_ok(), "another business waits for nobody");
        // Who is not admitted holds no room.
        hang.clear();
        let again: Vec<_> = (0..9).filter_map(|_| admit(&calm, "crm").ok()).collect();
        assert_eq!(again.len(), 3, "one of its own four is still out");
    }
}
