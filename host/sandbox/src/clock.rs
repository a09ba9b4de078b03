//! The processor's clock: real time, read in this one place.

/// Microseconds since the epoch.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the time"
)]
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// Whole microseconds of a duration, as the database keeps them.
pub(crate) fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
