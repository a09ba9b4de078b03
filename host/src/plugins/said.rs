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
pub(super) fn text(text: String) -> Result<Content, &'static str> {
    fits(&text).map(|()| Content::Text(text))
}

/// Markdown to show.
pub(super) fn markdown(text: String) -> Result<Content, &'static str> {
    fits(&text).map(|()| Content::Markdown(text))
}

fn fits(text: &str) -> Result<(), &'static str> {
    if text.len() > MOST_TEXT {
        return Err("a text is too long");
    }
    Ok(())
}

/// A template with its data, which must be JSON of a bearable size and depth.
pub(super) fn template(name: String, data: &str) -> Result<Content, &'static str> {
    if name.len() > MOST_WORD || data.len() > MOST_DATA {
        return Err("a template's name or data is too long");
    }
    match serde_json::from_str(data) {
        Ok(data) => Ok(Content::Template { name, data }),
        Err(_) => Err("a template's data is not JSON"),
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
