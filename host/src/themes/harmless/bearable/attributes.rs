//! How many attributes a tag of markup can have for a parser of HTML, which compares each of them
//! with all that stand before it in its tag.

/// Where in a tag a parser can be.
#[derive(Clone, Copy)]
enum At {
    /// In the tag's name.
    Tag,
    /// Where an attribute may begin.
    Between,
    /// In an attribute's name.
    Name,
    /// Behind it, where its `=` may still come.
    Behind,
    /// Behind the `=`.
    Value,
    /// In a value without quotes.
    Bare,
    /// In a value in double quotes.
    Double,
    /// In a value in single quotes.
    Single,
}

const EVERYWHERE: [At; 8] = [
    At::Tag,
    At::Between,
    At::Name,
    At::Behind,
    At::Value,
    At::Bare,
    At::Double,
    At::Single,
];

/// Whether a tag can have more than `most` attributes. What begins like a tag may be text to the
/// parser, in a comment or a script, and hide another that is none. So all that begin like tags
/// are followed at once: of those that are at the same place in theirs, the one with the most.
pub(super) fn exceed(markup: &str, most: u32) -> bool {
    let bytes = markup.as_bytes();
    let mut reached: [Option<u32>; EVERYWHERE.len()] = [None; EVERYWHERE.len()];
    let mut inside = false;
    for (at, &byte) in bytes.iter().enumerate() {
        if inside {
            let mut next = [None; EVERYWHERE.len()];
            for (place, count) in EVERYWHERE.into_iter().zip(reached) {
                let Some(count) = count else {
                    continue;
                };
                let Some((place, begun)) = after(place, byte) else {
                    continue;
                };
                let count = count + u32::from(begun);
                if count > most {
                    return true;
                }
                let known: &mut Option<u32> = &mut next[place as usize];
                *known = (*known).max(Some(count));
            }
            reached = next;
        }
        let before = &bytes[..at];
        if byte.is_ascii_alphabetic() && (before.ends_with(b"<") || before.ends_with(b"</")) {
            let known = &mut reached[At::Tag as usize];
            *known = (*known).max(Some(0));
        }
        inside = reached.iter().any(Option::is_some);
    }
    false
}

/// Where the parser is after `byte`, and whether an attribute began with it; none when the tag ended.
fn after(place: At, byte: u8) -> Option<(At, bool)> {
    let is_space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
    let or = |space: At, other: At| if is_space { space } else { other };
    let until = |quote: u8| if byte == quote { At::Between } else { place };
    let then = match (place, byte) {
        (At::Double, _) => until(b'"'),
        (At::Single, _) => until(b'\''),
        (_, b'>') => return None,
        (At::Value, b'"') => At::Double,
        (At::Value, b'\'') => At::Single,
        (At::Value, _) => or(At::Value, At::Bare),
        (At::Bare, _) => or(At::Between, At::Bare),
        (At::Name | At::Behind, b'=') => At::Value,
        (At::Tag | At::Between | At::Name | At::Behind, b'/') => At::Between,
        (At::Tag, _) => or(At::Between, At::Tag),
        (At::Name, _) => or(At::Behind, At::Name),
        (At::Between | At::Behind, _) if is_space => place,
        (At::Between | At::Behind, _) => return Some((At::Name, true)),
    };
    Some((then, false))
}

#[cfg(test)]
mod tests {
    use super::exceed;

    /// Whether 5 are too many and 6 are not.
    #[track_caller]
    fn has_six(markup: &str) {
        assert!(exceed(markup, 5), "{markup}");
        assert!(!exceed(markup, 6), "{markup}");
    }

    #[test]
    fn attributes_are_counted_however_they_are_written() {
        has_six("<p a b c d e f>");
        has_six("<p/a/b/c/d/e/f/>");
        has_six("<p\ta\nb\x0cc\rd  e   f  >");
        has_six("<p a='1'b=\"2\"c= 3 d = '4' e=5 f>");
        has_six("<p a='>' b='>' c=\">\" d e f>");
        has_six("</p a b c d e f>");
        has_six("<p =a b c d e f>");
        has_six("<p <a <b <c <d <e <f");
        has_six("<p=\" a b c d e f>");
    }

    #[test]
    fn words_that_are_no_attributes_are_not_counted() {
        for markup in [
            "<p>a b c d e f g</p> h = i",
            "a < b c d e f g > h",
            "<p title='a b c d e f g' class=\"h i j k l m n\">",
            "<p a b c><q d e f><i g h k>",
            "<p a = b c = d>",
        ] {
            assert!(!exceed(markup, 3), "{markup}");
        }
    }

    #[test]
    fn no_tag_is_hidden_by_what_the_parser_takes_for_text() {
        for hidden in [
            "<!-- <p a=' --><p a b c d e f> '>",
            "<script><p a=\"</script><p a b c d e f> \">",
            "<textarea><p a='</textarea><p a b c d e f>",
            "<p a='\"'><q a b c d e f>",
        ] {
            assert!(exceed(hidden, 5), "{hidden}");
        }
    }
}
