//! What plugins of every kind say, cut to size.

use crate::domain::content::Content;

/// Bytes of a name, a key or a short text.
pub(super) const MOST_WORD: usize = 1000;
/// Bytes of a text or of Markdown.
const MOST_TEXT: usize = 16 << 10;
/// Bytes of a template's data.
const MOST_DATA: usize = 64 << 10;
/// Bytes of an explanation for the operator.
const MOST_NOTE: usize = 500;

/// Plain text to show.
pub(super) fn text(text: String) -> Result<Content, String> {
    fits("a text", &text, MOST_TEXT).map(|()| Content::Text(text))
}

/// Markdown to show.
pub(super) fn markdown(text: String) -> Result<Content, String> {
    fits("a text", &text, MOST_TEXT).map(|()| Content::Markdown(text))
}

/// Whether `what` has no more than `most` bytes.
pub(super) fn fits(what: &str, text: &str, most: usize) -> Result<(), String> {
    match text.len() {
        bytes if bytes > most => Err(format!(
            "{what} is too long: it has {bytes} bytes, and {most} are taken"
        )),
        _ => Ok(()),
    }
}

/// A template with its data, which must be JSON of a bearable size and depth.
pub(super) fn template(name: String, data: &str) -> Result<Content, String> {
    fits("a template's name", &name, MOST_WORD)?;
    fits("a template's data", data, MOST_DATA)?;
    match serde_json::from_str(data) {
        Ok(data) => Ok(Content::Template { name, data }),
        Err(error) => Err(format!("a template's data is not JSON: {error}")),
    }
}

/// A text for the operator: one line of bounded length.
pub(super) fn note(text: &str) -> String {
    let end = text.floor_char_boundary(MOST_NOTE);
    text[..end]
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
