//! Telling a merchant of a fact by webhook: signed as Standard Webhooks ask, with the state at
//! delivery as payload, and on Dodo's schedule until a 2xx.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use standardwebhooks::Webhook;

use super::{Jobs, Verdict};
use crate::config;
use crate::domain::Scope;
use crate::domain::id::EventId;
use crate::store::{self, Event};
use crate::wire;

/// The waits after each failure but the last: eight tries in all.
const WAITS: [SignedDuration; 7] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(10),
];

pub(super) async fn run(jobs: &Jobs, scope: &Scope, id: &EventId, attempts: u32) -> Verdict {
    let Some((_, mode)) = jobs.cx.business(scope) else {
        return Verdict::Park("the business's file is not there".to_owned());
    };
    let Some(endpoint) = mode.webhook else {
        // Nobody asked to be told; the fact itself is kept.
        return Verdict::Done;
    };
    let (event, body) = match read(jobs, scope, id).await {
        Ok(Some(found)) => found,
        Ok(None) => return Verdict::GiveUp("there is no such event to tell".to_owned()),
        Err(error) => return error.into(),
    };
    if !endpoint.wants(&event.kind) {
        return Verdict::Done;
    }
    let why = match deliver(jobs, &endpoint, &event, body).await {
        Ok(()) => return acknowledged(jobs, scope, id).await,
        Err(why) => why,
    };
    let failures = usize::try_from(attempts).unwrap_or(usize::MAX);
    match WAITS.get(failures.saturating_sub(1)) {
        Some(wait) => Verdict::RetryAfter(*wait, why),
        None => Verdict::GiveUp(why),
    }
}

/// The event and its payload as things stand now.
async fn read(jobs: &Jobs, scope: &Scope, id: &EventId) -> store::Result<Option<(Event, Vec<u8>)>> {
    let mut tx = jobs.cx.store.read().await?;
    let Some(event) = tx.event(scope, id).await? else {
        return Ok(None);
    };
    let envelope = wire::event::envelope(&jobs.cx, &mut tx, scope, &event).await?;
    Ok(envelope.map(|envelope| (event, envelope.to_bytes())))
}

async fn deliver(
    jobs: &Jobs,
    endpoint: &config::Webhook,
    event: &Event,
    body: Vec<u8>,
) -> Result<(), String> {
    let signer = Webhook::new(endpoint.secret.expose_secret())
        .map_err(|_| "the endpoint's secret is not whsec_ and base64".to_owned())?;
    let second = jobs.cx.now().as_second();
    let signature = signer
        .sign(event.id.as_str(), second, &body)
        .map_err(|_| "the payload cannot be signed".to_owned())?;
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    for (name, value) in [
        (standardwebhooks::HEADER_WEBHOOK_ID, event.id.as_str()),
        (
            standardwebhooks::HEADER_WEBHOOK_TIMESTAMP,
            &second.to_string(),
        ),
        (standardwebhooks::HEADER_WEBHOOK_SIGNATURE, &signature),
    ] {
        let value = HeaderValue::from_str(value).expect("ids, numbers and base64 are ASCII");
        headers.insert(HeaderName::from_static(name), value);
    }
    let deadline = jobs.cx.settings.load().jobs.webhook_timeout;
    let deadline = Duration::try_from(deadline).unwrap_or_default();
    let answer = jobs
        .endpoints
        .post(&endpoint.url, endpoint.private, headers, body, deadline);
    match answer.await? {
        status if status.is_success() => Ok(()),
        status => Err(format!("the endpoint answered {}", status.as_u16())),
    }
}

async fn acknowledged(jobs: &Jobs, scope: &Scope, id: &EventId) -> Verdict {
    let noted = async {
        let mut tx = jobs.cx.store.begin().await?;
        tx.event_delivered(scope, id, jobs.cx.now()).await?;
        tx.commit().await
    };
    // Told twice is better than given up: the id tells the merchant that it is the same.
    noted.await.map_or_else(Verdict::from, |()| Verdict::Done)
}
