//! What the host asks of a gateway: plain records, stored as they were sent and sent again
//! only as they were stored. No wasmtime type, and nothing about how a call is made.

use jiff::Timestamp;
use reqwest::header::{COOKIE, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::answer::MethodKind;
use crate::domain::email::Email;
use crate::domain::money::{Currency, Money};

/// The customer, as far as a gateway needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The host's id, `cus_…`.
    pub id: String,
    /// The e-mail address.
    pub email: Email,
    /// The name, where known.
    pub name: Option<String>,
    /// The gateway's reference, once an earlier answer gave one.
    pub reference: Option<String>,
    /// BCP 47 tag of the language the customer reads.
    pub locale: String,
    /// ISO 3166-1 alpha-2 code of the billing country, where known.
    pub country: Option<String>,
}

/// A saved method with all that a later charge has to quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMethod {
    /// The gateway's reference of the method.
    pub reference: String,
    /// The mandate, where the gateway gave one.
    pub mandate: Option<String>,
    /// The network's reference of the first transaction, where the gateway gave one.
    pub network: Option<String>,
}

/// What to charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MethodChoice {
    /// This method.
    Stored(StoredMethod),
    /// One that the customer gives now at the gateway, of these kinds; any kind when empty.
    Collect(Vec<MethodKind>),
}

/// Who started a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initiator {
    /// The customer, who can confirm.
    CustomerPresent,
    /// The merchant, as agreed, at a regular time.
    MerchantRecurring,
    /// The merchant, as agreed, at no regular time.
    MerchantUnscheduled,
}

/// A charge. `key` is the payment's id: one key, at most one charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeRequest {
    /// The idempotency key.
    pub key: String,
    /// Who pays.
    pub customer: Customer,
    /// How much.
    pub amount: Money,
    /// With what.
    pub method: MethodChoice,
    /// Who started it.
    pub initiator: Initiator,
    /// Whether the gateway has to save the method for later charges.
    pub save: bool,
    /// Where the gateway's page sends the customer back to.
    pub return_url: String,
    /// A short text for the statement and the gateway's own lists.
    pub description: String,
    /// No action may be offered past this moment.
    pub expires_at: Timestamp,
}

/// A wish to save a method without a charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupRequest {
    /// The idempotency key: the set-up's id.
    pub key: String,
    /// Whose method it is.
    pub customer: Customer,
    /// The kinds wanted; any kind when empty.
    pub kinds: Vec<MethodKind>,
    /// The currency the method will be charged in.
    pub currency: Currency,
    /// Where the gateway's page sends the customer back to.
    pub return_url: String,
    /// No action may be offered past this moment.
    pub expires_at: Timestamp,
}

/// All that the host knows about a request it sent earlier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentRequest {
    /// The key it was sent with.
    pub key: String,
    /// The gateway's reference of it, when an answer gave one.
    pub reference: Option<String>,
    /// The gateway's reference of the customer, when known.
    pub customer_reference: Option<String>,
    /// When it was sent first, in host time.
    pub first_sent_at: Timestamp,
    /// The amount it asked for; none for a set-up.
    pub amount: Option<Money>,
}

/// A wish to give money back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    /// The idempotency key: the refund's id.
    pub key: String,
    /// The payment that is given back.
    pub payment: SentRequest,
    /// How much.
    pub amount: Money,
    /// Why, for the gateway's own lists.
    pub reason: Option<String>,
}

/// A wish that the gateway forgets a method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachRequest {
    /// The method.
    pub method: StoredMethod,
    /// The gateway's reference of the customer, when known.
    pub customer_reference: Option<String>,
}

/// A name and a value, such as a query parameter that the browser brought back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// The value may be a token of the gateway, so only the name is shown.
impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=…", self.name)
    }
}

/// A request that came to a gateway's webhook address, exactly as it came.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The headers, names in lower case.
    pub headers: Vec<Pair>,
    /// The query parameters, decoded.
    pub query: Vec<Pair>,
    /// The body.
    pub body: Vec<u8>,
    /// When it came, in host time.
    pub received_at: Timestamp,
}

impl Delivery {
    /// The headers that are text, in UTF-8 as they came, without the cookies, which are the portal's
    /// own. Their names are in small letters.
    pub fn readable(headers: &HeaderMap) -> Vec<Pair> {
        let others = headers.iter().filter(|(name, _)| **name != COOKIE);
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            let value = std::str::from_utf8(value.as_bytes()).ok()?.to_owned();
            let name = name.as_str().to_owned();
            Some(Pair { name, value })
        };
        others.filter_map(text).collect()
    }

    /// The pairs of a query.
    pub fn decoded(query: &str) -> Vec<Pair> {
        url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| Pair {
                name: name.into_owned(),
                value: value.into_owned(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
