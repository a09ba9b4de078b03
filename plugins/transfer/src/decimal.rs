//! Amounts as the bank writes them: decimals with a point, always with all of the currency's
//! places.

use vestibule_plugin::Money;

/// The currencies of the bank's accounts, and how many places each has.
pub(crate) const CURRENCIES: [(&str, usize); 6] = [
    ("EUR", 2),
    ("JPY", 0),
    ("KWD", 3),
    ("PLN", 2),
    ("SEK", 2),
    ("USD", 2),
];

fn places(currency: &str) -> Option<usize> {
    let known = CURRENCIES.iter().find(|(code, _)| *code == currency);
    known.map(|(_, places)| *places)
}

/// The decimal of an amount; none in a currency that the bank does not have.
pub(crate) fn text(money: &Money) -> Option<String> {
    let places = places(&money.currency)?;
    let mut digits = format!("{:0width$}", money.minor, width = places.checked_add(1)?);
    if places > 0 {
        digits.insert(digits.len().checked_sub(places)?, '.');
    }
    Some(digits)
}

/// The amount of a decimal; none if it is not one of this currency.
pub(crate) fn money(text: &str, currency: &str) -> Option<Money> {
    let places = places(currency)?;
    let (whole, part) = match text.split_once('.') {
        Some((whole, part)) => (whole, part),
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if part.len() != places || whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    Some(Money {
        minor: format!("{whole}{part}").parse().ok()?,
        currency: currency.to_owned(),
    })
}
