//! Which field of a request holds a text that is not taken, under the name that its sender gave it.

use serde_json::Value;

/// The longest name of a field in an answer, in characters.
const LONGEST_NAME: usize = 100;

/// The name of the pair, in a form or a query, whose text `is_it`.
pub(super) fn in_pairs(text: &[u8], is_it: fn(&str) -> bool) -> Option<String> {
    url::form_urlencoded::parse(text).find_map(|(name, value)| {
        if is_it(&name) {
            Some("the name of a field".to_owned())
        } else {
            is_it(&value).then(|| cut(&name))
        }
    })
}

/// The path of the field whose text `is_it`, in JSON; none in what is not JSON.
pub(super) fn in_json(body: &[u8], is_it: fn(&str) -> bool) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    in_value(&value, "", is_it).map(|field| cut(&field))
}

/// The path of the field below `path`.
fn in_value(value: &Value, path: &str, is_it: fn(&str) -> bool) -> Option<String> {
    let found = match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) => is_it(text),
        Value::Number(number) => {
            let whole = number.as_f64().filter(|_| number.is_f64());
            let text = whole.map_or_else(|| number.to_string(), |whole| format!("{whole:.0}"));
            is_it(&text)
        }
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            return items
                .find_map(|(place, item)| in_value(item, &format!("{path}[{place}]"), is_it));
        }
        Value::Object(fields) => {
            return fields.iter().find_map(|(name, value)| {
                if is_it(name) {
                    return Some(format!("{} (a name in it)", named(path)));
                }
                let dot = if path.is_empty() { "" } else { "." };
                in_value(value, &format!("{path}{dot}{name}"), is_it)
            });
        }
    };
    found.then(|| named(path))
}

fn named(path: &str) -> String {
    let path = if path.is_empty() { "the body" } else { path };
    path.to_owned()
}

fn cut(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}
