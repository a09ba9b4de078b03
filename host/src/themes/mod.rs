//! Themes: folders of templates, styles, words and documents, and rendering with them.
//!
//! Owns loading, falling back along `extends`, reloading, and everything a template can see.
//! Knows no HTTP, no store and no customer: it gets a typed page and a frame and gives text.

pub mod assets;
pub mod check;
mod error_page;
mod folder;
pub mod formats;
pub mod frame;
mod functions;
pub mod gallery;
pub mod locale;
mod manifest;
mod markup;
mod modules;
pub mod page;
mod pieces;
mod theme;
pub mod tokens;
pub mod trial;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use minijinja::Value;
use minijinja::value::Serde;

pub use assets::Asset;
pub use error_page::{ErrorPage, Trouble};
pub use frame::{Back, Brand, Entry, Flash, Frame, Tone};
pub use locale::Locale;
pub use page::{Mail, Page, Registered};
pub use theme::Theme;
pub use watch::{Trial, Watch};

/// The theme that every chain of `extends` ends in.
pub const DEFAULT: &str = "default";

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

/// The pages that belong to no surface.
pub fn registered() -> Vec<Registered> {
    vec![Registered::page::<ErrorPage>()]
}

/// The three parts of a rendered mail.
#[derive(Clone, Debug)]
pub struct MailParts {
    /// One line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// All themes of the host, each in the last version that could be loaded.
pub struct Themes {
    root: PathBuf,
    loaded: ArcSwap<Loaded>,
}

#[derive(Default)]
struct Loaded {
    themes: BTreeMap<String, Arc<Theme>>,
    problems: BTreeMap<String, String>,
}

impl Themes {
    /// Loads every theme below `root`. Only `default` must load; what is wrong with the others
    /// is in [`Self::problems`].
    pub fn load(root: &Path) -> Result<Self, Error> {
        let themes = Self {
            root: root.to_owned(),
            loaded: ArcSwap::default(),
        };
        themes.reload(|theme| Theme::load(root, theme))?;
        Ok(themes)
    }

    /// Loads all themes anew with `load`. A theme that fails stays as it was.
    fn reload(&self, load: impl Fn(&str) -> Result<Theme, Error>) -> Result<(), Error> {
        let before = self.loaded.load();
        let mut after = Loaded::default();
        for name in self.names()? {
            match load(&name) {
                Ok(theme) => {
                    after.themes.insert(name, Arc::new(theme));
                }
                Err(error) => {
                    match before.themes.get(&name) {
                        Some(good) => after.themes.insert(name.clone(), Arc::clone(good)),
                        None if name == DEFAULT => return Err(error),
                        None => None,
                    };
                    tracing::error!(theme.name = name, error = chain(&error), "theme not taken");
                    after.problems.insert(name, chain(&error));
                }
            }
        }
        if !after.themes.contains_key(DEFAULT) {
            return Err(Error::Unknown(DEFAULT.to_owned()));
        }
        self.loaded.store(Arc::new(after));
        Ok(())
    }

    /// The folder names of all themes below the root.
    fn names(&self) -> Result<Vec<String>, Error> {
        let failed = |source| Error::Read {
            path: self.root.clone(),
            source,
        };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.root).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if theme::is_theme_name(&name) && entry.path().join("theme.toml").exists() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// What is wrong with themes that were not taken, by theme.
    pub fn problems(&self) -> BTreeMap<String, String> {
        self.loaded.load().problems.clone()
    }

    /// The theme `name`, or `default` if there is none such.
    pub fn theme(&self, name: &str) -> Arc<Theme> {
        let loaded = self.loaded.load();
        let theme = loaded
            .themes
            .get(name)
            .or_else(|| loaded.themes.get(DEFAULT));
        Arc::clone(theme.expect("`load` refuses to be without the default theme"))
    }

    /// The language for somebody with `wishes` (tags or `Accept-Language` values), best first.
    pub fn negotiate(&self, theme: &str, wishes: &[&str]) -> Locale {
        Locale::negotiate(&self.theme(theme).languages(), wishes)
    }

    /// A static file by the part of its address after `/assets/`.
    pub fn asset(&self, theme: &str, path: &str) -> Option<Asset> {
        self.loaded.load().themes.get(theme)?.assets().get(path)
    }

    /// Renders a page. If the theme fails at it, the default theme renders it instead.
    pub fn render<P: Page>(&self, theme: &str, frame: &Frame, page: &P) -> Result<String, Error> {
        let mut html = self.text(theme, P::TEMPLATE, frame, "page", Value::from(Serde(page)))?;
        if let Some(nonce) = &frame.script_nonce {
            self.insert_script(&mut html, nonce);
        }
        Ok(html)
    }

    /// Renders the three parts of a mail.
    pub fn render_mail<M: Mail>(
        &self,
        theme: &str,
        frame: &Frame,
        mail: &M,
    ) -> Result<MailParts, Error> {
        let subject = Value::from(Serde(mail));
        let part = |kind: &str| {
            let template = format!("mails/{}.{kind}", M::NAME);
            self.text(theme, &template, frame, "mail", subject.clone())
        };
        let line = part("subject")?;
        Ok(MailParts {
            subject: line.split_whitespace().collect::<Vec<_>>().join(" "),
            text: paragraphs(&part("txt")?),
            html: part("html")?,
        })
    }

    fn text(
        &self,
        theme: &str,
        template: &str,
        frame: &Frame,
        name: &'static str,
        subject: Value,
    ) -> Result<String, Error> {
        let theme = self.theme(theme);
        let rendered = theme.render(template, frame, name, subject.clone());
        match rendered {
            Err(error) if theme.name() != DEFAULT => {
                tracing::error!(
                    theme.name = theme.name(),
                    theme.template = template,
                    error = chain(&error),
                    "theme failed at a page, the default theme stands in"
                );
                let standard = self.theme(DEFAULT).render(template, frame, name, subject);
                standard.map_err(|_| error)
            }
            rendered => rendered,
        }
    }

    /// Puts the host's own script before `</head>`. Done here, after the template, because the
    /// nonce must never be within a template's reach.
    fn insert_script(&self, html: &mut String, nonce: &str) {
        let source = self.theme(DEFAULT).assets().url("portal.js");
        if let (Some(source), Some(at)) = (source, html.find("</head>")) {
            let element = format!(r#"<script src="{source}" nonce="{nonce}" defer></script>"#);
            html.insert_str(at, &element);
        }
    }
}

/// `text` with one empty line where a template left several, and none at either end.
fn paragraphs(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.trim().lines().map(str::trim_end) {
        blank = if line.is_empty() { blank + 1 } else { 0 };
        if blank < 2 {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy
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
