//! A theme with sample data: every page and mail, in every shape and language, as its files are
//! at this moment. For `vestibule theme dev`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use data_encoding::HEXLOWER;

use super::assets::Asset;
use super::check::surroundings;
use super::locale::Locale;
use super::page::{Kind, Registered};
use super::theme::Theme;
use super::{Error, Frame, folder};

/// A theme that is being worked on.
pub struct Gallery {
    root: PathBuf,
    folder: PathBuf,
    name: String,
    registered: Vec<Registered>,
    kept: Mutex<Option<(Vec<Stamp>, Arc<Theme>)>>,
}

/// A file with its size and the time of its last change.
type Stamp = (PathBuf, u64, SystemTime);

/// A template and how many samples there are of it.
#[derive(Clone, Debug)]
pub struct Exhibit {
    /// Its path below `templates/`.
    pub template: String,
    /// The count of samples.
    pub samples: usize,
}

/// Which of its looks is to be shown.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The language; the theme's first if it has no such.
    pub language: String,
    /// What surrounds it: 0 all there can be, 1 the least of a business, 2 no business, 3 a
    /// business whose customers may not pay by themselves.
    pub surroundings: usize,
    /// Written from right to left, whatever the language.
    pub right_to_left: bool,
}

impl Gallery {
    /// The theme in `folder`, which may extend those of `root`.
    pub fn new(root: &Path, folder: &Path, registered: Vec<Registered>) -> Self {
        let name = folder
            .file_name()
            .map_or("theme".into(), |name| name.to_string_lossy());
        Self {
            root: root.to_owned(),
            folder: folder.to_owned(),
            name: name.into_owned(),
            registered,
            kept: Mutex::new(None),
        }
    }

    /// The theme as its files are now.
    pub fn theme(&self) -> Result<Arc<Theme>, Error> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((files, theme)) = &*kept
            && *files == stamps(theme)?
        {
            return Ok(Arc::clone(theme));
        }
        let theme = Theme::load_from(&self.root, &self.name, &self.folder)?;
        let theme = Arc::new(theme);
        *kept = Some((stamps(&theme)?, Arc::clone(&theme)));
        Ok(theme)
    }

    /// Another text whenever a file has changed. A theme that cannot be loaded has none.
    pub fn version(&self) -> Option<String> {
        Some(HEXLOWER.encode(&self.theme().ok()?.digest()))
    }

    /// All there is to see.
    pub fn exhibits(&self) -> Vec<Exhibit> {
        let exhibit = |entry: &Registered| {
            let samples = (entry.samples)().len();
            let parts = match entry.kind {
                Kind::Page => vec![entry.template.to_owned()],
                Kind::Mail => ["html", "txt", "subject"]
                    .map(|part| format!("mails/{}.{part}", entry.template))
                    .to_vec(),
            };
            parts
                .into_iter()
                .map(move |template| Exhibit { template, samples })
        };
        self.registered.iter().flat_map(exhibit).collect()
    }

    /// A sample of a template; none if there is no such.
    pub fn render(
        &self,
        template: &str,
        sample: usize,
        look: &Look,
    ) -> Result<Option<String>, Error> {
        let found = self.registered.iter().find(|entry| match entry.kind {
            Kind::Page => entry.template == template,
            Kind::Mail => template
                .strip_prefix("mails/")
                .and_then(|rest| rest.rsplit_once('.'))
                .is_some_and(|(name, _)| name == entry.template),
        });
        let Some((entry, sample)) =
            found.and_then(|entry| Some((entry, (entry.samples)().into_iter().nth(sample)?)))
        else {
            return Ok(None);
        };
        let theme = self.theme()?;
        let locale = Locale::negotiate(&theme.languages(), &[&look.language]);
        let frame = frame(locale, look);
        let name = match entry.kind {
            Kind::Page => "page",
            Kind::Mail => "mail",
        };
        let text = theme.render(template, &frame, name, sample)?;
        Ok(Some(if look.right_to_left {
            text.replacen("dir=\"ltr\"", "dir=\"rtl\"", 1)
        } else {
            text
        }))
    }

    /// A static file by the part of its address after the theme's name.
    pub fn asset(&self, path: &str) -> Option<Asset> {
        self.theme().ok()?.assets().get(path)
    }

    /// The address of the host's own script.
    pub fn script(&self) -> Option<String> {
        self.theme().ok()?.assets().url("portal.js")
    }
}

fn frame(locale: Locale, look: &Look) -> Frame {
    let mut all = surroundings(locale);
    all.swap_remove(look.surroundings.min(all.len() - 1))
}

/// The files of a theme and of those it extends.
fn stamps(theme: &Theme) -> Result<Vec<Stamp>, Error> {
    let mut stamps = Vec::new();
    for folder in theme.folders() {
        for (_, path) in folder::files(folder)? {
            let stamp =
                std::fs::metadata(&path).and_then(|file| Ok((file.len(), file.modified()?)));
            match stamp {
                Ok((size, changed)) => stamps.push((path, size, changed)),
                Err(source) => return Err(Error::Read { path, source }),
            }
        }
    }
    Ok(stamps)
}
