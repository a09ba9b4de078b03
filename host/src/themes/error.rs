//! Why a theme cannot be used or a page not be rendered.

use std::path::PathBuf;

use minijinja::Value;

/// Characters of a value in an error.
const LONGEST_SHOWN: usize = 80;

/// Why a theme cannot be used or a page not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `theme.toml` does not parse.
    #[error("{}: is not a valid theme.toml", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// `extends` names no theme, goes in a circle, or does not end in `default`.
    #[error("theme `{theme}`: `extends` must lead to `default`, not to `{base}`")]
    Extends {
        /// The theme.
        theme: String,
        /// What it names.
        base: String,
    },
    /// A design token is missing or is not what it must be.
    #[error("theme `{theme}`: token {token} {problem}")]
    Token {
        /// The theme.
        theme: String,
        /// The token, such as `light.accent`.
        token: String,
        /// What is wrong.
        problem: String,
    },
    /// A template does not parse.
    #[error("{}: is not a valid template", path.display())]
    Template {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<minijinja::Error>,
    },
    /// Messages do not parse.
    #[error("{}: {problems}", path.display())]
    Messages {
        /// The file.
        path: PathBuf,
        /// Where and why.
        problems: String,
    },
    /// A folder below `locales/` is not a language, or does not say the language's name.
    #[error("`locales/{0}` must be a language tag, and say `language-name`")]
    Language(String),
    /// A file of a type that is not served.
    #[error("{}: files of this type are not served", path.display())]
    FileType {
        /// The file.
        path: PathBuf,
    },
    /// A file that is too large.
    #[error("{}: is larger than {largest} bytes", path.display())]
    FileSize {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        largest: usize,
    },
    /// A file that does not belong into a theme: a link, or a name that is no text.
    #[error("{}: does not belong into a theme", path.display())]
    FileName {
        /// The file.
        path: PathBuf,
    },
    /// A changed theme failed its trial.
    #[error("theme `{theme}` is not taken: {problem}")]
    Trial {
        /// The theme.
        theme: String,
        /// What the trial says.
        problem: String,
    },
    /// No theme of this name is loaded.
    #[error("there is no theme `{0}`")]
    Unknown(String),
    /// A template failed with a page that it should know.
    #[error("theme `{theme}`: a page could not be rendered")]
    Render {
        /// The theme.
        theme: String,
        /// Where and why.
        source: Box<minijinja::Error>,
    },
}

impl Error {
    pub(crate) fn token(theme: &str, token: &str, problem: &str) -> Self {
        Self::Token {
            theme: theme.to_owned(),
            token: token.to_owned(),
            problem: problem.to_owned(),
        }
    }
}

/// An error with its causes on one line, for operators.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// A value in an error: a text or number shortened, anything else by its kind.
pub(super) fn shown(value: &Value) -> String {
    match value.as_str() {
        Some(text) => match text.char_indices().nth(LONGEST_SHOWN) {
            Some((end, _)) => format!("`{}…`", &text[..end]),
            None => format!("`{text}`"),
        },
        None if value.is_number() => format!("`{value}`"),
        None => format!("a {}", value.kind()),
    }
}
