//! One configuration file with the environment laid over it, and the way from a key back to the
//! line (or the variable) where it was written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::error::{Error, Kind};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::de::DeserializeOwned;
use toml_edit::{Document, Item};

use super::problem::{Place, Problem};

/// The environment of the process, given in so that tests need not change the real one.
pub type Environment = BTreeMap<String, String>;

/// Between the names of nested keys in a variable: `VESTIBULE_SERVER__LISTEN`.
pub(super) const NESTING: &str = "__";

pub(super) struct Source {
    path: PathBuf,
    text: String,
    document: Document<String>,
    values: Dict,
    overlay: Overlay,
}

impl Source {
    /// Reads `path`; variables that start with `prefix` override its keys.
    pub(super) fn read(
        path: &Path,
        prefix: &str,
        environment: &Environment,
    ) -> Result<Self, Problem> {
        let text = std::fs::read_to_string(path).map_err(|error| Problem {
            place: Place::File {
                path: path.to_owned(),
                line: None,
            },
            key: String::new(),
            what: format!("cannot be read: {error}"),
            mend: "Start from config/reference.toml, which documents every key.".into(),
        })?;
        let not_toml = |line: Option<usize>, message: &str| Problem {
            place: Place::File {
                path: path.to_owned(),
                line,
            },
            key: String::new(),
            what: format!("is not TOML: {}", message.trim_end().replace('\n', ", ")),
            mend: String::new(),
        };
        let document = Document::parse(text.clone()).map_err(|error| {
            not_toml(
                error.span().map(|span| line_of(&text, span.start)),
                error.message(),
            )
        })?;
        let values = toml_edit::de::from_document(document.clone())
            .map_err(|error| not_toml(None, error.message()))?;
        let overlay = Overlay::new(prefix, environment);
        Ok(Self {
            path: path.to_owned(),
            text,
            document,
            values,
            overlay,
        })
    }

    /// As it was opened.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// File, then environment, as one value.
    pub(super) fn extract<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        Figment::new()
            .merge(Layer(&self.values))
            .merge(Layer(&self.overlay.values))
            .extract()
            .map_err(|error| self.explain(&error))
    }

    /// A problem with the value at `key` (names joined by dots), placed where that value is
    /// written.
    pub(super) fn problem(
        &self,
        key: impl Into<String>,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Problem {
        let key = key.into();
        let path: Vec<&str> = key.split('.').collect();
        let place = match self.overlay.variable(&path) {
            Some(name) => Place::Environment(name),
            None => Place::File {
                path: self.path.clone(),
                line: self.line(&path),
            },
        };
        Problem {
            place,
            key,
            what: what.into(),
            mend: mend.into(),
        }
    }

    fn explain(&self, error: &Error) -> Problem {
        let mut key = error.path.join(".");
        let (what, mend) = match &error.kind {
            Kind::UnknownField(name, expected) => (
                format!("there is no key {name:?} here"),
                did_you_mean(name, expected),
            ),
            Kind::UnknownVariant(name, expected) => (
                format!("{name:?} is not one of the values this key takes"),
                did_you_mean(name, expected),
            ),
            Kind::MissingField(name) => {
                if !key.is_empty() {
                    key.push('.');
                }
                key.push_str(name);
                (
                    "is missing".into(),
                    "config/reference.toml documents it.".into(),
                )
            }
            Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
                // Serde names the Rust type where a table is meant.
                let expected = if expected.starts_with("struct ") {
                    "a table"
                } else {
                    expected
                };
                (format!("is {found}"), format!("Write {expected}."))
            }
            other => (other.to_string(), String::new()),
        };
        self.problem(key, what, mend)
    }

    /// The line of the deepest part of `path` that the file has.
    fn line(&self, path: &[&str]) -> Option<usize> {
        let mut item = self.document.as_item();
        let mut offset = None;
        for name in path {
            let (next, at) = step(item, name)?;
            offset = at.or(offset);
            match next {
                Some(next) => item = next,
                None => break,
            }
        }
        offset.map(|offset| line_of(&self.text, offset))
    }
}

/// From a table or an array to what is under `name`, with the place where that is written. A name
/// that is not there ends the walk with `None` inside.
fn step<'a>(item: &'a Item, name: &str) -> Option<(Option<&'a Item>, Option<usize>)> {
    if let Some(table) = item.as_table_like() {
        let Some((key, next)) = table.get_key_value(name) else {
            return Some((None, None));
        };
        let start = key.span().or_else(|| next.span()).map(|span| span.start);
        return Some((Some(next), start));
    }
    let index: usize = name.parse().ok()?;
    if let Some(tables) = item.as_array_of_tables() {
        let span = tables.get(index)?.span();
        return Some((item.get(index), span.map(|span| span.start)));
    }
    let span = item.as_array()?.get(index)?.span();
    Some((None, span.map(|span| span.start)))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// The name that was probably meant, or all of them.
pub(super) fn did_you_mean(name: &str, expected: &[&str]) -> String {
    let nearest = expected
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0));
    match nearest {
        Some((_, candidate)) => format!("Did you mean {candidate:?}?"),
        None if expected.is_empty() => String::new(),
        None => format!("Possible here: {}.", expected.join(", ")),
    }
}

/// The variables of the environment that override keys of one file.
struct Overlay {
    prefix: String,
    values: Dict,
}

impl Overlay {
    fn new(prefix: &str, environment: &Environment) -> Self {
        let mut values = Value::from(Dict::new());
        for (name, text) in environment {
            let Some(rest) = name.strip_prefix(prefix) else {
                continue;
            };
            if !prefix.ends_with(NESTING) && !rest.contains(NESTING) {
                // VESTIBULE_CONFIG, VESTIBULE_LOG: options of the command line, not keys.
                continue;
            }
            let value: Value = text.parse().expect("figment reads any text as some value");
            merge(&mut values, &rest.to_lowercase(), value);
        }
        let values = values.into_dict().expect("built as a dictionary");
        Self {
            prefix: prefix.to_owned(),
            values,
        }
    }

    /// The variable that sets `path`, or a part of it.
    fn variable(&self, path: &[&str]) -> Option<String> {
        let mut values = &self.values;
        for (depth, name) in path.iter().enumerate() {
            match values.get(*name)? {
                Value::Dict(_, inner) if depth + 1 < path.len() => values = inner,
                _ => {
                    return Some(format!(
                        "{}{}",
                        self.prefix,
                        path.join(NESTING).to_uppercase()
                    ));
                }
            }
        }
        None
    }
}

fn merge(values: &mut Value, key: &str, value: Value) {
    let mut names: Vec<&str> = key.split(NESTING).collect();
    let last = names.pop().expect("split yields at least one part");
    let mut place = values;
    for name in names {
        let Value::Dict(_, dict) = place else { return };
        place = dict
            .entry(name.to_owned())
            .or_insert_with(|| Value::from(Dict::new()));
    }
    if let Value::Dict(_, dict) = place {
        dict.insert(last.to_owned(), value);
    }
}

/// Values that were read already, as figment takes them.
struct Layer<'a>(&'a Dict);

impl Provider for Layer<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named("configuration")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.0.clone()))
    }
}
