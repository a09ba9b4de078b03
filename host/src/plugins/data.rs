//! What guests may read and keep of the host's data: a trait that `app` fulfils, since this folder
//! knows no database. Whether a guest may is decided before anything here is asked.

use futures_util::future::BoxFuture;

use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::id::CustomerId;
use crate::domain::license::License;
use crate::domain::payment::Payment;
use crate::domain::subscription::Subscription;

/// It could not be read or written at present; why is logged where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the data is not available at present")]
pub struct Unavailable;

/// An answer that takes a while.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Unavailable>>;

/// What became of a value that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is there.
    Yes,
    /// The key had one already, which stays.
    Another,
    /// There is no room.
    Full,
}

/// The data of the host. A customer is always the one who is signed in.
pub trait GuestData: Send + Sync {
    /// Who the customer is.
    fn customer<'a>(
        &'a self,
        scope: &'a Scope,
        customer: &'a CustomerId,
    ) -> Answer<'a, Option<Customer>>;

    /// The customer's subscriptions with the names of their products, newest first.
    fn subscriptions<'a>(
        &'a self,
        scope: &'a Scope,
        customer: &'a CustomerId,
    ) -> Answer<'a, Vec<(Subscription, String)>>;

    /// The customer's payments, newest first.
    fn payments<'a>(
        &'a self,
        scope: &'a Scope,
        customer: &'a CustomerId,
    ) -> Answer<'a, Vec<Payment>>;

    /// The customer's license keys, newest first.
    fn licenses<'a>(
        &'a self,
        scope: &'a Scope,
        customer: &'a CustomerId,
    ) -> Answer<'a, Vec<License>>;

    /// What the plugin keeps under a key.
    fn value<'a>(
        &'a self,
        scope: &'a Scope,
        plugin: &'a str,
        key: &'a str,
    ) -> Answer<'a, Option<Vec<u8>>>;

    /// Keeps a value, over the one before only where `over` is set.
    fn keep<'a>(
        &'a self,
        scope: &'a Scope,
        plugin: &'a str,
        key: &'a str,
        value: Vec<u8>,
        over: bool,
    ) -> Answer<'a, Kept>;

    /// Forgets a key.
    fn forget<'a>(&'a self, scope: &'a Scope, plugin: &'a str, key: &'a str) -> Answer<'a, ()>;

    /// Keys with their values after `after` that start with `prefix`, in order, 100 at most.
    fn scan<'a>(
        &'a self,
        scope: &'a Scope,
        plugin: &'a str,
        prefix: &'a str,
        after: &'a str,
    ) -> Answer<'a, Vec<(String, Vec<u8>)>>;
}

/// No data at all: for hosts that only look at plugins.
pub struct NoData;

impl GuestData for NoData {
    fn customer<'a>(&'a self, _: &'a Scope, _: &'a CustomerId) -> Answer<'a, Option<Customer>> {
        Box::pin(async { Err(Unavailable) })
    }

    fn subscriptions<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a CustomerId,
    ) -> Answer<'a, Vec<(Subscription, String)>> {
        Box::pin(async { Err(Unavailable) })
    }

    fn payments<'a>(&'a self, _: &'a Scope, _: &'a CustomerId) -> Answer<'a, Vec<Payment>> {
        Box::pin(async { Err(Unavailable) })
    }

    fn licenses<'a>(&'a self, _: &'a Scope, _: &'a CustomerId) -> Answer<'a, Vec<License>> {
        Box::pin(async { Err(Unavailable) })
    }

    fn value<'a>(&'a self, _: &'a Scope, _: &'a str, _: &'a str) -> Answer<'a, Option<Vec<u8>>> {
        Box::pin(async { Err(Unavailable) })
    }

    fn keep<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a str,
        _: &'a str,
        _: Vec<u8>,
        _: bool,
    ) -> Answer<'a, Kept> {
        Box::pin(async { Err(Unavailable) })
    }

    fn forget<'a>(&'a self, _: &'a Scope, _: &'a str, _: &'a str) -> Answer<'a, ()> {
        Box::pin(async { Err(Unavailable) })
    }

    fn scan<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a str,
        _: &'a str,
        _: &'a str,
    ) -> Answer<'a, Vec<(String, Vec<u8>)>> {
        Box::pin(async { Err(Unavailable) })
    }
}
