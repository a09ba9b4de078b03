//! What became of a plugin's calls: how many, how they ended, and what they took.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The calls of one version of a plugin since this process loaded it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Calls that ended.
    pub calls: u64,
    /// Those of them without a usable answer: traps, spent limits, nonsense.
    pub failures: u64,
    /// Calls that found no turn in time, and so never began.
    pub turned_away: u64,
    /// Calls that were left out after failures, where the portal can do without the plugin.
    #[serde(default)]
    pub left_out: u64,
    /// Calls that run now.
    pub under_way: u64,
    /// Milliseconds of wall-clock time of all calls.
    pub total_ms: u64,
    /// Milliseconds of the longest.
    pub longest_ms: u64,
    /// Bytes of linear memory of the call that took most.
    pub memory_bytes: u64,
    /// The newest failure.
    pub last_failure: Option<Failure>,
}

/// A call without a usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// What was asked for, such as `payments.charge`.
    pub operation: String,
    /// What happened.
    pub what: String,
}

/// Counts.
#[derive(Default)]
pub(super) struct Tally {
    calls: AtomicU64,
    failures: AtomicU64,
    turned_away: AtomicU64,
    left_out: AtomicU64,
    under_way: AtomicU64,
    total_us: AtomicU64,
    longest_us: AtomicU64,
    memory_bytes: AtomicU64,
    last_failure: Mutex<Option<Failure>>,
}

/// A call under way, until it is dropped.
pub(super) struct UnderWay<'a>(&'a Tally);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Relaxed);
    }
}

impl Tally {
    pub(super) fn begin(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Relaxed);
        UnderWay(self)
    }

    pub(super) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Relaxed);
    }

    pub(super) fn left_out(&self) {
        self.left_out.fetch_add(1, Relaxed);
    }

    pub(super) fn ended(&self, took: Duration, memory_bytes: usize) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bytes = u64::try_from(memory_bytes).unwrap_or(u64::MAX);
        self.memory_bytes.fetch_max(bytes, Relaxed);
        self.calls.fetch_add(1, Relaxed);
        self.total_us.fetch_add(micros, Relaxed);
        self.longest_us.fetch_max(micros, Relaxed);
    }

    pub(super) fn failed(&self, at: Timestamp, operation: &str, what: String) {
        self.failures.fetch_add(1, Relaxed);
        let mut last = self
            .last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some(Failure {
            at,
            operation: operation.to_owned(),
            what,
        });
    }

    pub(super) fn figures(&self) -> Figures {
        let last = self
            .last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Figures {
            calls: self.calls.load(Relaxed),
            failures: self.failures.load(Relaxed),
            turned_away: self.turned_away.load(Relaxed),
            left_out: self.left_out.load(Relaxed),
            under_way: self.under_way.load(Relaxed),
            total_ms: self.total_us.load(Relaxed) / 1000,
            longest_ms: self.longest_us.load(Relaxed) / 1000,
            memory_bytes: self.memory_bytes.load(Relaxed),
            last_failure: last.clone(),
        }
    }
}
