//! Amounts in minor units and the currencies that the processor takes. No floats.

use serde::{Deserialize, Serialize};

/// An amount on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Money {
    /// In the smallest unit of the currency.
    pub(crate) minor: i64,
    /// ISO 4217, upper case.
    pub(crate) currency: String,
}

/// The least amount of a charge, in minor units of any currency.
pub(crate) const LEAST: i64 = 50;
/// The greatest amount of a charge, in minor units of any currency.
pub(crate) const GREATEST: i64 = 99_999_999;

/// The currencies taken, each with its number of decimals.
pub(crate) const CURRENCIES: &[(&str, usize)] = &[
    ("AED", 2),
    ("AUD", 2),
    ("BHD", 3),
    ("BRL", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CLP", 0),
    ("CNY", 2),
    ("CZK", 2),
    ("DKK", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("HKD", 2),
    ("HUF", 2),
    ("INR", 2),
    ("JPY", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("MXN", 2),
    ("NOK", 2),
    ("NZD", 2),
    ("PLN", 2),
    ("SEK", 2),
    ("SGD", 2),
    ("TND", 3),
    ("TRY", 2),
    ("USD", 2),
    ("ZAR", 2),
];

/// An amount for people, such as `€29.00` or `29.000 KWD`.
pub(crate) fn show(minor: i64, currency: &str) -> String {
    let decimals = CURRENCIES
        .iter()
        .find(|(code, _)| *code == currency)
        .map_or(2, |(_, d)| *d);
    let sign = if minor < 0 { "−" } else { "" };
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let mut number = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            number.push(',');
        }
        number.push(digit);
    }
    if decimals > 0 {
        number.push('.');
        number.push_str(fraction);
    }
    match currency {
        "EUR" => format!("{sign}€{number}"),
        "USD" => format!("{sign}${number}"),
        "GBP" => format!("{sign}£{number}"),
        "JPY" => format!("{sign}¥{number}"),
        _ => format!("{sign}{number} {currency}"),
    }
}

#[cfg(test)]
mod tests {
    use super::show;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        assert_eq!(show(2900, "EUR"), "€29.00");
        assert_eq!(show(5, "USD"), "$0.05");
        assert_eq!(show(123_456_789, "GBP"), "£1,234,567.89");
        assert_eq!(show(1500, "JPY"), "¥1,500");
        assert_eq!(show(1500, "KWD"), "1.500 KWD");
        assert_eq!(show(-2900, "EUR"), "−€29.00");
    }
}
