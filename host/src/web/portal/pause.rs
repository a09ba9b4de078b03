//! Pausing: what it means first, then perhaps a date on which it ends by itself. And resuming,
//! which is never forbidden.

use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::progress::Pressed;
use super::sample;
use super::view::Plan;
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::flows::pause::{self, Pause};
use crate::themes::Page;
use crate::web::{Error, Owned, Posted, SignedIn};

/// How many license keys are counted.
const COUNTED: u32 = 50;

/// The form that pauses a subscription, or changes the date of a pause.
#[derive(Debug, Serialize)]
pub struct PausePage {
    /// The subscription.
    pub plan: Plan,
    /// Whether it is paused already.
    pub paused: bool,
    /// How many license keys stop working meanwhile.
    pub keys: usize,
    /// The first day that can be chosen, such as `2026-12-01`.
    pub earliest: String,
    /// The day that was chosen; empty for none.
    pub chosen: String,
    /// Whether the chosen day cannot be.
    pub wrong: bool,
}

/// The form.
#[derive(Debug, Deserialize)]
pub struct Wished {
    #[serde(default)]
    date: String,
}

/// `GET /subscriptions/{id}/pause`.
pub(super) async fn show(Owned { who, item }: Owned<Subscription>) -> Result<Response, Error> {
    allowed(&who)?;
    if !is_offered(&who, &item) {
        return Ok(who.redirect(&format!("/subscriptions/{}", item.id)));
    }
    let zone = zone(&who);
    let chosen = item.resume_at.map_or_else(String::new, |at| day(at, &zone));
    page(&who, &item, chosen, false).await
}

/// `POST /subscriptions/{id}/pause`.
pub(super) async fn create(
    Owned { who, item }: Owned<Subscription>,
    Posted(form): Posted<Wished>,
) -> Result<Response, Error> {
    allowed(&who)?;
    let wished = form.date.trim();
    let date = match wished {
        "" => None,
        text => match read(text, &who) {
            Some(at) => Some(at),
            None => return page(&who, &item, String::new(), true).await,
        },
    };
    let (cx, scope, id) = (who.cx(), who.scope().clone(), item.id.clone());
    let wish = Pause {
        resume_at: date,
        settlement: None,
    };
    who.web
        .perform(Box::pin(async move {
            pause::start(&cx, &scope, &id, wish).await
        }))
        .await?;
    Ok(who.redirect(&format!("/subscriptions/{}/paused", item.id)))
}

/// `POST /subscriptions/{id}/resume`.
pub(super) async fn resume(
    Owned { who, item }: Owned<Subscription>,
    Posted(Pressed {}): Posted<Pressed>,
) -> Result<Response, Error> {
    // A second press finds it running.
    if item.state != SubscriptionState::Active {
        let (cx, scope, id) = (who.cx(), who.scope().clone(), item.id.clone());
        who.web
            .perform(Box::pin(
                async move { pause::resume(&cx, &scope, &id).await },
            ))
            .await?;
    }
    Ok(who.redirect(&format!("/subscriptions/{}/resumed", item.id)))
}

/// Whether the business lets its customers pause.
fn allowed(who: &SignedIn) -> Result<(), Error> {
    let business = who.web.cx.business(who.scope());
    let allowed = business.is_some_and(|(business, _)| business.allow.pause);
    allowed.then_some(()).ok_or_else(Error::not_found)
}

/// Whether there is something here to pause, or a pause whose date can be changed.
pub(super) fn is_offered(who: &SignedIn, subscription: &Subscription) -> bool {
    let runs =
        subscription.state == SubscriptionState::Active && !subscription.cancel_at_period_end;
    let paused = matches!(subscription.state, SubscriptionState::Paused { .. });
    (runs || paused) && allowed(who).is_ok()
}

async fn page(
    who: &SignedIn,
    subscription: &Subscription,
    chosen: String,
    wrong: bool,
) -> Result<Response, Error> {
    let mut records = who.records().await?;
    let tomorrow = who
        .frame
        .now
        .to_zoned(zone(who))
        .date()
        .saturating_add(1.day());
    let page = PausePage {
        plan: records.plan(subscription).await?,
        paused: matches!(subscription.state, SubscriptionState::Paused { .. }),
        keys: records
            .keys(Some(&subscription.id), COUNTED, 0)
            .await?
            .len(),
        earliest: tomorrow.to_string(),
        chosen,
        wrong,
    };
    let status = if wrong {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    who.render_as(status, &page)
}

/// The zone that decides on which day something happens here.
fn zone(who: &SignedIn) -> TimeZone {
    let business = who.web.cx.business(who.scope());
    business.map_or(TimeZone::UTC, |(business, _)| business.time_zone)
}

fn day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).date().to_string()
}

/// The start of the day that was written; none unless it is still to come.
fn read(text: &str, who: &SignedIn) -> Option<Timestamp> {
    let date: Date = text.parse().ok()?;
    let at = date.to_zoned(zone(who)).ok()?.timestamp();
    (at > who.frame.now).then_some(at)
}

impl Page for PausePage {
    const TEMPLATE: &'static str = "pages/pause.html";

    fn samples() -> Vec<Self> {
        let running = |keys, wrong| Self {
            plan: sample::active(),
            paused: false,
            keys,
            earliest: "2026-11-23".to_owned(),
            chosen: String::new(),
            wrong,
        };
        let paused = Self {
            plan: sample::paused(Some(sample::at("2027-01-15"))),
            paused: true,
            chosen: "2027-01-15".to_owned(),
            ..running(1, false)
        };
        vec![
            running(0, false),
            running(1, false),
            running(25, true),
            paused,
        ]
    }
}
