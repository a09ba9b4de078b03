//! What a suite tells plugins of a customer who does not exist, and where they keep things
//! meanwhile.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::Scope;
use crate::domain::customer::{BuyerDetails, Customer};
use crate::domain::extras::Extras;
use crate::domain::id::CustomerId;
use crate::domain::license::License;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::period::{Interval, Period, Unit};
use crate::domain::subscription::{Cancellation, Subscription, SubscriptionState};
use crate::plugins::data::{Answer, GuestData, Kept};

/// The subscription that the customer has.
pub(super) const SUBSCRIPTION: &str = "sub_sample";

/// Everything that plugins are told, and what they keep.
pub(in crate::plugins) struct Sample {
    now: Timestamp,
    kept: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Sample {
    /// At this time of the business.
    pub(in crate::plugins) fn new(now: Timestamp) -> Self {
        Self {
            now,
            kept: Mutex::default(),
        }
    }

    /// The time of the business.
    pub(in crate::plugins) fn now(&self) -> Timestamp {
        self.now
    }

    /// What is kept at this moment.
    pub(super) fn kept(&self) -> BTreeMap<String, Vec<u8>> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn subscription(&self, scope: &Scope, customer: &CustomerId) -> Subscription {
        let month = Interval {
            unit: Unit::Month,
            count: 1,
        };
        let start = self.now - SignedDuration::from_hours(24 * 10);
        Subscription {
            id: SUBSCRIPTION.parse().expect("it is an id"),
            scope: scope.clone(),
            customer: customer.clone(),
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
                end: self.now + SignedDuration::from_hours(24 * 20),
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
}

impl GuestData for Sample {
    fn customer<'a>(
        &'a self,
        scope: &'a Scope,
        customer: &'a CustomerId,
    ) -> Answer<'a, Option<Customer>> {
        Box::pin(async move {
            Ok(Some(Customer {
                id: customer.clone(),
                scope: scope.clone(),
                email: "alex@example.com".parse().expect("it is an address"),
                name: "Alex <b>Example</b>".to_owned(),
                phone: None,
                locale: None,
                metadata: "{}".to_owned(),
                created_at: self.now,
                updated_at: self.now,
                version: 0,
            }))
        })
    }

    fn subscriptions<'a>(
        &'a self,
        scope: &'a Scope,
        customer: &'a CustomerId,
    ) -> Answer<'a, Vec<(Subscription, String)>> {
        let subscription = self.subscription(scope, customer);
        Box::pin(async move { Ok(vec![(subscription, "Sample & Sons".to_owned())]) })
    }

    fn payments<'a>(&'a self, _: &'a Scope, _: &'a CustomerId) -> Answer<'a, Vec<Payment>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn licenses<'a>(&'a self, _: &'a Scope, _: &'a CustomerId) -> Answer<'a, Vec<License>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn value<'a>(&'a self, _: &'a Scope, _: &'a str, key: &'a str) -> Answer<'a, Option<Vec<u8>>> {
        let value = self.lock().get(key).cloned();
        Box::pin(async { Ok(value) })
    }

    fn keep<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a str,
        key: &'a str,
        value: Vec<u8>,
        over: bool,
    ) -> Answer<'a, Kept> {
        let mut all = self.lock();
        let kept = if !over && all.contains_key(key) {
            Kept::Another
        } else {
            all.insert(key.to_owned(), value);
            Kept::Yes
        };
        Box::pin(async move { Ok(kept) })
    }

    fn forget<'a>(&'a self, _: &'a Scope, _: &'a str, key: &'a str) -> Answer<'a, ()> {
        self.lock().remove(key);
        Box::pin(async { Ok(()) })
    }

    fn scan<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a str,
        prefix: &'a str,
        after: &'a str,
    ) -> Answer<'a, Vec<(String, Vec<u8>)>> {
        let all = self.lock();
        let found = all
            .iter()
            .filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after)
            .take(100)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        Box::pin(async { Ok(found) })
    }
}
