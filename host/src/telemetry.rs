//! Logs: text on a terminal, one JSON object a line elsewhere, always on standard error.
//!
//! What is logged holds ids, never addresses, tokens, bodies or secrets.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Sets up logging for the whole process. `VESTIBULE_LOG` chooses what is shown, such as
/// `info,vestibule::jobs=debug`; without it, everything from `info` on.
pub(crate) fn start() -> Result<(), String> {
    let filter = match std::env::var("VESTIBULE_LOG") {
        Ok(text) => EnvFilter::try_new(text)
            .map_err(|error| format!("VESTIBULE_LOG is not a filter: {error}"))?,
        Err(_) => EnvFilter::new("info"),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Saying so needs the same closed standard error, and would panic.
        .log_internal_errors(false);
    let result = if std::io::stderr().is_terminal() {
        subscriber.with_target(false).try_init()
    } else {
        subscriber.json().flatten_event(true).try_init()
    };
    result.map_err(|error| error.to_string())
}
