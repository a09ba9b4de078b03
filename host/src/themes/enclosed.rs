//! The templates, words and pictures that a plugin carries in its file. Nobody has reviewed
//! them: templates are refused when they could build a large text out of a small one, and what
//! they write is kept to harmless markup.

pub(super) mod data;
mod filters;
mod modest;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use minijinja::{Environment, Value, context, tests};

use super::assets::{Asset, Assets};
use super::budget::Budget;
use super::chain;
use super::formats::Formats;
use super::frame::Frame;
use super::functions::{self, Voice};
use super::locale::{Catalogue, FALLBACK};
use super::messages::Messages;
use super::pieces;
use super::strict::{self, Capped};

/// Steps that one template may take.
const FUEL: u64 = 100_000;
/// Bytes that it may write.
const LARGEST_OUTPUT: usize = 256 << 10;
/// Bytes of a template or of a file of messages.
const LARGEST_SOURCE: usize = 64 << 10;
/// Bytes of a label of the navigation.
const LONGEST_LABEL: usize = 200;
/// Characters of what is said of a template that failed.
const LONGEST_ERROR: usize = 500;
/// Bytes that the functions, pieces and filters of one template may take and make.
const MOST_MADE: usize = 1 << 20;

/// What a plugin carries, checked and compiled.
pub(super) struct Enclosed {
    environment: Environment<'static>,
    catalogues: BTreeMap<String, Arc<Catalogue>>,
    assets: Arc<Assets>,
}

impl Enclosed {
    /// Checks and compiles the files of the plugin `id`. One that is wrong refuses them all.
    pub(super) fn open(id: &str, files: &BTreeMap<String, Bytes>) -> Result<Self, String> {
        let assets = Assets::enclosed(&format!("{PREFIX}{id}"), &below(files, "static/"))?;
        let mut environment = Environment::empty();
        strict::rules(&mut environment, FUEL);
        filters::add(&mut environment);
        environment.add_test("defined", tests::is_defined);
        environment.add_test("undefined", tests::is_undefined);
        environment.add_test("none", tests::is_none);
        environment.add_test("odd", tests::is_odd);
        environment.add_test("even", tests::is_even);
        functions::add_words(&mut environment);
        environment.add_global("ui", Value::from(pieces::all(&Assets::default())));
        for (name, source) in below(files, "templates/") {
            let source = text(&name, source)?;
            if !is_of(&name, "html") {
                return Err(format!(
                    "templates/{name}: templates have names that end in .html"
                ));
            }
            modest::check(source).map_err(|problem| format!("templates/{name}: {problem}"))?;
            environment
                .add_template_owned(name.clone(), source.to_owned())
                .map_err(|error| format!("templates/{name}: {}", chain(&error)))?;
        }
        Ok(Self {
            environment,
            catalogues: catalogues(files)?,
            assets,
        })
    }

    /// The address of a picture below `static/`; none when there is no such picture.
    pub(super) fn picture(&self, name: &str) -> Option<String> {
        let is_picture = |kind: &str| kind.starts_with("image/");
        self.assets.kind(name).filter(|kind| is_picture(kind))?;
        self.assets.url(name)
    }

    /// A file by the part of its address after the plugin.
    pub(super) fn asset(&self, path: &str) -> Option<Asset> {
        self.assets.get(path)
    }

    /// What a template writes, not yet made harmless, or why it fails. It finds `data`, and `form`
    /// where there is one; the frame of the page is out of its reach.
    pub(super) fn render(
        &self,
        template: &str,
        frame: &Frame,
        data: &serde_json::Value,
        form: Value,
    ) -> Result<String, String> {
        let failed = |error| failed(template, &error);
        let catalogue = self.catalogue(frame.locale.catalogue());
        let frame = Frame {
            csrf: None,
            script_nonce: None,
            look: None,
            ..frame.clone()
        };
        let voice = Arc::new(Voice {
            catalogue: Arc::clone(&catalogue),
            formats: Formats::of(frame.locale.formats()),
            languages: Arc::new([]),
            heard: None,
            budget: Some(Budget::of(MOST_MADE)),
            frame,
        });
        let context = context! {
            data => data::of(data),
            form => form,
            lang => catalogue.tag(),
            voice => Value::from_dyn_object(voice),
        };
        let template = self.environment.get_template(template).map_err(failed)?;
        let mut output = Capped::new(LARGEST_OUTPUT);
        template
            .render_captured_to(context, &mut output)
            .map_err(failed)?;
        Ok(output.text())
    }

    /// A message without arguments.
    pub(super) fn say(&self, frame: &Frame, key: &str) -> Option<String> {
        let catalogue = self.catalogue(frame.locale.catalogue());
        let said = catalogue.say(key, &fluent_bundle::FluentArgs::new());
        said.ok().filter(|text| text.len() <= LONGEST_LABEL)
    }

    /// The words for `tag`, its language, or the fallback.
    fn catalogue(&self, tag: &str) -> Arc<Catalogue> {
        let language = tag.split('-').next().unwrap_or(tag);
        let known = [tag, language, FALLBACK]
            .iter()
            .find_map(|tag| self.catalogues.get(*tag));
        Arc::clone(known.expect("`catalogues` makes the fallback"))
    }
}

/// Stands before a plugin's id where a theme's name stands in an address.
pub(super) const PREFIX: &str = "plugin:";

/// Why a template failed: one line, however much of its data the error repeats. Of a long one both
/// ends are kept, since the cause stands last.
fn failed(template: &str, error: &minijinja::Error) -> String {
    let template: String = template.chars().take(100).collect();
    let said = format!(
        "templates/{template} could not be rendered: {}",
        chain(error)
    );
    let plain = said.chars().map(|c| if c.is_control() { ' ' } else { c });
    let plain: Vec<char> = plain.collect();
    if plain.len() <= LONGEST_ERROR {
        return plain.into_iter().collect();
    }
    let half = LONGEST_ERROR / 2;
    let (first, last) = (&plain[..half], &plain[plain.len() - half + 1..]);
    first.iter().chain(&['…']).chain(last).collect()
}

/// The files below `folder`, by the rest of their path.
fn below<'a>(files: &'a BTreeMap<String, Bytes>, folder: &str) -> Vec<(String, &'a Bytes)> {
    files
        .iter()
        .filter_map(|(path, bytes)| Some((path.strip_prefix(folder)?.to_owned(), bytes)))
        .collect()
}

fn text<'a>(name: &str, bytes: &'a Bytes) -> Result<&'a str, String> {
    if bytes.len() > LARGEST_SOURCE {
        return Err(format!(
            "{name} is larger than {} KiB",
            LARGEST_SOURCE >> 10
        ));
    }
    std::str::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))
}

fn is_of(name: &str, extension: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|own| own == extension)
}

/// Messages by language: `locales/LANG/NAME.ftl`.
fn catalogues(files: &BTreeMap<String, Bytes>) -> Result<BTreeMap<String, Arc<Catalogue>>, String> {
    let mut texts: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    let mut tags = BTreeSet::from([FALLBACK.to_owned()]);
    for (name, bytes) in below(files, "locales/") {
        let source = text(&format!("locales/{name}"), bytes)?;
        let (Some((tag, _)), true) = (name.split_once('/'), is_of(&name, "ftl")) else {
            return Err(format!("locales/{name}: write locales/LANGUAGE/NAME.ftl"));
        };
        tags.insert(tag.to_owned());
        let list = texts.entry(tag.to_owned()).or_default();
        list.push((PathBuf::from(&name), source.to_owned()));
    }
    let messages = |tag: &str| {
        let own = texts.get(tag).cloned().unwrap_or_default();
        let right_to_left = Formats::of(tag).is_right_to_left();
        let messages = Messages::of(own, tag, right_to_left).map_err(|error| chain(&error))?;
        match messages.heavy() {
            Some(heavy) => Err(format!("locales/{tag}: {heavy}")),
            None => Ok(messages),
        }
    };
    let mut catalogues = BTreeMap::new();
    for tag in tags {
        let fallback = (tag != FALLBACK).then(|| messages(FALLBACK)).transpose()?;
        let catalogue = Catalogue::of(&tag, messages(&tag)?, fallback);
        catalogues.insert(tag, Arc::new(catalogue));
    }
    Ok(catalogues)
}

#[cfg(test)]
mod unit;
