//! An offer to those who are about to cancel, a question to those who have, and a page with what
//! they answered. It shows every part of the interface once: blocks in the flow of cancelling, after
//! it and on the overview, pages, a form with errors, redirects, a download, the customer's data,
//! the store, an event and a call by the clock.

mod answers;
mod words;

use serde_json::{Value, json};
use vestibule_plugin::Kv;
use vestibule_plugin::host::{clock, settings};
use vestibule_plugin::pages::{Content, Template, blocks, customer, events, pages};

/// The plugin.
struct Retention;

vestibule_plugin::pages!(Retention, blocks, events);

/// Characters of an answer that are kept.
const LONGEST: usize = 1000;
/// Cancelled subscriptions that the overview looks at.
const LOOKED_AT: usize = 5;
/// For how long the overview asks about a subscription that was cancelled.
const ASKED_DAYS: i64 = 30;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

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
        let spanish = is_spanish(&request);
        Ok(match request.path.as_str() {
            "/" => {
                let data = json!({ "answers": answers::of(customer)? });
                page("feedback-title", spanish, "feedback.html", &data)
            }
            "/answers.csv" => pages::Answer::Download(pages::Download {
                name: "feedback.csv".to_owned(),
                media_type: "text/csv".to_owned(),
                body: answers::csv(&answers::of(customer)?).into_bytes(),
            }),
            "/answer" => match wanted(&request)? {
                Some(subscription) => {
                    let data = about(&subscription, false);
                    page("survey-title", spanish, "survey.html", &data)
                }
                None => pages::Answer::NotFound,
            },
            "/thanks" => pages::Answer::Page(pages::Page {
                title: words::say("thanks-title", spanish).to_owned(),
                content: Content::Text(words::say("thanks-text", spanish).to_owned()),
            }),
            _ => pages::Answer::NotFound,
        })
    }

    fn submit(request: pages::Request, fields: Vec<Kv>) -> Result<pages::Submission, String> {
        let Some(subscription) = wanted(&request)? else {
            return Ok(pages::Submission::Taken(pages::Answer::NotFound));
        };
        let id = &subscription.id;
        let spanish = is_spanish(&request);
        let field = |name: &str| {
            let found = fields.iter().find(|field| field.name == name);
            found.map(|field| field.value.trim()).unwrap_or_default()
        };
        let on = |path: String| Ok(pages::Submission::Taken(pages::Answer::Redirect(path)));
        match request.path.as_str() {
            "/pause" => on(format!("/subscriptions/{id}/pause")),
            "/plan" => on(format!("/subscriptions/{id}/plan")),
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
                    "product": subscription.product,
                    "reason": reason,
                    "again": field("again"),
                });
                answers::keep(&request.context.customer, id, &answer)?;
                on(format!("{}/thanks", request.context.home))
            }
            _ => Ok(pages::Submission::Taken(pages::Answer::NotFound)),
        }
    }
}

impl blocks::Guest for Retention {
    fn block(place: blocks::Place) -> Result<Option<Content>, String> {
        let customer = &place.context.customer;
        let found = |id: Option<&String>| -> Result<_, String> {
            let all = subscriptions()?;
            Ok(all.into_iter().find(|known| Some(&known.id) == id))
        };
        Ok(match place.slot {
            blocks::Slot::Cancel => found(place.subscription.as_ref())?
                .filter(|subscription| subscription.state == "active")
                .and_then(|subscription| offer(&subscription)),
            blocks::Slot::Confirmation => match found(place.subscription.as_ref())? {
                Some(subscription) if !answers::has(customer, &subscription.id)? => {
                    Some(template("survey.html", &about(&subscription, true)))
                }
                _ => None,
            },
            blocks::Slot::Overview => {
                let all = subscriptions()?.into_iter();
                for subscription in all.filter(|one| one.state == "cancelled").take(LOOKED_AT) {
                    let id = &subscription.id;
                    if answers::was_noted(id)? && !answers::has(customer, id)? {
                        return Ok(Some(template("question.html", &about(&subscription, true))));
                    }
                }
                None
            }
            _ => None,
        })
    }
}

impl events::Guest for Retention {
    fn handle(event: events::Event) -> Result<(), String> {
        answers::note(&event.object, clock::now())
    }

    fn scheduled(tick: events::Tick) -> Result<(), String> {
        let days = match settings::get("keep_days") {
            Some(settings::Value::Integer(days)) => days,
            _ => 365,
        };
        let before = |days: i64| tick.due_at.saturating_sub(days.saturating_mul(DAY));
        // What is kept for a short time first: there is always an end to it.
        let left =
            answers::forget_before("cancelled/", before(ASKED_DAYS), answers::MOST_FORGOTTEN)?;
        answers::forget_before("answer/", before(days), left).map(drop)
    }
}

/// What those are offered who are about to cancel; none where there is nothing to offer.
fn offer(subscription: &customer::Subscription) -> Option<Content> {
    let code = match settings::get("code") {
        Some(settings::Value::Text(code)) if !code.is_empty() => Some(code),
        _ => None,
    };
    let pause = !matches!(
        settings::get("pause"),
        Some(settings::Value::Boolean(false))
    );
    let data = json!({
        "product": subscription.product,
        "subscription": subscription.id,
        "code": code,
        "pause": pause,
    });
    (pause || code.is_some()).then(|| template("offer.html", &data))
}

/// What templates are told of a subscription, and whether they stand in a page of somebody else's.
fn about(subscription: &customer::Subscription, block: bool) -> Value {
    json!({
        "product": subscription.product,
        "subscription": subscription.id,
        "block": block,
    })
}

/// The subscription that the address names, if it is one of the customer's who is signed in.
fn wanted(request: &pages::Request) -> Result<Option<customer::Subscription>, String> {
    let named = request
        .query
        .iter()
        .find(|pair| pair.name == "subscription");
    let Some(named) = named else {
        return Ok(None);
    };
    let all = subscriptions()?.into_iter();
    Ok(all.into_iter().find(|known| known.id == named.value))
}

fn is_spanish(request: &pages::Request) -> bool {
    request.context.locale.starts_with("es")
}

fn subscriptions() -> Result<Vec<customer::Subscription>, String> {
    customer::subscriptions().map_err(|error| format!("the subscriptions are not told: {error:?}"))
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
