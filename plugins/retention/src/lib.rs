//! An offer to those who are about to cancel, a question to those who have, and a page with what
//! they answered. It shows every part of the interface once: a block in the flow of cancelling and
//! one after it, pages, a form with errors, a redirect, a download, the customer's data, the
//! store, an event and a call by the clock.

mod answers;
mod words;

use bindings::exports::vestibule::pages::{blocks, events, pages};
use bindings::vestibule::host::{clock, settings};
use bindings::vestibule::pages::customer;
use bindings::vestibule::pages::types::{Content, Template};
use bindings::vestibule::types::types::Kv;
use serde_json::{Value, json};

/// What `wit-bindgen` makes of the WIT texts.
#[expect(
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    reason = "generated"
)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit/types/v1", "../../wit/host/v1", "../../wit/pages/v1"],
        world: "vestibule:pages/full-pages",
        generate_all,
    });
}

/// The plugin.
struct Retention;

bindings::export!(Retention with_types_in bindings);

/// Characters of an answer that are kept.
const LONGEST: usize = 1000;

impl pages::Guest for Retention {
    fn describe() -> pages::Description {
        pages::Description {
            navigation: vec![pages::Entry {
                path: "/".to_owned(),
                label: "nav-feedback".to_owned(),
                icon: "mail".to_owned(),
            }],
            extra: Vec::new(),
        }
    }

    fn render(request: pages::Request) -> Result<pages::Answer, String> {
        let customer = &request.context.customer;
        let spanish = request.context.locale.starts_with("es");
        Ok(match request.path.as_str() {
            "/" => {
                let answers = answers::of(customer)?;
                page("feedback-title", spanish, "feedback.html", &json!({ "answers": answers }))
            }
            "/answers.csv" => pages::Answer::Download(pages::Download {
                name: "feedback.csv".to_owned(),
                media_type: "text/csv".to_owned(),
                body: answers::csv(&answers::of(customer)?).into_bytes(),
            }),
            // The form lives below a cancellation; here it stands when it has to be mended.
            "/answer" => page("survey-title", spanish, "survey.html", &json!({ "product": "", "subscription": "" })),
            "/thanks" => pages::Answer::Page(pages::Page {
                title: words::say("thanks-title", spanish).to_owned(),
                content: Content::Text(words::say("thanks-text", spanish).to_owned()),
            }),
            _ => pages::Answer::NotFound,
        })
    }

    fn submit(request: pages::Request, fields: Vec<Kv>) -> Result<pages::Submission, String> {
        let field = |name: &str| {
            let found = fields.iter().find(|field| field.name == name);
            found.map(|field| field.value.trim()).unwrap_or_default()
        };
        let spanish = request.context.locale.starts_with("es");
        // Only a subscription of the customer who is signed in, whatever the form says.
        let wanted = field("subscription");
        let product = subscriptions()?
            .into_iter()
            .find(|subscription| subscription.id == wanted)
            .map(|subscription| subscription.product);
        match request.path.as_str() {
            "/pause" => Ok(pages::Submission::Taken(match product {
                Some(_) => pages::Answer::Redirect(format!("/subscriptions/{wanted}/pause")),
                None => pages::Answer::NotFound,
            })),
            "/answer" => {
                let reason: String = field("reason").chars().take(LONGEST).collect();
                let mut invalid = Vec::new();
                if reason.chars().count() < 3 {
                    invalid.push(error("reason", words::say("survey-short", spanish)));
                }
                if !matches!(field("again"), "yes" | "no") {
                    invalid.push(error("again", words::say("survey-choose", spanish)));
                }
                if !invalid.is_empty() {
                    return Ok(pages::Submission::Invalid(invalid));
                }
                let answer = json!({
                    "at": clock::now(),
                    "product": product.unwrap_or_default(),
                    "reason": reason,
                    "again": field("again"),
                });
                answers::keep(&request.context.customer, wanted, &answer)?;
                let thanks = format!("{}/thanks", request.context.home);
                Ok(pages::Submission::Taken(pages::Answer::Redirect(thanks)))
            }
            _ => Ok(pages::Submission::Taken(pages::Answer::NotFound)),
        }
    }
}

impl blocks::Guest for Retention {
    fn block(place: blocks::Place) -> Result<Option<Content>, String> {
        let Some(id) = place.subscription else {
            return Ok(None);
        };
        let found = subscriptions()?.into_iter().find(|known| known.id == id);
        let Some(subscription) = found else {
            return Ok(None);
        };
        let data = json!({
            "product": subscription.product,
            "subscription": id,
            "code": code(),
        });
        Ok(match place.slot {
            blocks::Slot::Cancel if subscription.state == "active" => {
                Some(template("offer.html", &data))
            }
            blocks::Slot::Confirmation if !answers::has(&place.context.customer, &id)? => {
                Some(template("survey.html", &data))
            }
            _ => None,
        })
    }
}

impl events::Guest for Retention {
    fn handle(event: events::Event) -> Result<(), String> {
        // Counted once, though an event can come twice.
        answers::count(&event.id)
    }

    fn scheduled(tick: events::Tick) -> Result<(), String> {
        let days = match settings::get("keep_days") {
            Some(settings::Value::Integer(days)) => days,
            _ => 365,
        };
        answers::forget_before(tick.due_at.saturating_sub(days.saturating_mul(86_400_000_000)))
    }
}

fn subscriptions() -> Result<Vec<customer::Subscription>, String> {
    customer::subscriptions().map_err(|error| format!("the subscriptions are not told: {error:?}"))
}

fn code() -> Option<String> {
    match settings::get("code") {
        Some(settings::Value::Text(code)) if !code.is_empty() => Some(code),
        _ => None,
    }
}

fn page(title: &str, spanish: bool, name: &str, data: &Value) -> pages::Answer {
    pages::Answer::Page(pages::Page {
        title: words::say(title, spanish).to_owned(),
        content: template(name, data),
    })
}

fn template(name: &str, data: &Value) -> Content {
    Content::Template(Template {
        name: name.to_owned(),
        data: data.to_string(),
    })
}

fn error(field: &str, message: &str) -> pages::FieldError {
    pages::FieldError {
        field: field.to_owned(),
        message: message.to_owned(),
    }
}
