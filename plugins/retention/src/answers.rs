//! What the plugin keeps: answers as `answer/CUSTOMER/SUBSCRIPTION`, and what was cancelled as
//! `cancelled/SUBSCRIPTION`, both with the moment in microseconds as `at`.

use serde_json::{Value, json};

use vestibule_plugin::pages::store;

type Done<T> = Result<T, String>;

/// How much one call forgets. The host lets a call write 100 times.
pub(crate) const MOST_FORGOTTEN: u32 = 80;

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
            let guard = if value.starts_with(['=', '+', '-', '@', '\t', '\r']) {
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

/// Remembers that a subscription was cancelled. An event that comes again changes nothing.
pub(crate) fn note(subscription: &str, now: i64) -> Done<()> {
    let at = json!({ "at": now }).to_string();
    told(store::add(
        &format!("cancelled/{subscription}"),
        at.as_bytes(),
    ))
    .map(drop)
}

/// Whether a subscription was cancelled not long ago.
pub(crate) fn was_noted(subscription: &str) -> Done<bool> {
    Ok(told(store::get(&format!("cancelled/{subscription}")))?.is_some())
}

/// Forgets what is older than a moment, in microseconds, below `prefix`: `left` of it at most, and
/// what is more than that is left for tomorrow. Answers how much may be forgotten besides.
pub(crate) fn forget_before(prefix: &str, moment: i64, mut left: u32) -> Done<u32> {
    let mut after = None;
    loop {
        let found = told(store::scan(prefix, after.as_deref()))?;
        let Some(last) = found.last() else {
            return Ok(left);
        };
        after = Some(last.key.clone());
        for entry in &found {
            let value: Value = serde_json::from_slice(&entry.value).unwrap_or_default();
            let at = value.get("at").and_then(Value::as_i64).unwrap_or_default();
            if at >= moment {
                continue;
            }
            let Some(rest) = left.checked_sub(1) else {
                return Ok(0);
            };
            told(store::delete(&entry.key))?;
            left = rest;
        }
    }
}
