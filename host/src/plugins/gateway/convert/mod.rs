//! Between the records of flows and the types of `wit/`. On the way in everything is checked:
//! what cannot be true makes the whole answer malformed, what is only for show is cut.

mod answer;
mod news;
mod request;

use std::time::Duration;

pub(super) use self::answer::{description, ledger_page, refund, refund_lookup};
pub(super) use self::request::{
    charge_request, delivery, detach_request, pairs, refund_request, sent_request, setup_request,
};
use super::answer::Description;
use crate::domain::card_number;
use crate::domain::money::{Currency, Money};
use crate::plugins::binding::Binding;
use crate::plugins::bindings::vestibule::types::types as wit_types;
use crate::plugins::call::Code;
pub(super) use crate::plugins::said::note;
use jiff::Timestamp;

/// Fields that one complaint about a request may name.
pub(super) const MOST_FIELDS: usize = 20;

/// Bytes of a reference, key or id of the gateway.
const MOST_REFERENCE: usize = 255;

/// An answer that the interface does not allow.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(String);

impl Malformed {
    fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// Checks answers of one gateway.
pub(super) struct Checked<'a> {
    binding: &'a Binding,
    code: &'a Code,
}

impl<'a> Checked<'a> {
    pub(super) fn new(binding: &'a Binding, code: &'a Code) -> Self {
        Self { binding, code }
    }

    /// The declared origins of the gateway's pages that are permitted, with settings put in. One
    /// whose setting has no value is left out.
    pub(super) fn browser_origins(&self, description: &Description) -> Vec<String> {
        description
            .browser_origins
            .iter()
            .filter_map(|declared| self.binding.origin(declared))
            .filter(|origin| self.binding.permissions.browser.origins.contains(origin))
            .map(|origin| origin.to_string())
            .collect()
    }
}

pub(super) fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

fn money(money: &wit_types::Money) -> Result<Money, Malformed> {
    let currency: Currency = money
        .currency
        .parse()
        .map_err(|error| Malformed::new(format!("{error}")))?;
    if money.minor < 0 {
        return Err(Malformed::new("an amount is negative"));
    }
    Ok(Money::new(money.minor, currency))
}

fn timestamp(microseconds: i64) -> Result<Timestamp, Malformed> {
    Timestamp::from_microsecond(microseconds)
        .map_err(|_| Malformed::new(format!("{microseconds} is not a moment in microseconds")))
}

/// A reference of the gateway: not empty, not long, printable ASCII.
fn reference(text: String) -> Result<String, Malformed> {
    if text.is_empty() || text.len() > MOST_REFERENCE || !text.bytes().all(|b| b.is_ascii_graphic())
    {
        return Err(Malformed::new(format!(
            "a reference is not 1 to {MOST_REFERENCE} printable ASCII characters"
        )));
    }
    Ok(text)
}

fn optional_reference(text: Option<String>) -> Result<Option<String>, Malformed> {
    text.map(reference).transpose()
}

/// A name that may be one of ours. Others use the same account at the gateway, and name their things as
/// they like: what could be none of ours is no name here.
fn ours(name: Option<String>) -> Option<String> {
    name.and_then(|name| reference(name).ok())
}

/// A text that is only shown: cut to `most` characters, without control characters; none when
/// nothing is left, or when it holds the number of a card.
fn shown(text: Option<String>, most: usize) -> Option<String> {
    let text: String = text
        .filter(|text| !card_number::is_in(text))?
        .chars()
        .filter(|c| !c.is_control())
        .take(most)
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_has_no_control_characters_and_no_card_number() {
        let shown = |text: &str| shown(Some(text.to_owned()), 10);
        assert_eq!(shown("Ada\u{0}\u{7} L").as_deref(), Some("Ada L"));
        assert_eq!(shown("a longer name").as_deref(), Some("a longer n"));
        for nothing in ["", " \n", "4242424242424242", "Ada 4242 4242 4242 4242"] {
            assert_eq!(shown(nothing), None, "{nothing:?}");
        }
    }
}
