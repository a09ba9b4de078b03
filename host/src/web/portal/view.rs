//! What several pages show of the same thing: a method, a subscription, a payment.
//!
//! View values carry facts and codes; the words for them are the theme's.

use jiff::Timestamp;
use serde::Serialize;

pub use super::charge::{Charge, Document, decline_word, payment_tone};
use crate::domain::method::PaymentMethod;
use crate::domain::money::Money;
use crate::domain::payment::{Payment, PaymentState};
use crate::domain::period::Interval;
use crate::domain::subscription::{HoldReason, SubscriptionState};
use crate::store::{ListedMethod, ListedSubscription};

/// A payment method as people recognise it.
#[derive(Clone, Debug, Serialize)]
pub struct Method {
    /// Its id.
    pub id: String,
    /// Brand or kind, such as `visa`; unknown ones read "Card".
    pub brand: String,
    /// The last four characters of its number.
    pub last4: Option<String>,
    /// The month it expires, such as `06/2032`.
    pub expires: Option<String>,
    /// Whether that month is over.
    pub expired: bool,
}

impl Method {
    /// `method` as it is at `now`.
    pub fn of(method: &PaymentMethod, now: Timestamp) -> Self {
        Self::listed(&ListedMethod::from(method), now)
    }

    fn listed(method: &ListedMethod, now: Timestamp) -> Self {
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let month = (i32::from(today.year()), i32::from(today.month()));
        let expiry = method.expiry;
        Self {
            id: method.id.to_string(),
            brand: method.kind.to_lowercase().replace('_', "-"),
            last4: method.last4.clone(),
            expires: expiry.map(|(month, year)| format!("{month:02}/{year}")),
            expired: expiry.is_some_and(|(m, year)| (i32::from(year), i32::from(m)) < month),
        }
    }
}

/// A subscription on a card or a row.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Its id.
    pub id: String,
    /// The product's name.
    pub product: String,
    /// How many of it.
    pub quantity: u32,
    /// What one period costs, for all of them.
    pub price: Money,
    /// Whether the price contains the tax.
    pub tax_inclusive: bool,
    /// How long a period is.
    pub interval: Interval,
    /// The state's name.
    pub state: &'static str,
    /// How the state is meant: `good`, `warn`, `bad`, `info` or `plain`.
    pub tone: &'static str,
    /// What the state means.
    pub standing: Standing,
    /// What renewals charge.
    pub method: Option<Method>,
}

/// What a subscription's state means to the one who pays for it.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Standing {
    /// It goes on.
    Renews {
        /// The next charge.
        at: Timestamp,
    },
    /// It goes on, and is charged when it is used.
    OnDemand,
    /// It runs, and ends.
    Ends {
        /// When.
        at: Timestamp,
        /// Whether the customer can still keep it.
        undo: bool,
    },
    /// It is suspended until something is paid or mended.
    OnHold {
        /// Why.
        why: HoldReason,
        /// Since when.
        since: Timestamp,
        /// What is due.
        due: Option<Money>,
        /// Whether nothing is owed for the past, but the time that was paid for is over: coming
        /// back buys the next period.
        lapsed: bool,
    },
    /// It runs although something is unpaid.
    PastDue {
        /// Until when.
        until: Timestamp,
        /// What is due.
        due: Option<Money>,
    },
    /// It is suspended at somebody's wish.
    Paused {
        /// Since when.
        since: Timestamp,
        /// When it goes on by itself.
        resumes: Option<Timestamp>,
    },
    /// Its first payment is still to come.
    Pending,
    /// It is over.
    Ended {
        /// Since when.
        at: Timestamp,
        /// What can still be paid, where it was kept.
        due: Option<Money>,
    },
}

impl Plan {
    /// `subscription` with what is due on it, at `now`.
    pub fn of(subscription: &ListedSubscription, due: Option<Money>, now: Timestamp) -> Self {
        let standing = Standing::of(subscription, due, now);
        Self {
            id: subscription.id.to_string(),
            product: subscription.product_name.clone(),
            quantity: subscription.quantity,
            price: subscription.price,
            tax_inclusive: subscription.tax_inclusive,
            interval: subscription.interval,
            state: subscription.state.name(),
            tone: match &standing {
                Standing::Renews { .. } | Standing::OnDemand => "good",
                Standing::Ends { .. } | Standing::OnHold { .. } | Standing::PastDue { .. } => {
                    "warn"
                }
                Standing::Pending => "info",
                Standing::Paused { .. } | Standing::Ended { .. } => "plain",
            },
            standing,
            method: subscription
                .method
                .as_ref()
                .map(|method| Method::listed(method, now)),
        }
    }

    /// Whether it is over for good.
    pub fn is_past(&self) -> bool {
        matches!(self.standing, Standing::Ended { .. })
    }
}

impl Standing {
    fn of(subscription: &ListedSubscription, due: Option<Money>, now: Timestamp) -> Self {
        let next = subscription.period_end;
        let last = subscription.expires_at.is_some_and(|end| end <= next);
        match &subscription.state {
            SubscriptionState::Pending => Self::Pending,
            SubscriptionState::Active
                if subscription.on_demand && !subscription.cancel_at_period_end =>
            {
                Self::OnDemand
            }
            SubscriptionState::Active if subscription.cancel_at_period_end || last => Self::Ends {
                at: next,
                undo: subscription.cancel_at_period_end,
            },
            SubscriptionState::Active => Self::Renews { at: next },
            SubscriptionState::PastDue { until } => Self::PastDue { until: *until, due },
            SubscriptionState::OnHold { why, since } => Self::OnHold {
                why: *why,
                since: *since,
                lapsed: due.is_none() && next <= now,
                due,
            },
            SubscriptionState::Paused { since } => Self::Paused {
                since: *since,
                resumes: subscription.resume_at,
            },
            SubscriptionState::Cancelled { at }
            | SubscriptionState::Failed { at }
            | SubscriptionState::Expired { at } => Self::Ended { at: *at, due },
        }
    }
}

/// The one thing that needs the customer, or that they should know is under way.
#[derive(Clone, Debug, Serialize)]
pub struct Todo {
    /// The subscription it is about.
    pub subscription: Option<String>,
    /// The product's name.
    pub product: String,
    /// What to do, or what happens.
    pub call: Call,
}

/// What a [`Todo`] asks for.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Call {
    /// Pay what is due to bring it back.
    Reactivate {
        /// How much; none when only a working method is missing.
        due: Option<Money>,
        /// Whether the next period is bought with it, though nothing is owed for the past.
        lapsed: bool,
    },
    /// Pay what is due while it still runs.
    Pay {
        /// How much.
        due: Option<Money>,
        /// Until when it runs.
        until: Timestamp,
    },
    /// Pay what was kept when it was cancelled.
    Settle {
        /// How much.
        due: Money,
    },
    /// Confirm a payment at the bank.
    Confirm {
        /// The payment.
        payment: String,
        /// How much.
        amount: Money,
    },
    /// Wait: the bank is moving the money.
    Processing {
        /// The payment.
        payment: String,
        /// How much.
        amount: Money,
        /// When the bank should be done.
        expected_by: Option<Timestamp>,
    },
    /// Wait: nobody knows yet.
    Unknown {
        /// The payment.
        payment: String,
        /// How much.
        amount: Money,
    },
}

impl Todo {
    /// What `plan` needs, given the payment of it that is under way.
    pub fn of(plan: &Plan, open: Option<&Payment>) -> Option<Self> {
        let call = match (open, &plan.standing) {
            (Some(payment), _) => Call::of(payment)?,
            (None, Standing::OnHold { due, lapsed, .. }) => Call::Reactivate {
                due: *due,
                lapsed: *lapsed,
            },
            (None, Standing::PastDue { until, due }) => Call::Pay {
                due: *due,
                until: *until,
            },
            (None, Standing::Ended { due: Some(due), .. }) => Call::Settle { due: *due },
            (None, _) => return None,
        };
        Some(Self {
            subscription: Some(plan.id.clone()),
            product: plan.product.clone(),
            call,
        })
    }
}

impl Call {
    /// What an open `payment` waits for; none when it has ended.
    pub fn of(payment: &Payment) -> Option<Self> {
        let (id, amount) = (payment.id.to_string(), payment.amount);
        match payment.standing() {
            PaymentState::AwaitingCustomer { .. } => Some(Self::Confirm {
                payment: id,
                amount,
            }),
            PaymentState::Processing { expected_by } => Some(Self::Processing {
                payment: id,
                amount,
                expected_by,
            }),
            PaymentState::Created | PaymentState::Unknown { .. } => Some(Self::Unknown {
                payment: id,
                amount,
            }),
            PaymentState::Succeeded { .. }
            | PaymentState::Declined { .. }
            | PaymentState::Cancelled { .. } => None,
        }
    }
}
