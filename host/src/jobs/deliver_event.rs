//! Telling one endpoint of a fact: signed as Standard Webhooks ask, with the state at delivery
//! as payload, and on Dodo's schedule until a 2xx.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::ExposeSecret as _;
use standardwebhooks::Webhook;
use tokio::time::Instant;

use super::couriers::Receiver;
use super::{Jobs, Verdict};
use crate::domain::Scope;
use crate::domain::endpoint::AttemptEnd;
use crate::domain::id::{EndpointId, EventId};
use crate::flows::delivery::{self, After, Dispatch, Turn};
use crate::store;
use crate::wire;

/// Why a try was no success.
struct Failure {
    status: Option<u16>,
    why: String,
    /// Whether another try may do better.
    passes: bool,
}

impl Failure {
    fn passing(why: impl Into<String>) -> Self {
        Self {
            status: None,
            why: why.into(),
            passes: true,
        }
    }
}

pub(super) async fn run(
    jobs: &Jobs,
    scope: &Scope,
    event: &EventId,
    endpoint: &EndpointId,
) -> Verdict {
    let cx = &jobs.cx;
    let settings = cx.settings.load_full();
    if settings.scope(scope).is_none() {
        return Verdict::Park("the business's file is not there".to_owned());
    }
    let most = settings.webhooks.at_once_per_endpoint;
    let receiver = Receiver::Endpoint(endpoint.clone());
    let _pass = match jobs.couriers.admit(&receiver, most, cx.now()) {
        Ok(pass) => pass,
        Err(wait) => return Verdict::NotYet(wait),
    };
    let dispatch = match delivery::begin(cx, scope, endpoint, event).await {
        Ok(Turn::Go(dispatch)) => dispatch,
        Ok(Turn::NotYet(wait)) => return Verdict::NotYet(wait),
        Ok(Turn::Over) => return Verdict::Done,
        Err(error) => return error.into(),
    };
    let begun = Instant::now();
    let sent = send(jobs, scope, &dispatch).await;
    let took_us = i64::try_from(begun.elapsed().as_micros()).unwrap_or(i64::MAX);
    let (end, passes) = match sent {
        Ok(status) => (
            AttemptEnd {
                took_us,
                status: Some(status),
                error: None,
            },
            true,
        ),
        Err(failure) => (
            AttemptEnd {
                took_us,
                status: failure.status,
                error: Some(failure.why),
            },
            failure.passes,
        ),
    };
    let after = delivery::end(cx, scope, &dispatch.attempt, &end, passes).await;
    let why = end.error.unwrap_or_default();
    match after {
        Ok(After::Delivered) => Verdict::Done,
        Ok(After::Again(wait)) => Verdict::RetryAfter(wait, why),
        Ok(After::GivenUp) => Verdict::GiveUp(why),
        // Told twice is better than given up: the id tells the merchant that it is the same.
        Err(error) => error.into(),
    }
}

async fn send(jobs: &Jobs, scope: &Scope, dispatch: &Dispatch) -> Result<u16, Failure> {
    let body = match payload(jobs, scope, dispatch).await {
        Ok(Some(body)) => body,
        Ok(None) => {
            return Err(Failure {
                passes: false,
                ..Failure::passing("what it is about is gone")
            });
        }
        Err(error) => return Err(Failure::passing(error.to_string())),
    };
    let headers = headers(jobs, dispatch, &body).map_err(Failure::passing)?;
    let deadline = jobs.cx.settings.load().jobs.webhook_timeout;
    let deadline = Duration::try_from(deadline).unwrap_or_default();
    let target = &dispatch.target;
    let answer = jobs
        .endpoints
        .post(&target.url, target.private, headers, body, deadline);
    match answer.await.map_err(Failure::passing)? {
        status if status.is_success() => Ok(status.as_u16()),
        status => Err(Failure {
            status: Some(status.as_u16()),
            ..Failure::passing(format!("the endpoint answered {}", status.as_u16()))
        }),
    }
}

/// The state as it is now, in the bytes that are signed.
async fn payload(
    jobs: &Jobs,
    scope: &Scope,
    dispatch: &Dispatch,
) -> store::Result<Option<Vec<u8>>> {
    let mut tx = jobs.cx.store.read().await?;
    let envelope = wire::event::envelope(&jobs.cx, &mut tx, scope, &dispatch.event).await?;
    Ok(envelope.map(|envelope| envelope.to_bytes()))
}

/// The merchant's own headers, and over them those of Standard Webhooks.
fn headers(jobs: &Jobs, dispatch: &Dispatch, body: &[u8]) -> Result<HeaderMap, &'static str> {
    let target = &dispatch.target;
    let id = dispatch.event.id.as_str();
    let second = jobs.cx.now().as_second();
    let mut signatures = Vec::with_capacity(target.secrets.len());
    for secret in &target.secrets {
        let signer = Webhook::new(secret.expose_secret())
            .map_err(|_| "the endpoint's secret is not whsec_ and base64")?;
        let signature = signer.sign(id, second, body);
        signatures.push(signature.map_err(|_| "the payload cannot be signed")?);
    }
    let mut headers = HeaderMap::new();
    for (name, value) in &target.headers {
        let name = HeaderName::try_from(name.as_str());
        let value = HeaderValue::try_from(value.expose_secret());
        if let (Ok(name), Ok(mut value)) = (name, value) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    for (name, value) in [
        (standardwebhooks::HEADER_WEBHOOK_ID, id),
        (
            standardwebhooks::HEADER_WEBHOOK_TIMESTAMP,
            &second.to_string(),
        ),
        (
            standardwebhooks::HEADER_WEBHOOK_SIGNATURE,
            &signatures.join(" "),
        ),
    ] {
        let value = HeaderValue::from_str(value).expect("ids, numbers and base64 are ASCII");
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}
