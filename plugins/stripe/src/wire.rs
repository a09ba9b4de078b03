//! Stripe's JSON, as far as this plugin reads it. Fields that it does not know are ignored, so
//! that Stripe may grow; states are texts, because a new one must not make an answer unreadable.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Metadata: where the host's key stands.
pub(crate) type Metadata = BTreeMap<String, String>;

/// The metadata that holds the key of a charge, set-up or refund.
pub(crate) const KEY: &str = "vestibule_key";
/// The metadata that holds when the host's wish ends, in seconds.
pub(crate) const UNTIL: &str = "vestibule_until";
/// The metadata that holds the host's id of a customer.
pub(crate) const CUSTOMER: &str = "vestibule_customer";

/// Something that stands in an answer by its id, or whole where that was asked for.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Expandable<T> {
    Id(String),
    Whole(Box<T>),
}

impl<T> Expandable<T> {
    pub(crate) fn whole(self) -> Option<T> {
        match self {
            Self::Id(_) => None,
            Self::Whole(whole) => Some(*whole),
        }
    }
}

/// A Checkout Session: one visit to Stripe's page.
#[derive(Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// `open`, `complete` or `expired`.
    pub(crate) status: Option<String>,
    /// `payment` or `setup`.
    pub(crate) mode: String,
    pub(crate) url: Option<String>,
    pub(crate) expires_at: i64,
    pub(crate) amount_total: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) customer: Option<String>,
    pub(crate) payment_intent: Option<Expandable<Intent>>,
    pub(crate) setup_intent: Option<Expandable<SetupIntent>>,
    #[serde(default)]
    pub(crate) metadata: Metadata,
}

#[derive(Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) created: i64,
    pub(crate) customer: Option<String>,
    pub(crate) payment_method: Option<Expandable<Method>>,
    pub(crate) latest_charge: Option<Expandable<Charged>>,
    pub(crate) last_payment_error: Option<Refusal>,
    pub(crate) next_action: Option<NextAction>,
    #[serde(default)]
    pub(crate) metadata: Metadata,
}

/// The charge of an intent, as far as it matters.
#[derive(Deserialize)]
pub(crate) struct Charged {
    pub(crate) payment_method_details: Option<ChargedMethod>,
}

#[derive(Deserialize)]
pub(crate) struct ChargedMethod {
    pub(crate) sepa_debit: Option<ChargedDebit>,
}

#[derive(Deserialize)]
pub(crate) struct ChargedDebit {
    pub(crate) mandate: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct SetupIntent {
    pub(crate) status: String,
    pub(crate) created: i64,
    pub(crate) customer: Option<String>,
    pub(crate) payment_method: Option<Expandable<Method>>,
    pub(crate) mandate: Option<String>,
    pub(crate) last_setup_error: Option<Refusal>,
}

#[derive(Deserialize)]
pub(crate) struct NextAction {
    pub(crate) redirect_to_url: Option<Redirect>,
}

#[derive(Deserialize)]
pub(crate) struct Redirect {
    pub(crate) url: String,
}

#[derive(Deserialize)]
pub(crate) struct Method {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) customer: Option<String>,
    #[serde(default)]
    pub(crate) billing_details: BillingDetails,
    pub(crate) card: Option<Card>,
    pub(crate) sepa_debit: Option<SepaDebit>,
}

#[derive(Default, Deserialize)]
pub(crate) struct BillingDetails {
    pub(crate) name: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Card {
    pub(crate) brand: Option<String>,
    pub(crate) last4: Option<String>,
    pub(crate) exp_month: Option<u8>,
    pub(crate) exp_year: Option<u16>,
    pub(crate) funding: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) fingerprint: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct SepaDebit {
    pub(crate) bank_code: Option<String>,
    pub(crate) last4: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) fingerprint: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) deleted: bool,
}

#[derive(Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) status: Option<String>,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) created: i64,
    pub(crate) failure_reason: Option<String>,
    #[serde(default)]
    pub(crate) metadata: Metadata,
}

#[derive(Deserialize)]
pub(crate) struct Dispute {
    pub(crate) id: String,
    pub(crate) payment_intent: Option<String>,
    pub(crate) status: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) reason: Option<String>,
    pub(crate) payment_method_details: Option<DisputedMethod>,
    #[serde(default)]
    pub(crate) balance_transactions: Vec<Moved>,
}

/// What a dispute has moved: below zero where it was taken.
#[derive(Deserialize)]
pub(crate) struct Moved {
    pub(crate) amount: i64,
}

#[derive(Deserialize)]
pub(crate) struct DisputedMethod {
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// A line of Stripe's books.
#[derive(Deserialize)]
pub(crate) struct Movement {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) created: i64,
    pub(crate) source: Option<Expandable<Source>>,
}

/// What a line of the books is about, as far as it matters.
#[derive(Deserialize)]
pub(crate) struct Source {
    pub(crate) id: String,
    pub(crate) amount: Option<i64>,
    pub(crate) currency: Option<String>,
    #[serde(default)]
    pub(crate) metadata: Metadata,
}

/// A page of a list, newest first.
#[derive(Deserialize)]
pub(crate) struct List<T> {
    pub(crate) data: Vec<T>,
    pub(crate) has_more: bool,
}

/// A webhook's body; the object is read once its type is known.
#[derive(Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) created: i64,
    pub(crate) data: EventData,
}

#[derive(Deserialize)]
pub(crate) struct EventData {
    pub(crate) object: serde_json::Value,
}

/// The part of any object that names the host's key.
#[derive(Deserialize)]
pub(crate) struct Marked {
    #[serde(default)]
    pub(crate) metadata: Metadata,
}

/// The body of an answer that is not 2xx.
#[derive(Deserialize)]
pub(crate) struct Refused {
    pub(crate) error: Refusal,
}

/// Why not: of a request, or the last error of an intent.
#[derive(Clone, Deserialize)]
pub(crate) struct Refusal {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) decline_code: Option<String>,
    pub(crate) advice_code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) param: Option<String>,
    pub(crate) payment_intent: Option<Named>,
}

/// An object of which only the id matters.
#[derive(Clone, Deserialize)]
pub(crate) struct Named {
    pub(crate) id: String,
}
