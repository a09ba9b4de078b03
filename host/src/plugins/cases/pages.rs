//! The calls of pages and brandings, and their answers in the words of a case.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::file::Case;
use super::input::{whole, wrong};
use super::{Came, Problem, Shown};
use crate::domain::branding::{BrandContext, Overrides, Surface};
use crate::domain::content::Content;
use crate::domain::extra_page::{PageAnswer, PageRequest, Reader, Slot, Submission};
use crate::domain::next::Next;
use crate::plugins::branding::Branding;
use crate::plugins::pages::{Pages, PluginEvent};
use crate::plugins::{Error, UnknownCause};

/// What a call answered, and what of it is shown to somebody.
pub(super) struct Seen {
    pub(super) came: Came,
    pub(super) shown: Option<Shown>,
    /// What a branding changes, for the theme to judge.
    pub(super) overrides: Option<Overrides>,
}

impl Seen {
    pub(super) fn only(came: Came) -> Self {
        Self {
            came,
            shown: None,
            overrides: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PageInput {
    path: String,
    query: BTreeMap<String, String>,
    fields: BTreeMap<String, String>,
    locale: String,
}

impl Default for PageInput {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            query: BTreeMap::new(),
            fields: BTreeMap::new(),
            locale: "en".to_owned(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockInput {
    slot: SlotName,
    subscription: Option<String>,
    #[serde(default = "english")]
    locale: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SlotName {
    Overview,
    Subscription,
    Cancel,
    Confirmation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventInput {
    #[serde(default = "event_id")]
    id: String,
    kind: String,
    object: String,
    occurred_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TickInput {
    schedule: String,
    due_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LookInput {
    date: String,
    locale: String,
    segment: Option<String>,
    surface: SurfaceName,
}

impl Default for LookInput {
    fn default() -> Self {
        Self {
            date: String::new(),
            locale: english(),
            segment: None,
            surface: SurfaceName::Portal,
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SurfaceName {
    Portal,
    Payment,
    Mail,
}

fn english() -> String {
    "en".to_owned()
}

fn event_id() -> String {
    "evt_example".to_owned()
}

/// Makes the call of a case to a pages plugin; `reader` is the customer, with no language yet.
pub(super) async fn call(pages: &Pages, case: &Case, reader: Reader) -> Result<Seen, Problem> {
    let now = case.given.now();
    Ok(match case.call.as_str() {
        "pages.describe" => {
            let entries = pages.navigation().iter().map(
                |entry| json!({ "path": entry.path, "label": entry.label, "icon": entry.icon }),
            );
            Seen::only(Ok(json!({ "navigation": entries.collect::<Vec<_>>() })))
        }
        "pages.render" => {
            let (request, _) = page(case, reader)?;
            match pages.render(&request).await {
                Ok(answer) => {
                    let shown = shown(pages, &answer, &request, (Vec::new(), Vec::new()));
                    seen(Ok(told(&answer)), shown)
                }
                Err(error) => Seen::only(Err(failed(error))),
            }
        }
        "pages.submit" => {
            let (request, fields) = page(case, reader)?;
            match pages.submit(&request, &fields).await {
                Ok(Submission::Taken(answer)) => {
                    let shown = shown(pages, &answer, &request, (Vec::new(), Vec::new()));
                    seen(Ok(json!({ "taken": told(&answer) })), shown)
                }
                Ok(Submission::Invalid(errors)) => {
                    let by_field: BTreeMap<_, _> = errors.iter().cloned().collect();
                    let came = Ok(json!({ "invalid": by_field }));
                    // As in a host, the form is shown again at its own address.
                    let again = pages.render(&request).await;
                    let again = again.map_err(|error| error.to_string());
                    let shown = again.and_then(|answer| {
                        shown(pages, &answer, &request, (fields, errors))
                            .transpose()
                            .unwrap_or_else(|| {
                                Err("no page stands at the form's own address".to_owned())
                            })
                    });
                    match shown {
                        Ok(shown) => seen(came, Ok(Some(shown))),
                        Err(why) => Seen::only(Err(json!({ "refused": why }))),
                    }
                }
                Err(error) => Seen::only(Err(failed(error))),
            }
        }
        "blocks.block" => {
            let input: BlockInput = whole(case)?;
            let reader = Reader {
                locale: input.locale,
                ..reader
            };
            let slot = match input.slot {
                SlotName::Overview => Slot::Overview,
                SlotName::Subscription => Slot::Subscription,
                SlotName::Cancel => Slot::Cancel,
                SlotName::Confirmation => Slot::Confirmation,
            };
            let answer = pages.block(&reader, slot, input.subscription.as_deref());
            match answer.await {
                Ok(Some(content)) => {
                    let came = Ok(of_content(&content));
                    let shown = Shown {
                        content: vec![content],
                        locale: reader.locale,
                        home: reader.home,
                        values: Vec::new(),
                        errors: Vec::new(),
                    };
                    seen(came, Ok(Some(shown)))
                }
                Ok(None) => Seen::only(Ok(json!("nothing"))),
                Err(error) => Seen::only(Err(failed(error))),
            }
        }
        "events.handle" => {
            let input: EventInput = whole(case)?;
            let event = PluginEvent {
                id: input.id,
                kind: input.kind,
                object: input.object,
                occurred_at: input.occurred_at.unwrap_or(now),
            };
            let done = pages.handle(&reader.scope, &event).await;
            Seen::only(done.map(|()| json!("done")).map_err(failed))
        }
        "events.scheduled" => {
            let input: TickInput = whole(case)?;
            let due = input.due_at.unwrap_or(now);
            let done = pages.tick(&reader.scope, &input.schedule, due).await;
            Seen::only(done.map(|()| json!("done")).map_err(failed))
        }
        other => return Err(wrong(case, &format!("`{other}` is no call of pages"))),
    })
}

fn page(case: &Case, reader: Reader) -> Result<(PageRequest, Vec<(String, String)>), Problem> {
    let input: PageInput = whole(case)?;
    let request = PageRequest {
        reader: Reader {
            locale: input.locale,
            ..reader
        },
        path: input.path,
        query: input.query.into_iter().collect(),
    };
    Ok((request, input.fields.into_iter().collect()))
}

/// How a call failed. What a plugin of this kind says of its failure is no outcome of money.
fn failed(error: Error) -> Json {
    match error {
        Error::Unknown {
            cause: UnknownCause::Said(why),
            ..
        } => json!({ "failed": why }),
        other => super::failed(other),
    }
}

/// An answer that a host would refuse is a failure here too.
fn seen(came: Came, shown: Result<Option<Shown>, String>) -> Seen {
    match shown {
        Ok(shown) => Seen {
            came,
            shown,
            overrides: None,
        },
        Err(why) => Seen::only(Err(json!({ "refused": why }))),
    }
}

type Pairs = Vec<(String, String)>;

/// What the customer sees of an answer. The error says why a host would not do it.
fn shown(
    pages: &Pages,
    answer: &PageAnswer,
    request: &PageRequest,
    (values, errors): (Pairs, Pairs),
) -> Result<Option<Shown>, String> {
    match answer {
        PageAnswer::Page { content, .. } => Ok(Some(Shown {
            content: vec![content.clone()],
            locale: request.reader.locale.clone(),
            home: request.reader.home.clone(),
            values,
            errors,
        })),
        PageAnswer::Redirect(to) if to == "/" || Next::parse(to).is_some() => Ok(None),
        PageAnswer::Redirect(to) => match url::Url::parse(to) {
            Ok(url) if pages.may_lead_to(&url) => Ok(None),
            Ok(url) => Err(format!(
                "it leads the browser to {url}, which is not wished and granted as `redirect`"
            )),
            Err(_) => Err(format!(
                "it leads the browser to {to}, which is neither an address nor a path of the portal"
            )),
        },
        PageAnswer::Download { .. } | PageAnswer::NotFound => Ok(None),
    }
}

fn told(answer: &PageAnswer) -> Json {
    match answer {
        PageAnswer::Page { title, content } => {
            let mut page = of_content(content);
            if let Json::Object(page) = &mut page {
                page.insert("title".to_owned(), json!(title));
            }
            json!({ "page": page })
        }
        PageAnswer::Redirect(to) => json!({ "redirect": to }),
        PageAnswer::Download {
            name,
            media_type,
            body,
        } => json!({ "download": {
            "name": name,
            "media_type": media_type,
            "body": String::from_utf8_lossy(body),
        } }),
        PageAnswer::NotFound => json!("not-found"),
    }
}

fn of_content(content: &Content) -> Json {
    match content {
        Content::Text(text) => json!({ "text": text }),
        Content::Markdown(text) => json!({ "markdown": text }),
        Content::Template { name, data } => json!({ "template": name, "data": data }),
    }
}

/// Makes the call of a case to a branding.
pub(super) async fn look(
    branding: &Branding,
    case: &Case,
    reader: Reader,
) -> Result<Seen, Problem> {
    let input: LookInput = whole(case)?;
    if input.date.is_empty() {
        return Err(wrong(case, "a `date` is missing, such as \"2026-12-24\""));
    }
    let context = BrandContext {
        scope: reader.scope,
        segment: input.segment,
        locale: input.locale.clone(),
        date: input.date,
        surface: match input.surface {
            SurfaceName::Portal => Surface::Portal,
            SurfaceName::Payment => Surface::Payment,
            SurfaceName::Mail => Surface::Mail,
        },
    };
    let overrides = match branding.resolve(&context).await {
        Ok(overrides) => overrides,
        Err(error) => return Ok(Seen::only(Err(failed(error)))),
    };
    let by_name = |pairs: &[(String, String)]| -> BTreeMap<String, String> {
        pairs.iter().cloned().collect()
    };
    let came = json!({
        "tokens": by_name(&overrides.tokens),
        "logo": overrides.logo,
        "wording": by_name(&overrides.wording),
        "header": overrides.header.as_ref().map(of_content),
        "footer": overrides.footer.as_ref().map(of_content),
        "lifetime": overrides.lifetime.as_secs(),
    });
    let blocks = [&overrides.header, &overrides.footer];
    let shown = Shown {
        content: blocks.into_iter().flatten().cloned().collect(),
        locale: input.locale,
        home: reader.home,
        values: Vec::new(),
        errors: Vec::new(),
    };
    Ok(Seen {
        came: Ok(came),
        shown: Some(shown),
        overrides: Some(overrides),
    })
}
