//! How long a job that fails is tried again.

use jiff::{SignedDuration, Timestamp};

use crate::config::Settings;
use crate::store::ClaimedJob;

/// When nobody goes on with a job that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Never: on it hangs money, or whether something is looked at again at all.
    Endless,
    /// After so many tries: another order, or a log of its own, makes up for it.
    Tries,
    /// After a time that is longer than a mail server is away.
    Time,
}

impl Patience {
    /// With work of this kind.
    pub(super) fn with(kind: &str) -> Self {
        match kind {
            "mail" | "access-mail" => Self::Time,
            "answer-login" | "answer-staff-login" | "deliver-event" | "tell-plugin"
            | "call-plugin" => Self::Tries,
            _ => Self::Endless,
        }
    }

    /// Whether it is over with `job`, which has just failed.
    pub(super) fn is_over(self, settings: &Settings, job: &ClaimedJob, now: Timestamp) -> bool {
        match self {
            Self::Endless => false,
            Self::Tries => job.attempts >= settings.jobs.tries,
            Self::Time => job
                .failing_since
                .is_some_and(|since| is_past(since, settings.mail.keep_trying, now)),
        }
    }
}

fn is_past(since: Timestamp, time: SignedDuration, now: Timestamp) -> bool {
    since.checked_add(time).is_ok_and(|end| end <= now)
}
