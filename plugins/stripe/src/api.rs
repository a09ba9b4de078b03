//! Requests to Stripe, and what its answers mean.

use form_urlencoded::Serializer;
use serde::de::DeserializeOwned;
use vestibule_plugin::api::{self, Method, Request, Response};
use vestibule_plugin::gateway::{GatewayError, invalid};
use vestibule_plugin::operator;

use crate::wire;

/// Its name in messages for the operator.
const WHOM: &str = "Stripe";

/// The version of the API that this plugin was written for.
const VERSION: &str = "2024-06-20";

/// The fields of a form or a query, in order.
#[derive(Clone)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    fn text(&self) -> String {
        let mut out = Serializer::new(String::new());
        out.extend_pairs(&self.0);
        out.finish()
    }
}

/// What Stripe makes of an order: the thing, or the issuer's refusal.
pub(crate) enum Answer<T> {
    Done(T),
    Declined(wire::Refusal),
}

/// Makes something that an issuer may refuse, under an idempotency key.
pub(crate) fn order<T: DeserializeOwned>(
    path: &str,
    key: &str,
    form: &Form,
) -> Result<Answer<T>, GatewayError> {
    let response = send(Method::Post, path, Some(key), Some(form))?;
    if response.status == 402 {
        return refusal_of(&response).map(Answer::Declined);
    }
    read(&response).map(Answer::Done)
}

/// Makes or changes something.
pub(crate) fn post<T: DeserializeOwned>(
    path: &str,
    key: Option<&str>,
    form: &Form,
) -> Result<T, GatewayError> {
    read(&send(Method::Post, path, key, Some(form))?)
}

/// Makes something under a key; none where Stripe knows the key from a request with other fields.
pub(crate) fn make<T: DeserializeOwned>(
    path: &str,
    key: &str,
    form: &Form,
) -> Result<Option<T>, GatewayError> {
    let response = send(Method::Post, path, Some(key), Some(form))?;
    if response.status == 400 && is_of_other_fields(&refusal_of(&response)?) {
        return Ok(None);
    }
    read(&response).map(Some)
}

/// Reads something that must be there.
pub(crate) fn get<T: DeserializeOwned>(path: &str, query: &Form) -> Result<T, GatewayError> {
    read(&send(Method::Get, &asked(path, query), None, None)?)
}

/// Reads something; none when Stripe does not know it.
pub(crate) fn get_if_known<T: DeserializeOwned>(
    path: &str,
    query: &Form,
) -> Result<Option<T>, GatewayError> {
    let response = send(Method::Get, &asked(path, query), None, None)?;
    if response.status == 404 && refusal_of(&response).is_ok() {
        return Ok(None);
    }
    read(&response).map(Some)
}

pub(crate) fn unreadable(why: &str) -> GatewayError {
    api::unreadable(WHOM, why)
}

fn asked(path: &str, query: &Form) -> String {
    match query.text() {
        text if text.is_empty() => path.to_owned(),
        text => format!("{path}?{text}"),
    }
}

fn send(
    method: Method,
    path: &str,
    key: Option<&str>,
    form: Option<&Form>,
) -> Result<Response, GatewayError> {
    let api_key = operator::secret("api_key")?;
    let mut request = Request::new(method, &operator::required("base_url")?, path)
        .bearer(&api_key)
        .header("stripe-version", VERSION);
    if let Some(form) = form {
        request = request.body("application/x-www-form-urlencoded", form.text());
    }
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    request.send(WHOM)
}

fn read<T: DeserializeOwned>(response: &Response) -> Result<T, GatewayError> {
    match response.status {
        200..=299 => response.json(WHOM),
        400 | 402 | 404 => Err(refused(refusal_of(response)?)),
        // Also 409: another request under the same key is under way.
        _ => Err(response.trouble(WHOM)),
    }
}

/// Stripe's own words for why not. What is not in its words is not its answer.
fn refusal_of(response: &Response) -> Result<wire::Refusal, GatewayError> {
    let refused = response.json::<wire::Refused>(WHOM)?;
    Ok(refused.error)
}

/// What it means that Stripe says no to a request.
fn refused(refusal: wire::Refusal) -> GatewayError {
    if is_of_other_fields(&refusal) {
        return used_before();
    }
    let field = refusal.param.or(refusal.code);
    let message = refusal.message.unwrap_or_default();
    invalid(&field.unwrap_or_else(|| "request".to_owned()), message)
}

fn is_of_other_fields(refusal: &wire::Refusal) -> bool {
    refusal.kind.as_deref() == Some("idempotency_error")
}

/// This request was not done, but another one under the key was: whether money moved for this
/// payment is for a lookup to say.
pub(crate) fn used_before() -> GatewayError {
    GatewayError::UnknownOutcome("the key was used before, for another request".to_owned())
}
