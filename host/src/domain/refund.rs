//! Giving money back, from intent to outcome. As with payments, time never fails a refund: only
//! an answer of the gateway moves it out of `unknown`.

pub mod parts;

use jiff::Timestamp;

use self::parts::Part;
use super::Scope;
use super::id::{CustomerId, InvoiceId, PaymentId, RefundId, SubscriptionId};
use super::money::Money;
use super::text_enum;
use super::transition::{Refusal, Transition};

text_enum! {
    /// Who wanted a refund.
    pub enum RefundCause {
        /// The merchant.
        Merchant = "merchant",
        /// The rule for money that settled nothing.
        Unapplied = "unapplied",
    }
}

text_enum! {
    /// What became of a refund that had succeeded and came back.
    pub enum Bounce {
        /// Somebody has to decide how the customer gets the money.
        Open = "open",
        /// That is decided, or done.
        Decided = "decided",
    }
}

/// Where a refund stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// Intended; nothing was sent, or nothing was executed.
    Created,
    /// The bank is moving the money back.
    Processing {
        /// When the gateway expects to know (host time).
        expected_by: Timestamp,
    },
    /// Sent, and nobody knows what became of it yet.
    Unknown {
        /// Since when (host time).
        since: Timestamp,
    },
    /// The money is on its way back, or there.
    Succeeded {
        /// When we learnt it (business time).
        at: Timestamp,
    },
    /// It did not happen, or the money came back; and it will not under this key.
    Failed {
        /// Why, for the operator.
        why: String,
        /// When we learnt it (business time).
        at: Timestamp,
    },
}

/// What can be learnt about a refund, from any road.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundEvent {
    /// The money is on its way back.
    Succeeded,
    /// The bank is moving it.
    Processing {
        /// When the gateway expects to know.
        expected_by: Timestamp,
    },
    /// A definite no.
    Failed(String),
    /// A time-out, a trap, a lost connection, nonsense.
    OutcomeUnknown,
}

impl RefundState {
    /// What `event` does here. `business_now` dates outcomes, `host_now` what is waited for.
    #[must_use]
    pub fn apply(
        &self,
        event: RefundEvent,
        business_now: Timestamp,
        host_now: Timestamp,
    ) -> Transition<Self> {
        use RefundEvent as Event;
        use RefundState as State;
        use Transition::{Moved, Refused, Unchanged};

        let at = business_now;
        match (self, event) {
            (State::Succeeded { .. }, Event::Succeeded)
            | (State::Failed { .. }, Event::Failed(_))
            | (State::Processing { .. }, Event::Processing { .. } | Event::OutcomeUnknown)
            | (State::Unknown { .. }, Event::OutcomeUnknown) => Unchanged,

            // A bank that cannot book it sends it back, even days after it was done.
            (
                State::Created
                | State::Unknown { .. }
                | State::Processing { .. }
                | State::Succeeded { .. },
                Event::Failed(why),
            ) => Moved(State::Failed { why, at }),

            (State::Succeeded { .. }, _) => Refused(Refusal::Settled),

            // The money did go back after all: it is never ignored.
            (_, Event::Succeeded) => Moved(State::Succeeded { at }),

            (State::Failed { .. }, _) => Refused(Refusal::Stale),

            (State::Created | State::Unknown { .. }, Event::Processing { expected_by }) => {
                Moved(State::Processing { expected_by })
            }

            (State::Created, Event::OutcomeUnknown) => Moved(State::Unknown { since: host_now }),
        }
    }

    /// Whether more is to come.
    pub const fn is_open(&self) -> bool {
        matches!(
            self,
            Self::Created | Self::Processing { .. } | Self::Unknown { .. }
        )
    }

    /// The state's name without its facts.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Processing { .. } => "processing",
            Self::Unknown { .. } => "unknown",
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { .. } => "failed",
        }
    }
}

/// One refund. Its id is the idempotency key at the gateway.
#[derive(Clone, Debug)]
pub struct Refund {
    /// Identity and idempotency key.
    pub id: RefundId,
    /// Business and mode.
    pub scope: Scope,
    /// What is given back, whole or in part.
    pub payment: PaymentId,
    /// To whom.
    pub customer: CustomerId,
    /// The subscription that the payment was for.
    pub subscription: Option<SubscriptionId>,
    /// The business's name for the gateway that took the money.
    pub gateway: String,
    /// Who wanted it.
    pub cause: RefundCause,
    /// What was asked for.
    pub amount: Money,
    /// What really went back, in minor units, where that is something else.
    pub moved_minor: Option<i64>,
    /// The same per line that was paid for; empty for money that settled nothing.
    pub parts: Vec<Part>,
    /// Whether it was less than the whole payment.
    pub is_partial: bool,
    /// Why, in the merchant's words.
    pub reason: Option<String>,
    /// The merchant's metadata (a JSON object).
    pub metadata: String,
    /// Where it stands.
    pub state: RefundState,
    /// When the request left for the gateway (host time).
    pub sent_at: Option<Timestamp>,
    /// The request exactly as first sent (JSON); only this is ever re-sent.
    pub request: String,
    /// The gateway's reference, once known.
    pub gateway_ref: Option<String>,
    /// How often the gateway was asked what became of it.
    pub lookups: u32,
    /// When the gateway first said "no such refund" in a row of such answers (host time).
    pub absent_since: Option<Timestamp>,
    /// Whether it waits, unsent, until a bank has decided about the payment.
    pub waits: bool,
    /// Since when its key may be at the gateway (host time), where it waited before it was sent;
    /// otherwise since it was made.
    pub key_from: Option<Timestamp>,
    /// The document that corrects the invoice.
    pub credit_note: Option<InvoiceId>,
    /// Whether it had succeeded and came back.
    pub bounced: Option<Bounce>,
    /// The document that takes the credit note back.
    pub correction: Option<InvoiceId>,
    /// When it was intended (business time).
    pub created_at: Timestamp,
    /// When it last changed (business time).
    pub updated_at: Timestamp,
    /// Counts writes; a save with an old number is refused.
    pub version: i64,
}

impl Refund {
    /// What went back, or is to go back.
    pub fn total(&self) -> Money {
        Money::new(
            self.moved_minor.unwrap_or(self.amount.minor),
            self.amount.currency,
        )
    }

    /// Whether its money went back once, though it may have come again.
    pub const fn has_moved(&self) -> bool {
        matches!(self.state, RefundState::Succeeded { .. }) || self.bounced.is_some()
    }

    /// Whether it takes from what can still be given back.
    pub const fn counts(&self) -> bool {
        !matches!(self.state, RefundState::Failed { .. })
    }

    /// The state as it may be told: one that was sent and has no answer is unknown, whatever the
    /// row says.
    pub fn standing(&self) -> RefundState {
        match (&self.state, self.sent_at) {
            (RefundState::Created, Some(since)) => RefundState::Unknown { since },
            (state, _) => state.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
