//! A guest of the tests: every export answers what a setting of its name says, as JSON, so that a
//! test can write down any answer, hostile ones above all.

use bindings::exports::vestibule::branding::looks;
use bindings::exports::vestibule::pages::{blocks, events, pages};
use bindings::vestibule::host::{http, settings};
use bindings::vestibule::pages::types::{Content, Template};
use bindings::vestibule::pages::{customer, store};
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
            "../../../../wit/pages/v1",
        ],
        inline: "
            package test:puppet;
            world puppet {
                include vestibule:branding/branding@1.0.0;
                include vestibule:pages/full-pages@1.0.0;
            }
        ",
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

impl pages::Guest for Puppet {
    fn describe() -> pages::Description {
        pages::Description {
            navigation: vec![pages::Entry {
                path: "/".to_owned(),
                label: "nav".to_owned(),
                icon: "skull".to_owned(),
            }],
            extra: Vec::new(),
        }
    }

    fn render(request: pages::Request) -> Result<pages::Answer, String> {
        let script = script("render");
        act(&script)?;
        if script.get("notes").is_some() && !request.query.is_empty() {
            let kept = store::put("note", request.path.as_bytes());
            kept.map_err(|error| format!("{error:?}"))?;
        }
        if request.path == "/all" {
            return Ok(pages::Answer::Page(pages::Page {
                title: "All".to_owned(),
                content: Content::Text(all(&request)),
            }));
        }
        Ok(answer(&script))
    }

    fn submit(_: pages::Request, fields: Vec<Kv>) -> Result<pages::Submission, String> {
        let script = script("submit");
        act(&script)?;
        if let Some(errors) = script.get("errors").and_then(Value::as_object) {
            let errors = errors.iter().map(|(field, message)| pages::FieldError {
                field: field.clone(),
                message: text(message),
            });
            return Ok(pages::Submission::Invalid(errors.collect()));
        }
        for field in &fields {
            let kept = store::put(&field.name, field.value.as_bytes());
            kept.map_err(|error| format!("{error:?}"))?;
        }
        Ok(pages::Submission::Taken(answer(&script)))
    }
}

impl blocks::Guest for Puppet {
    fn block(place: blocks::Place) -> Result<Option<Content>, String> {
        let script = script("block");
        act(&script)?;
        if script.get("place").is_some() {
            let told = format!("{:?} of {:?}", place.slot, place.subscription);
            return Ok(Some(Content::Text(told)));
        }
        Ok(script.get("content").map(content))
    }
}

impl events::Guest for Puppet {
    fn handle(event: events::Event) -> Result<(), String> {
        // Nobody is signed in: nothing of anybody is told.
        if customer::profile().is_ok() {
            return Err("it is told of a customer".to_owned());
        }
        let told = format!("{} {}", event.kind, event.object);
        let kept = store::add(&format!("event/{}", event.id), told.as_bytes());
        kept.map_err(|error| format!("{error:?}"))?;
        act(&script("handle"))
    }

    fn scheduled(tick: events::Tick) -> Result<(), String> {
        let kept = store::put(
            &format!("tick/{}", tick.schedule),
            tick.due_at.to_string().as_bytes(),
        );
        kept.map_err(|error| format!("{error:?}"))?;
        act(&script("scheduled"))
    }
}

/// Everything that the host tells.
fn all(request: &pages::Request) -> String {
    let entries = store::scan("", None);
    let entries = entries.map(|all| {
        let entry = |entry: store::Entry| {
            format!("{}={}", entry.key, String::from_utf8_lossy(&entry.value))
        };
        all.into_iter().map(entry).collect::<Vec<_>>()
    });
    let word = match settings::get("word") {
        Some(settings::Value::Text(word)) => word,
        _ => String::new(),
    };
    format!(
        "word {word:?}\n\npath {:?}\n\nquery {:?}\n\nprofile {:?}\n\nsubscriptions {:?}\n\npayments {:?}\n\n\
         licenses {:?}\n\nstore {entries:?}",
        request.path,
        request.query,
        customer::profile().map(|profile| profile.email),
        customer::subscriptions()
            .map(|all| all.into_iter().map(|one| one.product).collect::<Vec<_>>()),
        customer::payments().map(|all| all.len()),
        customer::licenses().map(|all| all.len()),
    )
}

fn answer(script: &Value) -> pages::Answer {
    if let Some(to) = word(script, "redirect") {
        return pages::Answer::Redirect(to);
    }
    if let Some(file) = script.get("download") {
        return pages::Answer::Download(pages::Download {
            name: word(file, "name").unwrap_or_default(),
            media_type: word(file, "type").unwrap_or_default(),
            body: file.get("body").map(text).unwrap_or_default().into_bytes(),
        });
    }
    match script.get("content") {
        Some(shown) => pages::Answer::Page(pages::Page {
            title: script.get("title").map(text).unwrap_or_default(),
            content: content(shown),
        }),
        None => pages::Answer::NotFound,
    }
}

fn content(block: &Value) -> Content {
    let first = block.as_object().and_then(|block| block.iter().next());
    let Some((kind, value)) = first else {
        return Content::Text(String::new());
    };
    match kind.as_str() {
        "text" => Content::Text(text(value)),
        "markdown" => Content::Markdown(text(value)),
        template => Content::Template(Template {
            name: template.to_owned(),
            data: match value {
                Value::String(raw) => raw.clone(),
                data => data.to_string(),
            },
        }),
    }
}

/// What the setting `name` says.
fn script(name: &str) -> Value {
    match settings::get(name) {
        Some(settings::Value::Text(text)) => serde_json::from_str(&text).unwrap_or_default(),
        _ => Value::Null,
    }
}

/// Does what `do` says: never ends, traps, takes all memory, asks or writes without end, waits for a server,
/// is ill until `well` is kept, or fails.
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
        Some("ask") => {
            let mut times = 0_u32;
            loop {
                if let Err(error) = store::get("anything") {
                    return Err(format!("asked {times} times: {error:?}"));
                }
                times = times.saturating_add(1);
            }
        }
        Some("keep") => {
            let mut times = 0_u32;
            loop {
                if let Err(error) = store::put("anything", b"x") {
                    return Err(format!("kept {times} times: {error:?}"));
                }
                times = times.saturating_add(1);
            }
        }
        Some("hang") => Err(format!("{:?}", hang())),
        Some("ill") => match store::get("well") {
            Ok(Some(_)) => Ok(()),
            other => Err(format!("it is ill: {other:?}")),
        },
        Some(other) => Err(other.to_owned()),
        None => Ok(()),
    }
}

/// Asks the server of the setting `silent`, which never answers.
fn hang() -> Result<(), http::FetchError> {
    let url = match settings::get("silent") {
        Some(settings::Value::Text(url)) => url,
        _ => String::new(),
    };
    http::fetch(&http::Request {
        method: http::Method::Get,
        url,
        headers: Vec::new(),
        body: None,
        timeout_ms: None,
    })
    .map(drop)
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
