//! Requests to the processor, and what their failures mean. The rule of the whole file: a
//! request that certainly never left is *not executed*; one that may have arrived and has no
//! readable answer is an *unknown outcome*; only a readable answer is taken at its word.

use std::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::vestibule::host::{http, secrets, settings};
use crate::types::{FieldError, GatewayError};
use crate::wire;

/// Makes something under an idempotency key.
pub(crate) fn order<T: DeserializeOwned>(
    path: &str,
    key: &str,
    body: &impl Serialize,
) -> Result<T, GatewayError> {
    let response = send(http::Method::Post, path, Some(key), Some(encode(body)?))?;
    read(&response)
}

/// Asks for something to be done that is the same when it is done twice.
pub(crate) fn post<T: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
) -> Result<T, GatewayError> {
    let response = send(http::Method::Post, path, None, Some(encode(body)?))?;
    read(&response)
}

/// As [`post`]; none when the processor does not know the thing.
pub(crate) fn post_if_known<T: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
) -> Result<Option<T>, GatewayError> {
    read_if_known(&send(http::Method::Post, path, None, Some(encode(body)?))?)
}

/// Reads something.
pub(crate) fn get<T: DeserializeOwned>(path: &str) -> Result<T, GatewayError> {
    read(&send(http::Method::Get, path, None, None)?)
}

/// As [`get`]; none when the processor does not know the thing.
pub(crate) fn get_if_known<T: DeserializeOwned>(path: &str) -> Result<Option<T>, GatewayError> {
    read_if_known(&send(http::Method::Get, path, None, None)?)
}

/// Whether an error means that the processor said nothing, as against saying no. A question
/// that met silence can be asked again; it has no answer now.
pub(crate) fn is_silence(error: &GatewayError) -> bool {
    matches!(
        error,
        GatewayError::NotExecuted(_) | GatewayError::UnknownOutcome(_)
    )
}

/// Text as one segment or value of a URL.
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn encode(body: &impl Serialize) -> Result<Vec<u8>, GatewayError> {
    serde_json::to_vec(body).map_err(|error| GatewayError::NotExecuted(error.to_string()))
}

fn send(
    method: http::Method,
    path: &str,
    key: Option<&str>,
    body: Option<Vec<u8>>,
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
        text("accept", "application/json"),
    ];
    if body.is_some() {
        headers.push(text("content-type", "application/json"));
    }
    if let Some(key) = key {
        headers.push(text("idempotency-key", key));
    }
    http::fetch(&http::Request {
        method,
        url: format!("{}{path}", base_url.trim_end_matches('/')),
        headers,
        body,
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
                GatewayError::NotExecuted("the processor's name cannot be resolved".to_owned())
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

/// Why a secret cannot be used, for the operator.
pub(crate) fn missing_secret(name: &str, error: secrets::SecretError) -> String {
    match error {
        secrets::SecretError::Denied => format!("the secret {name} is not granted"),
        secrets::SecretError::Missing => format!("the secret {name} is not set"),
    }
}

fn read<T: DeserializeOwned>(response: &http::Response) -> Result<T, GatewayError> {
    match read_if_known(response)? {
        Some(known) => Ok(known),
        // Where a thing must be, "not found" is not its absence: it is another server.
        None => Err(GatewayError::Misconfigured(
            "the processor does not know this address; check base_url".to_owned(),
        )),
    }
}

fn read_if_known<T: DeserializeOwned>(
    response: &http::Response,
) -> Result<Option<T>, GatewayError> {
    match response.status {
        200..=299 => serde_json::from_slice(&response.body)
            .map(Some)
            .map_err(|_| {
                GatewayError::UnknownOutcome("the answer is not what the processor says".to_owned())
            }),
        404 => Ok(None),
        401 | 403 => Err(GatewayError::Misconfigured(
            "the processor refuses the secret api_key".to_owned(),
        )),
        429 => Err(GatewayError::RateLimited(retry_after(response))),
        400 | 409 | 413 | 422 => Err(refusal(response)),
        status => Err(GatewayError::UnknownOutcome(format!(
            "the processor answered {status}"
        ))),
    }
}

/// What it means that the processor says no to a request.
fn refusal(response: &http::Response) -> GatewayError {
    let Ok(wire::Refusal { error }) = serde_json::from_slice(&response.body) else {
        return GatewayError::UnknownOutcome(format!(
            "the processor answered {} and not why",
            response.status
        ));
    };
    if error.code == "idempotency_mismatch" {
        // This request was not done, but another one under the key was: whether money moved
        // for this payment is for a lookup to say.
        return GatewayError::UnknownOutcome(
            "the key was used before, for another request".to_owned(),
        );
    }
    GatewayError::InvalidRequest(vec![FieldError {
        field: error.code,
        message: error.message,
    }])
}

fn retry_after(response: &http::Response) -> Option<u32> {
    let header = response
        .headers
        .iter()
        .find(|header| header.name == "retry-after")?;
    header.value.trim().parse().ok()
}
