//! What Stripe knows of an earlier request: by Stripe's own reference where there is one, since
//! that is never late; otherwise by the host's key in the metadata of lists, which are current.

use serde::de::DeserializeOwned;
use vestibule_plugin::api::segment;
use vestibule_plugin::host::clock;

use crate::api::{self, Form};
use crate::wire::{self, Intent, List, Session};
use vestibule_plugin::gateway::{GatewayError, SentRequest};

/// The answer to a question for a key.
pub(crate) enum Found<T> {
    This(T),
    /// The lists were read to their end, and it is not there.
    Nothing,
    /// That cannot be told: the lists are longer than a call may read, or of another account.
    TooMuch,
}

/// How a customer stands whom Stripe once had.
pub(crate) enum Standing {
    There,
    Deleted,
    /// Stripe forgets nobody: this is another account.
    Unknown,
}

/// A charge: on Stripe's page, or of a saved method.
pub(crate) enum Charge {
    Session(Session),
    Intent(Intent),
}

/// What a session, an intent, and an intent of a list brings along.
const WITH_SESSION: [&str; 4] = [
    "payment_intent.payment_method",
    "payment_intent.latest_charge",
    "setup_intent",
    "setup_intent.payment_method",
];
pub(crate) const WITH_INTENT: [&str; 2] = ["payment_method", "latest_charge"];
const WITH_LISTED: &str = "data.payment_method";

/// How many entries a page of a list has, and how many pages are read of one list.
const PAGE: &str = "100";
const PAGES: usize = 3;
/// For how long after the first sending the host may send again, in seconds: half of the key's
/// lifetime. And by how much the clocks may differ.
const RESENT: i64 = 12 * 60 * 60;
const CLOCKS: i64 = 5 * 60;

/// The charge that was sent.
pub(crate) fn charge(sent: &SentRequest) -> Result<Found<Charge>, GatewayError> {
    if let Some(reference) = &sent.reference {
        let known = if reference.starts_with("cs_") {
            session_by_id(reference)?.map(Charge::Session)
        } else {
            intent_by_id(reference)?.map(Charge::Intent)
        };
        return match known {
            Some(charge) if charge.key() != Some(&sent.key) => {
                Err(api::unreadable("it is about another key"))
            }
            Some(charge) => Ok(Found::This(charge)),
            // Stripe gave the reference and forgets none: this is another account.
            None => Ok(Found::TooMuch),
        };
    }
    wherever(sent, listed)
}

/// The charge as the lists have it.
fn listed(sent: &SentRequest) -> Result<Found<Charge>, GatewayError> {
    let sessions = listed_session(sent)?;
    if let Found::This(session) = sessions {
        return Ok(Found::This(Charge::Session(session)));
    }
    let mut query = window(sent);
    query.set("expand[]", WITH_LISTED);
    let is_it = |intent: &Intent| marked(&intent.metadata, &sent.key);
    let intents = walk(
        "/v1/payment_intents",
        &query,
        |intent: &Intent| &intent.id,
        is_it,
    )?;
    match (intents, sessions) {
        (Found::This(intent), _) => Ok(Found::This(Charge::Intent(intent))),
        (Found::Nothing, Found::Nothing) => Ok(Found::Nothing),
        // The index may be late: what it finds is true, what it does not find means nothing.
        (Found::TooMuch, _) | (_, Found::TooMuch | Found::This(_)) => Ok(searched(&sent.key)?
            .map_or(Found::TooMuch, |intent| Found::This(Charge::Intent(intent)))),
    }
}

/// The visit to Stripe's page that was made for the key: of a charge or a set-up.
pub(crate) fn session(sent: &SentRequest) -> Result<Found<Session>, GatewayError> {
    if let Some(reference) = &sent.reference {
        return match session_by_id(reference)? {
            Some(session) if !marked(&session.metadata, &sent.key) => {
                Err(api::unreadable("it is about another key"))
            }
            Some(session) => Ok(Found::This(session)),
            None => Ok(Found::TooMuch),
        };
    }
    wherever(sent, listed_session)
}

/// The visit that was opened for the key within the time in which requests are repeated.
pub(crate) fn session_of_late(key: &str, customer: &str) -> Result<Found<Session>, GatewayError> {
    let latest = clock::now().saturating_sub(RESENT.saturating_mul(1_000_000));
    listed_session(&SentRequest {
        key: key.to_owned(),
        reference: None,
        customer_reference: Some(customer.to_owned()),
        first_sent_at: latest,
        amount: None,
        extra: Vec::new(),
    })
}

/// The visit as the list has it.
fn listed_session(sent: &SentRequest) -> Result<Found<Session>, GatewayError> {
    let is_it = |session: &Session| marked(&session.metadata, &sent.key);
    let found = walk(
        "/v1/checkout/sessions",
        &window(sent),
        |session: &Session| &session.id,
        is_it,
    )?;
    match found {
        // A list gives less than the thing itself.
        Found::This(session) => Ok(session_by_id(&session.id)?.map_or(Found::Nothing, Found::This)),
        other => Ok(other),
    }
}

/// Looks among what is of the customer; of one whom the merchant deleted among everything, since the
/// request may have gone on with another (`order::visit`).
fn wherever<T>(
    sent: &SentRequest,
    look: impl Fn(&SentRequest) -> Result<Found<T>, GatewayError>,
) -> Result<Found<T>, GatewayError> {
    let found = look(sent);
    let Some(customer) = &sent.customer_reference else {
        return found;
    };
    if !matches!(
        found,
        Ok(Found::Nothing) | Err(GatewayError::InvalidRequest(_))
    ) {
        return found;
    }
    match standing(customer)? {
        Standing::There => found,
        Standing::Deleted => look(&SentRequest {
            customer_reference: None,
            ..sent.clone()
        }),
        Standing::Unknown => Ok(Found::TooMuch),
    }
}

/// Whether Stripe still has a customer.
pub(crate) fn standing(customer: &str) -> Result<Standing, GatewayError> {
    let path = format!("/v1/customers/{}", segment(customer));
    let known: Option<wire::Customer> = api::get_if_known(&path, &Form::new())?;
    Ok(match known {
        Some(customer) if customer.deleted => Standing::Deleted,
        Some(_) => Standing::There,
        None => Standing::Unknown,
    })
}

/// The session with this id, with all that its state needs.
pub(crate) fn session_by_id(id: &str) -> Result<Option<Session>, GatewayError> {
    let mut query = Form::new();
    for part in WITH_SESSION {
        query.set("expand[]", part);
    }
    api::get_if_known(&format!("/v1/checkout/sessions/{}", segment(id)), &query)
}

/// The intent with this id.
pub(crate) fn intent_by_id(id: &str) -> Result<Option<Intent>, GatewayError> {
    let mut query = Form::new();
    for part in WITH_INTENT {
        query.set("expand[]", part);
    }
    api::get_if_known(&format!("/v1/payment_intents/{}", segment(id)), &query)
}

/// Whether metadata is of this key.
pub(crate) fn marked(metadata: &wire::Metadata, key: &str) -> bool {
    metadata.get(wire::KEY).is_some_and(|marked| marked == key)
}

impl Charge {
    fn key(&self) -> Option<&String> {
        match self {
            Self::Session(session) => session.metadata.get(wire::KEY),
            Self::Intent(intent) => intent.metadata.get(wire::KEY),
        }
    }
}

/// The part of a list in which what was sent must be.
pub(crate) fn window(sent: &SentRequest) -> Form {
    let first = sent.first_sent_at.div_euclid(1_000_000);
    let mut query = Form::new();
    query
        .set("limit", PAGE)
        .set("created[gte]", first.saturating_sub(CLOCKS).to_string())
        .set(
            "created[lte]",
            first
                .saturating_add(RESENT)
                .saturating_add(CLOCKS)
                .to_string(),
        );
    if let Some(customer) = &sent.customer_reference {
        query.set("customer", customer.as_str());
    }
    query
}

/// Reads a list until something is it.
pub(crate) fn walk<T: DeserializeOwned>(
    path: &str,
    query: &Form,
    id: impl Fn(&T) -> &String,
    is_it: impl Fn(&T) -> bool,
) -> Result<Found<T>, GatewayError> {
    let mut after: Option<String> = None;
    for _ in 0..PAGES {
        let mut page = query.clone();
        if let Some(after) = &after {
            page.set("starting_after", after.as_str());
        }
        let list: List<T> = api::get(path, &page)?;
        after = list.data.last().map(|last| id(last).clone());
        if let Some(found) = list.data.into_iter().find(&is_it) {
            return Ok(Found::This(found));
        }
        if !list.has_more || after.is_none() {
            return Ok(Found::Nothing);
        }
    }
    Ok(Found::TooMuch)
}

/// The intent of this key, as far as Stripe's index knows it by now.
fn searched(key: &str) -> Result<Option<Intent>, GatewayError> {
    // The host's keys have no quotes; one that had would search for something else.
    if key.contains(['\'', '"', '\\']) {
        return Ok(None);
    }
    let mut query = Form::new();
    query
        .set("query", format!("metadata['{}']:'{key}'", wire::KEY))
        .set("expand[]", WITH_LISTED);
    let found: List<Intent> = api::get("/v1/payment_intents/search", &query)?;
    let mut found = found.data.into_iter();
    Ok(found.find(|intent| marked(&intent.metadata, key)))
}
