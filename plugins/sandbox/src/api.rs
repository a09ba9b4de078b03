//! Requests to the processor, and what its answers mean.

use serde::Serialize;
use serde::de::DeserializeOwned;
use vestibule_plugin::api::{self, Method, Request, Response};
use vestibule_plugin::gateway::{GatewayError, invalid};
use vestibule_plugin::operator;

use crate::wire;

/// Its name in messages for the operator.
pub(crate) const WHOM: &str = "the processor";

/// Makes something under an idempotency key.
pub(crate) fn order<T: DeserializeOwned>(
    path: &str,
    key: &str,
    body: &impl Serialize,
) -> Result<T, GatewayError> {
    let body = api::json(body)?;
    read(&send(Method::Post, path, Some(key), Some(body))?)
}

/// Asks for something to be done that is the same when it is done twice.
pub(crate) fn post<T: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
) -> Result<T, GatewayError> {
    read(&send(Method::Post, path, None, Some(api::json(body)?))?)
}

/// As [`post`]; none when the processor does not know the thing.
pub(crate) fn post_if_known<T: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
) -> Result<Option<T>, GatewayError> {
    read_if_known(&send(Method::Post, path, None, Some(api::json(body)?))?)
}

/// Reads something.
pub(crate) fn get<T: DeserializeOwned>(path: &str) -> Result<T, GatewayError> {
    read(&send(Method::Get, path, None, None)?)
}

/// As [`get`]; none when the processor does not know the thing.
pub(crate) fn get_if_known<T: DeserializeOwned>(path: &str) -> Result<Option<T>, GatewayError> {
    read_if_known(&send(Method::Get, path, None, None)?)
}

fn send(
    method: Method,
    path: &str,
    key: Option<&str>,
    body: Option<Vec<u8>>,
) -> Result<Response, GatewayError> {
    let api_key = operator::secret("api_key")?;
    let mut request = Request::new(method, &operator::required("base_url")?, path)
        .bearer(&api_key)
        .header("accept", "application/json");
    if let Some(body) = body {
        request = request.body("application/json", body);
    }
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    request.send(WHOM)
}

fn read<T: DeserializeOwned>(response: &Response) -> Result<T, GatewayError> {
    match read_if_known(response)? {
        Some(known) => Ok(known),
        // Where a thing must be, "not found" is not its absence: it is another server.
        None => Err(wrong_address()),
    }
}

fn wrong_address() -> GatewayError {
    GatewayError::Misconfigured(
        "the processor does not know this address; check base_url".to_owned(),
    )
}

/// Whether the processor itself says that it does not know the thing: the 404 of a proxy or of
/// another server says nothing.
fn is_unknown(response: &Response) -> bool {
    let refusal = response.json::<wire::Refusal>(WHOM);
    refusal.is_ok_and(|refusal| refusal.error.code == "not_found")
}

fn read_if_known<T: DeserializeOwned>(response: &Response) -> Result<Option<T>, GatewayError> {
    match response.status {
        200..=299 => response.json(WHOM).map(Some),
        404 if is_unknown(response) => Ok(None),
        404 => Err(wrong_address()),
        400 | 409 | 413 | 422 => Err(refusal(response)),
        _ => Err(response.trouble(WHOM)),
    }
}

/// What it means that the processor says no to a request.
fn refusal(response: &Response) -> GatewayError {
    let error = match response.json::<wire::Refusal>(WHOM) {
        Ok(refusal) => refusal.error,
        Err(error) => return error,
    };
    if error.code == "idempotency_mismatch" {
        // This request was not done, but another one under the key was: whether money moved
        // for this payment is for a lookup to say.
        return GatewayError::UnknownOutcome(
            "the key was used before, for another request".to_owned(),
        );
    }
    invalid(&error.code, error.message)
}
