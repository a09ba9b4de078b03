//! What plugins of every kind say, cut to size.

use crate::domain::card_number;
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

/// A text for the operator: one line of bounded length, in which no person's address and no card's
/// number stands, since it comes to logs and lists.
pub(super) fn note(text: &str) -> String {
    // What is cut off at the end could be what makes the rest an address.
    let read = &text[..text.floor_char_boundary(2 * MOST_NOTE)];
    if card_number::is_in(read) {
        return "a text with what looks like the number of a payment card".to_owned();
    }
    let words = read.split(|c: char| c.is_control() || c == ' ');
    let discreet = words.map(|word| if is_address(word) { "…" } else { word });
    let mut line = discreet.collect::<Vec<_>>().join(" ");
    line.truncate(line.floor_char_boundary(MOST_NOTE));
    line
}

/// Whether an e-mail address stands in a word, in whatever marks or escapes.
fn is_address(word: &str) -> bool {
    let word = word.replace("%40", "@");
    let of_host = |(name, host): (&str, &str)| {
        let top = host.rsplit_once('.').map(|(_, top)| top);
        !name.is_empty() && top.is_some_and(|top| top.starts_with(char::is_alphabetic))
    };
    word.split_once('@').is_some_and(of_host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_is_one_line_without_anybodys_address() {
        for (said, noted) in [
            ("no such\r\ncustomer\u{0}", "no such  customer "),
            ("`alex@example.com` is no address", "… is no address"),
            ("GET /find?email=alex%40example.com failed", "GET … failed"),
            (
                "vestibule:gateway/refunds@1.0 is missing",
                "vestibule:gateway/refunds@1.0 is missing",
            ),
            ("at 12:00 @ the bank", "at 12:00 @ the bank"),
        ] {
            assert_eq!(note(said), noted);
        }
        assert!(!note("the card 4242 4242 4242 4242 is closed").contains("4242"));
    }

    #[test]
    fn what_is_cut_off_leaves_no_part_of_an_address_or_a_card_number() {
        let padding = "x ".repeat(240);
        let address = format!("{padding}somebody.with.a.long.name@example.com");
        assert!(!note(&address).contains("somebody"));
        let card = format!("{padding}the card 4242424242424242");
        assert!(!note(&card).contains("42424"));
        assert!(note(&"ö ".repeat(1000)).len() <= MOST_NOTE);
    }
}
