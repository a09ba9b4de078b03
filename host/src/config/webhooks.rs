//! `[webhooks]`: how events are delivered, how long an old secret signs, what is kept.

use jiff::SignedDuration;
use serde::Deserialize;

use super::duration;
use super::problem::Problem;
use super::source::Source;

/// How events are delivered, how long an old secret signs, what is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// Deliveries that one process has under way at once.
    pub at_once: u32,
    /// Those of them to one endpoint, so that a slow one leaves room for the others.
    pub at_once_per_endpoint: u32,
    /// The waits after each failure of a delivery but the last; after that it is given up.
    #[serde(deserialize_with = "duration::list")]
    pub retry_after: Vec<SignedDuration>,
    /// How long the old secret of an endpoint signs beside the new one.
    #[serde(deserialize_with = "duration::one")]
    pub secret_overlap: SignedDuration,
    /// How long deliveries and their tries are kept once they ended.
    #[serde(deserialize_with = "duration::one")]
    pub keep_log: SignedDuration,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            at_once: 64,
            at_once_per_endpoint: 8,
            // Dodo's: eight tries in all.
            retry_after: vec![
                SignedDuration::from_secs(5),
                SignedDuration::from_mins(5),
                SignedDuration::from_mins(30),
                SignedDuration::from_hours(2),
                SignedDuration::from_hours(5),
                SignedDuration::from_hours(10),
                SignedDuration::from_hours(10),
            ],
            secret_overlap: SignedDuration::from_hours(24),
            keep_log: SignedDuration::from_hours(30 * 24),
        }
    }
}

impl Webhooks {
    pub(super) fn check(&self, source: &Source, problems: &mut Vec<Problem>) {
        for (key, is_zero) in [
            ("webhooks.at_once", self.at_once == 0),
            (
                "webhooks.at_once_per_endpoint",
                self.at_once_per_endpoint == 0,
            ),
        ] {
            if is_zero {
                problems.push(source.problem(
                    key,
                    "is zero, so that no event would be delivered",
                    "Remove the key to get the default.",
                ));
            }
        }
    }
}
