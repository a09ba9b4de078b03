//! A merchant's metadata: an object of text, number and truth values whose keys keep the order
//! in which they came.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// The most keys an object may have.
const MAX_KEYS: usize = 50;
/// The longest key, in characters.
const MAX_KEY: usize = 100;
/// The longest text, in characters.
const MAX_TEXT: usize = 1000;

/// Metadata. In the database it is the text of [`Metadata::to_json`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata(Vec<(String, Scalar)>);

/// A value of metadata.
#[derive(Clone, Debug, PartialEq)]
enum Scalar {
    Text(String),
    Number(Number),
    Bool(bool),
}

impl Metadata {
    /// Reads the column of a row. What is not metadata reads as empty: it is the merchant's
    /// remark, and no reason to refuse the object that carries it.
    pub fn from_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The text for the column of a row.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an object of scalars")
    }

    /// The same facts as JavaScript's `JSON.stringify` would write them after reading them:
    /// keys that are array indices first and in order, numbers in their shortest form. A
    /// receiver that verifies a signature over its own serialisation needs this.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        // Stable: all other keys keep their order.
        self.0
            .sort_by_key(|(key, _)| array_index(key).map_or((1, 0), |index| (0, index)));
        for (_, value) in &mut self.0 {
            if let Scalar::Number(number) = value {
                *value = Scalar::Number(shortest(number));
            }
        }
        self
    }
}

/// The number that JavaScript would read, without a fraction that is zero.
fn shortest(number: &Number) -> Number {
    // Whole numbers up to 2^53 are the same in both worlds.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(value) if value.fract() == 0.0 && value.abs() <= EXACT => {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
            let whole = value as i64;
            Number::from(whole)
        }
        _ => number.clone(),
    }
}

/// The number of a key that JavaScript treats as an array index.
fn array_index(key: &str) -> Option<u32> {
    let index: u32 = key.parse().ok()?;
    (index != u32::MAX && index.to_string() == key).then_some(index)
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            match value {
                Scalar::Text(text) => map.serialize_entry(key, text)?,
                Scalar::Number(number) => map.serialize_entry(key, number)?,
                Scalar::Bool(truth) => map.serialize_entry(key, truth)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Metadata;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts, numbers and booleans")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
        let mut entries: Vec<(String, Scalar)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            if key.is_empty() || key.chars().count() > MAX_KEY {
                return Err(A::Error::custom(format!(
                    "a key has 1 to {MAX_KEY} characters"
                )));
            }
            let value = match value {
                Value::String(text) if text.chars().count() <= MAX_TEXT => Scalar::Text(text),
                Value::String(_) => {
                    return Err(A::Error::custom(format!(
                        "`{key}` is longer than {MAX_TEXT} characters"
                    )));
                }
                Value::Number(number) => Scalar::Number(exact(&key, number)?),
                Value::Bool(truth) => Scalar::Bool(truth),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(A::Error::custom(format!(
                        "`{key}` must be a text, a number or a boolean"
                    )));
                }
            };
            match entries.iter_mut().find(|(known, _)| *known == key) {
                Some(entry) => entry.1 = value,
                None => entries.push((key, value)),
            }
            if entries.len() > MAX_KEYS {
                return Err(A::Error::custom(format!("more than {MAX_KEYS} keys")));
            }
        }
        Ok(Metadata(entries))
    }
}

/// A number that every reader reads as the same: JavaScript has no whole numbers beyond 2^53,
/// and writes very large and very small ones in a way of its own.
fn exact<E: serde::de::Error>(key: &str, number: Number) -> Result<Number, E> {
    let value = number.as_f64().unwrap_or(f64::INFINITY);
    let plain = value == 0.0 || (1e-5..=9_007_199_254_740_991.0).contains(&value.abs());
    if plain {
        Ok(number)
    } else {
        Err(E::custom(format!(
            "`{key}` is too large or too small a number; send it as a text"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        serde_json::from_str::<Metadata>(text)
            .map(|metadata| metadata.to_json())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn keys_keep_the_order_in_which_they_came() {
        let text = r#"{"zebra":"z","10":1,"2":true,"apple":1.5}"#;
        assert_eq!(read(text), Ok(text.to_owned()));
    }

    #[test]
    fn the_canonical_form_is_what_javascript_writes() {
        let metadata = Metadata::from_json(r#"{"b":1.0,"10":"x","a":2.50,"2":-0.0,"01":1e3}"#);
        assert_eq!(
            metadata.canonical().to_json(),
            r#"{"2":0,"10":"x","b":1,"a":2.5,"01":1000}"#
        );
    }

    #[test]
    fn what_is_not_flat_or_not_exact_is_refused_by_name() {
        for (text, part) in [
            (r#"{"a":{"b":1}}"#, "`a` must be"),
            (r#"{"a":null}"#, "`a` must be"),
            (r#"{"n":9007199254740993}"#, "`n` is too large"),
            (r#"{"n":1e300}"#, "`n` is too large"),
            (r#"{"":1}"#, "a key has"),
            ("[]", "an object of texts"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_repeated_key_counts_once_and_the_last_value_wins() {
        assert_eq!(
            read(r#"{"a":1,"b":2,"a":3}"#),
            Ok(r#"{"a":3,"b":2}"#.into())
        );
    }
}
