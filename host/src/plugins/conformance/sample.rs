//! What a suite tells plugins of a customer who does not exist.

use jiff::{SignedDuration, Timestamp};

use crate::domain::customer::{BuyerDetails, Customer};
use crate::domain::extras::Extras;
use crate::domain::id::CustomerId;
use crate::domain::money::Money;
use crate::domain::period::{Interval, Period, Unit};
use crate::domain::subscription::{Cancellation, Subscription, SubscriptionState};
use crate::domain::{Mode, Scope};
use crate::plugins::rehearsal::Owned;

/// The subscription that the customer has.
pub(super) const SUBSCRIPTION: &str = "sub_sample";

/// Where it all is.
pub(super) fn scope() -> Scope {
    Scope::new("bus_sample".parse().expect("it is an id"), Mode::Test)
}

/// Who the customer is.
pub(super) fn customer() -> CustomerId {
    "cus_sample".parse().expect("it is an id")
}

/// Everything that there is, at this time of the business.
pub(in crate::plugins) fn owned(now: Timestamp) -> Owned {
    let customer = Customer {
        id: customer(),
        scope: scope(),
        email: "alex@example.com".parse().expect("it is an address"),
        name: "Alex <b>Example</b>".to_owned(),
        phone: None,
        locale: None,
        metadata: "{}".to_owned(),
        created_at: now,
        updated_at: now,
        version: 0,
    };
    Owned {
        customer: Some(customer),
        subscriptions: vec![(subscription(now), "Sample & Sons".to_owned())],
        ..Owned::default()
    }
}

fn subscription(now: Timestamp) -> Subscription {
    let month = Interval {
        unit: Unit::Month,
        count: 1,
    };
    let start = now - SignedDuration::from_hours(24 * 10);
    Subscription {
        id: SUBSCRIPTION.parse().expect("it is an id"),
        scope: scope(),
        customer: customer(),
        product: "pdt_sample".parse().expect("it is an id"),
        quantity: 1,
        unit_price: Money::new(2_900, "EUR".parse().expect("it is a currency")),
        tax_inclusive: true,
        extras: Extras::default(),
        interval: month,
        term: month,
        trial_days: 0,
        state: SubscriptionState::Active,
        anchor: start,
        period: Period {
            start,
            end: now + SignedDuration::from_hours(24 * 20),
        },
        expires_at: None,
        cancel_at_period_end: false,
        cancellation: Cancellation::default(),
        resume_at: None,
        on_demand: false,
        method: None,
        buyer: BuyerDetails::default(),
        metadata: "{}".to_owned(),
        return_url: None,
        created_at: start,
        updated_at: start,
        version: 0,
    }
}
