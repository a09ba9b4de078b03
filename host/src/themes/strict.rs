//! The rules that every template is rendered under, a theme's and a plugin's: nothing undefined,
//! nothing unescaped, no endless work, no endless page.

use std::io;

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};

use super::markup::Escaped;

/// Puts `environment` under the rules, with so many steps for one page.
pub(super) fn rules(environment: &mut Environment<'_>, fuel: u64) {
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| {
        if name.rsplit('.').next() == Some("html") {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    environment.set_formatter(|out, state, value| {
        if value.is_none() {
            return Err(minijinja::Error::new(
                ErrorKind::InvalidOperation,
                "a none was printed",
            ));
        }
        match value.as_str() {
            Some(text) if !value.is_safe() && matches!(state.auto_escape(), AutoEscape::Html) => {
                write!(out, "{}", Escaped(text)).map_err(minijinja::Error::from)
            }
            _ => minijinja::escape_formatter(out, state, value),
        }
    });
    environment.set_fuel(Some(fuel));
    environment.set_debug(true);
    let mut syntax = minijinja::syntax::SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    environment.set_syntax(
        syntax
            .build()
            .expect("the delimiters are the standard ones"),
    );
}

/// Collects output up to a cap.
pub(super) struct Capped {
    bytes: Vec<u8>,
    most: usize,
}

impl Capped {
    /// At most so many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(most.min(16 * 1024)),
            most,
        }
    }

    /// What was collected.
    pub(super) fn text(self) -> String {
        String::from_utf8(self.bytes).expect("templates write text")
    }
}

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most {
            let most = match (self.most >> 20, self.most >> 10) {
                (0, kib) => format!("{kib} KiB"),
                (mib, _) => format!("{mib} MiB"),
            };
            return Err(io::Error::other(format!("the page is larger than {most}")));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
