//! Languages: catalogues of messages (Fluent), and choosing one for a person.
//!
//! A theme's `locales/LANG/*.ftl` override those of the theme it extends, message by message.
//! Numbers, dates and money are formatted in `formats`, not here.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, LazyLock, RwLock};

use fluent_bundle::FluentArgs;
use fluent_langneg::{LanguageIdentifier, NegotiationStrategy, negotiate_languages};
use fluent_syntax::ast::Pattern;
use minijinja::Value;

use super::Error;
use super::functions::{Plain, mark};
use super::messages::{Messages, Unsaid};

/// How many sentences a catalogue remembers.
const SENTENCES: usize = 1024;

/// The language every other one falls back to, and whose keys are the complete list.
pub const FALLBACK: &str = "en";

/// The language of a page: which catalogue its words come from, and whose formats its numbers
/// and dates take. A reader with `en-GB` reads the catalogue `en` with British dates.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Locale(Arc<Choice>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Choice {
    catalogue: String,
    formats: String,
    offered: Option<Vec<String>>,
}

/// Choices made before. Most readers come with one of few headers.
static CHOSEN: LazyLock<RwLock<HashMap<String, Locale>>> = LazyLock::new(RwLock::default);
/// How many of them are remembered.
const CHOICES: usize = 1024;
/// Longer wishes are not, in bytes.
const LONGEST_WISH: usize = 512;

impl Locale {
    /// The locale whose catalogue and formats are both `tag`.
    pub fn of(tag: &str) -> Self {
        Choice {
            catalogue: tag.to_owned(),
            formats: tag.to_owned(),
            offered: None,
        }
        .into()
    }

    /// The tag of the catalogue, one of the theme's languages.
    pub fn catalogue(&self) -> &str {
        &self.0.catalogue
    }

    /// The tag that formats follow.
    pub fn formats(&self) -> &str {
        &self.0.formats
    }

    /// Whether a reader may change to the language `tag`.
    pub fn offers(&self, tag: &str) -> bool {
        let offered = self.0.offered.as_ref();
        offered.is_none_or(|offered| offered.iter().any(|other| other == tag))
    }

    /// The best of `available` for `wishes`, given best first; each wish is a language tag or a
    /// whole `Accept-Language` value.
    pub fn negotiate(available: &[String], wishes: &[&str]) -> Self {
        let wanted = [&available.join(","), "\n", &wishes.join("\n")].concat();
        if wanted.len() > LONGEST_WISH {
            return Self::choose(available, wishes);
        }
        let sound = "nothing panics while it holds the lock";
        if let Some(known) = CHOSEN.read().expect(sound).get(&wanted) {
            return known.clone();
        }
        let choice = Self::choose(available, wishes);
        let mut chosen = CHOSEN.write().expect(sound);
        if chosen.len() >= CHOICES {
            chosen.clear();
        }
        chosen.insert(wanted, choice.clone());
        choice
    }

    fn choose(available: &[String], wishes: &[&str]) -> Self {
        let requested: Vec<LanguageIdentifier> =
            wishes.iter().flat_map(|wish| accepted(wish)).collect();
        let offered: Vec<LanguageIdentifier> = available
            .iter()
            .filter_map(|tag| tag.parse().ok())
            .collect();
        let chosen = negotiate_languages(&requested, &offered, None, NegotiationStrategy::Lookup);
        let Some(catalogue) = chosen.first() else {
            return Choice {
                catalogue: FALLBACK.to_owned(),
                formats: FALLBACK.to_owned(),
                offered: Some(available.to_vec()),
            }
            .into();
        };
        let formats = requested
            .iter()
            .find(|wish| wish.language == catalogue.language)
            .map_or_else(|| catalogue.to_string(), ToString::to_string);
        Choice {
            catalogue: catalogue.to_string(),
            formats,
            offered: Some(available.to_vec()),
        }
        .into()
    }
}

impl From<Choice> for Locale {
    fn from(choice: Choice) -> Self {
        Self(Arc::new(choice))
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.formats())
    }
}

/// The languages of an `Accept-Language` value, most wanted first; at most sixteen are read.
fn accepted(header: &str) -> Vec<LanguageIdentifier> {
    let mut weighted: Vec<(f32, LanguageIdentifier)> = header
        .split(',')
        .take(16)
        .filter_map(|part| {
            let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
            let weight = parameters
                .trim()
                .strip_prefix("q=")
                .map_or(Some(1.0), |q| q.trim().parse().ok())?;
            Some((weight, tag.trim().parse().ok()?))
        })
        .filter(|(weight, _)| *weight > 0.0)
        .collect();
    weighted.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    weighted.into_iter().map(|(_, tag)| tag).collect()
}

/// The messages of one language in one theme, gaps filled from the theme's fallback language.
pub struct Catalogue {
    tag: String,
    own: Messages,
    fallback: Option<Messages>,
    /// What is said the same every time, which most messages are.
    plain: HashMap<String, Value>,
    /// Sentences that were said with marks in the places of markup.
    sentences: RwLock<HashMap<String, Arc<str>>>,
}

impl Catalogue {
    /// Reads `locales/TAG` of every folder of `chain`, the most basic theme last, so that the
    /// first one to have a message wins.
    pub fn read(chain: &[&Path], tag: &str, right_to_left: bool) -> Result<Self, Error> {
        let own = Messages::read(chain, tag, right_to_left)?;
        let fallback = (tag != FALLBACK)
            .then(|| Messages::read(chain, FALLBACK, right_to_left))
            .transpose()?;
        Ok(Self::of(tag, own, fallback))
    }

    /// Of the messages of a language and of those that fill its gaps.
    pub(super) fn of(tag: &str, own: Messages, fallback: Option<Messages>) -> Self {
        let mut catalogue = Self {
            tag: tag.to_owned(),
            own,
            fallback,
            plain: HashMap::new(),
            sentences: RwLock::default(),
        };
        let all = catalogue.keys_with("").map(str::to_owned);
        let said = all.filter_map(|key| {
            let text = catalogue.say(&key, &FluentArgs::new()).ok()?;
            Some((key, Value::from(text)))
        });
        catalogue.plain = said.collect();
        catalogue
    }

    /// The language tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The keys that this language itself has.
    pub fn keys(&self) -> &BTreeSet<String> {
        self.own.keys()
    }

    /// The keys that start with `prefix`, those of the fallback language included.
    pub fn keys_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self
            .fallback
            .as_ref()
            .unwrap_or(&self.own)
            .keys()
            .iter()
            .chain(self.own.keys());
        all.map(String::as_str)
            .filter(move |key| key.starts_with(prefix))
    }

    /// The parts of the message `key`, in this language or the fallback's.
    pub(super) fn pattern(&self, key: &str) -> Option<&Pattern<&str>> {
        let fallback = self.fallback.as_ref();
        let known = self.own.pattern(key);
        known.or_else(|| fallback?.pattern(key))
    }

    /// The message `key`, if it refers to no argument.
    pub(super) fn plain(&self, key: &str) -> Option<&Value> {
        self.plain.get(key)
    }

    /// The message `key` with `plain` arguments and with marks where the `markup` belongs.
    pub(super) fn sentence(
        &self,
        key: &str,
        plain: &[(&'static str, Plain<'_>)],
        markup: &[(&'static str, &str)],
    ) -> Result<Arc<str>, Unsaid> {
        let mut known = String::with_capacity(64);
        known.push_str(key);
        for (name, value) in plain {
            known.push('\0');
            known.push_str(name);
            known.push('\0');
            match value {
                Plain::Text(text) => known.push_str(text),
                Plain::Number(number) => known.push_str(&number.to_string()),
            }
        }
        for (name, _) in markup {
            known.push('\0');
            known.push_str(name);
        }
        let poisoned = "reading and inserting never panic";
        if let Some(text) = self.sentences.read().expect(poisoned).get(&known) {
            return Ok(Arc::clone(text));
        }
        let arguments = arguments(plain, markup.iter().map(|(name, _)| *name));
        let text: Arc<str> = self.say(key, &arguments)?.into();
        let mut sentences = self.sentences.write().expect(poisoned);
        if sentences.len() >= SENTENCES {
            sentences.clear();
        }
        sentences.insert(known, Arc::clone(&text));
        Ok(text)
    }

    /// The message `key` with `arguments`.
    pub fn say(&self, key: &str, arguments: &FluentArgs<'_>) -> Result<String, Unsaid> {
        let messages = if self.own.has(key) {
            &self.own
        } else {
            self.fallback
                .as_ref()
                .filter(|fallback| fallback.has(key))
                .ok_or_else(|| Unsaid::Unknown(key.to_owned()))?
        };
        messages.say(key, arguments)
    }
}

/// Plain arguments of a message, and marks for those that are markup.
pub(super) fn arguments<'a>(
    plain: &'a [(&'static str, Plain<'_>)],
    markup: impl Iterator<Item = &'static str>,
) -> FluentArgs<'a> {
    let mut arguments = FluentArgs::new();
    for (name, value) in plain {
        match value {
            Plain::Text(text) => arguments.set(*name, *text),
            Plain::Number(number) => arguments.set(*name, *number),
        }
    }
    for (index, name) in markup.enumerate() {
        arguments.set(name, mark(index));
    }
    arguments
}
