//! The templates, words and pictures that a plugin carries in its file. Nobody has reviewed
//! them: templates are refused when they could build a large text out of a small one, and what
//! they write is kept to harmless markup.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context, filters, tests};

use super::assets::{Asset, Assets};
use super::formats::Formats;
use super::frame::Frame;
use super::functions::{self, Voice};
use super::locale::{Catalogue, FALLBACK};
use super::messages::Messages;
use super::pieces;
use super::strict::{self, Capped};
use super::{Error, chain};

/// Steps that one template may take.
const FUEL: u64 = 200_000;
/// Bytes that it may write.
const LARGEST_OUTPUT: usize = 256 << 10;
/// Bytes of a template or of a file of messages.
const LARGEST_SOURCE: usize = 64 << 10;
/// Bytes of a label of the navigation.
const LONGEST_LABEL: usize = 200;
/// Words and signs of one expression or statement. The compiler of templates calls itself for each
/// that follows another, and would run out of stack.
const MOST_PARTS: usize = 400;
/// Times that a template may say `elif`, for which it calls itself as well.
const MOST_ELIFS: usize = 50;
/// Statements that templates may have.
const STATEMENTS: [&str; 7] = ["if", "elif", "else", "endif", "for", "endfor", "include"];
/// Filters that they may use: none makes a text much longer.
const FILTERS: [&str; 7] = [
    "default", "first", "last", "length", "lower", "round", "upper",
];

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
        environment.add_filter("default", filters::default);
        environment.add_filter("first", filters::first);
        environment.add_filter("last", filters::last);
        environment.add_filter("length", filters::length);
        environment.add_filter("lower", filters::lower);
        environment.add_filter("round", filters::round);
        environment.add_filter("upper", filters::upper);
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
            modest(source).map_err(|problem| format!("templates/{name}: {problem}"))?;
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

    /// What a template writes, not yet made harmless. It finds `data`, and `form` where there is
    /// one; the frame of the page is out of its reach.
    pub(super) fn render(
        &self,
        template: &str,
        frame: &Frame,
        data: &serde_json::Value,
        form: Value,
    ) -> Result<String, Error> {
        let failed = |source| Error::Enclosed {
            template: template.chars().take(100).collect(),
            source: Box::new(source),
        };
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
            frame,
        });
        let context = context! {
            data => Value::from(Serde(data)),
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
        Messages::of(own, tag, right_to_left).map_err(|error| chain(&error))
    };
    let mut catalogues = BTreeMap::new();
    for tag in tags {
        let fallback = (tag != FALLBACK).then(|| messages(FALLBACK)).transpose()?;
        let catalogue = Catalogue::of(&tag, messages(&tag)?, fallback);
        catalogues.insert(tag, Arc::new(catalogue));
    }
    Ok(catalogues)
}

/// Refuses whatever could make a large text of a small one, or call what is not there. Fuel
/// bounds steps and not memory, and one step can double a text.
fn modest(source: &str) -> Result<(), String> {
    let mut in_statement = false;
    let mut after_pipe = false;
    let mut including = false;
    let (mut parts, mut elifs) = (0, 0);
    for token in tokenize(source, false, SyntaxConfig::default()) {
        let (token, span) = token.map_err(|error| chain(&error))?;
        let refuse = |what: &str| {
            let line = span.start_line;
            Err(format!(
                "line {line}: {what} is not allowed in the templates of plugins"
            ))
        };
        parts += 1;
        match token {
            Token::BlockStart | Token::VariableStart => parts = 0,
            Token::Ident("elif") if in_statement => elifs += 1,
            _ => {}
        }
        if parts > MOST_PARTS {
            return refuse(&format!("an expression of more than {MOST_PARTS} parts"));
        }
        if elifs > MOST_ELIFS {
            return refuse(&format!("`elif` more than {MOST_ELIFS} times"));
        }
        match token {
            Token::Tilde => return refuse("`~`"),
            Token::Plus => return refuse("`+`"),
            Token::Mul => return refuse("`*`"),
            Token::Pow => return refuse("`**`"),
            Token::Ident(word) if in_statement && !STATEMENTS.contains(&word) => {
                return refuse(&format!("`{{% {word} %}}`"));
            }
            Token::Ident("recursive") => return refuse("`recursive`"),
            Token::Ident(word) if after_pipe && !FILTERS.contains(&word) => {
                return refuse(&format!("the filter `{word}`"));
            }
            ref token if including && !matches!(token, Token::Str(_)) => {
                return refuse("`{% include %}` of anything but a name in quotes");
            }
            _ => {}
        }
        including = in_statement && matches!(token, Token::Ident("include"));
        in_statement = matches!(token, Token::BlockStart);
        after_pipe = matches!(token, Token::Pipe);
    }
    Ok(())
}

#[cfg(test)]
mod unit;
