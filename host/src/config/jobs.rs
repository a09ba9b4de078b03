//! `[jobs]`: the queue's workers, leases, back-off and what is kept.

use jiff::SignedDuration;
use serde::Deserialize;

use super::duration;
use super::problem::Problem;
use super::source::Source;

/// The queue's workers, leases, back-off and what is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jobs {
    /// Jobs that one process runs at once: of charges and dates, and as many mails besides. A
    /// business has a quarter of them.
    pub workers: u32,
    /// How often an idle worker looks for due jobs.
    #[serde(deserialize_with = "duration::one")]
    pub poll: SignedDuration,
    /// How long a claimed job belongs to its worker; after that another takes it.
    #[serde(deserialize_with = "duration::one")]
    pub lease: SignedDuration,
    /// The wait after the first failure; it doubles with each further one.
    #[serde(deserialize_with = "duration::one")]
    pub retry_first: SignedDuration,
    /// The longest wait between two tries.
    #[serde(deserialize_with = "duration::one")]
    pub retry_longest: SignedDuration,
    /// Tries before a job on which no money hangs is set aside for the operator.
    pub tries: u32,
    /// How long a job fails before it is on the operator's list.
    #[serde(deserialize_with = "duration::one")]
    pub listed_after: SignedDuration,
    /// How long finished jobs are kept.
    #[serde(deserialize_with = "duration::one")]
    pub keep: SignedDuration,
    /// How long a merchant's endpoint may take to answer a webhook.
    #[serde(deserialize_with = "duration::one")]
    pub webhook_timeout: SignedDuration,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            workers: 16,
            poll: SignedDuration::from_secs(1),
            lease: SignedDuration::from_mins(2),
            retry_first: SignedDuration::from_secs(5),
            retry_longest: SignedDuration::from_hours(6),
            tries: 20,
            listed_after: SignedDuration::from_mins(15),
            keep: SignedDuration::from_hours(30 * 24),
            webhook_timeout: SignedDuration::from_secs(15),
        }
    }
}

impl Jobs {
    pub(super) fn check(&self, source: &Source, problems: &mut Vec<Problem>) {
        for (key, is_zero) in [
            ("jobs.workers", self.workers == 0),
            ("jobs.poll", self.poll.is_zero()),
            ("jobs.lease", self.lease.is_zero()),
            ("jobs.tries", self.tries == 0),
        ] {
            if is_zero {
                problems.push(source.problem(
                    key,
                    "is zero, so that no job would run",
                    "Remove the key to get the default.",
                ));
            }
        }
    }
}
