//! `log`: lines of a guest in the host's log, within a budget per call and a rate per plugin.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::CallState;
use crate::plain;
use crate::plugins::bindings::vestibule::host::log::{Host, Kv, Level};
use crate::plugins::limits::Limits;

/// Lines that a plugin may write at once in one business and mode, over all its calls there, before
/// the rate applies.
const BURST: u32 = 512;
/// One more line after this time.
const REFILL: Duration = Duration::from_millis(50);

/// The lines a plugin may still write in one business and mode.
pub(in crate::plugins) struct LineBucket(Mutex<(u32, Instant)>);

impl Default for LineBucket {
    fn default() -> Self {
        Self(Mutex::new((BURST, Instant::now())))
    }
}

impl LineBucket {
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
            let (line, fields) = line(&message, &fields, self.log.line_bytes);
            // None is no field at all.
            let fields = fields.as_deref();
            let (plugin, at) = (&*self.plugin, &*self.binding.label);
            match level {
                Level::Debug => tracing::debug!(target: "plugin", plugin, at, fields, "{line}"),
                Level::Info => tracing::info!(target: "plugin", plugin, at, fields, "{line}"),
                Level::Warn => tracing::warn!(target: "plugin", plugin, at, fields, "{line}"),
                Level::Error => tracing::error!(target: "plugin", plugin, at, fields, "{line}"),
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

/// One line and its fields, together of `most` bytes at most, without anything that a terminal or a
/// log reader would take for more than text. The fields are a JSON object: whatever is in them, they
/// are not mistaken for the text, nor one for another.
fn line(message: &str, fields: &[Kv], most: usize) -> (String, Option<String>) {
    let mut line = String::new();
    escape(message, most, &mut line);
    let left = most.saturating_sub(line.len());
    cut(&mut line, most);
    if fields.is_empty() {
        return (line, None);
    }
    let quoted = |text: &str| {
        let part = &text[..text.floor_char_boundary(left)];
        plain::line(&serde_json::Value::from(part).to_string()).into_owned()
    };
    let mut told = String::from("{");
    for field in fields {
        if told.len() > left {
            break;
        }
        if told.len() > 1 {
            told.push(',');
        }
        told.push_str(&quoted(&field.name));
        told.push(':');
        told.push_str(&quoted(&field.value));
    }
    told.push('}');
    cut(&mut told, left);
    (line, Some(told))
}

fn cut(line: &mut String, most: usize) {
    if line.len() > most {
        line.truncate(line.floor_char_boundary(most));
        line.push('…');
    }
}

fn escape(text: &str, most: usize, line: &mut String) {
    for c in text.chars() {
        if line.len() > most {
            return;
        }
        plain::push(line, c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_bounded() {
        let field = |name: &str, value: &str| Kv {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let fields = [field("id", "a\x1b[31m\u{202e}"), field("b\"c", "")];
        let (text, told) = line("paid\nERROR id=1", &fields, 100);
        assert_eq!(text, r"paid\u000aERROR id=1");
        let told = told.expect("the fields");
        assert_eq!(told, r#"{"id":"a\u001b[31m\u202e","b\"c":""}"#);
        assert_eq!(line("paid", &[], 100), ("paid".to_owned(), None));
        for (message, value) in [
            ("ß".repeat(1000), "x"),
            ("x".to_owned(), &*"\u{1b}".repeat(1000)),
        ] {
            let (text, told) = line(&message, &[field("id", value)], 99);
            let told = told.expect("the fields");
            let bytes = text.len() + told.len();
            assert!(bytes <= 99 + 2 * '…'.len_utf8(), "{bytes} bytes");
        }
    }

    #[test]
    fn a_plugin_that_floods_is_slowed_down() {
        let bucket = LineBucket::default();
        let now = Instant::now();
        let written = (0..2 * BURST).filter(|_| bucket.take(now)).count();
        assert_eq!(written, BURST as usize);
        let later = now + REFILL * 3;
        assert_eq!((0..10).filter(|_| bucket.take(later)).count(), 3);
    }
}
