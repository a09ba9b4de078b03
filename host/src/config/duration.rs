//! Durations as people write them: "30s", "10m", "24h", "7d", "1h 30m". A day is 24 hours here;
//! anything that depends on a calendar (months, years) is refused, because a limit or a lease has
//! no date to count from.

use std::fmt;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::de::{self, Deserializer, SeqAccess, Visitor};

const EXPECTED: &str = "a duration such as \"30s\", \"10m\", \"24h\" or \"7d\"";

/// `#[serde(deserialize_with)]` for one duration.
pub(super) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignedDuration, D::Error> {
    deserializer.deserialize_str(One)
}

/// `#[serde(deserialize_with)]` for a list of durations.
pub(super) fn list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<SignedDuration>, D::Error> {
    deserializer.deserialize_seq(List)
}

fn parse(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    (!duration.is_negative()).then_some(duration)
}

struct One;

impl Visitor<'_> for One {
    type Value = SignedDuration;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = Vec<SignedDuration>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list, each element {EXPECTED}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut durations = Vec::new();
        while let Some(text) = seq.next_element::<String>()? {
            durations.push(One.visit_str(&text)?);
        }
        Ok(durations)
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use jiff::SignedDuration;

    #[test]
    fn people_write_durations_with_a_unit() {
        assert_eq!(parse("10m"), Some(SignedDuration::from_mins(10)));
        assert_eq!(parse("7d"), Some(SignedDuration::from_hours(7 * 24)));
        assert_eq!(parse("1h 30m"), Some(SignedDuration::from_mins(90)));
        assert_eq!(parse("0s"), Some(SignedDuration::ZERO));
    }

    #[test]
    fn a_duration_without_a_unit_negative_or_of_calendar_months_is_refused() {
        for wrong in ["10", "", "soon", "-5m", "1 month", "1mo"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
