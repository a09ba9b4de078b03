//! What plugins show, kept to harmless elements: no script, no style, no picture from elsewhere,
//! and no form but to the plugin's own pages. Whatever a template, Markdown or a text contains,
//! only this comes out.

mod bearable;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use ammonia::{Builder, UrlRelative};
use minijinja::{Value, context};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::enclosed::data;

/// Elements that plugins may show.
const ELEMENTS: [&str; 62] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "code",
    "col",
    "colgroup",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "header",
    "hr",
    "i",
    "kbd",
    "legend",
    "li",
    "main",
    "mark",
    "meter",
    "ol",
    "p",
    "pre",
    "progress",
    "q",
    "s",
    "section",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "u",
    "ul",
    "nav",
    "aside",
    "article",
    "data",
    "bdi",
    "bdo",
    "wbr",
];

/// The same of forms.
const CONTROLS: [&str; 9] = [
    "button", "datalist", "form", "input", "label", "optgroup", "option", "select", "textarea",
];

/// What an input may ask for; never a password, never a file.
const INPUTS: [&str; 13] = [
    "checkbox",
    "date",
    "datetime-local",
    "email",
    "hidden",
    "month",
    "number",
    "radio",
    "range",
    "search",
    "tel",
    "text",
    "url",
];

static PLAIN: LazyLock<Builder<'static>> = LazyLock::new(|| builder(false));

/// What the filter says in place of a form's method: whether it has an action.
const LEADS: &str = "leads";
const LEADS_NOWHERE: &str = "leads-nowhere";

/// Where the forms of a plugin may lead, what every one of them carries, and what was typed into
/// the one that has to be mended.
#[derive(Clone, Copy, Debug)]
pub struct Forms<'a> {
    /// The path below which its pages stand, such as `/bus_lumen/x/survey`.
    pub below: &'a str,
    /// The token of the host's forms.
    pub csrf: &'a str,
    /// What was typed, by field.
    pub values: &'a [(String, String)],
    /// What is wrong, by field.
    pub errors: &'a [(String, String)],
}

impl Forms<'_> {
    /// What templates find as `form`.
    pub(super) fn context(&self) -> Value {
        let map = |pairs: &[(String, String)]| {
            let pairs = pairs.iter();
            data::map_of(pairs.map(|(name, value)| (name.as_str(), Value::from(value.as_str()))))
        };
        context! { values => map(self.values), errors => map(self.errors), action => self.below }
    }
}

/// `markup` without anything that is not harmless, and without forms; or why it is not read.
pub(super) fn markup(markup: &str) -> Result<String, &'static str> {
    bearable::check(markup)?;
    Ok(PLAIN.clean(markup).to_string())
}

/// The same with forms, which post to the plugin's own pages, carry the host's token, and nothing
/// else of the host's.
pub(super) fn with_forms(markup: &str, forms: &Forms<'_>) -> Result<String, &'static str> {
    bearable::check(markup)?;
    let below = forms.below.to_owned();
    let mut builder = builder(true);
    // The filter sees one form after another, and of each the method last: it is not the
    // template's, which is taken away, but is added behind what is left of the form.
    let leads = AtomicBool::new(false);
    builder.attribute_filter(
        move |element, attribute, value| match (element, attribute) {
            ("form", "action") => {
                leads.store(true, Ordering::Relaxed);
                Some(if leads_below(value, &below) {
                    Cow::Borrowed(value)
                } else {
                    Cow::Owned(below.clone())
                })
            }
            ("form", "method") => Some(Cow::Borrowed(if leads.swap(false, Ordering::Relaxed) {
                LEADS
            } else {
                LEADS_NOWHERE
            })),
            (_, "name") if value == "csrf" => None,
            _ => Some(Cow::Borrowed(value)),
        },
    );
    let clean = builder.clean(markup).to_string();
    // What is clean has a quote and a bracket in a row at the end of an element only: quotes are
    // escaped in attributes, brackets in texts as well. So nothing but the filter writes these.
    let ending = |method: &str| format!(" method=\"{method}\">");
    let token = format!(
        r#"<input type="hidden" name="csrf" value="{}">"#,
        forms.csrf
    );
    // Without an action a form would lead to the page it stands on, such as one that cancels.
    let led = format!(r#" method="post" action="{}">{token}"#, forms.below);
    let clean = clean
        .replace(&ending(LEADS_NOWHERE), &led)
        .replace(&ending(LEADS), &format!("{}{token}", ending("post")));
    Ok(clean)
}

/// The text of harmless markup, for mails that have no other form.
pub(super) fn text_of(markup: &str) -> String {
    static NOTHING: LazyLock<Builder<'static>> = LazyLock::new(Builder::empty);
    let text = NOTHING.clean(markup).to_string();
    let text = text
        .replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Markdown as harmless markup: HTML in it is text, and pictures are their descriptions.
pub(super) fn markdown(text: &str) -> Result<String, &'static str> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(text, options).filter_map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Image { .. } | Tag::HtmlBlock)
        | Event::End(TagEnd::Image | TagEnd::HtmlBlock) => None,
        other => Some(other),
    });
    let mut html = String::with_capacity(text.len() * 2);
    pulldown_cmark::html::push_html(&mut html, events);
    markup(&html)
}

/// Whether an action is a path below `below`, spelled without tricks.
fn leads_below(action: &str, below: &str) -> bool {
    let path = action.split('?').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~');
    let query = |c: char| plain(c) || matches!(c, '?' | '=' | '&' | '%');
    let rest = path.strip_prefix(below);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        && path.chars().all(plain)
        && action.chars().all(query)
        && !path.split('/').any(|part| part == "." || part == "..")
}

fn builder<'a>(forms: bool) -> Builder<'a> {
    let set = |words: &[&'a str]| words.iter().copied().collect::<HashSet<_>>();
    let mut elements = set(&ELEMENTS);
    if forms {
        elements.extend(CONTROLS);
    }
    let attributes: HashMap<&str, HashSet<&str>> = [
        ("a", &["href"][..]),
        ("button", &["name", "value"]),
        ("col", &["span"]),
        ("colgroup", &["span"]),
        ("data", &["value"]),
        ("details", &["open"]),
        ("fieldset", &["disabled"]),
        ("form", &["action"]),
        (
            "input",
            &[
                "autocomplete",
                "checked",
                "disabled",
                "inputmode",
                "list",
                "max",
                "maxlength",
                "min",
                "minlength",
                "name",
                "pattern",
                "placeholder",
                "readonly",
                "required",
                "step",
                "value",
            ],
        ),
        ("label", &["for"]),
        ("li", &["value"]),
        ("meter", &["max", "min", "value"]),
        ("ol", &["start", "reversed"]),
        ("optgroup", &["label", "disabled"]),
        ("option", &["value", "selected", "disabled", "label"]),
        ("progress", &["max", "value"]),
        ("select", &["name", "required", "disabled", "autocomplete"]),
        ("td", &["colspan", "rowspan"]),
        (
            "textarea",
            &[
                "name",
                "rows",
                "maxlength",
                "minlength",
                "placeholder",
                "required",
                "disabled",
            ],
        ),
        ("th", &["colspan", "rowspan", "scope"]),
        ("time", &["datetime"]),
    ]
    .into_iter()
    .map(|(element, names)| (element, set(names)))
    .collect();
    let mut builder = Builder::default();
    builder
        .tags(elements)
        .clean_content_tags(set(&["script", "style", "svg", "math", "iframe", "object"]))
        .tag_attributes(attributes)
        .tag_attribute_values(HashMap::from([(
            "input",
            HashMap::from([("type", set(&INPUTS))]),
        )]))
        .set_tag_attribute_values(HashMap::from([(
            "form",
            HashMap::from([("method", "post")]),
        )]))
        .generic_attributes(set(&["class", "dir", "id", "lang", "role", "title"]))
        .generic_attribute_prefixes(set(&["aria-"]))
        .url_schemes(set(&["http", "https", "mailto"]))
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer"));
    builder
}

#[cfg(test)]
mod tests;
