//! TOML whose every value knows its line, so that a report can name it.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value as Json};
use serde_path_to_error::{Path, Segment};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and the line that it stands on, counted from 1.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// A value of TOML; a date is the text that it is written as.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Number(Number),
    Flag(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

/// What is wrong with a text, and on which line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub(super) struct Wrong {
    pub(super) line: usize,
    pub(super) what: String,
}

impl Node {
    /// The table that a text is.
    pub(super) fn read(text: &str) -> Result<Self, Wrong> {
        let lines = Lines(text);
        let table = DeTable::parse(text).map_err(|error| Wrong {
            line: lines.at(error.span().map_or(0, |span| span.start)),
            what: error.message().to_owned(),
        })?;
        lines.table(table.get_ref(), 1)
    }

    /// What stands under a key; none where this is no table or has no such key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Table(table) => table.get(key),
            _ => None,
        }
    }

    /// The elements of a list; none of anything else.
    pub(super) fn elements(&self) -> &[Self] {
        match &self.value {
            Value::List(list) => list,
            _ => &[],
        }
    }

    /// The same without lines.
    pub(super) fn json(&self) -> Json {
        match &self.value {
            Value::Text(text) => Json::String(text.clone()),
            Value::Number(number) => Json::Number(number.clone()),
            Value::Flag(flag) => Json::Bool(*flag),
            Value::List(list) => list.iter().map(Self::json).collect(),
            Value::Table(table) => {
                let pairs = table.iter().map(|(key, node)| (key.clone(), node.json()));
                Json::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// The line of what stands under a path, or of the last on the way to it that is there.
    pub(super) fn line_of(&self, path: &Path) -> usize {
        let mut node = self;
        for segment in path {
            let next = match segment {
                Segment::Map { key } => node.get(key),
                Segment::Seq { index } => node.elements().get(*index),
                Segment::Enum { variant } => node.get(variant),
                Segment::Unknown => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node.line
    }
}

/// A text, to count the lines of.
struct Lines<'a>(&'a str);

impl Lines<'_> {
    fn at(&self, byte: usize) -> usize {
        let before = self.0.as_bytes().iter().take(byte);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    fn table(&self, table: &DeTable<'_>, line: usize) -> Result<Node, Wrong> {
        let mut nodes = BTreeMap::new();
        for (key, value) in table {
            // The line of the key: a value may begin further down.
            let line = self.at(key.span().start);
            nodes.insert(key.get_ref().to_string(), self.node(value, line)?);
        }
        Ok(Node {
            line,
            value: Value::Table(nodes),
        })
    }

    fn node(&self, value: &Spanned<DeValue<'_>>, line: usize) -> Result<Node, Wrong> {
        let wrong = |what: &str| Wrong {
            line,
            what: what.to_owned(),
        };
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Datetime(moment) => Value::Text(moment.to_string()),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Integer(number) => {
                let number = i64::from_str_radix(number.as_str(), number.radix());
                Value::Number(number.map_err(|_| wrong("the number is too large"))?.into())
            }
            DeValue::Float(number) => {
                let number = number.as_str().parse().ok().and_then(Number::from_f64);
                Value::Number(number.ok_or_else(|| wrong("there is no such number in JSON"))?)
            }
            DeValue::Array(list) => {
                let nodes = list
                    .iter()
                    .map(|value| self.node(value, self.at(value.span().start)));
                Value::List(nodes.collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => return self.table(table, line),
        };
        Ok(Node { line, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
[given]
settings.base_url = \"https://a.example\"

[[case]]
name = \"first\"
input = { amount = { minor = 1_900 }, kinds = [
  \"card\",
] }

[[case]]
name = \"second\"
[case.expect.answer]
until = 2026-01-02T03:04:05Z
";

    #[test]
    fn every_value_knows_its_line() {
        let file = Node::read(TEXT).expect("it is TOML");
        let cases = file.get("case").expect("cases").elements();
        let lines: Vec<_> = cases.iter().map(|case| case.line).collect();
        assert_eq!(lines, [4, 10]);
        let input = cases[0].get("input").expect("an input");
        let minor = input.get("amount").and_then(|node| node.get("minor"));
        assert_eq!(minor.expect("it").line, 6);
        assert_eq!(input.get("kinds").expect("them").elements()[0].line, 7);
        let until = cases[1].get("expect").and_then(|node| node.get("answer"));
        let until = until.and_then(|node| node.get("until")).expect("it");
        assert_eq!(
            (until.line, until.json()),
            (13, "2026-01-02T03:04:05Z".into())
        );
        assert_eq!(cases[0].json()["input"]["amount"]["minor"], 1900);
    }

    #[test]
    fn what_is_no_toml_is_refused_with_its_line() {
        let wrong = Node::read("a = 1\nb = [\nc").expect_err("it is none");
        assert!(wrong.line >= 2, "{wrong:?}");
        let wrong = Node::read("a = 1\n\nb = nan").expect_err("JSON has none");
        assert_eq!(wrong.line, 3);
    }
}
