//! `[[tax]]` of a business: which rate applied to what, where, from which day on.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::domain::tax::{TaxRate, TaxRow, TaxTable};

use super::problem::Problem;
use super::source::Source;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaxFile {
    country: String,
    #[serde(default = "any_category")]
    category: String,
    #[serde(deserialize_with = "percent")]
    rate: TaxRate,
    from: String,
}

fn any_category() -> String {
    "*".into()
}

/// The rows with their days turned into moments of the business's time zone.
pub(super) fn settle(
    rows: Vec<TaxFile>,
    time_zone: &TimeZone,
    source: &Source,
    problems: &mut Vec<Problem>,
) -> TaxTable {
    let mut table = TaxTable::default();
    for (index, row) in rows.into_iter().enumerate() {
        if !is_country(&row.country) {
            problems.push(not_a_country(source, &format!("tax.{index}.country")));
        }
        let from = row
            .from
            .parse::<Date>()
            .ok()
            .and_then(|day| day.to_zoned(time_zone.clone()).ok());
        match from {
            Some(from) => table.0.push(TaxRow {
                country: row.country,
                category: row.category,
                rate: row.rate,
                from: from.timestamp(),
            }),
            None => problems.push(source.problem(
                format!("tax.{index}.from"),
                format!("is not a day: {:?}", row.from),
                "Write it in quotes, such as \"2026-01-01\".",
            )),
        }
    }
    table
}

pub(super) fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

pub(super) fn not_a_country(source: &Source, key: &str) -> Problem {
    source.problem(
        key,
        "is not a country code",
        "Write two capital letters (ISO 3166-1), such as \"DE\".",
    )
}

fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TaxRate, D::Error> {
    struct Percent;

    impl Visitor<'_> for Percent {
        type Value = TaxRate;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a percentage in quotes, such as \"19\" or \"8.875\"")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<TaxRate, E> {
            parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_str(Percent)
}

/// A percentage below 100 with at most four decimals; a float could not hold it exactly.
fn parse(text: &str) -> Option<TaxRate> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=2).contains(&whole.len()) || fraction.len() > 4 || !digits(whole) || !digits(fraction)
    {
        return None;
    }
    format!("{whole}{fraction:0<4}").parse().ok().map(TaxRate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_from_decimal_text_exactly() {
        assert_eq!(parse("19"), Some(TaxRate(190_000)));
        assert_eq!(parse("8.875"), Some(TaxRate(88_750)));
        assert_eq!(parse("0"), Some(TaxRate(0)));
        for wrong in ["", "19%", "-1", "100", "1.00001", ".5", "5.", "1e1"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
