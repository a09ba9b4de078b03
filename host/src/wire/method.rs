//! Saved payment methods on the wire.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::id::MethodId;
use crate::domain::method::PaymentMethod;

/// A saved method of a customer.
#[derive(Debug, Serialize)]
pub struct Method {
    /// `card`, `bank_debit` … in Dodo's words.
    pub payment_method: String,
    /// Identity.
    pub payment_method_id: MethodId,
    /// The kind within the kind: `credit`, `debit` for cards.
    pub payment_method_type: Option<String>,
    /// What is known of the card.
    pub card: Option<Card>,
    /// When it was last charged or chosen.
    pub last_used_at: Option<Timestamp>,
    /// Whether it can be charged without the customer.
    pub recurring_enabled: bool,
}

/// What may be shown of a card.
#[derive(Debug, Serialize)]
pub struct Card {
    /// The name on it.
    pub card_holder_name: Option<String>,
    /// The issuer's country.
    pub card_issuing_country: Option<String>,
    /// Its brand.
    pub card_network: Option<String>,
    /// `credit`, `debit`, `prepaid`.
    pub card_type: Option<String>,
    /// `01` to `12`, as a text.
    pub expiry_month: Option<String>,
    /// Four digits, as a text.
    pub expiry_year: Option<String>,
    /// The last four digits of its number.
    pub last4_digits: Option<String>,
}

impl From<&PaymentMethod> for Method {
    fn from(method: &PaymentMethod) -> Self {
        let card = (method.kind == "card").then(|| Card {
            card_holder_name: method.holder.clone(),
            card_issuing_country: method.country.clone(),
            card_network: method.brand.clone(),
            card_type: method.funding.clone(),
            expiry_month: method.expiry_month.map(|month| format!("{month:02}")),
            expiry_year: method.expiry_year.map(|year| year.to_string()),
            last4_digits: method.last4.clone(),
        });
        Self {
            payment_method: method.kind.clone(),
            payment_method_id: method.id.clone(),
            payment_method_type: kind_of(method),
            card,
            last_used_at: method.last_used_at,
            recurring_enabled: true,
        }
    }
}

/// Dodo's `payment_method_type`, where the gateway told enough for one.
fn kind_of(method: &PaymentMethod) -> Option<String> {
    match method.funding.as_deref() {
        Some(kind @ ("credit" | "debit")) if method.kind == "card" => Some(kind.to_owned()),
        _ => None,
    }
}
