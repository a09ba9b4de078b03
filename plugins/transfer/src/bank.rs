//! The bank's API: a transfer is a resource under the merchant's own id, so that ordering it
//! twice is ordering it once, and asking for it needs nothing else.

use serde::{Deserialize, Serialize};
use vestibule_plugin::api::{self, Method, Request, Response};
use vestibule_plugin::gateway::{GatewayError, invalid};
use vestibule_plugin::operator;

/// Its name in messages for the operator.
const WHOM: &str = "the bank";

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

/// What the bank says instead of a transfer.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Orders a transfer under an id.
pub(crate) fn order(id: &str, order: &Order) -> Result<Transfer, GatewayError> {
    let response = send(Method::Put, &path(id, ""), Some(api::json(order)?))?;
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
    read(&send(Method::Get, &path(id, ""), None)?)
}

/// Withdraws a transfer, if it still can be; how it stands after that.
pub(crate) fn withdraw(id: &str) -> Result<Option<Transfer>, GatewayError> {
    read(&send(Method::Post, &path(id, "/withdraw"), None)?)
}

pub(crate) fn unreadable(why: &str) -> GatewayError {
    api::unreadable(WHOM, why)
}

fn path(id: &str, what: &str) -> String {
    // An id is hexadecimal at the bank, whatever it is here.
    let id = data_encoding::HEXLOWER.encode(id.as_bytes());
    format!("/transfers/{id}{what}")
}

fn send(method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Response, GatewayError> {
    let password = operator::secret("password")?;
    let mut request = Request::new(method, &operator::required("base_url")?, path)
        .basic(operator::required("merchant")?, &password);
    if let Some(body) = body {
        request = request.body("application/json", body);
    }
    request.send(WHOM)
}

fn read(response: &Response) -> Result<Option<Transfer>, GatewayError> {
    match response.status {
        200..=299 => response.json(WHOM).map(Some),
        404 if is_unknown_transfer(response) => Ok(None),
        400 | 422 => Err(invalid("order", "the bank refuses it")),
        _ => Err(response.trouble(WHOM)),
    }
}

/// Whether it is the bank that says so, in its words: any server that stands in its place, such as a
/// proxy while the bank is away, answers 404 to what it does not know, and knows nothing of money.
fn is_unknown_transfer(response: &Response) -> bool {
    response
        .json::<Refusal>(WHOM)
        .is_ok_and(|refusal| refusal.error == "unknown-transfer")
}
