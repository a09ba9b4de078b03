//! What is logged while a test runs.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt as _;

/// Everything that was logged, as text.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Of the thread of this test, which must be its only one, as long as the guard lives.
    pub(crate) fn of_this_thread(filter: &str) -> (Self, impl Sized) {
        let log = Self::default();
        let writer = log.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .with_ansi(false);
        let filter = tracing_subscriber::EnvFilter::new(filter);
        let subscriber = tracing_subscriber::registry().with(filter).with(layer);
        // With one dispatcher alone, a line that another test's thread reaches first would be
        // taken as unwanted by all; a second one makes every thread ask both.
        let second = tracing::Dispatch::new(tracing_subscriber::registry());
        let guard: DefaultGuard = tracing::subscriber::set_default(subscriber);
        (log, (guard, second))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
