//! A guest of the tests: every export answers what a setting of its name says, as JSON, so that a
//! test can write down any answer, hostile ones above all.

use bindings::exports::vestibule::branding::looks;
use bindings::vestibule::host::settings;
use bindings::vestibule::types::types::Kv;
use serde_json::Value;

/// What `wit-bindgen` makes of the WIT texts.
#[expect(
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    reason = "generated"
)]
mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../../wit/types/v1",
            "../../../../wit/host/v1",
            "../../../../wit/branding/v1",
        ],
        world: "vestibule:branding/branding",
        generate_all,
    });
}

/// The guest.
struct Puppet;

bindings::export!(Puppet with_types_in bindings);

impl looks::Guest for Puppet {
    fn resolve(_: looks::Context) -> Result<looks::Overrides, String> {
        let script = script("resolve");
        act(&script)?;
        Ok(looks::Overrides {
            tokens: pairs(&script, "tokens"),
            logo: word(&script, "logo"),
            wording: pairs(&script, "wording"),
            header: block(&script, "header"),
            footer: block(&script, "footer"),
            lifetime: script
                .get("lifetime")
                .and_then(Value::as_u64)
                .and_then(|seconds| u32::try_from(seconds).ok())
                .unwrap_or_default(),
            extra: Vec::new(),
        })
    }
}

/// What the setting `name` says.
fn script(name: &str) -> Value {
    match settings::get(name) {
        Some(settings::Value::Text(text)) => serde_json::from_str(&text).unwrap_or_default(),
        _ => Value::Null,
    }
}

/// Does what `do` says: never ends, traps, takes all memory, or fails.
fn act(script: &Value) -> Result<(), String> {
    match script.get("do").and_then(Value::as_str) {
        Some("loop") => loop {
            std::hint::spin_loop();
        },
        Some("trap") => std::process::abort(),
        Some("hog") => {
            let mut all = Vec::new();
            loop {
                all.push(vec![1_u8; 1 << 20]);
            }
        }
        Some(other) => Err(other.to_owned()),
        None => Ok(()),
    }
}

fn word(script: &Value, name: &str) -> Option<String> {
    script.get(name)?.as_str().map(str::to_owned)
}

/// A text, or a text so many times, as `{"repeat": "x", "times": 1000}`.
fn text(value: &Value) -> String {
    match (value.get("repeat"), value.get("times")) {
        (Some(text), Some(times)) => {
            let times = times.as_u64().and_then(|times| usize::try_from(times).ok());
            text.as_str()
                .unwrap_or_default()
                .repeat(times.unwrap_or_default())
        }
        _ => value.as_str().unwrap_or_default().to_owned(),
    }
}

fn pairs(script: &Value, name: &str) -> Vec<Kv> {
    let pairs = script.get(name).and_then(Value::as_object);
    pairs
        .into_iter()
        .flatten()
        .map(|(name, value)| Kv {
            name: name.clone(),
            value: text(value),
        })
        .collect()
}

fn block(script: &Value, name: &str) -> Option<looks::Block> {
    let block = script.get(name)?;
    let (kind, value) = block.as_object()?.iter().next()?;
    Some(match kind.as_str() {
        "text" => looks::Block::Text(text(value)),
        "markdown" => looks::Block::Markdown(text(value)),
        template => looks::Block::Template(looks::Template {
            name: template.to_owned(),
            data: match value {
                Value::String(raw) => raw.clone(),
                data => data.to_string(),
            },
        }),
    })
}
