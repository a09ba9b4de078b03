//! A subscription's life: who has access, what is due next, and what each event does to it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Scope;
use super::customer::BuyerDetails;
pub use super::extras::Extras;
use super::id::{CustomerId, MethodId, ProductId, SubscriptionId};
use super::money::{Money, MoneyError};
use super::period::{Interval, Period};
use super::text_enum;
use super::transition::{Refusal, Transition};

text_enum! {
    /// Why a subscription is on hold.
    pub enum HoldReason {
        /// A renewal was declined.
        RenewalFailed = "renewal-failed",
        /// The charge of a plan change failed.
        PlanChangeFailed = "plan-change-failed",
        /// A new method could not be authorised.
        AuthorisationFailed = "authorisation-failed",
        /// What was used before a pause is unpaid.
        PauseSettlement = "pause-settlement",
        /// The grace after a failed renewal ran out.
        GraceOver = "grace-over",
        /// A charge on demand failed.
        OnDemandChargeFailed = "on-demand-charge-failed",
        /// A payment was taken back by the bank.
        PaymentReversed = "payment-reversed",
    }
}

text_enum! {
    /// Why a customer left, in the words of Dodo's `CancellationFeedback`.
    pub enum CancellationFeedback {
        /// Too expensive.
        TooExpensive = "too_expensive",
        /// Missing features.
        MissingFeatures = "missing_features",
        /// Went to another service.
        SwitchedService = "switched_service",
        /// Did not use it.
        Unused = "unused",
        /// Customer service.
        CustomerService = "customer_service",
        /// Low quality.
        LowQuality = "low_quality",
        /// Too complex.
        TooComplex = "too_complex",
        /// Something else.
        Other = "other",
    }
}

text_enum! {
    /// Who cancelled, in the words of Dodo's `cancel_reason`.
    pub enum CancelReason {
        /// The customer.
        Customer = "cancelled_by_customer",
        /// The merchant.
        Merchant = "cancelled_by_merchant",
        /// The merchant, and dunning mails follow.
        MerchantSendDunning = "cancelled_by_merchant_send_dunning",
        /// The grace period ended.
        GracePeriodExpired = "cancelled_by_merchant_grace_period_expired",
    }
}

/// Where a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionState {
    /// Made, and its first payment or set-up is still to come.
    Pending,
    /// Paid for and in use.
    Active,
    /// A renewal failed; access is kept until the grace ends.
    PastDue {
        /// When the grace ends (business time).
        until: Timestamp,
    },
    /// Access is suspended until the dues are paid.
    OnHold {
        /// Why.
        why: HoldReason,
        /// Since when (business time).
        since: Timestamp,
    },
    /// Suspended at the merchant's or customer's wish.
    Paused {
        /// Since when (business time).
        since: Timestamp,
    },
    /// Ended by someone. Final.
    Cancelled {
        /// When (business time).
        at: Timestamp,
    },
    /// Never came to life. Final.
    Failed {
        /// When (business time).
        at: Timestamp,
    },
    /// Its agreed term is over. Final.
    Expired {
        /// When (business time).
        at: Timestamp,
    },
}

/// What can happen to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionEvent {
    /// The first payment or set-up succeeded.
    Begin,
    /// The first payment can no longer succeed.
    BeginFailed,
    /// A charge for it was declined.
    PaymentFailed {
        /// Which charge.
        why: HoldReason,
        /// Grace until then; none means hold at once.
        grace_until: Option<Timestamp>,
    },
    /// The grace ran out.
    GraceOver,
    /// Everything due was paid (or a set-up mended a hold without dues).
    DuesPaid,
    /// Stop for a while.
    Pause,
    /// Go on after a pause.
    Resume,
    /// End it.
    Cancel,
    /// The agreed term is over.
    Expire,
}

impl SubscriptionState {
    /// What `event` does here at `now` (business time).
    #[must_use]
    #[expect(clippy::match_same_arms, reason = "one arm for each rule of the table")]
    #[expect(clippy::unnested_or_patterns, reason = "a line for each state")]
    pub fn apply(&self, event: SubscriptionEvent, now: Timestamp) -> Transition<Self> {
        use SubscriptionEvent as Event;
        use SubscriptionState as State;
        use Transition::{Moved, Refused, Unchanged};

        match (self, event) {
            // What was paid is gone: no grace keeps access to it.
            (
                State::PastDue { .. },
                Event::PaymentFailed {
                    why: why @ HoldReason::PaymentReversed,
                    ..
                },
            ) => Moved(State::OnHold { why, since: now }),

            (State::Cancelled { .. }, Event::Cancel)
            | (State::Expired { .. }, Event::Expire)
            | (State::Failed { .. }, Event::BeginFailed)
            | (State::Active, Event::Begin | Event::DuesPaid | Event::Resume)
            | (State::PastDue { .. }, Event::PaymentFailed { .. })
            | (State::OnHold { .. }, Event::PaymentFailed { .. })
            | (
                State::OnHold {
                    why: HoldReason::GraceOver,
                    ..
                },
                Event::GraceOver,
            )
            | (State::Paused { .. }, Event::Pause) => Unchanged,

            (State::Cancelled { .. } | State::Failed { .. } | State::Expired { .. }, _) => {
                Refused(Refusal::Ended)
            }

            (_, Event::Cancel) => Moved(State::Cancelled { at: now }),

            (State::Pending, Event::Begin) => Moved(State::Active),
            (State::Pending, Event::BeginFailed) => Moved(State::Failed { at: now }),
            (
                State::Pending,
                Event::PaymentFailed { .. }
                | Event::GraceOver
                | Event::DuesPaid
                | Event::Pause
                | Event::Resume
                | Event::Expire,
            ) => Refused(Refusal::NotAllowed),

            (_, Event::Expire) => Moved(State::Expired { at: now }),

            (
                State::Active,
                Event::PaymentFailed {
                    why: HoldReason::RenewalFailed,
                    grace_until: Some(until),
                },
            ) => Moved(State::PastDue { until }),
            (State::Active, Event::PaymentFailed { why, .. }) => {
                Moved(State::OnHold { why, since: now })
            }
            (State::Active, Event::Pause) => Moved(State::Paused { since: now }),

            (State::PastDue { .. } | State::OnHold { .. }, Event::DuesPaid) => {
                Moved(self.after_dues())
            }
            (State::PastDue { .. }, Event::GraceOver) => Moved(State::OnHold {
                why: HoldReason::GraceOver,
                since: now,
            }),

            (
                State::OnHold {
                    why: HoldReason::PauseSettlement,
                    ..
                },
                Event::Resume,
            )
            | (State::Paused { .. }, Event::Resume) => Moved(State::Active),
            (
                State::Paused { since },
                Event::PaymentFailed {
                    why: HoldReason::PauseSettlement,
                    ..
                },
            ) => Moved(State::OnHold {
                why: HoldReason::PauseSettlement,
                since: *since,
            }),

            (State::Active, Event::BeginFailed | Event::GraceOver)
            | (
                State::PastDue { .. },
                Event::Begin | Event::BeginFailed | Event::Pause | Event::Resume,
            )
            | (
                State::OnHold { .. },
                Event::Begin | Event::BeginFailed | Event::GraceOver | Event::Pause | Event::Resume,
            )
            | (
                State::Paused { .. },
                Event::Begin
                | Event::BeginFailed
                | Event::PaymentFailed { .. }
                | Event::GraceOver
                | Event::DuesPaid,
            ) => Refused(Refusal::NotAllowed),
        }
    }

    /// Where paying the dues leads: back to life, or back to the pause it came from, which
    /// began when it began.
    fn after_dues(&self) -> Self {
        match self {
            Self::OnHold {
                why: HoldReason::PauseSettlement,
                since,
            } => Self::Paused { since: *since },
            _ => Self::Active,
        }
    }

    /// Whether license keys and other grants work.
    pub const fn grants_access(&self) -> bool {
        matches!(self, Self::Active | Self::PastDue { .. })
    }

    /// Whether nothing can bring it back.
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Cancelled { .. } | Self::Failed { .. } | Self::Expired { .. }
        )
    }

    /// Whether the customer can pay what is due to bring it back or keep it.
    pub const fn has_dues(&self) -> bool {
        matches!(self, Self::PastDue { .. } | Self::OnHold { .. })
    }

    /// Since when it is paused, also while what was used before the pause is unpaid.
    pub const fn paused_since(&self) -> Option<Timestamp> {
        match self {
            Self::Paused { since }
            | Self::OnHold {
                why: HoldReason::PauseSettlement,
                since,
            } => Some(*since),
            _ => None,
        }
    }

    /// The state's name without its facts.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::PastDue { .. } => "past-due",
            Self::OnHold { .. } => "on-hold",
            Self::Paused { .. } => "paused",
            Self::Cancelled { .. } => "cancelled",
            Self::Failed { .. } => "failed",
            Self::Expired { .. } => "expired",
        }
    }
}

/// Why and how somebody cancelled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// Who cancelled.
    pub reason: Option<CancelReason>,
    /// The reason the customer chose.
    pub feedback: Option<CancellationFeedback>,
    /// What the customer wrote.
    pub comment: Option<String>,
}

/// A customer's agreement to pay for a product again and again.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Identity.
    pub id: SubscriptionId,
    /// Business and mode.
    pub scope: Scope,
    /// Who pays.
    pub customer: CustomerId,
    /// What is paid for.
    pub product: ProductId,
    /// How many of it.
    pub quantity: u32,
    /// The price of one for one interval.
    pub unit_price: Money,
    /// Whether the price contains the tax.
    pub tax_inclusive: bool,
    /// Add-ons, discounts and credit.
    pub extras: Extras,
    /// How often it is paid (`payment_frequency_*` on the wire).
    pub interval: Interval,
    /// How long it runs in all (`subscription_period_*` on the wire).
    pub term: Interval,
    /// Days without charge before the first payment.
    pub trial_days: u32,
    /// Where it stands.
    pub state: SubscriptionState,
    /// The instant that dates are counted from.
    pub anchor: Timestamp,
    /// The period paid for (or on trial); its end is the next billing date. In `pending`,
    /// the period that the first payment will buy if it happens now.
    pub period: Period,
    /// When the agreed term is over.
    pub expires_at: Option<Timestamp>,
    /// End it at the end of the period.
    pub cancel_at_period_end: bool,
    /// Why it was, or will be, cancelled.
    pub cancellation: Cancellation,
    /// While paused: when it goes on by itself (business time).
    pub resume_at: Option<Timestamp>,
    /// Charged when the merchant says so, never by itself: its period is the whole term.
    pub on_demand: bool,
    /// The method that renewals charge.
    pub method: Option<MethodId>,
    /// Who buys, for tax and documents.
    pub buyer: BuyerDetails,
    /// The merchant's metadata (a JSON object).
    pub metadata: String,
    /// The page the merchant wants the customer to be offered after the first payment.
    pub return_url: Option<String>,
    /// When it was made (business time).
    pub created_at: Timestamp,
    /// When it last changed (business time).
    pub updated_at: Timestamp,
    /// Counts writes; a save with an old number is refused.
    pub version: i64,
}

impl Subscription {
    /// What one interval costs with all add-ons, before discounts and as the prices are set.
    pub fn price(&self) -> Result<Money, MoneyError> {
        let own = self.unit_price.checked_mul(i64::from(self.quantity))?;
        self.extras.addons_price(own)
    }
}

#[cfg(test)]
mod tests;
