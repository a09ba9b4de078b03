//! What plugins failed at where the portal shows them: for whoever asks, and in the log, at a
//! rate that no number of page views can exceed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::domain::Scope;

/// Lines about one plugin in one business and mode before the rate applies.
const BURST: u32 = 20;
/// One more line after this time.
const REFILL: Duration = Duration::from_secs(10);
/// Characters of what is kept and logged of a failure.
const LONGEST: usize = 4000;

/// What a plugin was asked for. One that does well at one thing may fail at another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// How the portal looks.
    Look,
    /// A block in a page of the portal.
    Block,
    /// A page of its own, or a form there.
    Page,
    /// Its entries in the navigation.
    Navigation,
    /// To hear of an event, or a call by the clock.
    Event,
}

impl Task {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Block => "block",
            Self::Page => "page",
            Self::Navigation => "navigation",
            Self::Event => "event",
        }
    }
}

/// A plugin that failed at what it shows, and has not worked since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its id.
    pub plugin: String,
    /// For which business and mode.
    pub scope: Scope,
    /// At what.
    pub task: Task,
    /// What happened last: one line.
    pub what: String,
    /// When it happened last (host time).
    pub at: Timestamp,
    /// How often it failed since it last worked.
    pub count: u64,
}

/// All of them, and the lines that may still be written about each.
#[derive(Default)]
pub(super) struct Troubles(Mutex<BTreeMap<(String, Scope, Task), Known>>);

struct Known {
    trouble: Option<Trouble>,
    lines: u32,
    since: Instant,
    left_out: u64,
}

impl Troubles {
    /// Notes that `plugin` failed, and says so in the log.
    pub(super) fn report(
        &self,
        plugin: &str,
        scope: &Scope,
        task: Task,
        what: &str,
        at: Timestamp,
    ) {
        let what = line(what);
        if let Some(left_out) = self.note((plugin, scope, task), &what, at, Instant::now()) {
            let task = task.as_str();
            tracing::warn!(plugin, %scope, task, what, left_out, "a plugin failed; the portal is shown without it");
        }
    }

    /// Notes it, and tells how many lines were left out before if one is due now.
    fn note(
        &self,
        (plugin, scope, task): (&str, &Scope, Task),
        what: &str,
        at: Timestamp,
        now: Instant,
    ) -> Option<u64> {
        let mut all = self.all();
        let known = all
            .entry((plugin.to_owned(), scope.clone(), task))
            .or_insert_with(|| Known {
                trouble: None,
                lines: BURST,
                since: now,
                left_out: 0,
            });
        known.trouble = Some(Trouble {
            plugin: plugin.to_owned(),
            scope: scope.clone(),
            task,
            what: what.to_owned(),
            at,
            count: known.trouble.as_ref().map_or(0, |trouble| trouble.count) + 1,
        });
        known.is_due(now)
    }

    /// Notes that it works.
    pub(super) fn is_well(&self, plugin: &str, scope: &Scope, task: Task) {
        let mut all = self.all();
        // What was written about it still counts: it may fail at every second page.
        if !all.is_empty()
            && let Some(known) = all.get_mut(&(plugin.to_owned(), scope.clone(), task))
        {
            known.trouble = None;
        }
    }

    /// Forgets what nobody asks for any more.
    pub(super) fn keep(&self, used: impl Fn(&str, &Scope) -> bool) {
        self.all()
            .retain(|(plugin, scope, _), _| used(plugin, scope));
    }

    /// Those that failed last time, by plugin.
    pub(super) fn list(&self) -> Vec<Trouble> {
        let all = self.all();
        let troubles = all.values().filter_map(|known| known.trouble.clone());
        troubles.collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<(String, Scope, Task), Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn is_due(&mut self, now: Instant) -> Option<u64> {
        let refill = now.duration_since(self.since).as_secs() / REFILL.as_secs();
        if refill > 0 {
            let refill = u32::try_from(refill).unwrap_or(BURST);
            self.lines = self.lines.saturating_add(refill).min(BURST);
            self.since = now;
        }
        let Some(lines) = self.lines.checked_sub(1) else {
            self.left_out += 1;
            return None;
        };
        self.lines = lines;
        Some(std::mem::take(&mut self.left_out))
    }
}

/// One line of bounded length.
fn line(what: &str) -> String {
    what.chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Mode;

    #[test]
    fn a_plugin_that_fails_at_every_page_writes_few_lines_that_say_how_many_were_left_out() {
        let troubles = Troubles::default();
        let scope = Scope::new("bus_a".parse().expect("an id"), Mode::Live);
        let other = Scope::new("bus_b".parse().expect("an id"), Mode::Live);
        let start = Instant::now();
        let fail = |scope: &Scope, at| {
            // It works in between, and so each time it is a new trouble.
            troubles.is_well("shop", scope, Task::Page);
            troubles.note(("shop", scope, Task::Page), "no", Timestamp::UNIX_EPOCH, at)
        };
        let written = (0..1000).filter_map(|_| fail(&scope, start)).count();
        assert_eq!(written, BURST as usize);
        assert_eq!(fail(&scope, start + REFILL), Some(1000 - u64::from(BURST)));
        assert_eq!(fail(&scope, start + REFILL), None);
        // Another business's lines are its own.
        assert_eq!(fail(&other, start + REFILL), Some(0));
        assert_eq!(fail(&scope, start + REFILL * 2), Some(1));
    }

    #[test]
    fn what_is_kept_of_a_failure_is_one_line_of_bounded_length() {
        let troubles = Troubles::default();
        let scope = Scope::new("bus_a".parse().expect("an id"), Mode::Live);
        troubles.report(
            "shop",
            &scope,
            Task::Page,
            &"é\n".repeat(60_000),
            Timestamp::UNIX_EPOCH,
        );
        troubles.report(
            "shop",
            &scope,
            Task::Page,
            &"é\n".repeat(60_000),
            Timestamp::UNIX_EPOCH,
        );
        let [trouble] = &troubles.list()[..] else {
            panic!("one trouble");
        };
        assert_eq!(trouble.count, 2);
        assert_eq!(trouble.what.chars().count(), LONGEST);
        assert!(!trouble.what.contains('\n'));
        troubles.is_well("shop", &scope, Task::Page);
        assert_eq!(troubles.list(), []);
    }
}
