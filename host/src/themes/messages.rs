//! The messages of one language, as Fluent reads them.

mod weight;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource};
use fluent_syntax::ast::Pattern;

use self::weight::Weights;
use super::Error;

/// Brackets that one message may open.
const MOST_OPENED: usize = 500;

/// A bundle with the list of its keys, which the bundle itself does not give.
pub(super) struct Messages {
    bundle: FluentBundle<FluentResource>,
    keys: BTreeSet<String>,
    bytes: usize,
    heavy: Option<String>,
}

/// Why a message could not be said.
#[derive(Debug, thiserror::Error)]
pub enum Unsaid {
    /// No catalogue has the key.
    #[error("no message `{0}`")]
    Unknown(String),
    /// The message refers to an argument or message that is not there.
    #[error("message `{key}`: {problems}")]
    Incomplete {
        /// The message.
        key: String,
        /// What Fluent says.
        problems: String,
    },
}

impl Messages {
    /// Reads `locales/TAG` of every folder of `chain`, the most basic last.
    pub(super) fn read(chain: &[&Path], tag: &str, right_to_left: bool) -> Result<Self, Error> {
        let mut texts = Vec::new();
        for folder in chain.iter().rev() {
            for path in files_in(&folder.join("locales").join(tag))? {
                let text = std::fs::read_to_string(&path).map_err(|source| Error::Read {
                    path: path.clone(),
                    source,
                })?;
                texts.push((path, text));
            }
        }
        Self::of(texts, tag, right_to_left)
    }

    /// Of texts by the names of their files; what comes later wins.
    pub(super) fn of(
        texts: Vec<(PathBuf, String)>,
        tag: &str,
        right_to_left: bool,
    ) -> Result<Self, Error> {
        let language = tag.parse().map_err(|_| Error::Language(tag.to_owned()))?;
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // The invisible isolation marks matter where directions mix; elsewhere they only get
        // in the way of copying and searching.
        bundle.set_use_isolating(right_to_left);
        let mut keys = BTreeSet::new();
        let mut bytes = 0;
        let mut weights = Weights::default();
        for (path, text) in texts {
            bytes += text.len();
            if is_nested(&text) {
                return Err(Error::Messages {
                    path,
                    problems: format!("a message has more than {MOST_OPENED} brackets"),
                });
            }
            let resource = FluentResource::try_new(text).map_err(|(_, errors)| {
                let problems = errors.iter().map(ToString::to_string).collect::<Vec<_>>();
                Error::Messages {
                    path,
                    problems: problems.join("; "),
                }
            })?;
            weights.add(&resource);
            keys.extend(resource.entries().filter_map(|entry| match entry {
                fluent_syntax::ast::Entry::Message(message) => Some(message.id.name.to_owned()),
                _ => None,
            }));
            bundle.add_resource_overriding(resource);
        }
        Ok(Self {
            bundle,
            keys,
            bytes,
            heavy: weights.heavy(),
        })
    }

    /// The bytes of the texts that it was read from.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Which message is too much work to be said for a stranger, if there is one.
    pub(super) fn heavy(&self) -> Option<&str> {
        self.heavy.as_deref()
    }

    /// The keys of its messages.
    pub(super) fn keys(&self) -> &BTreeSet<String> {
        &self.keys
    }

    /// Whether it has the message `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    /// The parts of the message `key`.
    pub(super) fn pattern(&self, key: &str) -> Option<&Pattern<&str>> {
        self.bundle.get_message(key)?.value()
    }

    pub(super) fn say(&self, key: &str, arguments: &FluentArgs<'_>) -> Result<String, Unsaid> {
        let pattern = self
            .bundle
            .get_message(key)
            .and_then(|message| message.value())
            .ok_or_else(|| Unsaid::Unknown(key.to_owned()))?;
        let mut errors: Vec<FluentError> = Vec::new();
        let text: Cow<'_, str> = self
            .bundle
            .format_pattern(pattern, Some(arguments), &mut errors);
        if errors.is_empty() {
            return Ok(text.into_owned());
        }
        let problems: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Err(Unsaid::Incomplete {
            key: key.to_owned(),
            problems: problems.join("; "),
        })
    }
}

/// Whether a message could hold so much inside of one another that its reader, which calls itself
/// for each, runs out of stack. A line that begins a message cannot be part of the one before.
fn is_nested(text: &str) -> bool {
    let mut opened = 0_usize;
    text.lines().any(|line| {
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let rest = line.trim_start_matches(name);
        if rest.len() < line.len() && rest.trim_start_matches(' ').starts_with('=') {
            opened = 0;
        }
        opened += line
            .bytes()
            .filter(|byte| matches!(byte, b'{' | b'('))
            .count();
        opened > MOST_OPENED
    })
}

/// The `.ftl` files of a folder in order of their names; none when there is no folder.
fn files_in(folder: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(Error::Read {
                path: folder.to_owned(),
                source,
            });
        }
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| Error::Read {
            path: folder.to_owned(),
            source,
        })?;
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "ftl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
