//! The smallest pieces of pages. They are functions instead of macros because a page has a
//! hundred of them. `partials/ui.html` takes them from here, and a theme that wants one
//! otherwise puts a macro of its name there.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::{Error, State, Value};

use super::assets::Assets;
use super::functions::{amount_of, invalid, timestamp, voice};
use super::markup::Escaped;

/// Brands that the sprite has a mark of, as people write them.
const BRANDS: [(&str, &str); 9] = [
    ("visa", "Visa"),
    ("mastercard", "Mastercard"),
    ("amex", "American Express"),
    ("discover", "Discover"),
    ("jcb", "JCB"),
    ("diners", "Diners Club"),
    ("unionpay", "UnionPay"),
    ("sepa", "SEPA"),
    ("paypal", "PayPal"),
];
/// Kinds of methods that take from an account at a bank.
const BANKS: [&str; 4] = ["bank", "bank-debit", "ach", "bacs"];

/// The functions by name.
pub(super) fn all(assets: &Assets) -> Value {
    let sprite: Arc<str> = assets.url("sprite.svg").unwrap_or_default().into();
    let of_icon = Arc::clone(&sprite);
    let of_tone = Arc::clone(&sprite);
    let of_badge = Arc::clone(&sprite);
    Value::from(BTreeMap::from([
        (
            "icon",
            Value::from_function(move |name: &str, class: Option<&str>| {
                Value::from_safe_string(icon(&of_icon, name, class.unwrap_or_default()))
            }),
        ),
        (
            "tone_icon",
            Value::from_function(move |tone: &str| {
                tone_icon(&of_tone, tone).map(Value::from_safe_string)
            }),
        ),
        (
            "badge",
            Value::from_function(move |tone: &str, label: &Value| badge(&of_badge, tone, label)),
        ),
        ("amount", Value::from_function(amount)),
        ("day", Value::from_function(day)),
        ("when", Value::from_function(when)),
        ("moment_of", Value::from_function(moment_of)),
        (
            "method",
            Value::from_function(
                move |state: &State, brand: &str, last4: Option<&str>, label: Option<&str>| {
                    method(state, &sprite, brand, last4, label)
                },
            ),
        ),
    ]))
}

fn icon(sprite: &str, name: &str, class: &str) -> String {
    let (name, space) = (Escaped(name), if class.is_empty() { "" } else { " " });
    let class = Escaped(class);
    format!(
        r#"<svg class="icon{space}{class}" aria-hidden="true"><use href="{sprite}#{name}"/></svg>"#
    )
}

fn tone_icon(sprite: &str, tone: &str) -> Result<String, Error> {
    let name = match tone {
        "good" => "check",
        "warn" => "alert",
        "bad" => "cross",
        "info" => "clock",
        "plain" => "stop",
        other => return Err(invalid(format!("no tone `{other}`"))),
    };
    Ok(icon(sprite, name, ""))
}

/// A state: icon and word.
fn badge(sprite: &str, tone: &str, label: &Value) -> Result<Value, Error> {
    let icon = tone_icon(sprite, tone)?;
    let text = label
        .as_str()
        .ok_or_else(|| invalid(format!("`{label}` is no label")))?;
    Ok(Value::from_safe_string(if label.is_safe() {
        format!(r#"<span class="badge {tone}">{icon}{text}</span>"#)
    } else {
        format!(
            r#"<span class="badge {tone}">{icon}{}</span>"#,
            Escaped(text)
        )
    }))
}

fn amount(state: &State, amount: &Value) -> Result<Value, Error> {
    let text = voice(state)?.formats.money(amount_of(amount)?);
    Ok(Value::from_safe_string(format!(
        r#"<span class="money">{}</span>"#,
        Escaped(&text)
    )))
}

/// A day.
fn day(state: &State, at: &Value) -> Result<Value, Error> {
    let voice = voice(state)?;
    let day = voice.formats.day(timestamp(at)?, &voice.zone);
    Ok(time(at, &day, ""))
}

/// A day and how far off it is: "1 December 2026, in 9 days".
fn when(state: &State, at: &Value) -> Result<Value, Error> {
    let voice = voice(state)?;
    let point = timestamp(at)?;
    let day = voice.formats.day(point, &voice.zone);
    let relative = voice.formats.relative(point, voice.now, &voice.zone);
    let relative = format!(r#" <span class="muted">({})</span>"#, Escaped(&relative));
    Ok(time(at, &day, &relative))
}

/// A day with its time.
fn moment_of(state: &State, at: &Value) -> Result<Value, Error> {
    let voice = voice(state)?;
    let moment = voice.formats.moment(timestamp(at)?, &voice.zone);
    Ok(time(at, &moment, ""))
}

/// The time element of `at`, and what follows it.
fn time(at: &Value, text: &str, rest: &str) -> Value {
    let (at, text) = (Escaped(at.as_str().unwrap_or_default()), Escaped(text));
    Value::from_safe_string(format!(r#"<time datetime="{at}">{text}</time>{rest}"#))
}

/// A payment method: its mark, its name (or `label`), and how its number ends.
fn method(
    state: &State,
    sprite: &str,
    brand: &str,
    last4: Option<&str>,
    label: Option<&str>,
) -> Result<Value, Error> {
    let voice = voice(state)?;
    let known = BRANDS.iter().find(|(known, _)| *known == brand);
    let is_bank = BANKS.contains(&brand);
    let (class, symbol) = match known {
        Some((brand, _)) => ("mark", format!("mark-{brand}")),
        None if is_bank => ("mark icon", "bank".to_owned()),
        None => ("mark icon", "card".to_owned()),
    };
    let name = match (label, known) {
        (Some(label), _) => Value::from(label),
        (None, Some((_, name))) => Value::from(*name),
        (None, None) if is_bank => voice.say("method-bank")?,
        (None, None) => voice.say("method-card")?,
    };
    let name = Escaped(name.as_str().unwrap_or_default());
    let ending = match last4 {
        Some(last4) => format!(
            r#" <span class="nowrap"><span aria-hidden="true">••••</span><span class="visually-hidden">{}</span> {}</span>"#,
            Escaped(voice.say("method-ending-in")?.as_str().unwrap_or_default()),
            Escaped(last4),
        ),
        None => String::new(),
    };
    Ok(Value::from_safe_string(format!(
        r#"<span class="method"><svg class="{class}" aria-hidden="true"><use href="{sprite}#{symbol}"/></svg><span>{name}{ending}</span></span>"#
    )))
}
