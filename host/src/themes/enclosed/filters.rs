//! The filters of plugins' templates, where the engine's own would write a whole list out as a
//! text, or turn it around, in one step.

use minijinja::{Environment, Error, State, Value, filters};

use crate::themes::error::shown;
use crate::themes::functions::{invalid, voice};

/// Adds the filters that [`super::modest`] lets pass.
pub(super) fn add(environment: &mut Environment<'_>) {
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("round", filters::round);
    environment.add_filter("last", last);
    environment.add_filter("length", length);
    environment.add_filter("lower", |state: &mut State, value: &Value| {
        cased(state, value, str::to_lowercase)
    });
    environment.add_filter("upper", |state: &mut State, value: &Value| {
        cased(state, value, str::to_uppercase)
    });
}

/// A text in other letters; markup stays markup.
fn cased(state: &mut State, value: &Value, to: fn(&str) -> String) -> Result<Value, Error> {
    let text = value
        .as_str()
        .ok_or_else(|| invalid(format!("{} is not a text", shown(value))))?;
    voice(state)?.spend(text.len())?;
    let text = to(text);
    Ok(if value.is_safe() {
        Value::from_safe_string(text)
    } else {
        Value::from(text)
    })
}

/// How many entries a list or map has, or signs a text.
fn length(state: &mut State, value: &Value) -> Result<usize, Error> {
    voice(state)?.spend(0)?;
    filters::length(value)
}

/// The last entry of a list, or the last sign of a text.
fn last(value: &Value) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        let last = text.chars().next_back();
        return Ok(last.map_or(Value::UNDEFINED, Value::from));
    }
    let length = filters::length(value)?;
    match length.checked_sub(1) {
        Some(last) => value.get_item(&Value::from(last)),
        None => Ok(Value::UNDEFINED),
    }
}
