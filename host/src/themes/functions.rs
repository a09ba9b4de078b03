//! What templates can call: words, money, dates, addresses of files and pages.
//!
//! Every function finds the language and clock of its page in the [`Voice`] that the engine
//! puts beside the page. None of them reads anything outside the theme.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use fluent_bundle::{FluentArgs, FluentValue};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::value::{Kwargs, Object};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, Value};

use super::assets::Assets;
use super::budget::Budget;
use super::error::shown;
use super::formats::Formats;
use super::frame::Frame;
use super::locale::{Catalogue, arguments};
use super::markup::Markup;
use super::messages::Messages;
use super::tokens::Colours;
use crate::domain::money::Money;

/// The name under which the voice stands in a template's context.
pub(super) const VOICE: &str = "voice";

/// Marks around the place of a safe argument while Fluent builds the sentence.
const MARKS: (char, char) = ('\u{e000}', '\u{e001}');

/// Bytes that a sentence may have with its arguments.
const LONGEST_SENTENCE: usize = 64 << 10;
/// Bytes that an argument of a message may have in a template of a plugin.
const LONGEST_ARGUMENT: usize = 16 << 10;

/// How one page speaks: its language, its formats, and in its frame its place and its clock.
pub(super) struct Voice {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) formats: Arc<Formats>,
    pub(super) frame: Frame,
    /// Tag and own name of each language of the theme.
    pub(super) languages: Arc<[(String, String)]>,
    /// Where `theme check` collects the keys that were asked for.
    pub(super) heard: Option<Arc<Mutex<BTreeSet<String>>>>,
    /// What may still be made; none for a theme, which is trusted.
    pub(super) budget: Option<Budget>,
}

/// An argument of a message that is no markup.
#[derive(Clone, Copy)]
pub(super) enum Plain<'a> {
    Text(&'a str),
    Number(i64),
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voice")
            .field("language", &self.catalogue.tag())
            .finish_non_exhaustive()
    }
}

impl Object for Voice {}

/// What a template finds by its bare name: the page or mail, the frame, the voice.
#[derive(Debug)]
pub(super) struct Root {
    /// What the page or mail is called there.
    pub(super) name: &'static str,
    pub(super) subject: Value,
    pub(super) frame: Value,
    pub(super) voice: Arc<Voice>,
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match key {
            "frame" => Some(self.frame.clone()),
            VOICE => Some(Value::from_dyn_object(Arc::clone(&self.voice))),
            name if name == self.name => Some(self.subject.clone()),
            _ => None,
        }
    }
}

impl Voice {
    /// A message without arguments.
    pub(super) fn say(&self, key: &str) -> Result<Value, Error> {
        self.hear(key);
        if let Some(words) = self.words(key) {
            let said = words.say(key, &FluentArgs::new());
            return said.map(Value::from).map_err(|e| invalid(e.to_string()));
        }
        if let Some(text) = self.catalogue.plain(key) {
            return Ok(text.clone());
        }
        let said = self.catalogue.say(key, &FluentArgs::new());
        said.map(Value::from).map_err(|e| invalid(e.to_string()))
    }

    /// Takes what a call costs that took or made so many bytes from what the page may make.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), Error> {
        match &self.budget {
            Some(budget) => budget.spend(bytes),
            None => Ok(()),
        }
    }

    /// The same, for a function that made `text`.
    fn made(&self, text: String) -> Result<String, Error> {
        self.spend(text.len())?;
        Ok(text)
    }

    /// Whether an argument of a message is longer than a stranger's may be. Fluent puts it into a
    /// message a hundred times, before anything can measure that.
    fn is_too_long(&self, argument: &str) -> bool {
        self.budget.is_some() && argument.len() > LONGEST_ARGUMENT
    }

    /// Writes a message whose arguments are markup, or `plain` ones that take few values: the
    /// sentence around the markup is remembered.
    pub(super) fn write(
        &self,
        out: &mut Markup,
        key: &str,
        plain: &[(&'static str, Plain<'_>)],
        markup: &[(&'static str, &str)],
    ) -> Result<(), Error> {
        self.hear(key);
        let long = |(_, plain): &(_, Plain<'_>)| match plain {
            Plain::Text(text) => self.is_too_long(text),
            Plain::Number(_) => false,
        };
        if plain.iter().any(long) {
            return Err(too_long(key));
        }
        let arguments = || arguments(plain, markup.iter().map(|(name, _)| *name));
        let sentence = match self.words(key) {
            Some(words) => words.say(key, &arguments()).map(Arc::from),
            // What a stranger's template says is not remembered.
            None if self.budget.is_some() => self.catalogue.say(key, &arguments()).map(Arc::from),
            None => self.catalogue.sentence(key, plain, markup),
        };
        let sentence = sentence.map_err(|error| invalid(error.to_string()))?;
        let argument = |index: usize| markup.get(index).map(|(_, text)| *text);
        place(out, &sentence, argument).ok_or_else(|| too_long(key))
    }

    /// The words that stand in for the theme's message `key`.
    fn words(&self, key: &str) -> Option<&Messages> {
        let words = self.frame.look.as_ref()?.words.as_ref()?;
        words.has(key).then_some(words)
    }

    fn hear(&self, key: &str) {
        if let Some(heard) = &self.heard {
            heard.lock().expect("never poisoned").insert(key.to_owned());
        }
    }
}

/// Adds all functions to `environment`; `assets` and `colours` are the theme's own.
pub(super) fn add(
    environment: &mut Environment<'static>,
    assets: &Assets,
    colours: &Colours,
    pieces: &BTreeMap<&'static str, Value>,
) {
    add_words(environment);
    environment.add_function("url", url);
    environment.add_global("pieces", Value::from(pieces.clone()));
    let urls: BTreeMap<String, Value> = assets
        .urls()
        .map(|(name, url)| (name, Value::from(url)))
        .collect();
    environment.add_function("asset", move |state: &mut State, name: &str| {
        let look = voice(state)?.frame.look.clone();
        if name == "tokens.css"
            && let Some(stylesheet) = look.and_then(|look| look.stylesheet.clone())
        {
            return Ok(Value::from(stylesheet));
        }
        let url = urls.get(name).cloned();
        url.ok_or_else(|| invalid(format!("no file `static/{name}`")))
    });
    let colours = colours.clone();
    environment.add_function("colour", move |state: &mut State, name: &str| {
        let look = voice(state)?.frame.look.clone();
        let own = look.as_ref().and_then(|look| look.colours.as_ref());
        own.unwrap_or(&colours)
            .light(name)
            .ok_or_else(|| invalid(format!("no colour `{name}`")))
    });
}

/// The functions that read words, amounts and dates, and nothing of a theme's files.
pub(super) fn add_words(environment: &mut Environment<'static>) {
    environment.add_function("t", translate);
    environment.add_function("money", money);
    environment.add_function("number", number);
    environment.add_function("date", |state: &mut State, at: &Value| {
        dated(state, at, Formats::day)
    });
    environment.add_function("moment", |state: &mut State, at: &Value| {
        dated(state, at, Formats::moment)
    });
    environment.add_function("relative", relative);
    environment.add_function("zone", zone);
}

/// The voice of the page that is rendered; found once for each.
pub(super) fn voice(state: &mut State) -> Result<Arc<Voice>, Error> {
    if let Some(voice) = state.get_extension::<Arc<Voice>>() {
        return Ok(Arc::clone(voice));
    }
    let voice: Arc<Voice> = state
        .lookup(VOICE)
        .and_then(|value| value.downcast_object())
        .ok_or_else(|| invalid("the page has no voice".to_owned()))?;
    state.get_or_insert_extension(Arc::clone(&voice));
    Ok(voice)
}

/// `t('key', name=value)`: the message in the page's language. Arguments that are markup stay
/// markup; then the sentence is escaped around them and is markup itself.
#[expect(
    clippy::needless_pass_by_value,
    reason = "minijinja hands keyword arguments over by value"
)]
fn translate(state: &mut State, key: &str, arguments: Kwargs) -> Result<Value, Error> {
    let voice = voice(state)?;
    if arguments.args().next().is_none() {
        let said = voice.say(key)?;
        voice.spend(said.as_str().map_or(0, str::len))?;
        return Ok(said);
    }
    voice.hear(key);
    let mut fluent = FluentArgs::new();
    let mut safe: Vec<Value> = Vec::new();
    let html = matches!(state.auto_escape(), AutoEscape::Html);
    for name in arguments.args() {
        let value: Value = arguments.get(name)?;
        if value.is_undefined() || value.is_none() {
            return Err(invalid(format!(
                "message `{key}`: argument `{name}` is empty"
            )));
        }
        let value = if html && value.is_safe() {
            safe.push(value);
            FluentValue::from(mark(safe.len() - 1))
        } else if let Some(number) = value.as_i64().filter(|_| value.is_number()) {
            FluentValue::from(number)
        } else {
            let text = value.to_string();
            if voice.is_too_long(&text) {
                return Err(too_long(key));
            }
            voice.spend(text.len())?;
            FluentValue::from(text.replace([MARKS.0, MARKS.1], ""))
        };
        fluent.set(name.to_owned(), value);
    }
    let text = match voice.words(key) {
        Some(words) => words.say(key, &fluent),
        None => voice.catalogue.say(key, &fluent),
    };
    let text = text.map_err(|error| invalid(error.to_string()))?;
    // An argument can be a message itself, and so double what it says, again and again.
    if text.len() > LONGEST_SENTENCE {
        return Err(too_long(key));
    }
    voice.spend(text.len())?;
    if safe.is_empty() {
        return Ok(Value::from(text));
    }
    let mut markup = Markup::with_capacity(text.len() + 256);
    let argument = |index: usize| safe.get(index)?.as_str();
    place(&mut markup, &text, argument).ok_or_else(|| too_long(key))?;
    voice.spend(markup.as_str().len())?;
    Ok(markup.into())
}

/// `text`, escaped, with the arguments that are markup where their marks stand; none when that
/// is more than a sentence may be.
fn place<'a>(
    out: &mut Markup,
    text: &str,
    argument: impl Fn(usize) -> Option<&'a str>,
) -> Option<()> {
    let before = out.as_str().len();
    for (place, part) in text.split(MARKS.0).enumerate() {
        let marked = (place > 0).then(|| part.split_once(MARKS.1)).flatten();
        let (index, rest) = marked.unwrap_or(("", part));
        let argument = index.parse().ok().and_then(&argument);
        out.raw(argument.unwrap_or_default()).text(rest);
        if out.as_str().len() - before > LONGEST_SENTENCE {
            return None;
        }
    }
    Some(())
}

fn too_long(key: &str) -> Error {
    invalid(format!("message `{key}` is too long with its arguments"))
}

/// The mark that stands for the markup at `index`.
pub(super) fn mark(index: usize) -> String {
    format!("{}{index}{}", MARKS.0, MARKS.1)
}

/// `money(amount)`: an amount as the locale writes it.
fn money(state: &mut State, amount: &Value) -> Result<String, Error> {
    let voice = voice(state)?;
    voice.made(voice.formats.money(amount_of(amount)?))
}

fn number(state: &mut State, number: i64) -> Result<String, Error> {
    let voice = voice(state)?;
    voice.made(voice.formats.number(number))
}

fn dated(
    state: &mut State,
    at: &Value,
    format: fn(&Formats, Timestamp, &TimeZone) -> String,
) -> Result<String, Error> {
    let voice = voice(state)?;
    let zone = &voice.frame.time_zone;
    voice.made(format(&voice.formats, timestamp(at)?, zone))
}

/// `relative(at)`: "in 3 days", seen from the page's business time.
fn relative(state: &mut State, at: &Value) -> Result<String, Error> {
    let voice = voice(state)?;
    let (at, frame) = (timestamp(at)?, &voice.frame);
    voice.made(voice.formats.relative(at, frame.now, &frame.time_zone))
}

/// `zone(at)`: the abbreviation of the business's time zone, such as "CET".
fn zone(state: &mut State, at: &Value) -> Result<String, Error> {
    let voice = voice(state)?;
    let zone = voice.frame.time_zone.clone();
    voice.made(timestamp(at)?.to_zoned(zone).strftime("%Z").to_string())
}

/// `url('/subscriptions')`: a path of this surface.
fn url(state: &mut State, path: &str) -> Result<String, Error> {
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(invalid(format!("`{path}` is not a path of ours")));
    }
    Ok(format!("{}{path}", voice(state)?.frame.base))
}

/// An amount, as pages carry it.
pub(super) fn amount_of(value: &Value) -> Result<Money, Error> {
    let minor = value.get_attr("minor")?.as_i64();
    let currency = value.get_attr("currency")?;
    let currency = currency.as_str().and_then(|code| code.parse().ok());
    minor
        .zip(currency)
        .map(|(minor, currency)| Money::new(minor, currency))
        .ok_or_else(|| invalid(format!("{} is not an amount", shown(value))))
}

pub(super) fn timestamp(value: &Value) -> Result<Timestamp, Error> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| invalid(format!("{} is not a time", shown(value))))
}

pub(super) fn invalid(detail: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail)
}
