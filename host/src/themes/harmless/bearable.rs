//! Whether markup is work that its parser can bear. A parser of HTML mends what is wrong, and some
//! of that makes much out of little: each formatting element that was never closed is opened again
//! in every paragraph that follows, each element looks through all that are open, and each attribute
//! through all before it in its tag.

mod attributes;

/// Tags that markup may hold, ends of elements among them.
const MOST_TAGS: usize = 6_000;
/// Formatting tags with attributes that it may hold. Of those without attributes the parser opens no
/// more than three alike again, and of links no more than one.
const MOST_FORMATS: usize = 32;
/// Attributes that a tag may have.
const MOST_ATTRIBUTES: u32 = 64;

/// Elements that the parser opens again, but for links; and those of which it gathers the
/// attributes of all tags.
const FORMATS: [&str; 15] = [
    "b", "big", "body", "code", "em", "font", "html", "i", "nobr", "s", "small", "strike",
    "strong", "tt", "u",
];

/// Why the markup is not read, if it is not.
pub(super) fn check(markup: &str) -> Result<(), &'static str> {
    let mut formats = 0_usize;
    let pieces = markup.split('<').skip(1);
    for (number, piece) in pieces.enumerate() {
        if number >= MOST_TAGS {
            return Err("what it shows has too many tags");
        }
        let end = piece
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(piece.len());
        let (name, rest) = piece.split_at(end);
        let has_attributes = !rest.trim_start().starts_with('>');
        if has_attributes && FORMATS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            formats += 1;
        }
        if formats > MOST_FORMATS {
            return Err("what it shows has too many formatting elements with attributes");
        }
    }
    if attributes::exceed(markup, MOST_ATTRIBUTES) {
        return Err("what it shows has a tag with too many attributes");
    }
    Ok(())
}
