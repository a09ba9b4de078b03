//! What a plugin showed while a suite asked it, for whoever can say whether a portal shows it too.

use crate::domain::content::Content;

/// Something to show, and what the suite asked when it came.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What was asked, in words.
    pub asked: String,
    /// The language of the page around it.
    pub locale: String,
    /// What it is.
    pub what: Exhibit,
}

/// Something that a plugin wants to be shown.
#[derive(Clone, Debug)]
pub enum Exhibit {
    /// A page's content, a block, a header or a footer; what was typed before in its form, and
    /// the complaints about it, by field.
    Content {
        /// What it is.
        content: Content,
        /// What was typed.
        values: Vec<(String, String)>,
        /// What is wrong with it.
        errors: Vec<(String, String)>,
    },
    /// A message of the plugin's own, by its key.
    Label(String),
    /// A picture below `static/`.
    Picture(String),
    /// A design token.
    Token {
        /// Its name in `theme.toml`.
        name: String,
        /// Its value.
        value: String,
    },
}

impl Exhibit {
    /// Content without a form that was filled in.
    pub(super) fn plain(content: Content) -> Self {
        Self::Content {
            content,
            values: Vec::new(),
            errors: Vec::new(),
        }
    }
}
