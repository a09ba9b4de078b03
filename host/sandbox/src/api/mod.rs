//! The JSON API: routes, keys, and how faults strike a request. What a request does is in
//! `work.rs`.

mod charges;
mod control;
mod disputes;
mod ledger;
mod methods;
mod refunds;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;

use crate::account::Account;
use crate::clock;
use crate::error::Error;
use crate::faults::{Answer, Operation};
use crate::orders::Order;
use crate::processor::{Failure, Processor};

/// All routes of the API.
pub(crate) fn router() -> Router<Arc<Processor>> {
    Router::new()
        .route("/v1/info", get(ledger::info))
        .route("/v1/charges", get(charges::find).post(charges::create))
        .route("/v1/charges/{id}", get(charges::show))
        .route("/v1/charges/{id}/cancel", post(charges::cancel))
        .route(
            "/v1/setups",
            get(charges::find_setup).post(charges::create_setup),
        )
        .route("/v1/setups/{id}", get(charges::show_setup))
        .route("/v1/setups/{id}/cancel", post(charges::cancel_setup))
        .route("/v1/refunds", get(refunds::find).post(refunds::create))
        .route("/v1/refunds/{id}", get(refunds::show))
        .route("/v1/methods/{id}", get(methods::show))
        .route("/v1/methods/{id}/detach", post(methods::detach))
        .route("/v1/customers/{reference}/methods", get(methods::index))
        .route("/v1/ledger", get(ledger::index))
        .nest("/control", control::router().merge(disputes::router()))
}

/// Who is calling.
pub(crate) struct Caller(pub(crate) Arc<Account>);

impl FromRequestParts<Arc<Processor>> for Caller {
    type Rejection = Error;

    async fn from_request_parts(
        parts: &mut Parts,
        processor: &Arc<Processor>,
    ) -> Result<Self, Error> {
        let key = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(Error::unauthenticated)?;
        processor
            .accounts
            .by_key(key.trim())
            .map(Self)
            .ok_or_else(Error::unauthenticated)
    }
}

/// Marks an answer whose connection is to be cut in its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CutTheLine;

/// The state, as handlers take it.
type Desk = State<Arc<Processor>>;

/// Reads a JSON body.
fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| Error::malformed(error.to_string()))
}

/// The caller's idempotency key.
fn idempotency_key(headers: &HeaderMap) -> Result<String, Error> {
    headers
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok())
        .filter(|key| !key.is_empty() && key.len() <= 255)
        .map(ToOwned::to_owned)
        .ok_or_else(|| Error::malformed("An Idempotency-Key of 1 to 255 letters is needed."))
}

/// Carries out an order, or goes wrong as the account wished.
async fn carry_out(
    processor: &Processor,
    account: &Account,
    headers: &HeaderMap,
    mut order: Order,
) -> Result<Response, Error> {
    let key = idempotency_key(headers)?;
    order.check(clock::now())?;
    let fault = account
        .faults()
        .strike(order.operation(), order.customer(), order.metadata());
    let Some(fault) = fault else {
        return processor
            .once(account, &key, &order, None)
            .await
            .map(json_text);
    };
    tokio::time::sleep(fault.delay_before()).await;
    match fault.answer {
        Answer::CutBefore => return Ok(cut()),
        Answer::RateLimited => return Ok(rate_limited(fault.retry_after_s)),
        Answer::Normal
        | Answer::CutAfter
        | Answer::ErrorBefore
        | Answer::ErrorAfter
        | Answer::Garbage
        | Answer::Twice => {}
        Answer::Less => order.take_less(),
    }
    let until = clock::now().saturating_add(clock::micros(fault.hides_lookup_for()));
    account.faults().hide(&key, until);
    let failure = match fault.answer {
        Answer::ErrorBefore => Some(Failure::InsteadOfTheOrder),
        Answer::ErrorAfter => Some(Failure::AfterTheOrder),
        _ => None,
    };
    let memory = processor.memory.read().await;
    let done = processor.once(account, &key, &order, failure).await?;
    if fault.answer == Answer::Twice {
        processor.once(account, &key, &order, None).await?;
    }
    drop(memory);
    tokio::time::sleep(fault.delay_after()).await;
    Ok(match fault.answer {
        Answer::CutAfter => cut(),
        Answer::Garbage => garbage(),
        _ => json_text(done),
    })
}

/// Lets a fault strike a request that is no order: everything that goes wrong goes wrong
/// before it, except what `after` says.
async fn strike(
    account: &Account,
    operation: Operation,
    customer: &str,
    metadata: &BTreeMap<String, String>,
) -> Option<Answer> {
    let fault = account.faults().strike(operation, customer, metadata)?;
    tokio::time::sleep(fault.delay_before() + fault.delay_after()).await;
    Some(fault.answer)
}

/// Puts a fault's answer in the place of the real one.
fn spoil(answer: Option<Answer>, real: Response) -> Response {
    match answer {
        None | Some(Answer::Normal | Answer::Twice | Answer::Less) => real,
        Some(Answer::CutBefore | Answer::CutAfter) => cut(),
        Some(Answer::ErrorBefore | Answer::ErrorAfter) => Error::Refused {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "processor_error",
            message: "The processor failed.".to_owned(),
        }
        .into_response(),
        Some(Answer::Garbage) => garbage(),
        Some(Answer::RateLimited) => rate_limited(1),
    }
}

fn cut() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.extensions_mut().insert(CutTheLine);
    response
}

fn garbage() -> Response {
    let bytes = Bytes::from_static(b"<html><title>Load balancer</title>\xff\xfe");
    (
        StatusCode::OK,
        [(header::CONTENT_TYPE, "application/json")],
        bytes,
    )
        .into_response()
}

fn rate_limited(seconds: u32) -> Response {
    let refusal = Error::Refused {
        status: StatusCode::TOO_MANY_REQUESTS,
        code: "rate_limited",
        message: format!("Ask again in {seconds} s."),
    };
    let wait = [(header::RETRY_AFTER, HeaderValue::from(seconds))];
    (wait, refusal).into_response()
}

fn json_text((status, body): (StatusCode, String)) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
