//! The bank's API: a transfer is a resource under the merchant's own id, so that ordering it
//! twice is ordering it once, and asking for it needs nothing else.

use serde::{Deserialize, Serialize};

use crate::bindings::vestibule::host::{http, secrets, settings};
use crate::types::GatewayError;

/// An order, as the bank takes it.
#[derive(Serialize)]
pub(crate) struct Order {
    pub(crate) amount: String,
    pub(crate) currency: String,
    pub(crate) purpose: String,
    pub(crate) back: String,
    /// In seconds.
    pub(crate) valid_until: i64,
}

/// A transfer, as the bank tells of it.
#[derive(Deserialize)]
pub(crate) struct Transfer {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) amount: String,
    pub(crate) currency: String,
    /// Where the customer approves it.
    pub(crate) approve: String,
    pub(crate) valid_until: i64,
    pub(crate) ordered_at: i64,
    /// Why the bank refused it.
    pub(crate) reason: Option<String>,
}

/// Orders a transfer under an id.
pub(crate) fn order(id: &str, order: &Order) -> Result<Transfer, GatewayError> {
    let body =
        serde_json::to_vec(order).map_err(|error| GatewayError::NotExecuted(error.to_string()))?;
    let response = send(http::Method::Put, &path(id, ""), Some(body))?;
    if response.status == 409 {
        // Another transfer stands under this id: what became of it is for a lookup to say.
        return Err(GatewayError::UnknownOutcome(
            "the id was used before, for another transfer".to_owned(),
        ));
    }
    read(&response)?.ok_or_else(|| unreadable("an order that it does not know"))
}

/// The transfer under an id, if the bank knows it.
pub(crate) fn transfer(id: &str) -> Result<Option<Transfer>, GatewayError> {
    read(&send(http::Method::Get, &path(id, ""), None)?)
}

/// Withdraws a transfer, if it still can be; how it stands after that.
pub(crate) fn withdraw(id: &str) -> Result<Option<Transfer>, GatewayError> {
    read(&send(http::Method::Post, &path(id, "/withdraw"), None)?)
}

pub(crate) fn unreadable(why: &str) -> GatewayError {
    GatewayError::UnknownOutcome(format!("the bank's answer makes no sense: {why}"))
}

fn path(id: &str, what: &str) -> String {
    // An id is hexadecimal at the bank, whatever it is here.
    let id = data_encoding::HEXLOWER.encode(id.as_bytes());
    format!("/transfers/{id}{what}")
}

fn send(
    method: http::Method,
    path: &str,
    body: Option<Vec<u8>>,
) -> Result<http::Response, GatewayError> {
    let missing = |what: &str| GatewayError::Misconfigured(format!("{what} is not set"));
    let (Some(settings::Value::Text(base_url)), Some(settings::Value::Text(merchant))) =
        (settings::get("base_url"), settings::get("merchant"))
    else {
        return Err(missing("base_url or merchant"));
    };
    let password = secrets::get("password").map_err(|_| missing("the secret password"))?;
    let mut headers = vec![http::Header {
        name: "authorization".to_owned(),
        value: http::HeaderValue::Basic(http::BasicCredentials {
            user: http::Credential::Text(merchant),
            password: http::Credential::Secret(&password),
        }),
    }];
    if body.is_some() {
        headers.push(http::Header {
            name: "content-type".to_owned(),
            value: http::HeaderValue::Text("application/json".to_owned()),
        });
    }
    http::fetch(&http::Request {
        method,
        url: format!("{}{path}", base_url.trim_end_matches('/')),
        headers,
        body,
        timeout_ms: None,
    })
    .map_err(|error| match error {
        http::FetchError::NotSent(http::NotSent::Denied(why) | http::NotSent::Invalid(why)) => {
            GatewayError::Misconfigured(format!("the request was not let out: {why}"))
        }
        http::FetchError::NotSent(_) => {
            GatewayError::NotExecuted("the bank cannot be reached".to_owned())
        }
        http::FetchError::MaybeSent(_) => {
            GatewayError::UnknownOutcome("the bank did not answer".to_owned())
        }
    })
}

fn read(response: &http::Response) -> Result<Option<Transfer>, GatewayError> {
    match response.status {
        200..=299 => serde_json::from_slice(&response.body)
            .map(Some)
            .map_err(|_| unreadable("it is no transfer")),
        404 => Ok(None),
        401 | 403 => Err(GatewayError::Misconfigured(
            "the bank refuses merchant or password".to_owned(),
        )),
        429 => Err(GatewayError::RateLimited(None)),
        400 | 422 => Err(crate::invalid("order", "the bank refuses it")),
        status => Err(GatewayError::UnknownOutcome(format!(
            "the bank answered {status}"
        ))),
    }
}
