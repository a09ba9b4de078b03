//! One theme, loaded: its templates compiled, its languages, colours and files.
//!
//! Loading is all or nothing; [`super::Themes`] keeps the last version that loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use minijinja::{Environment, Value};

use sha2::{Digest as _, Sha256};

use super::assets::Assets;
use super::formats::Formats;
use super::frame::{Frame, Seen};
use super::functions::{self, Root, Voice};
use super::locale::{Catalogue, FALLBACK};
use super::manifest::{Manifest, Tokens};
use super::modules::{MODULES, Modules};
use super::pieces;
use super::strict::{self, Capped};
use super::tokens::Colours;
use super::{DEFAULT, Error, folder};

/// Steps one page may take.
const FUEL: u64 = 2_000_000;
/// No page is larger.
const LARGEST_OUTPUT: usize = 1024 * 1024;
/// A chain of `extends` longer than this is a mistake.
const LONGEST_CHAIN: usize = 8;

/// A loaded theme.
pub struct Theme {
    name: String,
    title: String,
    digest: [u8; 32],
    chain: Vec<(String, PathBuf)>,
    environment: Environment<'static>,
    catalogues: BTreeMap<String, Arc<Catalogue>>,
    languages: Arc<[(String, String)]>,
    /// The tokens that the colours are derived of.
    tokens: Tokens,
    colours: Colours,
    assets: Arc<Assets>,
    invoice: Option<String>,
    logo: Option<String>,
    /// Where `theme check` collects the message keys that renders asked for.
    pub(super) heard: Option<Arc<Mutex<BTreeSet<String>>>>,
}

impl Theme {
    /// Loads the theme `name` of the folder `root`, with everything it extends.
    pub fn load(root: &Path, name: &str) -> Result<Self, Error> {
        Self::load_from(root, name, &root.join(name))
    }

    /// Loads the theme in `folder`, which need not stand in `root`; what it extends does.
    pub fn load_from(root: &Path, name: &str, folder: &Path) -> Result<Self, Error> {
        let mut chain = vec![(name.to_owned(), folder.to_owned())];
        let mut manifest = Manifest::read(folder)?;
        let title = manifest.name.clone();
        let mut tokens = manifest.tokens.clone();
        while let Some(base) = manifest.extends.take() {
            let known = chain.iter().any(|(name, _)| *name == base);
            if known || chain.len() >= LONGEST_CHAIN || !is_theme_name(&base) {
                return Err(Error::Extends {
                    theme: name.to_owned(),
                    base,
                });
            }
            let folder = root.join(&base);
            manifest = Manifest::read(&folder)?;
            tokens = tokens.over(&manifest.tokens);
            chain.push((base, folder));
        }
        if chain.last().is_some_and(|(last, _)| last != DEFAULT) && root.join(DEFAULT).exists() {
            return Err(Error::Extends {
                theme: name.to_owned(),
                base: String::new(),
            });
        }
        let paths: Vec<&Path> = chain.iter().map(|(_, path)| path.as_path()).collect();
        let colours = Colours::derive(name, &tokens)?;
        let named: Vec<(&str, &Path)> = chain
            .iter()
            .map(|(name, path)| (name.as_str(), path.as_path()))
            .collect();
        let assets = Assets::read(name, &named, colours.stylesheet())?;
        let catalogues = catalogues(&paths)?;
        let languages = languages(&catalogues)?;
        let environment = environment(&named, &assets, &colours)?;
        let invoice = invoice(&paths)?;
        let logo = ["logo.svg", "logo.png"]
            .iter()
            .find_map(|name| assets.url(name));
        Ok(Self {
            name: name.to_owned(),
            title,
            digest: digest(&paths)?,
            environment,
            catalogues,
            languages,
            tokens,
            colours,
            assets,
            invoice,
            logo,
            heard: None,
            chain,
        })
    }

    /// The folder name of the theme.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Changes whenever a file of the theme or of one that it extends does.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// What a person calls it.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its design tokens, complete.
    pub(super) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Its colours.
    pub fn colours(&self) -> &Colours {
        &self.colours
    }

    /// Its static files.
    pub fn assets(&self) -> &Arc<Assets> {
        &self.assets
    }

    /// The tags of its languages.
    pub fn languages(&self) -> Vec<String> {
        self.languages.iter().map(|(tag, _)| tag.clone()).collect()
    }

    /// The source of its invoice document, if it or a theme it extends has one.
    pub fn invoice(&self) -> Option<&str> {
        self.invoice.as_deref()
    }

    /// The folders of this theme and what it extends, its own first.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.chain.iter().map(|(_, path)| path.as_path())
    }

    /// Its catalogues by language tag.
    pub(super) fn catalogues(&self) -> &BTreeMap<String, Arc<Catalogue>> {
        &self.catalogues
    }

    /// The catalogue of `tag`, or the fallback language's.
    pub fn catalogue(&self, tag: &str) -> &Arc<Catalogue> {
        self.catalogues
            .get(tag)
            .unwrap_or_else(|| &self.catalogues[FALLBACK])
    }

    /// The names and sources of its templates.
    pub(super) fn templates(&self) -> Vec<(String, String)> {
        self.environment
            .templates()
            .map(|(name, template)| (name.to_owned(), template.source().to_owned()))
            .collect()
    }

    /// Renders `template` with `subject` standing there as `name`.
    pub(super) fn render(
        &self,
        template: &str,
        frame: &Frame,
        name: &'static str,
        subject: Value,
    ) -> Result<String, Error> {
        let failed = |source| Error::Render {
            theme: self.name.clone(),
            source: Box::new(source),
        };
        let catalogue = self.catalogue(frame.locale.catalogue());
        let formats = Formats::of(frame.locale.formats());
        let direction = if Formats::of(catalogue.tag()).is_right_to_left() {
            "rtl"
        } else {
            "ltr"
        };
        let voice = Arc::new(Voice {
            catalogue: Arc::clone(catalogue),
            formats,
            frame: frame.clone(),
            languages: Arc::clone(&self.languages),
            heard: self.heard.clone(),
            budget: None,
        });
        let seen = Seen::new(Arc::clone(&voice), direction, self.logo.as_deref());
        let context = Value::from_object(Root {
            name,
            subject,
            frame: Value::from_object(seen),
            voice,
        });
        let template = self.environment.get_template(template).map_err(failed)?;
        let mut output = Capped::new(LARGEST_OUTPUT);
        template
            .render_captured_to(context, &mut output)
            .map_err(failed)?;
        Ok(output.text())
    }
}

/// A folder name that can be part of an address.
pub(super) fn is_theme_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

fn environment(
    chain: &[(&str, &Path)],
    assets: &Arc<Assets>,
    colours: &Colours,
) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    strict::rules(&mut environment, FUEL);
    let pieces = pieces::all(assets);
    functions::add(&mut environment, assets, colours, &pieces);
    let templates = templates(chain)?;
    let sources = templates
        .iter()
        .map(|(name, _, text)| (name.as_str(), text.as_str()));
    let modules = Modules::of(sources, &pieces);
    for (name, path, source) in &templates {
        environment
            .add_template_owned(name.clone(), modules.placed(source))
            .map_err(|source| Error::Template {
                path: path.clone(),
                source: Box::new(source),
            })?;
    }
    environment.add_global(MODULES, modules.value());
    Ok(environment)
}

/// Name, path and source of every template.
fn templates(chain: &[(&str, &Path)]) -> Result<Vec<(String, PathBuf, String)>, Error> {
    let mut taken = BTreeSet::new();
    let mut templates = Vec::new();
    for (owner, root) in chain {
        for (name, path) in folder::files(&root.join("templates"))? {
            let source = std::fs::read_to_string(&path).map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?;
            // An overridden template stays within reach as `THEME:path`, so that a theme can
            // extend what it replaces.
            let name = if taken.contains(&name) {
                format!("{owner}:{name}")
            } else {
                name
            };
            taken.insert(name.clone());
            templates.push((name, path, source));
        }
    }
    Ok(templates)
}

fn catalogues(chain: &[&Path]) -> Result<BTreeMap<String, Arc<Catalogue>>, Error> {
    let mut tags = BTreeSet::from([FALLBACK.to_owned()]);
    for root in chain {
        for (name, path) in folder::files(&root.join("locales"))? {
            let Some((tag, _)) = name.split_once('/') else {
                return Err(Error::FileName { path });
            };
            tags.insert(tag.to_owned());
        }
    }
    tags.into_iter()
        .map(|tag| {
            let right_to_left = Formats::of(&tag).is_right_to_left();
            let catalogue = Catalogue::read(chain, &tag, right_to_left)?;
            Ok((tag, Arc::new(catalogue)))
        })
        .collect()
}

/// A hash of every file that can decide how the theme looks.
fn digest(chain: &[&Path]) -> Result<[u8; 32], Error> {
    let mut hash = Sha256::new();
    for root in chain {
        for (name, path) in folder::files(root)? {
            let content = std::fs::read(&path).map_err(|source| Error::Read { path, source })?;
            hash.update(name.as_bytes());
            hash.update(content.len().to_le_bytes());
            hash.update(content);
        }
    }
    Ok(hash.finalize().into())
}

/// Tag and own name of each language, such as `es` and "Español".
fn languages(
    catalogues: &BTreeMap<String, Arc<Catalogue>>,
) -> Result<Arc<[(String, String)]>, Error> {
    catalogues
        .iter()
        .map(|(tag, catalogue)| {
            let name = catalogue
                .say("language-name", &fluent_bundle::FluentArgs::new())
                .map_err(|_| Error::Language(tag.clone()))?;
            Ok((tag.clone(), name))
        })
        .collect()
}

fn invoice(chain: &[&Path]) -> Result<Option<String>, Error> {
    for root in chain {
        let path = root.join("invoice.typ");
        match std::fs::read_to_string(&path) {
            Ok(source) => return Ok(Some(source)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Read { path, source }),
        }
    }
    Ok(None)
}
