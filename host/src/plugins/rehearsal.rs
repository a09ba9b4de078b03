//! The data of a host that is not there, for plugins that are only tried: what a customer has who
//! does not exist, and a store that lives as long as the trial.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::data::{Answer, GuestData, Kept};
use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::id::CustomerId;
use crate::domain::license::License;
use crate::domain::payment::Payment;
use crate::domain::subscription::Subscription;

/// Entries of the store that one question answers, as in a host's.
const PAGE: usize = 100;

/// What is there: the customer with all that they have, and what the plugin keeps.
#[derive(Debug, Default)]
pub(super) struct Owned {
    pub(super) customer: Option<Customer>,
    pub(super) subscriptions: Vec<(Subscription, String)>,
    pub(super) payments: Vec<Payment>,
    pub(super) licenses: Vec<License>,
    pub(super) store: BTreeMap<String, Vec<u8>>,
}

/// The data of the trial that is under way.
#[derive(Default)]
pub(super) struct Rehearsal(Mutex<Owned>);

impl Rehearsal {
    /// From now on this is there.
    pub(super) fn begin(&self, owned: Owned) {
        *self.lock() = owned;
    }

    /// What the plugin keeps at this moment.
    pub(super) fn kept(&self) -> BTreeMap<String, Vec<u8>> {
        self.lock().store.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Owned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told<'a, T: Send + 'a>(&self, what: impl FnOnce(&Owned) -> T) -> Answer<'a, T> {
        let told = what(&self.lock());
        Box::pin(async move { Ok(told) })
    }
}

impl GuestData for Rehearsal {
    fn customer<'a>(&'a self, _: &'a Scope, _: &'a CustomerId) -> Answer<'a, Option<Customer>> {
        self.told(|owned| owned.customer.clone())
    }

    fn subscriptions<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a CustomerId,
    ) -> Answer<'a, Vec<(Subscription, String)>> {
        self.told(|owned| owned.subscriptions.clone())
    }

    fn payments<'a>(&'a self, _: &'a Scope, _: &'a CustomerId) -> Answer<'a, Vec<Payment>> {
        self.told(|owned| owned.payments.clone())
    }

    fn licenses<'a>(&'a self, _: &'a Scope, _: &'a CustomerId) -> Answer<'a, Vec<License>> {
        self.told(|owned| owned.licenses.clone())
    }

    fn value<'a>(&'a self, _: &'a Scope, _: &'a str, key: &'a str) -> Answer<'a, Option<Vec<u8>>> {
        self.told(|owned| owned.store.get(key).cloned())
    }

    fn keep<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a str,
        key: &'a str,
        value: Vec<u8>,
        over: bool,
    ) -> Answer<'a, Kept> {
        let mut owned = self.lock();
        let kept = if owned.store.contains_key(key) && !over {
            Kept::Another
        } else {
            owned.store.insert(key.to_owned(), value);
            Kept::Yes
        };
        Box::pin(async move { Ok(kept) })
    }

    fn forget<'a>(&'a self, _: &'a Scope, _: &'a str, key: &'a str) -> Answer<'a, ()> {
        self.lock().store.remove(key);
        Box::pin(async { Ok(()) })
    }

    fn scan<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a str,
        prefix: &'a str,
        after: &'a str,
    ) -> Answer<'a, Vec<(String, Vec<u8>)>> {
        self.told(|owned| {
            let all = owned.store.iter();
            all.filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after)
                .take(PAGE)
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        })
    }
}
