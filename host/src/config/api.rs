//! `[api]`: how the merchant API treats repeats of one call, and how often it may be called.

use jiff::SignedDuration;
use serde::Deserialize;

use super::duration;

/// How the merchant API treats repeats of one call, and how often it may be called.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Api {
    /// How long an `Idempotency-Key` is remembered with its answer.
    #[serde(deserialize_with = "duration::one")]
    pub idempotency_lifetime: SignedDuration,
    /// How long a blind repeat (same key, path and body, sent by an SDK's retry) joins the first.
    #[serde(deserialize_with = "duration::one")]
    pub repeat_window: SignedDuration,
    /// How many calls one API key may make in a minute, counted by each process.
    pub calls_per_minute: u32,
    /// How many calls of `/licenses/*` one network may make in a minute, counted for all processes.
    pub license_calls_per_minute: u32,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            idempotency_lifetime: SignedDuration::from_hours(24),
            repeat_window: SignedDuration::from_mins(10),
            calls_per_minute: 2_400,
            license_calls_per_minute: 100,
        }
    }
}
