//! What strangers wrote, for terminals and logs: text and nothing more. A character that moves a
//! cursor, begins a command of the terminal or turns the direction of writing is shown as its
//! number, `\u001b`, which JSON reads as the character that it was.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a reader of lines would take it for more than a part of a line: control characters, line
/// and paragraph separators, and marks that turn the direction of writing.
pub fn is_more_than_text(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Adds the character, or its number where it is more than text.
pub fn push(line: &mut String, c: char) {
    if is_more_than_text(c) {
        // Each of them is among the first 65,536; writing to a String cannot fail.
        let _ = write!(line, "\\u{:04x}", u32::from(c));
    } else {
        line.push(c);
    }
}

/// One line: ends of lines and tabs in it are blanks.
pub fn line(text: &str) -> Cow<'_, str> {
    let text = lines(text);
    if text.contains(['\n', '\t']) {
        return Cow::Owned(text.replace(['\n', '\t'], " "));
    }
    text
}

/// Lines, with tabs.
pub fn lines(text: &str) -> Cow<'_, str> {
    shown(text, |c| matches!(c, '\n' | '\t'))
}

/// Lines whose direction of writing may turn, such as mails in Arabic.
pub fn lines_in_any_direction(text: &str) -> Cow<'_, str> {
    shown(text, |c| matches!(c, '\n' | '\t') || !c.is_control())
}

fn shown(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|c| is_more_than_text(c) && !stays(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if stays(c) {
            out.push(c);
        } else {
            push(&mut out, c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_text_stays_and_what_is_more_is_shown_as_its_number() {
        for text in ["", "plain", "Zoë, محمد und 山田太郎 ✓", "a\\b"] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text));
        }
        let hostile = "a\u{1b}[2J\r\u{9b}31m\u{202e}b\u{2028}c\nd\t\u{7f}";
        assert_eq!(
            line(hostile),
            r"a\u001b[2J\u000d\u009b31m\u202eb\u2028c d \u007f"
        );
        assert_eq!(lines("a\n\tb\u{7}"), "a\n\tb\\u0007");
        let mail = "مرحبا \u{2068}Ada\u{2069}\n\tx";
        assert_eq!(lines_in_any_direction(mail), mail);
        assert_eq!(lines_in_any_direction("\u{9d}0;x\u{7}"), r"\u009d0;x\u0007");
    }

    #[test]
    fn what_is_shown_of_json_says_the_same() {
        let said = serde_json::json!({ "name": "a\u{202e}b\u{9b}c\u{1b}\n", "n": [1, 2] });
        let told = serde_json::to_string_pretty(&said).expect("JSON");
        let told = lines(&told);
        assert!(told.contains(r"a\u202eb\u009bc\u001b\n"), "{told}");
        let read: serde_json::Value = serde_json::from_str(&told).expect("JSON");
        assert_eq!(read, said);
    }
}
