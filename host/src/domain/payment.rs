//! One attempt to take money, from intent to outcome. Time never fails a payment: only an
//! answer of the gateway, or an owner's audited decision, moves it out of `unknown`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Scope;
use super::customer::BuyerDetails;
use super::id::{CustomerId, InvoiceId, MethodId, PaymentId, SubscriptionId};
use super::money::Money;
use super::period::Period;
use super::text_enum;
use super::transition::{Refusal, Transition};

text_enum! {
    /// What a payment is for; decides what its success means.
    pub enum Purpose {
        /// The first payment of a subscription, on its hosted page.
        Begin = "begin",
        /// A one-time purchase, on its hosted page.
        Purchase = "purchase",
        /// The next period, charged without the customer.
        Renewal = "renewal",
        /// The price of a change of plan.
        PlanChange = "plan-change",
        /// The dues of a subscription on hold or past due, paid by the customer.
        Reactivation = "reactivation",
        /// What the merchant charges on demand, without the customer.
        OnDemand = "on-demand",
        /// What was used before a pause, charged without the customer.
        PauseSettlement = "pause-settlement",
    }
}

text_enum! {
    /// Who started a charge, as card networks want to know it.
    pub enum Initiator {
        /// The customer is in front of the page.
        Customer = "customer-present",
        /// The merchant, on the schedule the customer agreed to.
        Recurring = "merchant-recurring",
        /// The merchant, off schedule.
        Unscheduled = "merchant-unscheduled",
    }
}

text_enum! {
    /// Why a gateway declined, in our own words. Pages show the neutral sentence for those
    /// that could tip off a thief.
    pub enum DeclineCode {
        /// No particular reason was given.
        Generic = "generic",
        /// Not enough money on the account.
        InsufficientFunds = "insufficient-funds",
        /// The card has expired.
        ExpiredCard = "expired-card",
        /// The security code was wrong.
        IncorrectCvc = "incorrect-cvc",
        /// The number was wrong.
        IncorrectNumber = "incorrect-number",
        /// A limit of the card or the account.
        LimitExceeded = "limit-exceeded",
        /// This kind of card or currency is not taken.
        NotSupported = "not-supported",
        /// Reported lost.
        LostCard = "lost-card",
        /// Reported stolen.
        StolenCard = "stolen-card",
        /// Suspected fraud.
        Fraud = "fraud",
        /// The bank wants the customer to confirm.
        AuthenticationRequired = "authentication-required",
        /// The customer's confirmation was refused or failed.
        AuthenticationFailed = "authentication-failed",
        /// A direct debit came back.
        DebitReturned = "debit-returned",
        /// A passing fault at the bank or the gateway.
        ProcessingError = "processing-error",
    }
}

text_enum! {
    /// What a decline advises.
    pub enum Advice {
        /// Never try this method again.
        Never = "never",
        /// The same method may work later.
        Later = "later",
        /// Another method is needed.
        NewMethod = "new-method",
        /// The customer has to confirm.
        Authenticate = "authenticate",
    }
}

/// A definite no of the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// Why.
    pub code: DeclineCode,
    /// What to do about it.
    pub advice: Advice,
    /// The gateway's own code, for the merchant.
    pub gateway_code: Option<String>,
}

/// What the customer has to do elsewhere before a payment can go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum CustomerAction {
    /// Visit a page of the gateway or the bank.
    Redirect {
        /// Where to.
        url: String,
    },
    /// Nothing but waiting, for example for an approval in the bank's app.
    Wait,
}

/// Where a payment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// Intended; nothing was sent, or nothing was executed.
    Created,
    /// The customer has to confirm or enter something at the gateway.
    AwaitingCustomer {
        /// What to do.
        action: CustomerAction,
        /// When we ask the gateway to cancel it (host time).
        expires_at: Timestamp,
    },
    /// The bank is moving the money.
    Processing {
        /// When the gateway expects to know (host time).
        expected_by: Option<Timestamp>,
    },
    /// Sent, and nobody knows what became of it yet.
    Unknown {
        /// Since when (host time).
        since: Timestamp,
    },
    /// The money moved.
    Succeeded {
        /// When we learnt it (business time).
        at: Timestamp,
    },
    /// The gateway said no.
    Declined {
        /// Its answer.
        decline: Decline,
        /// When we learnt it (business time).
        at: Timestamp,
    },
    /// Certainly not executed and never to be.
    Cancelled {
        /// When we learnt it (business time).
        at: Timestamp,
    },
}

/// What can be learnt about a payment, from any road.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentEvent {
    /// The money moved.
    Succeeded,
    /// The bank is moving it.
    Processing {
        /// When the gateway expects to know.
        expected_by: Option<Timestamp>,
    },
    /// The customer has to act.
    RequiresAction {
        /// What to do.
        action: CustomerAction,
        /// Until when the action is offered.
        expires_at: Timestamp,
    },
    /// A definite no.
    Declined(Decline),
    /// Certainly not executed.
    Cancelled,
    /// A time-out, a trap, a lost connection, nonsense.
    OutcomeUnknown,
}

impl PaymentState {
    /// What `event` does here. `business_now` dates outcomes, `host_now` what is waited for.
    #[must_use]
    #[expect(clippy::match_same_arms, reason = "one arm for each rule of the table")]
    pub fn apply(
        &self,
        event: PaymentEvent,
        business_now: Timestamp,
        host_now: Timestamp,
    ) -> Transition<Self> {
        use PaymentEvent as Event;
        use PaymentState as State;
        use Transition::{Moved, Refused, Unchanged};

        let at = business_now;
        match (self, event) {
            (State::Succeeded { .. }, Event::Succeeded)
            | (State::Declined { .. }, Event::Declined(_))
            | (State::Cancelled { .. }, Event::Cancelled)
            | (State::Processing { .. }, Event::Processing { .. } | Event::OutcomeUnknown)
            | (State::Unknown { .. }, Event::OutcomeUnknown) => Unchanged,

            (State::Succeeded { .. }, _) => Refused(Refusal::Settled),

            // The money did move after all: it is never ignored.
            (_, Event::Succeeded) => Moved(State::Succeeded { at }),

            (State::Declined { .. } | State::Cancelled { .. }, _) => Refused(Refusal::Stale),

            (State::Processing { .. }, Event::RequiresAction { .. }) => Refused(Refusal::Stale),

            (
                State::AwaitingCustomer { action: known, .. },
                Event::RequiresAction { action, .. },
            ) if *known == action => Unchanged,

            (
                State::Created | State::AwaitingCustomer { .. } | State::Unknown { .. },
                Event::RequiresAction { action, expires_at },
            ) => Moved(State::AwaitingCustomer { action, expires_at }),

            (
                State::Created | State::AwaitingCustomer { .. } | State::Unknown { .. },
                Event::Processing { expected_by },
            ) => Moved(State::Processing { expected_by }),

            (
                State::Created
                | State::AwaitingCustomer { .. }
                | State::Unknown { .. }
                | State::Processing { .. },
                Event::Declined(decline),
            ) => Moved(State::Declined { decline, at }),

            (
                State::Created
                | State::AwaitingCustomer { .. }
                | State::Unknown { .. }
                | State::Processing { .. },
                Event::Cancelled,
            ) => Moved(State::Cancelled { at }),

            (State::Created | State::AwaitingCustomer { .. }, Event::OutcomeUnknown) => {
                Moved(State::Unknown { since: host_now })
            }
        }
    }

    /// Whether more is to come: an open payment holds its debts.
    pub const fn is_open(&self) -> bool {
        match self {
            Self::Created
            | Self::AwaitingCustomer { .. }
            | Self::Processing { .. }
            | Self::Unknown { .. } => true,
            Self::Succeeded { .. } | Self::Declined { .. } | Self::Cancelled { .. } => false,
        }
    }
}

/// One attempt to take money. Its id is the idempotency key at the gateway.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Identity and idempotency key.
    pub id: PaymentId,
    /// Business and mode.
    pub scope: Scope,
    /// Who pays.
    pub customer: CustomerId,
    /// The subscription whose debts it pays, when there is one.
    pub subscription: Option<SubscriptionId>,
    /// What its success means.
    pub purpose: Purpose,
    /// The business's name for the gateway that was asked.
    pub gateway: String,
    /// What is taken, tax included.
    pub amount: Money,
    /// The tax in `amount`, in minor units.
    pub tax_minor: i64,
    /// The saved method that is charged; none when the gateway collects one.
    pub method: Option<MethodId>,
    /// Who started it.
    pub initiator: Initiator,
    /// Where it stands.
    pub state: PaymentState,
    /// When the request left for the gateway the first time (host time).
    pub sent_at: Option<Timestamp>,
    /// The charge request exactly as first sent (JSON); only this is ever re-sent.
    pub request: Option<String>,
    /// The gateway's reference, once known.
    pub gateway_ref: Option<String>,
    /// The document that bills what it pays, once drafted.
    pub invoice: Option<InvoiceId>,
    /// 0 for the first try of a renewal, then counting its retries.
    pub attempt: u32,
    /// The period that success buys, as the quote said.
    pub period: Option<Period>,
    /// The quote the customer agreed to.
    pub quote: Option<String>,
    /// Money that moved but settled nothing; to be refunded or held.
    pub unapplied: bool,
    /// What really moved, where that is not `amount`.
    pub moved: Option<Money>,
    /// How often the gateway was asked what became of it.
    pub lookups: u32,
    /// When the gateway first said "no such charge" in a row of such answers (host time).
    pub absent_since: Option<Timestamp>,
    /// Who buys, as the document names them.
    pub buyer: BuyerDetails,
    /// The merchant's metadata (a JSON object).
    pub metadata: String,
    /// The page the merchant wants the customer to be offered afterwards.
    pub return_url: Option<String>,
    /// When it was intended (business time).
    pub created_at: Timestamp,
    /// When it last changed (business time).
    pub updated_at: Timestamp,
    /// Counts writes; a save with an old number is refused.
    pub version: i64,
}

impl Payment {
    /// What was taken: nothing before it succeeded.
    pub fn captured(&self) -> Money {
        let moved = self.moved.unwrap_or(self.amount);
        match self.state {
            PaymentState::Succeeded { .. } => moved,
            _ => Money::zero(moved.currency),
        }
    }

    /// The state as it may be told: a payment that was sent and has no answer is unknown,
    /// whatever the row says.
    pub fn standing(&self) -> PaymentState {
        match (&self.state, self.sent_at) {
            (PaymentState::Created, Some(since)) => PaymentState::Unknown { since },
            (state, _) => state.clone(),
        }
    }
}

/// The word for a state in the database and, for most, on the wire.
impl PaymentState {
    /// The state's name without its facts.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::AwaitingCustomer { .. } => "awaiting-customer",
            Self::Processing { .. } => "processing",
            Self::Unknown { .. } => "unknown",
            Self::Succeeded { .. } => "succeeded",
            Self::Declined { .. } => "declined",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests;
