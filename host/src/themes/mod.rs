//! Themes: folders of templates, styles, words and documents, and rendering with them.
//!
//! Owns loading, falling back along `extends`, reloading, and everything a template can see.
//! Knows no HTTP, no store and no customer: it gets a typed page and a frame and gives text.

pub mod assets;
mod budget;
pub mod check;
mod enclosed;
mod error;
mod error_page;
mod folder;
pub mod formats;
pub mod frame;
mod functions;
pub mod gallery;
mod harmless;
pub mod locale;
mod look;
mod looks;
mod manifest;
mod markup;
mod messages;
mod modules;
pub mod page;
mod pieces;
mod stage;
mod strict;
mod theme;
pub mod tokens;
pub mod trial;
mod watch;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use bytes::Bytes;
use minijinja::Value;
use minijinja::value::Serde;

pub use assets::Asset;
pub use error::{Error, chain};
pub use error_page::{ErrorPage, Trouble};
pub use frame::{Back, Brand, Entry, Flash, Frame, Tone};
pub use harmless::Forms;
pub use locale::Locale;
pub use look::Look;
pub use looks::{LookKey, Looks, Making, Terms};
pub use page::{Mail, Page, Registered};
pub use stage::Stage;
pub use theme::Theme;
pub use watch::{Trial, Watch};

use self::enclosed::Enclosed;
use crate::domain::branding::{BrandContext, Overrides};
use crate::domain::content::Content;

/// The theme that every chain of `extends` ends in.
pub const DEFAULT: &str = "default";

/// A plugin's version with the files in it.
#[derive(Clone, Copy)]
pub struct Carried<'a> {
    /// The plugin's id.
    pub id: &'a str,
    /// Changes whenever its file does.
    pub version: &'a str,
    /// The files.
    pub files: &'a BTreeMap<String, Bytes>,
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
    /// What plugins carry, by plugin: the version that was opened last.
    enclosed: Mutex<HashMap<String, Opened>>,
    looks: Arc<Looks>,
}

/// Bytes of markup that a page or block of a plugin may have.
const LARGEST_CONTENT: usize = 256 << 10;

/// What a version of a plugin carries, or why it is not shown.
type Opened = (String, Arc<Result<Enclosed, String>>);

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
            ..Self::none()
        };
        themes.reload(|theme| Theme::load(root, theme))?;
        Ok(themes)
    }

    /// No theme at all: what a plugin shows can be seen, and no page around it.
    pub fn none() -> Self {
        Self {
            root: PathBuf::new(),
            loaded: ArcSwap::default(),
            enclosed: Mutex::default(),
            looks: Arc::default(),
        }
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

    /// The id of the plugin that stands where a theme's name does in the address of its file.
    pub fn plugin_named(theme: &str) -> Option<&str> {
        theme.strip_prefix(enclosed::PREFIX)
    }

    /// A static file by the part of its address after `/assets/`.
    pub fn asset(&self, theme: &str, path: &str) -> Option<Asset> {
        if let Some(id) = Self::plugin_named(theme) {
            let opened = self.enclosed.lock().unwrap_or_else(PoisonError::into_inner);
            let (_, enclosed) = opened.get(id)?;
            return enclosed.as_ref().as_ref().ok()?.asset(path);
        }
        let theme = Arc::clone(self.loaded.load().themes.get(theme)?);
        match path.strip_prefix(look::FOLDER) {
            Some(path) => look::asset(&theme, path),
            None => theme.assets().get(path),
        }
    }

    /// The looks that were made of what branding plugins said.
    pub fn looks(&self) -> &Arc<Looks> {
        &self.looks
    }

    /// The key of the look that `plugin`, the hash of its file, gives `theme` in `context`.
    pub fn look_key(
        &self,
        theme: &str,
        context: BrandContext,
        plugin: &str,
        configuration: u64,
    ) -> LookKey {
        LookKey {
            context,
            theme: theme.to_owned(),
            digest: self.theme(theme).digest(),
            plugin: plugin.to_owned(),
            configuration,
        }
    }

    /// Checks and keeps the files of a plugin's version. They are opened once.
    pub fn enclose(&self, plugin: &Carried<'_>) -> Result<(), String> {
        self.enclosed(plugin)
            .as_ref()
            .as_ref()
            .map(drop)
            .map_err(Clone::clone)
    }

    fn enclosed(&self, plugin: &Carried<'_>) -> Arc<Result<Enclosed, String>> {
        let mut opened = self.enclosed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, known)) = opened.get(plugin.id)
            && version == plugin.version
        {
            return Arc::clone(known);
        }
        let fresh = Arc::new(Enclosed::open(plugin.id, plugin.files));
        opened.insert(
            plugin.id.to_owned(),
            (plugin.version.to_owned(), Arc::clone(&fresh)),
        );
        fresh
    }

    /// What a plugin has to show, as harmless markup in the language of `frame`; or why it cannot
    /// be shown.
    pub fn content(
        &self,
        frame: &Frame,
        plugin: &Carried<'_>,
        content: &Content,
        forms: &Forms<'_>,
    ) -> Result<String, String> {
        let enclosed = self.enclosed(plugin);
        let html = match content {
            Content::Text(text) => look::paragraphs(text),
            Content::Markdown(text) => harmless::markdown(text)?,
            Content::Template { name, data } => {
                let enclosed = enclosed.as_ref().as_ref().map_err(Clone::clone)?;
                let html = enclosed.render(name, frame, data, forms.context());
                harmless::with_forms(&html?, forms)?
            }
        };
        if html.len() > LARGEST_CONTENT {
            let most = LARGEST_CONTENT >> 10;
            return Err(format!("what it shows is larger than {most} KiB"));
        }
        Ok(html)
    }

    /// The plugin's own message `key` in the language of `frame`.
    pub fn label(&self, frame: &Frame, plugin: &Carried<'_>, key: &str) -> Option<String> {
        let enclosed = self.enclosed(plugin);
        enclosed.as_ref().as_ref().ok()?.say(frame, key)
    }

    /// Makes a look of what the plugin said for the theme and language of `frame`, and lists what
    /// of it is not taken.
    pub fn look(
        &self,
        theme: &str,
        frame: &Frame,
        plugin: &Carried<'_>,
        overrides: &Overrides,
    ) -> (Look, Vec<String>) {
        let enclosed = self.enclosed(plugin);
        Look::of(
            &self.theme(theme),
            frame,
            enclosed.as_ref().as_ref(),
            overrides,
        )
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
