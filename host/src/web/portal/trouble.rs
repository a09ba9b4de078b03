//! Refusals of a flow that a form can explain, so that the customer can go on from there.

use crate::flows::{Error, Refused};

/// The endings of the messages `trouble-…`.
pub(super) const ALL: &[&str] = &[
    "stale",
    "under-way",
    "method",
    "too-many",
    "choose",
    "code",
    "number",
];

/// The word for a refusal that the same form explains; none when it belongs on another page.
pub(super) fn word(error: &Error) -> Option<&'static str> {
    match error {
        Error::Refused(Refused::StaleQuote) => Some("stale"),
        Error::Refused(Refused::PaymentUnderWay | Refused::ChangePending) => Some("under-way"),
        Error::Refused(Refused::MethodUnusable) => Some("method"),
        Error::Refused(Refused::TooManyTries) => Some("too-many"),
        // Why a code does not work is nobody's business who only tries codes.
        Error::Invalid { field, .. } if field.starts_with("discount_code") => Some("code"),
        _ => None,
    }
}
