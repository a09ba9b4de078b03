//! A payment as a row, with its document and what went back of it.

use jiff::Timestamp;
use serde::Serialize;

use super::view::Method;
use crate::domain::invoice::{Corrected, Invoice};
use crate::domain::money::Money;
use crate::domain::payment::{DeclineCode, Payment, PaymentState};
use crate::domain::refund::{Refund, RefundState};

/// A payment in a list.
#[derive(Clone, Debug, Serialize)]
pub struct Charge {
    /// Its id.
    pub id: String,
    /// What was paid for.
    pub what: String,
    /// When it was started.
    pub at: Timestamp,
    /// How much.
    pub amount: Money,
    /// The state's name.
    pub state: &'static str,
    /// How the state is meant.
    pub tone: &'static str,
    /// Why it was declined: the ending of a message key.
    pub reason: Option<&'static str>,
    /// With what.
    pub method: Option<Method>,
    /// Its invoice, once that has a number.
    pub invoice: Option<Document>,
    /// What of it has gone back: `partial` or `full`.
    pub refunded: Option<&'static str>,
}

/// An invoice or credit note in a list.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// Its id.
    pub id: String,
    /// Its number as printed.
    pub number: String,
}

impl Document {
    /// `invoice`, once it has a number.
    pub fn of(invoice: &Invoice) -> Option<Self> {
        Some(Self {
            id: invoice.id.to_string(),
            number: invoice.number_text.clone()?,
        })
    }

    /// The invoice that a credit note names.
    pub fn corrected(named: &Corrected) -> Self {
        Self {
            id: named.invoice.to_string(),
            number: named.number.clone(),
        }
    }
}

impl Charge {
    /// `payment` for `what`.
    pub fn of(
        payment: &Payment,
        what: String,
        method: Option<Method>,
        invoice: Option<Document>,
        refunds: &[Refund],
    ) -> Self {
        let state = payment.standing();
        let reason = match &state {
            PaymentState::Declined { decline, .. } => Some(decline_word(decline.code)),
            _ => None,
        };
        Self {
            id: payment.id.to_string(),
            what,
            at: payment.created_at,
            amount: payment.amount,
            state: state.name(),
            tone: payment_tone(&state),
            reason,
            method,
            invoice,
            refunded: refunded(payment, refunds),
        }
    }
}

/// What of a payment has gone back: the ending of a message key.
fn refunded(payment: &Payment, refunds: &[Refund]) -> Option<&'static str> {
    let back = refunds
        .iter()
        .filter(|refund| matches!(refund.state, RefundState::Succeeded { .. }));
    match back.map(|refund| refund.total().minor).sum::<i64>() {
        0 => None,
        sum if sum >= payment.captured().minor => Some("full"),
        _ => Some("partial"),
    }
}

/// How the state of a payment is meant.
pub fn payment_tone(state: &PaymentState) -> &'static str {
    match state {
        PaymentState::Succeeded { .. } => "good",
        PaymentState::Declined { .. } => "bad",
        PaymentState::AwaitingCustomer { .. } => "warn",
        PaymentState::Created | PaymentState::Processing { .. } | PaymentState::Unknown { .. } => {
            "info"
        }
        PaymentState::Cancelled { .. } => "plain",
    }
}

/// The ending of the message `decline-…` that tells a customer why. What could tip off a thief
/// reads like any other decline.
pub fn decline_word(code: DeclineCode) -> &'static str {
    match code {
        DeclineCode::LostCard | DeclineCode::StolenCard | DeclineCode::Fraud => {
            DeclineCode::Generic.as_str()
        }
        told => told.as_str(),
    }
}
