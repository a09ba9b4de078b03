//! A circuit breaker: a plugin that failed several times in a row is left out for a while, where the
//! portal can do without it. Then one call tries again; each try that fails doubles the while. Knows
//! no clock: the time is told.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// When a plugin is left out, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// After so many failures in a row; none for never.
    pub failures: u32,
    /// If all of them came within this time.
    pub within: SignedDuration,
    /// For so long at first.
    pub first: SignedDuration,
    /// And for no longer than this.
    pub longest: SignedDuration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            failures: 3,
            within: SignedDuration::from_mins(5),
            first: SignedDuration::from_secs(10),
            longest: SignedDuration::from_mins(10),
        }
    }
}

/// Leave to make one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// As all others.
    Usual,
    /// The one that tries whether it works again.
    Trial,
}

/// What the end of a call changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is left out for so long.
    LeftOut(SignedDuration),
    /// It works again.
    Well,
}

/// Since when nothing is asked, or for how much longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    /// No call before this moment.
    pub(super) until: Timestamp,
    /// Calls that were left out since it opened.
    pub(super) skipped: u64,
    rest: SignedDuration,
    trying: bool,
}

/// Of one plugin as one business and mode uses it.
#[derive(Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    /// Failures in a row.
    failures: u32,
    /// When the first of them came.
    since: Option<Timestamp>,
    open: Option<Open>,
}

impl Breaker {
    /// Leave for one call; none where it is left out. Whoever has leave says how the call ended, or
    /// gives it back.
    pub(super) fn ask(&self, now: Timestamp) -> Option<Leave> {
        let mut state = self.state();
        let Some(open) = &mut state.open else {
            return Some(Leave::Usual);
        };
        if open.trying || now < open.until {
            open.skipped += 1;
            return None;
        }
        open.trying = true;
        Some(Leave::Trial)
    }

    /// The call that had `leave` ended, well or not.
    pub(super) fn end(
        &self,
        leave: Leave,
        well: bool,
        now: Timestamp,
        patience: &Patience,
    ) -> Option<Change> {
        let mut state = self.state();
        match (leave, well) {
            (Leave::Trial, true) => {
                *state = State::default();
                Some(Change::Well)
            }
            (Leave::Trial, false) => {
                let open = state.open.as_mut()?;
                let rest = open.rest.saturating_mul(2).min(patience.longest);
                *open = Open {
                    until: later(now, rest),
                    rest,
                    trying: false,
                    ..*open
                };
                Some(Change::LeftOut(rest))
            }
            // What began before it was left out says nothing about now.
            (Leave::Usual, _) if state.open.is_some() => None,
            (Leave::Usual, true) => {
                *state = State::default();
                None
            }
            (Leave::Usual, false) => state.fail(now, patience),
        }
    }

    /// Nobody knows how the call that had `leave` ended: the next one may try.
    pub(super) fn give_back(&self, leave: Leave) {
        if leave == Leave::Trial
            && let Some(open) = &mut self.state().open
        {
            open.trying = false;
        }
    }

    /// How long it is left out, if it is.
    pub(super) fn open(&self) -> Option<Open> {
        self.state().open
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves a few whole numbers behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn fail(&mut self, now: Timestamp, patience: &Patience) -> Option<Change> {
        let recent = |since: Timestamp| now.duration_since(since) <= patience.within;
        if !self.since.is_some_and(recent) {
            self.since = Some(now);
            self.failures = 0;
        }
        self.failures += 1;
        if patience.failures == 0 || self.failures < patience.failures {
            return None;
        }
        let rest = patience.first.min(patience.longest);
        self.open = Some(Open {
            until: later(now, rest),
            skipped: 0,
            rest,
            trying: false,
        });
        Some(Change::LeftOut(rest))
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
