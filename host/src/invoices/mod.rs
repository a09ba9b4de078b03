//! Documents: an issued invoice or credit note as PDF bytes.
//!
//! Rendering reads the immutable record and nothing else: no store, no clock, no network, so
//! equal input gives equal bytes. The theme's `invoice.typ` is used first, then that of the
//! default theme, then a plain document that is part of the program.

mod content;
mod typeset;

use std::sync::Arc;

use crate::domain::invoice::Invoice;
use crate::themes::{DEFAULT, Themes};
use typeset::Fonts;

/// The document that cannot be missing.
const PLAIN: &str = include_str!("plain.typ");

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No template could be set, not even the plain one.
    #[error("the document could not be set: {0}")]
    Typeset(String),
    /// The task that renders went down.
    #[error("the renderer went down")]
    Renderer(#[source] tokio::task::JoinError),
}

/// A finished document.
#[derive(Clone, Debug)]
pub struct Document {
    /// The PDF.
    pub pdf: Vec<u8>,
    /// What went wrong with the templates that were tried before; for the operator.
    pub problems: Vec<String>,
}

/// Sets documents in the themes of the host.
pub struct Invoices {
    themes: Arc<Themes>,
    fonts: Fonts,
}

impl Invoices {
    /// Reads fonts as they are first needed.
    pub fn new(themes: Arc<Themes>) -> Arc<Self> {
        Arc::new(Self {
            themes,
            fonts: Fonts::default(),
        })
    }

    /// Renders `invoice` away from the threads that serve requests.
    pub async fn render(self: &Arc<Self>, invoice: Invoice) -> Result<Document, Error> {
        let invoices = Arc::clone(self);
        tokio::task::spawn_blocking(move || invoices.render_now(&invoice))
            .await
            .map_err(Error::Renderer)?
    }

    /// Renders `invoice` on this thread; takes tens of milliseconds.
    pub fn render_now(&self, invoice: &Invoice) -> Result<Document, Error> {
        let theme = self.themes.theme(&invoice.theme);
        let default = self.themes.theme(DEFAULT);
        let own = theme.invoice().map(|source| (&theme, source));
        let standard = default.invoice().map(|source| (&default, source));
        let plain = Some((&default, PLAIN));
        let mut problems = Vec::new();
        for (theme, source) in [own, standard, plain].into_iter().flatten() {
            let content = content::of(invoice, theme);
            match self.fonts.typeset(theme, source, &content, invoice) {
                Ok(pdf) => return Ok(Document { pdf, problems }),
                Err(problem) => problems.push(format!("theme {}: {problem}", theme.name())),
            }
        }
        Err(Error::Typeset(problems.join("; ")))
    }
}
