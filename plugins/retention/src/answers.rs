//! What customers answered, in the store: `answer/CUSTOMER/SUBSCRIPTION`, and how many cancelled.

use serde_json::Value;

use crate::bindings::vestibule::pages::store;

type Done<T> = Result<T, String>;

fn told<T>(result: Result<T, store::StoreError>) -> Done<T> {
    result.map_err(|error| format!("the store: {error:?}"))
}

fn key(customer: &str, subscription: &str) -> String {
    format!("answer/{customer}/{subscription}")
}

/// Keeps an answer, over an earlier one about the same subscription.
pub(crate) fn keep(customer: &str, subscription: &str, answer: &Value) -> Done<()> {
    told(store::put(
        &key(customer, subscription),
        answer.to_string().as_bytes(),
    ))
}

/// Whether the customer has answered.
pub(crate) fn has(customer: &str, subscription: &str) -> Done<bool> {
    Ok(told(store::get(&key(customer, subscription)))?.is_some())
}

/// Everything that the customer answered.
pub(crate) fn of(customer: &str) -> Done<Vec<Value>> {
    let found = told(store::scan(&format!("answer/{customer}/"), None))?;
    let answers = found.iter();
    Ok(answers
        .filter_map(|entry| serde_json::from_slice(&entry.value).ok())
        .collect())
}

/// The answers as a table. A field that a spreadsheet would take for a formula begins with an
/// apostrophe.
pub(crate) fn csv(answers: &[Value]) -> String {
    let mut text = String::from("product,reason,again\r\n");
    for answer in answers {
        let field = |name: &str| {
            let value = answer.get(name).and_then(Value::as_str).unwrap_or_default();
            let guard = if value.starts_with(['=', '+', '-', '@', '\t']) {
                "'"
            } else {
                ""
            };
            format!("\"{guard}{}\"", value.replace('"', "\"\""))
        };
        let line = [field("product"), field("reason"), field("again")].join(",");
        text.push_str(&line);
        text.push_str("\r\n");
    }
    text
}

/// Counts a cancellation by the id of its event: a repeat counts nothing.
pub(crate) fn count(event: &str) -> Done<()> {
    if !told(store::add(&format!("seen/{event}"), b"1"))? {
        return Ok(());
    }
    let so_far = told(store::get("cancelled"))?;
    let so_far = so_far.and_then(|bytes| String::from_utf8(bytes).ok());
    let so_far: u64 = so_far.and_then(|text| text.parse().ok()).unwrap_or_default();
    told(store::put(
        "cancelled",
        so_far.saturating_add(1).to_string().as_bytes(),
    ))
}

/// Forgets answers from before a moment, in microseconds.
pub(crate) fn forget_before(moment: i64) -> Done<()> {
    let mut after = None;
    loop {
        let found = told(store::scan("answer/", after.as_deref()))?;
        let Some(last) = found.last() else {
            return Ok(());
        };
        after = Some(last.key.clone());
        for entry in &found {
            let answer: Value = serde_json::from_slice(&entry.value).unwrap_or_default();
            let at = answer.get("at").and_then(Value::as_i64).unwrap_or_default();
            if at < moment {
                told(store::delete(&entry.key))?;
            }
        }
    }
}
