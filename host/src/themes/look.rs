//! A look: what a branding plugin changes of a theme, checked value by value. What is wrong is
//! left out and named; the theme's own stands in.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use fluent_syntax::ast::{Expression, InlineExpression, Pattern, PatternElement};
use minijinja::Value;
use sha2::{Digest as _, Sha256};

use super::assets::Asset;
use super::enclosed::Enclosed;
use super::formats::Formats;
use super::frame::Frame;
use super::locale::Catalogue;
use super::manifest::Tokens;
use super::markup::Markup;
use super::messages::Messages;
use super::theme::Theme;
use super::tokens::Colours;
use super::{chain, harmless};
use crate::domain::branding::Overrides;
use crate::domain::content::Content;

/// Stands before a stylesheet of tokens that are not a theme's own.
pub(super) const FOLDER: &str = "look/";

/// Characters of a message that stands in for a theme's.
const LONGEST_WORDS: usize = 500;
/// Bytes of tokens in an address.
const LONGEST_TOKENS: usize = 4096;
/// Bytes of the markup of a header or footer.
const LARGEST_BLOCK: usize = 32 << 10;

/// What a branding plugin changes.
#[derive(Default)]
pub struct Look {
    /// The address of the stylesheet that stands in for the theme's tokens.
    pub(super) stylesheet: Option<String>,
    /// The colours of that stylesheet, for mails.
    pub(super) colours: Option<Colours>,
    /// The address of the logo.
    pub(super) logo: Option<String>,
    /// Messages that stand in for the theme's.
    pub(super) words: Option<Messages>,
    /// Above the page or mail.
    pub(super) header: Option<Shown>,
    /// Below it.
    pub(super) footer: Option<Shown>,
}

/// A block as pages and as plain mails show it.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) html: String,
    pub(super) text: String,
}

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Look")
            .field("stylesheet", &self.stylesheet)
            .field("logo", &self.logo)
            .finish_non_exhaustive()
    }
}

impl Look {
    /// Checks `overrides` against the theme, and what the plugin carries.
    pub(super) fn of(
        theme: &Theme,
        frame: &Frame,
        enclosed: Result<&Enclosed, &String>,
        overrides: &Overrides,
    ) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        if let Err(problem) = enclosed {
            problems.push(problem.clone());
        }
        let enclosed = enclosed.ok();
        let mut look = Self::default();
        if let Some((tokens, colours)) = taken(theme, &overrides.tokens, &mut problems) {
            look.stylesheet = Some(address(theme.name(), &tokens, &colours));
            look.colours = Some(colours);
        }
        if let Some(name) = &overrides.logo {
            look.logo = enclosed.and_then(|enclosed| enclosed.picture(name));
            if look.logo.is_none() {
                problems.push(format!(
                    "there is no picture `static/{}` in it",
                    shortened(name)
                ));
            }
        }
        let catalogue = theme.catalogue(frame.locale.catalogue());
        look.words = words(catalogue, &overrides.wording, &mut problems);
        let mut block = |place: &str, content: &Option<Content>| {
            let shown = shown(enclosed, frame, content.as_ref()?);
            shown
                .map_err(|problem| problems.push(format!("its {place}: {problem}")))
                .ok()
        };
        look.header = block("header", &overrides.header);
        look.footer = block("footer", &overrides.footer);
        (look, problems)
    }

    /// About how many bytes of memory it takes: messages that were read take several times their
    /// text.
    pub(super) fn bytes(&self) -> usize {
        let address = |address: &Option<String>| address.as_ref().map_or(0, String::len);
        let block = |shown: &Option<Shown>| {
            let shown = shown.as_ref();
            shown.map_or(0, |shown| shown.html.len() + shown.text.len())
        };
        let words = self.words.as_ref().map_or(0, Messages::bytes);
        address(&self.stylesheet)
            + address(&self.logo)
            + block(&self.header)
            + block(&self.footer)
            + 4 * words
    }

    /// A look as the samples of `theme check` see it.
    pub(super) fn sample() -> Self {
        let shown = |text: &str| Shown {
            html: format!("<p>{text}</p>"),
            text: text.to_owned(),
        };
        Self {
            header: Some(shown("We are closed on 24 December.")),
            footer: Some(shown("Happy holidays.")),
            ..Self::default()
        }
    }
}

/// Those of `tokens` that are taken, and the colours of the theme with them in their places. Colours
/// that make text unreadable are left out all together.
fn taken(
    theme: &Theme,
    tokens: &[(String, String)],
    problems: &mut Vec<String>,
) -> Option<(Vec<(String, String)>, Colours)> {
    let mut taken = Vec::new();
    for token in tokens {
        match derived(theme, std::slice::from_ref(token)) {
            Ok(_) => taken.push(token.clone()),
            Err(problem) => problems.push(problem),
        }
    }
    if let Err(problem) = colours(theme, &taken) {
        problems.push(problem);
        taken.retain(|(name, _)| !name.contains('.'));
    }
    if taken.is_empty() {
        return None;
    }
    let colours = colours(theme, &taken).ok()?;
    Some((taken, colours))
}

/// The colours of the theme with `tokens` in their places, if they can be read as well as its own.
fn colours(theme: &Theme, tokens: &[(String, String)]) -> Result<Colours, String> {
    let colours = derived(theme, tokens)?;
    let own = theme.colours().faults();
    let mut faults = colours.faults().into_iter();
    match faults.find(|fault| !own.contains(fault)) {
        Some(fault) => Err(fault),
        None => Ok(colours),
    }
}

fn derived(theme: &Theme, tokens: &[(String, String)]) -> Result<Colours, String> {
    let mut own = Tokens::default();
    for (name, value) in tokens {
        if !own.set(name, value) {
            return Err(format!("there is no token `{}`", shortened(name)));
        }
    }
    let colours = Colours::derive(theme.name(), &own.over(theme.tokens()));
    colours.map_err(|error| shortened(&chain(&error)))
}

/// The address of a stylesheet that is made of what stands in it, by any process.
fn address(theme: &str, tokens: &[(String, String)], colours: &Colours) -> String {
    let payload = serde_json::to_vec(tokens).unwrap_or_default();
    let payload = BASE64URL_NOPAD.encode(&payload);
    let hash = hash(&colours.stylesheet());
    format!("/assets/{theme}/{FOLDER}{payload}.{hash}.css")
}

fn hash(stylesheet: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(stylesheet)[..6])
}

/// The stylesheet at the part of its address after [`FOLDER`].
pub(super) fn asset(theme: &Theme, path: &str) -> Option<Asset> {
    let (payload, wanted) = path.strip_suffix(".css")?.rsplit_once('.')?;
    if payload.len() > LONGEST_TOKENS {
        return None;
    }
    let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?;
    let tokens: Vec<(String, String)> = serde_json::from_slice(&payload).ok()?;
    let stylesheet = colours(theme, &tokens).ok()?.stylesheet();
    Some(Asset {
        immutable: hash(&stylesheet) == wanted,
        bytes: Bytes::from(stylesheet),
        content_type: "text/css; charset=utf-8",
        sandboxed: false,
    })
}

/// The messages that may stand in for the theme's: of keys it has, of plain words, with no
/// arguments but its own.
fn words(
    catalogue: &Arc<Catalogue>,
    wording: &[(String, String)],
    problems: &mut Vec<String>,
) -> Option<Messages> {
    let tag = catalogue.tag();
    let right_to_left = Formats::of(tag).is_right_to_left();
    let mut source = String::new();
    for (key, text) in wording {
        match message(catalogue, key, text) {
            Ok(message) => source.push_str(&message),
            Err(problem) => {
                problems.push(format!("its wording of `{}` {problem}", shortened(key)));
            }
        }
    }
    if source.is_empty() {
        return None;
    }
    Messages::of(vec![(PathBuf::from("wording"), source)], tag, right_to_left)
        .map_err(|error| problems.push(chain(&error)))
        .ok()
}

/// One message as a line of Fluent, or why it is not taken.
fn message(catalogue: &Catalogue, key: &str, text: &str) -> Result<String, &'static str> {
    let theirs = catalogue
        .pattern(key)
        .ok_or("is of a key that the theme does not have")?;
    let printable = |c: char| !c.is_control() && !('\u{e000}'..='\u{f8ff}').contains(&c);
    if text.trim().is_empty() || text.chars().count() > LONGEST_WORDS {
        return Err("is empty or too long");
    }
    if !text.chars().all(printable) {
        return Err("is not one line of plain text");
    }
    let message = format!("{key} = {text}\n");
    let alone = Messages::of(
        vec![(PathBuf::new(), message.clone())],
        catalogue.tag(),
        false,
    );
    let alone = alone.map_err(|_| "is not a message")?;
    let ours = alone.pattern(key).ok_or("is not a message")?;
    let mut known = BTreeSet::new();
    arguments(theirs, &mut known);
    for element in &ours.elements {
        match element {
            PatternElement::TextElement { .. } => {}
            PatternElement::Placeable {
                expression: Expression::Inline(InlineExpression::VariableReference { id }),
            } if known.contains(id.name) => {}
            PatternElement::Placeable { .. } => {
                return Err("names something that the theme's message has not");
            }
        }
    }
    Ok(message)
}

/// The names of the arguments of a message.
fn arguments<'a>(pattern: &Pattern<&'a str>, names: &mut BTreeSet<&'a str>) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { .. } => {}
            PatternElement::Placeable { expression } => of_expression(expression, names),
        }
    }
}

fn of_expression<'a>(expression: &Expression<&'a str>, names: &mut BTreeSet<&'a str>) {
    match expression {
        Expression::Inline(inline) => of_inline(inline, names),
        Expression::Select { selector, variants } => {
            of_inline(selector, names);
            for variant in variants {
                arguments(&variant.value, names);
            }
        }
    }
}

fn of_inline<'a>(inline: &InlineExpression<&'a str>, names: &mut BTreeSet<&'a str>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            names.insert(id.name);
        }
        InlineExpression::FunctionReference { arguments, .. } => {
            for argument in &arguments.positional {
                of_inline(argument, names);
            }
        }
        InlineExpression::Placeable { expression } => of_expression(expression, names),
        InlineExpression::StringLiteral { .. }
        | InlineExpression::NumberLiteral { .. }
        | InlineExpression::MessageReference { .. }
        | InlineExpression::TermReference { .. } => {}
    }
}

/// A block as it is shown, or why it is not.
fn shown(enclosed: Option<&Enclosed>, frame: &Frame, content: &Content) -> Result<Shown, String> {
    let html = match content {
        Content::Text(text) => paragraphs(text),
        Content::Markdown(text) => harmless::markdown(text)?,
        Content::Template { name, data } => {
            let enclosed = enclosed.ok_or("its templates are not taken")?;
            let html = enclosed.render(name, frame, data, Value::from(()));
            harmless::markup(&html?)?
        }
    };
    if html.len() > LARGEST_BLOCK {
        return Err(format!("it is larger than {} KiB", LARGEST_BLOCK >> 10));
    }
    let text = match content {
        Content::Text(text) | Content::Markdown(text) => text.trim().to_owned(),
        Content::Template { .. } => harmless::text_of(&html),
    };
    if html.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(Shown { html, text })
}

/// Plain text as markup: an empty line begins a new paragraph.
pub(super) fn paragraphs(text: &str) -> String {
    let mut out = Markup::default();
    let text = text.replace("\r\n", "\n");
    let parts = text.split("\n\n").map(str::trim);
    for part in parts.filter(|part| !part.is_empty()) {
        out.raw("<p>");
        for (index, line) in part.lines().enumerate() {
            if index > 0 {
                out.raw("<br>");
            }
            out.text(line);
        }
        out.raw("</p>");
    }
    out.as_str().to_owned()
}

/// A text of the plugin's, for the operator: one line of bounded length.
fn shortened(text: &str) -> String {
    text.chars()
        .take(120)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
