//! `log`: lines of a guest in the host's log, within a budget per call and a rate per plugin.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::CallState;
use crate::plugins::bindings::vestibule::host::log::{Host, Kv, Level};
use crate::plugins::limits::Limits;

/// Lines that one plugin may write at once, over all its calls, before the rate applies.
const BURST: u32 = 512;
/// One more line after this time.
const REFILL: Duration = Duration::from_millis(50);

/// The lines a plugin may still write, over all its calls.
pub(in crate::plugins) struct LineBucket(Mutex<(u32, Instant)>);

impl LineBucket {
    pub(in crate::plugins) fn new() -> Self {
        Self(Mutex::new((BURST, Instant::now())))
    }

    fn take(&self, now: Instant) -> bool {
        // A panic elsewhere leaves two numbers behind, which are fine.
        let mut bucket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, since) = &mut *bucket;
        let refill = now.duration_since(*since).as_millis() / REFILL.as_millis();
        if refill > 0 {
            let refill = u32::try_from(refill).unwrap_or(BURST);
            *left = left.saturating_add(refill).min(BURST);
            *since = now;
        }
        let taken = left.checked_sub(1);
        *left = taken.unwrap_or(0);
        taken.is_some()
    }
}

/// The lines that one call may still write.
pub(super) struct LogBudget {
    lines_left: usize,
    line_bytes: usize,
    dropped: usize,
    bucket: Arc<LineBucket>,
}

impl LogBudget {
    pub(super) fn new(limits: &Limits, bucket: Arc<LineBucket>) -> Self {
        Self {
            lines_left: limits.log_lines,
            line_bytes: limits.log_line_bytes,
            dropped: 0,
            bucket,
        }
    }

    /// Whether one more line may be written.
    fn take(&mut self) -> bool {
        let Some(left) = self.lines_left.checked_sub(1) else {
            self.dropped += 1;
            return false;
        };
        if !self.bucket.take(Instant::now()) {
            self.dropped += 1;
            return false;
        }
        self.lines_left = left;
        true
    }
}

impl Host for CallState {
    fn write(&mut self, level: Level, message: String, fields: Vec<Kv>) -> wasmtime::Result<()> {
        if self.log.take() {
            let line = line(&message, &fields, self.log.line_bytes);
            let (plugin, at) = (&*self.plugin, &*self.binding.label);
            match level {
                Level::Debug => tracing::debug!(target: "plugin", plugin, at, "{line}"),
                Level::Info => tracing::info!(target: "plugin", plugin, at, "{line}"),
                Level::Warn => tracing::warn!(target: "plugin", plugin, at, "{line}"),
                Level::Error => tracing::error!(target: "plugin", plugin, at, "{line}"),
            }
        }
        Ok(())
    }
}

impl Drop for LogBudget {
    fn drop(&mut self) {
        if self.dropped > 0 {
            tracing::warn!(target: "plugin", lines = self.dropped, "a plugin wrote too much; lines were dropped");
        }
    }
}

/// One line of at most `most` bytes, without anything that a terminal or a log reader would
/// take for more than text.
fn line(message: &str, fields: &[Kv], most: usize) -> String {
    let mut line = String::new();
    escape(message, most, &mut line);
    for field in fields {
        line.push(' ');
        escape(&field.name, most, &mut line);
        line.push('=');
        escape(&field.value, most, &mut line);
        if line.len() > most {
            break;
        }
    }
    if line.len() > most {
        line.truncate(line.floor_char_boundary(most));
        line.push('…');
    }
    line
}

fn escape(text: &str, most: usize, line: &mut String) {
    for c in text.chars() {
        if line.len() > most {
            return;
        }
        // Besides control characters: line and paragraph separators, and marks that turn the
        // direction of writing.
        if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            write!(line, "{}", c.escape_unicode()).expect("a String takes everything");
        } else {
            line.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_bounded() {
        let fields = [Kv {
            name: "id".to_owned(),
            value: "a\x1b[31m".to_owned(),
        }];
        assert_eq!(
            line("paid\nERROR forged", &fields, 100),
            "paid\\u{a}ERROR forged id=a\\u{1b}[31m"
        );
        let long = line(&"ß".repeat(1000), &fields, 99);
        assert!(long.len() <= 99 + '…'.len_utf8(), "{}", long.len());
    }

    #[test]
    fn a_plugin_that_floods_is_slowed_down() {
        let bucket = LineBucket::new();
        let now = Instant::now();
        let written = (0..2 * BURST).filter(|_| bucket.take(now)).count();
        assert_eq!(written, BURST as usize);
        let later = now + REFILL * 3;
        assert_eq!((0..10).filter(|_| bucket.take(later)).count(), 3);
    }
}
