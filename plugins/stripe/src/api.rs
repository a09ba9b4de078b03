//! Requests to Stripe, and what their failures mean. The rule of the whole file: a request that
//! certainly never left is *not executed*; one that may have arrived and has no readable answer
//! is an *unknown outcome*; only a readable answer is taken at its word.

use form_urlencoded::{Serializer, byte_serialize};
use serde::de::DeserializeOwned;

use crate::bindings::vestibule::host::{http, secrets, settings};
use crate::types::{FieldError, GatewayError};
use crate::wire;

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
    let response = send(http::Method::Post, path, Some(key), Some(form))?;
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
    read(&send(http::Method::Post, path, key, Some(form))?)
}

/// Reads something that must be there.
pub(crate) fn get<T: DeserializeOwned>(path: &str, query: &Form) -> Result<T, GatewayError> {
    read(&send(http::Method::Get, &asked(path, query), None, None)?)
}

/// Reads something; none when Stripe does not know it.
pub(crate) fn get_if_known<T: DeserializeOwned>(
    path: &str,
    query: &Form,
) -> Result<Option<T>, GatewayError> {
    let response = send(http::Method::Get, &asked(path, query), None, None)?;
    if response.status == 404 && refusal_of(&response).is_ok() {
        return Ok(None);
    }
    read(&response).map(Some)
}

/// Whether an error means that Stripe said nothing, as against saying no. A question that met
/// silence can be asked again; it has no answer now.
pub(crate) fn is_silence(error: &GatewayError) -> bool {
    matches!(
        error,
        GatewayError::NotExecuted(_) | GatewayError::UnknownOutcome(_)
    )
}

/// An id of Stripe's as a segment of a path.
pub(crate) fn segment(id: &str) -> String {
    byte_serialize(id.as_bytes())
        .collect::<String>()
        .replace('.', "%2E")
}

/// A setting that is on or off.
pub(crate) fn is_on(name: &str) -> bool {
    matches!(settings::get(name), Some(settings::Value::Boolean(true)))
}

/// Why a secret cannot be used, for the operator.
pub(crate) fn missing_secret(name: &str, error: secrets::SecretError) -> String {
    match error {
        secrets::SecretError::Denied => format!("the secret {name} is not granted"),
        secrets::SecretError::Missing => format!("the secret {name} is not set"),
    }
}

/// A request that can never be done, because of one field.
pub(crate) fn invalid(field: &str, message: impl Into<String>) -> GatewayError {
    GatewayError::InvalidRequest(vec![FieldError {
        field: field.to_owned(),
        message: message.into(),
    }])
}

pub(crate) fn unreadable(why: &str) -> GatewayError {
    GatewayError::UnknownOutcome(format!("Stripe's answer makes no sense: {why}"))
}

fn asked(path: &str, query: &Form) -> String {
    match query.text() {
        text if text.is_empty() => path.to_owned(),
        text => format!("{path}?{text}"),
    }
}

fn send(
    method: http::Method,
    path: &str,
    key: Option<&str>,
    form: Option<&Form>,
) -> Result<http::Response, GatewayError> {
    let api_key = secrets::get("api_key")
        .map_err(|error| GatewayError::Misconfigured(missing_secret("api_key", error)))?;
    let Some(settings::Value::Text(base_url)) = settings::get("base_url") else {
        return Err(GatewayError::Misconfigured(
            "the setting base_url is not set".to_owned(),
        ));
    };
    let text = |name: &str, value: &str| http::Header {
        name: name.to_owned(),
        value: http::HeaderValue::Text(value.to_owned()),
    };
    let mut headers = vec![
        http::Header {
            name: "authorization".to_owned(),
            value: http::HeaderValue::Secret(http::PrefixedSecret {
                prefix: "Bearer ".to_owned(),
                secret: &api_key,
            }),
        },
        text("stripe-version", VERSION),
    ];
    if form.is_some() {
        headers.push(text("content-type", "application/x-www-form-urlencoded"));
    }
    if let Some(key) = key {
        headers.push(text("idempotency-key", key));
    }
    http::fetch(&http::Request {
        method,
        url: format!("{}{path}", base_url.trim_end_matches('/')),
        headers,
        body: form.map(|form| form.text().into_bytes()),
        timeout_ms: None,
    })
    .map_err(no_answer)
}

/// What it means that there is no answer.
fn no_answer(error: http::FetchError) -> GatewayError {
    match error {
        http::FetchError::NotSent(why) => match why {
            http::NotSent::Denied(why) | http::NotSent::Invalid(why) => {
                GatewayError::Misconfigured(format!("the request was not let out: {why}"))
            }
            http::NotSent::Limit(why) | http::NotSent::Connect(why) | http::NotSent::Other(why) => {
                GatewayError::NotExecuted(why)
            }
            http::NotSent::Dns => {
                GatewayError::NotExecuted("Stripe's name cannot be resolved".to_owned())
            }
        },
        http::FetchError::MaybeSent(why) => GatewayError::UnknownOutcome(match why {
            http::MaybeSent::Timeout => "no answer in time".to_owned(),
            http::MaybeSent::ConnectionLost => "the connection broke".to_owned(),
            http::MaybeSent::ResponseTooLarge => "the answer was too large".to_owned(),
            http::MaybeSent::Other(why) => why,
        }),
    }
}

fn read<T: DeserializeOwned>(response: &http::Response) -> Result<T, GatewayError> {
    match response.status {
        200..=299 => {
            serde_json::from_slice(&response.body).map_err(|error| unreadable(&error.to_string()))
        }
        401 | 403 => Err(GatewayError::Misconfigured(
            "Stripe refuses the secret api_key".to_owned(),
        )),
        429 => Err(GatewayError::RateLimited(retry_after(response))),
        400 | 402 | 404 => Err(refused(refusal_of(response)?)),
        // Also 409: another request under the same key is under way.
        status => Err(GatewayError::UnknownOutcome(format!(
            "Stripe answered {status}"
        ))),
    }
}

/// Stripe's own words for why not. What is not in its words is not its answer.
fn refusal_of(response: &http::Response) -> Result<wire::Refusal, GatewayError> {
    serde_json::from_slice::<wire::Refused>(&response.body)
        .map(|refused| refused.error)
        .map_err(|_| unreadable(&format!("status {} and not why", response.status)))
}

/// What it means that Stripe says no to a request.
fn refused(refusal: wire::Refusal) -> GatewayError {
    if refusal.kind.as_deref() == Some("idempotency_error") {
        // This request was not done, but another one under the key was: whether money moved
        // for this payment is for a lookup to say.
        return GatewayError::UnknownOutcome(
            "the key was used before, for another request".to_owned(),
        );
    }
    let field = refusal.param.or(refusal.code);
    let message = refusal.message.unwrap_or_default();
    invalid(&field.unwrap_or_else(|| "request".to_owned()), message)
}

fn retry_after(response: &http::Response) -> Option<u32> {
    let header = response
        .headers
        .iter()
        .find(|header| header.name == "retry-after")?;
    header.value.trim().parse().ok()
}
