//! What was expected beside what came: an expectation says as much as its author wants to know.

use serde_json::Value as Json;

use super::Problem;
use super::tree::{Node, Value};

/// The words of a table that asks something of a text, instead of being compared.
const ASKS: [&str; 4] = ["contains", "lacks", "starts", "present"];

/// The longest value that a report shows, in characters.
const LONGEST: usize = 300;

/// Holds what came against an expectation. Of a table only the keys that stand there count, lists
/// are compared as a whole, and a word stands for a variant of that name whatever it carries.
pub(super) fn compare(expected: &Node, came: Option<&Json>, at: &str, problems: &mut Vec<Problem>) {
    let came = came.filter(|came| !came.is_null());
    if let Value::Table(table) = &expected.value {
        if !table.is_empty() && table.keys().all(|key| ASKS.contains(&key.as_str())) {
            for (ask, node) in table {
                asked(ask, node, came, at, problems);
            }
            return;
        }
        if let Some(Json::Object(object)) = came {
            for (key, node) in table {
                compare(node, object.get(key), &format!("{at}.{key}"), problems);
            }
            return;
        }
    }
    let fits = match (&expected.value, came) {
        (Value::Text(text), Some(Json::String(came))) => text == came,
        (Value::Text(word), Some(Json::Object(variant))) => {
            variant.len() == 1 && variant.contains_key(word)
        }
        (Value::Number(number), Some(Json::Number(came))) => number == came,
        (Value::Flag(flag), Some(Json::Bool(came))) => flag == came,
        (Value::List(nodes), Some(Json::Array(came))) if nodes.len() == came.len() => {
            for (index, (node, came)) in nodes.iter().zip(came).enumerate() {
                compare(node, Some(came), &format!("{at}[{index}]"), problems);
            }
            true
        }
        _ => false,
    };
    if !fits {
        problems.push(Problem::new(
            expected.line,
            at,
            shown(Some(&expected.json())),
            shown(came),
        ));
    }
}

fn asked(ask: &str, node: &Node, came: Option<&Json>, at: &str, problems: &mut Vec<Problem>) {
    let text = match came {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let wants = shown(Some(&node.json()));
    let (fits, expected) = match (ask, &node.value) {
        ("present", Value::Flag(true)) => (came.is_some(), "something".to_owned()),
        ("present", Value::Flag(false)) => (came.is_none(), "nothing".to_owned()),
        ("contains", Value::Text(part)) => (
            came.is_some() && text.contains(part),
            format!("a text with {wants}"),
        ),
        ("lacks", Value::Text(part)) => (!text.contains(part), format!("a text without {wants}")),
        ("starts", Value::Text(part)) => (
            came.is_some() && text.starts_with(part),
            format!("a text that begins with {wants}"),
        ),
        ("contains" | "lacks", Value::List(parts)) => {
            for part in parts {
                asked(ask, part, came, at, problems);
            }
            return;
        }
        ("present", _) => (false, "`present` to be true or false".to_owned()),
        _ => (false, format!("`{ask}` to be a text")),
    };
    if !fits {
        problems.push(Problem::new(node.line, at, expected, shown(came)));
    }
}

/// A value as a report shows it.
pub(super) fn shown(value: Option<&Json>) -> String {
    let Some(value) = value else {
        return "nothing".to_owned();
    };
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    let cut: String = text.chars().take(LONGEST).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problems(expected: &str, came: &Json) -> Vec<String> {
        let node = Node::read(expected).expect("TOML");
        let mut problems = Vec::new();
        compare(&node, Some(came), "answer", &mut problems);
        let told = problems.iter().map(|problem| {
            format!(
                "{}: {} expected {} came {}",
                problem.line, problem.at, problem.expected, problem.came
            )
        });
        told.collect()
    }

    #[test]
    fn only_what_is_expected_is_compared() {
        let came = json!({
            "outcome": { "declined": { "code": "expired" } },
            "amount": { "minor": 1900, "currency": "EUR" },
            "method": null,
            "list": [1, 2],
            "text": "a long text",
        });
        for good in [
            "",
            "amount.minor = 1900",
            "outcome = 'declined'",
            "outcome.declined.code = 'expired'",
            "method = { present = false }",
            "nothing = { present = false }",
            "amount = { present = true }",
            "list = [1, 2]",
            "text = { contains = ['long', 'text'], lacks = 'short', starts = 'a ' }",
        ] {
            assert_eq!(problems(good, &came), [""; 0], "{good}");
        }
        for (bad, says) in [
            (
                "amount.minor = 1901",
                "1: answer.amount.minor expected 1901 came 1900",
            ),
            (
                "amount.minor = '1900'",
                "1: answer.amount.minor expected \"1900\" came 1900",
            ),
            (
                "outcome = 'succeeded'",
                "1: answer.outcome expected \"succeeded\" came {",
            ),
            (
                "\nmethod = 'card'",
                "2: answer.method expected \"card\" came nothing",
            ),
            ("list = [1]", "1: answer.list expected [1] came [1,2]"),
            ("list = [1, 3]", "1: answer.list[1] expected 3 came 2"),
            (
                "text = { lacks = 'long' }",
                "expected a text without \"long\"",
            ),
            (
                "text = { present = false }",
                "expected nothing came \"a long text\"",
            ),
            (
                "text = { contains = 1 }",
                "expected `contains` to be a text",
            ),
            (
                "amount = { currency = { minor = 1 } }",
                "expected {\"minor\":1} came \"EUR\"",
            ),
        ] {
            let found = problems(bad, &came);
            assert!(
                found.len() == 1 && found[0].contains(says),
                "{bad}: {found:?}"
            );
        }
    }
}
