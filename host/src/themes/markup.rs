//! Text in HTML. A slash stays a slash: it means nothing between tags and in quotes, and
//! addresses are most of what a page escapes.

use std::fmt;

use minijinja::Value;

/// A text, written so that HTML shows it as it is, between tags and in quoted attributes.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Escaped<'_> {
    fn write<E>(&self, mut push: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let mut rest = self.0;
        while let Some(at) = rest
            .bytes()
            .position(|byte| matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\''))
        {
            push(&rest[..at])?;
            push(match rest.as_bytes()[at] {
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'&' => "&amp;",
                b'"' => "&quot;",
                _ => "&#x27;",
            })?;
            rest = &rest[at + 1..];
        }
        push(rest)
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(|part| f.write_str(part))
    }
}

/// Markup that is being written. Every method appends.
#[derive(Default)]
pub(super) struct Markup(String);

impl Markup {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    /// Makes room for so many bytes more.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.0.reserve(bytes);
    }

    /// Markup of the host's own.
    pub(super) fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// A text of anybody's.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        let Ok(()) = Escaped(text).write(|part| -> Result<(), std::convert::Infallible> {
            self.0.push_str(part);
            Ok(())
        });
        self
    }

    /// A value of a template: markup as it is, anything else as text.
    pub(super) fn value(&mut self, value: &Value) -> &mut Self {
        match value.as_str() {
            Some(markup) if value.is_safe() => self.raw(markup),
            Some(text) => self.text(text),
            None => self.text(&value.to_string()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Markup> for Value {
    fn from(markup: Markup) -> Self {
        Self::from_safe_string(markup.0)
    }
}
