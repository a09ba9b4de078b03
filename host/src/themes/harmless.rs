//! What plugins show, kept to harmless elements: no script, no style, no picture from elsewhere,
//! and no form. Whatever a template, Markdown or a text contains,
//! only this comes out.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

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

static PLAIN: LazyLock<Builder<'static>> = LazyLock::new(builder);

/// `markup` without anything that is not harmless.
pub(super) fn markup(markup: &str) -> String {
    PLAIN.clean(markup).to_string()
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
pub(super) fn markdown(text: &str) -> String {
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

fn builder<'a>() -> Builder<'a> {
    let set = |words: &[&'a str]| words.iter().copied().collect::<HashSet<_>>();
    let attributes: HashMap<&str, HashSet<&str>> = [
        ("a", &["href"][..]),
        ("col", &["span"]),
        ("colgroup", &["span"]),
        ("data", &["value"]),
        ("details", &["open"]),
        ("li", &["value"]),
        ("meter", &["max", "min", "value"]),
        ("ol", &["start", "reversed"]),
        ("progress", &["max", "value"]),
        ("td", &["colspan", "rowspan"]),
        ("th", &["colspan", "rowspan", "scope"]),
        ("time", &["datetime"]),
    ]
    .into_iter()
    .map(|(element, names)| (element, set(names)))
    .collect();
    let mut builder = Builder::default();
    builder
        .tags(set(&ELEMENTS))
        .clean_content_tags(set(&["script", "style", "svg", "math", "iframe", "object"]))
        .tag_attributes(attributes)
        .generic_attributes(set(&["class", "dir", "id", "lang", "role", "title"]))
        .generic_attribute_prefixes(set(&["aria-"]))
        .url_schemes(set(&["http", "https", "mailto"]))
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer"));
    builder
}

#[cfg(test)]
mod tests;
