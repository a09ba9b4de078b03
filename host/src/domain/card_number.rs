//! Numbers of payment cards in free text. None is ever kept: a gateway collects them on a page of
//! its own, and whatever else looks like one is refused where it comes in.
//!
//! A card number here is 14 to 19 digits that stand by themselves or in groups (parted by a
//! space, a hyphen, a dot or a plus), begin as a card network's do, have a length of that network,
//! and end in the right check digit. Digits next to a letter or an underscore are part of a name
//! such as an id, and what begins with a plus is a telephone number. Cards of 13 digits are not
//! issued any more; looking for them would refuse telephone numbers.

/// The fewest digits of a card number.
const FEWEST: usize = 14;
/// The most digits of a card number.
const MOST: usize = 19;
/// The most digits of a telephone number (E.164).
const LONGEST_PHONE: usize = 15;

/// Whether a card number stands somewhere in `text`, as it is or percent-encoded.
pub fn is_in(text: &str) -> bool {
    stands_in(text) || decoded(text).is_some_and(|text| stands_in(&text))
}

fn stands_in(text: &str) -> bool {
    let digits = |text: &str| text.chars().filter_map(digit).count();
    if text.len() < FEWEST || digits(text) < FEWEST {
        return false;
    }
    Runs::of(text).any(|run| run.holds_card())
}

/// Digits in groups, parted by single separators.
#[derive(Default)]
struct Run {
    groups: Vec<Vec<u8>>,
    /// Whether a plus stands before the first group.
    phone: bool,
    /// Whether letters touch the first or the last group, which is then part of a name.
    touched: (bool, bool),
}

impl Run {
    fn holds_card(&self) -> bool {
        if self.touched.0 && self.groups[0].len() == 2 {
            // Two letters and two digits begin an account number (IBAN).
            return false;
        }
        let first = usize::from(self.touched.0);
        let last = self.groups.len() - usize::from(self.touched.1).min(self.groups.len());
        (first..last).any(|start| {
            // No group is empty: a card number is in no more of them than it has digits.
            (start..last.min(start + MOST)).any(|end| {
                let groups = &self.groups[start..=end];
                // Single digits are lists of something, dates and versions.
                let plain = groups.len() == 1 || groups.iter().all(|group| group.len() > 1);
                let length: usize = groups.iter().map(Vec::len).sum();
                let phone = self.phone && start == 0 && length <= LONGEST_PHONE;
                plain && !phone && length <= MOST && is_card(&groups.concat())
            })
        })
    }
}

/// The runs of a text, one after the other.
struct Runs<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    before: Option<char>,
}

impl<'a> Runs<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            rest: text.chars().peekable(),
            before: None,
        }
    }

    fn group(&mut self) -> Vec<u8> {
        let mut group = Vec::new();
        while let Some(value) = self.rest.peek().copied().and_then(digit) {
            self.before = self.rest.next();
            group.push(value);
        }
        group
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        while self.rest.peek().copied().and_then(digit).is_none() {
            self.before = Some(self.rest.next()?);
        }
        let mut run = Run {
            phone: self.before == Some('+'),
            touched: (self.before.is_some_and(is_of_name), false),
            ..Run::default()
        };
        loop {
            let group = self.group();
            if group.is_empty() {
                return Some(run);
            }
            run.groups.push(group);
            match self.rest.peek().copied() {
                Some(letter) if is_separator(letter) => self.before = self.rest.next(),
                Some(letter) => {
                    run.touched.1 = is_of_name(letter);
                    return Some(run);
                }
                None => return Some(run),
            }
        }
    }
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_'
}

fn is_separator(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '-' | '.' | '+' | '\u{2010}'..='\u{2014}')
}

/// The value of a decimal digit, as people write them on keyboards of the world.
fn digit(letter: char) -> Option<u8> {
    const ZEROS: [char; 4] = ['0', '\u{660}', '\u{6f0}', '\u{ff10}'];
    ZEROS.iter().find_map(|zero| {
        let value = u32::from(letter).checked_sub(u32::from(*zero))?;
        u8::try_from(value).ok().filter(|value| *value < 10)
    })
}

/// The text with its percent-encoded bytes written out; none when there are none.
fn decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let encoded = bytes
            .get(at + 1..at + 3)
            .filter(|_| bytes[at] == b'%')
            .and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        plain.push(encoded.unwrap_or(bytes[at]));
        at += if encoded.is_some() { 3 } else { 1 };
    }
    Some(String::from_utf8_lossy(&plain).into_owned())
}

fn is_card(digits: &[u8]) -> bool {
    (FEWEST..=MOST).contains(&digits.len()) && is_of_network(digits) && has_check_digit(digits)
}

/// Whether a network issues numbers that begin so, in this length.
fn is_of_network(digits: &[u8]) -> bool {
    let start = |count: usize| {
        let first = digits[..count].iter();
        first.fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit))
    };
    match digits.len() {
        // Diners Club.
        14 => matches!(start(2), 36 | 38 | 39) || matches!(start(3), 300..=305 | 309),
        // American Express.
        15 => matches!(start(2), 34 | 37),
        length => {
            let visa = start(1) == 4 && matches!(length, 16 | 19);
            let mastercard =
                (matches!(start(2), 51..=55) || matches!(start(4), 2221..=2720)) && length == 16;
            // Discover, UnionPay, RuPay, JCB, Mir and Maestro in the lengths they share.
            let other = matches!(start(2), 60 | 62 | 65 | 81 | 82)
                || matches!(start(3), 508 | 644..=649)
                || matches!(start(4), 2200..=2204 | 3528..=3589)
                || matches!(start(4), 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763);
            visa || mastercard || other
        }
    }
}

/// Luhn's check (ISO/IEC 7812-1).
fn has_check_digit(digits: &[u8]) -> bool {
    let weighted = digits.iter().rev().enumerate().map(|(place, digit)| {
        let value = u32::from(*digit) << (place % 2);
        if value > 9 { value - 9 } else { value }
    });
    weighted.sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_text_of_numbers_is_read_in_a_time_that_grows_with_its_length() {
        // It grew with the cube: these would take days.
        assert!(!is_in(&"11 22 ".repeat(100_000)));
        assert!(!is_in(&"1 ".repeat(100_000)));
        let hidden = format!("{}4242 4242 4242 4242", "11 22 ".repeat(100_000));
        assert!(is_in(&hidden));
    }

    #[test]
    fn the_test_cards_of_every_network_are_found_however_they_are_written() {
        for card in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            "4242.4242.4242.4242",
            "4242\u{a0}4242\u{a0}4242\u{a0}4242",
            "５５５５５５５５５５５５４４４４",
            "5555 5555 5555 4444",
            "2223003122003222",
            "3782 822463 10005",
            "371449635398431",
            "6011111111111117",
            "3056 930902 5904",
            "36227206271667",
            "3566002020360505",
            "6200000000000005",
            "2200000000000004",
            "my card 4242 4242 4242 4242 12/34 123 is refused",
            "order 12 4000 0000 0000 0002",
            "https://shop.example/?card=4242424242424242",
            "https://shop.example/?card=4242%204242%204242%204242",
            "https://shop.example/?card=4242+4242+4242+4242",
            "+4242424242424242",
        ] {
            assert!(is_in(card), "{card}");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for other in [
            "",
            "4242424242424241",
            "1234567812345670",
            "pm_4242424242424242",
            "A4242424242424242",
            "4242424242424242b",
            "01k4242424242424242",
            "+49 1512 3456 7890 3",
            "+378282246310005",
            "4222222222222",
            "1732270000000000",
            "2026-11-22 09:30:00",
            "42424242424242424242424242",
            "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
            "550e8400-e29b-41d4-a716-446655440000",
            "DE89 3704 0044 0532 0130 00",
            "DE12 4242 4242 4242 4242 00",
            "GB33BUKB20201555555555",
            "Chrome/120.0.6099.109 Safari/537.36",
            "203.0.113.42 198.51.100.7",
        ] {
            assert!(!is_in(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_card_is_found_in_any_company(before in "[^0-9٠-٩۰-۹０-９%+_\\pL]{0,20}", after in "[^0-9٠-٩۰-۹０-９%_\\pL]{0,20}") {
            let text = format!("{before};4000056655665556;{after}");
            prop_assert!(is_in(&text));
        }

        #[test]
        fn our_ids_are_never_taken_for_cards(id in "(cus|sub|pay|pm|inv)_[0-9]{26}") {
            prop_assert!(!is_in(&id));
        }

        #[test]
        fn no_text_stops_the_search(text in ".{0,200}") {
            is_in(&text);
        }
    }
}
