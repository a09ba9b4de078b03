//! What plugins may read and keep, out of the database.

use crate::cx::Clock;
use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::id::CustomerId;
use crate::domain::license::License;
use crate::domain::payment::Payment;
use crate::domain::subscription::Subscription;
use crate::plugins::data::{Answer, GuestData, Kept, Unavailable};
use crate::store::{
    self, PaymentFilter, PluginEntry, PluginKept, PluginUsage, Store, SubscriptionFilter,
};

/// Rows of a kind that a guest is told of.
const TOLD: u32 = 50;
/// Entries that one scan answers.
const SCANNED: u32 = 100;
/// Keys that a plugin may have in a business and mode, and bytes of their values.
const MOST: PluginUsage = PluginUsage {
    entries: 10_000,
    bytes: 8 << 20,
};

/// The data of this host.
pub(super) struct Guests {
    pub(super) store: Store,
    pub(super) clock: Clock,
}

fn told<T>(result: store::Result<T>) -> Result<T, Unavailable> {
    result.map_err(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "a plugin's data could not be read or written");
        Unavailable
    })
}

impl GuestData for Guests {
    fn customer<'a>(
        &'a self,
        scope: &'a Scope,
        customer: &'a CustomerId,
    ) -> Answer<'a, Option<Customer>> {
        Box::pin(async move {
            told(async { self.store.read().await?.customer(scope, customer).await }.await)
        })
    }

    fn subscriptions<'a>(
        &'a self,
        scope: &'a Scope,
        customer: &'a CustomerId,
    ) -> Answer<'a, Vec<(Subscription, String)>> {
        let filter = SubscriptionFilter {
            customer: Some(customer.clone()),
            ..SubscriptionFilter::default()
        };
        let read = async move {
            let mut tx = self.store.read().await?;
            let found = tx.subscriptions(scope, &filter, TOLD, 0).await?;
            let names = tx.product_names(scope, customer).await?;
            let name = |subscription: &Subscription| {
                let known = names.iter().find(|(id, _)| *id == subscription.product);
                known.map(|(_, name)| name.clone()).unwrap_or_default()
            };
            Ok(found
                .into_iter()
                .map(|subscription| {
                    let name = name(&subscription);
                    (subscription, name)
                })
                .collect())
        };
        Box::pin(async move { told(read.await) })
    }

    fn payments<'a>(
        &'a self,
        scope: &'a Scope,
        customer: &'a CustomerId,
    ) -> Answer<'a, Vec<Payment>> {
        let filter = PaymentFilter {
            customer: Some(customer.clone()),
            ..PaymentFilter::default()
        };
        let read = async move {
            let mut tx = self.store.read().await?;
            tx.payments(scope, &filter, TOLD, 0).await
        };
        Box::pin(async move { told(read.await) })
    }

    fn licenses<'a>(
        &'a self,
        scope: &'a Scope,
        customer: &'a CustomerId,
    ) -> Answer<'a, Vec<License>> {
        let read = async move {
            let mut tx = self.store.read().await?;
            tx.licenses(scope, Some(customer), None, None, TOLD, 0)
                .await
        };
        Box::pin(async move { told(read.await) })
    }

    fn value<'a>(
        &'a self,
        scope: &'a Scope,
        plugin: &'a str,
        key: &'a str,
    ) -> Answer<'a, Option<Vec<u8>>> {
        let read = async move {
            let mut tx = self.store.read().await?;
            tx.plugin_value(scope, plugin, key).await
        };
        Box::pin(async move { told(read.await) })
    }

    fn keep<'a>(
        &'a self,
        scope: &'a Scope,
        plugin: &'a str,
        key: &'a str,
        value: Vec<u8>,
        over: bool,
    ) -> Answer<'a, Kept> {
        let entry = PluginEntry {
            key: key.to_owned(),
            value,
        };
        let write = async move {
            let mut tx = self.store.begin().await?;
            let now = self.clock.now();
            let kept = tx.keep_plugin_value(scope, plugin, &entry, over, MOST, now);
            Ok(match kept.await? {
                PluginKept::Yes => {
                    tx.commit().await?;
                    Kept::Yes
                }
                PluginKept::Another => Kept::Another,
                PluginKept::Full => Kept::Full,
            })
        };
        Box::pin(async move { told(write.await) })
    }

    fn forget<'a>(&'a self, scope: &'a Scope, plugin: &'a str, key: &'a str) -> Answer<'a, ()> {
        let write = async move {
            let mut tx = self.store.begin().await?;
            tx.forget_plugin_value(scope, plugin, key).await?;
            tx.commit().await
        };
        Box::pin(async move { told(write.await) })
    }

    fn scan<'a>(
        &'a self,
        scope: &'a Scope,
        plugin: &'a str,
        prefix: &'a str,
        after: &'a str,
    ) -> Answer<'a, Vec<(String, Vec<u8>)>> {
        let read = async move {
            let mut tx = self.store.read().await?;
            let found = tx
                .plugin_values(scope, plugin, prefix, after, SCANNED)
                .await?;
            Ok(found
                .into_iter()
                .map(|entry| (entry.key, entry.value))
                .collect())
        };
        Box::pin(async move { told(read.await) })
    }
}
