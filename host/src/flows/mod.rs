//! The only writers. Every entry (page, API, webhook, job, console) calls the same flow.
//!
//! Three beats: decide and write the intent in one transaction; call the gateway with no
//! transaction open; record the outcome, with the work it causes, in a second. From the
//! first commit on a crash loses nothing. Flows know no HTTP, no template, no SQL.

pub mod addon;
pub mod address;
pub mod api_key;
mod automatic;
pub mod balance;
pub mod begin;
pub mod cancellation;
mod catch_up;
mod charge;
pub mod customer;
pub mod delivery;
pub mod details;
pub mod discount;
pub mod dispute;
pub mod documents;
mod dues;
pub mod dunning;
pub mod email_change;
pub mod endpoint;
mod facts;
pub mod failing_jobs;
mod grants;
pub mod lent_access;
pub mod license;
pub mod license_keys;
pub mod limit;
mod method_gone;
pub mod method_page;
pub mod method_update;
pub mod notices;
mod off_schedule;
pub mod on_demand;
pub mod pause;
pub mod plan_change;
pub mod plugin_calls;
pub mod plugin_memory;
pub mod plugin_report;
pub mod portal_hosts;
pub mod portal_link;
pub mod product;
pub mod reactivation;
pub mod reconciliation;
mod records;
pub mod refund;
pub mod renewal;
pub mod repeat;
pub mod return_url;
pub mod round;
pub mod schedule;
pub mod secret;
pub mod session;
pub mod settlement;
pub mod sign_in;
pub mod staff;
pub mod test_clock;
pub mod token;
mod too_little;
mod tries;
pub mod unsettled;

use serde::{Deserialize, Deserializer};

use crate::domain::id::{MethodId, PaymentId, SetupId, SubscriptionId};
use crate::domain::money::MoneyError;
use crate::domain::payment::{CustomerAction, Decline, Payment, PaymentState};
use crate::domain::period::OutOfRange;
use crate::domain::quote::QuoteError;
use crate::store;

/// What becomes of a value that may be absent. Where a field of a body is read as this, an
/// absent one keeps and null clears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It stays.
    #[default]
    Keep,
    /// It goes.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Change<T> {
    /// The new value, when there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    /// Writes it into `place`.
    pub fn write(self, place: &mut Option<T>)
    where
        T: PartialEq,
    {
        self.apply(place);
    }

    /// Writes it into `place`; answers whether that changed anything.
    fn apply(self, place: &mut Option<T>) -> bool
    where
        T: PartialEq,
    {
        let new = match self {
            Self::Keep => return false,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        };
        let changed = *place != new;
        *place = new;
        changed
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::deserialize(deserializer)?;
        Ok(value.map_or(Self::Clear, Self::Set))
    }
}

/// With what the customer pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A saved method.
    Saved(MethodId),
    /// One that the customer gives now, on the gateway's page.
    New,
}

/// Where a payment or set-up stands after a flow; each has a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Done.
    Succeeded,
    /// The customer has to do something.
    Action(CustomerAction),
    /// The bank is moving the money.
    Processing,
    /// Nobody knows yet; it is being looked into.
    Unknown,
    /// The gateway said no; another try is free to start.
    Declined(Decline),
    /// Given up; nothing was or will be charged.
    Cancelled,
}

/// What a flow that asks the gateway for money or a method answers.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The payment, or the set-up when nothing was due.
    pub of: AttemptOf,
    /// Where it stands.
    pub ending: Ending,
}

/// What was attempted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOf {
    /// A charge.
    Payment(PaymentId),
    /// Saving a method without a charge.
    Setup(SetupId),
    /// Nothing had to be asked: a saved method was chosen for later.
    Nothing,
}

impl Ending {
    /// Where `payment` stands.
    pub fn of(payment: &Payment) -> Self {
        match payment.standing() {
            PaymentState::Created | PaymentState::Unknown { .. } => Self::Unknown,
            PaymentState::AwaitingCustomer { action, .. } => Self::Action(action),
            PaymentState::Processing { .. } => Self::Processing,
            PaymentState::Succeeded { .. } => Self::Succeeded,
            PaymentState::Declined { decline, .. } => Self::Declined(decline),
            PaymentState::Cancelled { .. } => Self::Cancelled,
        }
    }
}

/// Why a flow did nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such thing in this scope, or it is somebody else's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The thing's state does not allow it.
    #[error("not allowed: {0}")]
    Refused(Refused),
    /// A method that pays for these subscriptions, or is being charged, cannot be removed.
    #[error("the payment method is in use{}", by(.0))]
    MethodInUse(Vec<SubscriptionId>),
    /// What was given cannot be used.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field, in the caller's words.
        field: &'static str,
        /// What is wrong with it and how to mend it.
        problem: String,
    },
    /// The business's file is gone or names no gateway.
    #[error("the business is not available: {0}")]
    Unavailable(String),
    /// The store could not answer or write.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// By which subscriptions, where there are any.
fn by(users: &[SubscriptionId]) -> String {
    let ids: Vec<&str> = users.iter().map(SubscriptionId::as_str).collect();
    if ids.is_empty() {
        String::new()
    } else {
        format!(" by {}", ids.join(", "))
    }
}

/// Why the state of a thing does not allow an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The quote that was shown is not what is due now.
    #[error("what is due has changed; look again")]
    StaleQuote,
    /// Another payment of this is under way.
    #[error("a payment is under way")]
    PaymentUnderWay,
    /// Nothing is due.
    #[error("nothing is due")]
    NothingDue,
    /// It has ended, or has not begun.
    #[error("its state does not allow it")]
    State,
    /// The business does not let customers do this.
    #[error("the business does not allow it")]
    NotOffered,
    /// The method belongs to another gateway or cannot be charged again.
    #[error("the method cannot be used here")]
    MethodUnusable,
    /// Too many new methods in a day.
    #[error("too many tries; wait a day")]
    TooManyTries,
    /// It is paused already.
    #[error("the subscription is paused already")]
    AlreadyPaused,
    /// It is not paused.
    #[error("the subscription is not paused")]
    NotPaused,
    /// Money that has not arrived cannot go back.
    #[error("the payment has not succeeded, so there is nothing to give back")]
    NotCaptured,
    /// Money that is on its way cannot go back yet.
    #[error("the payment is still processing; it can be refunded once it has succeeded")]
    StillMoving,
    /// Everything went back, or is on its way.
    #[error("nothing of the payment is left to give back")]
    NothingLeft,
    /// The customer's bank decides who keeps the money.
    #[error("a dispute over the payment is open at the bank; it decides who keeps the money")]
    Disputed,
    /// The gateway has no such operation.
    #[error("the gateway of this payment cannot give money back")]
    NoRefunds,
    /// It is charged by the period.
    #[error("the subscription is not on demand")]
    NotOnDemand,
    /// It is to end, which comes before any change.
    #[error("the subscription is to end; take that back first")]
    EndScheduled,
    /// A change of its plan is being paid.
    #[error("a change of plan is being paid")]
    ChangePending,
    /// A change of its plan waits for the next date.
    #[error("a change of plan waits for the next billing date")]
    ChangeScheduled,
    /// The page for it has expired.
    #[error("its page has expired")]
    Expired,
    /// Keys are unique in a mode.
    #[error("this license key exists already")]
    KeyTaken,
    /// The key ends when its subscription does.
    #[error("expires_at: the key follows its subscription and has no end of its own")]
    FollowsSubscription,
    /// There are more devices than would be allowed.
    #[error("activations_limit: the key is active on more devices; deactivate some first")]
    MoreAreActive,
    /// The operator wrote it into the business's file.
    #[error("the business's file fixes it; change it there")]
    FixedByFile,
}

impl From<QuoteError> for Error {
    fn from(error: QuoteError) -> Self {
        Self::Invalid {
            field: "amount",
            problem: error.to_string(),
        }
    }
}

impl From<MoneyError> for Error {
    fn from(error: MoneyError) -> Self {
        Self::Invalid {
            field: "amount",
            problem: error.to_string(),
        }
    }
}

impl From<OutOfRange> for Error {
    fn from(error: OutOfRange) -> Self {
        Self::Invalid {
            field: "date",
            problem: error.to_string(),
        }
    }
}
