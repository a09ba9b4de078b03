//! The merchant API: Dodo's paths and JSON, so that Dodo's SDKs work against this host with
//! another base address and key. The key decides business and mode.
//!
//! A handler reads, or calls one flow, and answers with a struct of [`crate::wire`]. Fields
//! that this host does not know are ignored, as Dodo does; a known field of a wrong type is
//! refused by name.

mod addons;
mod charges;
mod create;
mod customers;
mod discounts;
mod disputes;
mod input;
mod invoices;
mod key;
mod license_keys;
mod licenses;
mod line_items;
mod method_types;
mod method_update;
mod methods;
mod pauses;
mod payments;
mod plan_changes;
mod products;
mod rates;
mod refunds;
mod repeats;
mod return_url;
mod subscription_changes;
mod subscriptions;
mod test_clock;
mod webhooks;

use std::future::Future;
use std::sync::Arc;

use axum::{Extension, Router};

use self::rates::Rates;
use super::{Error, Web};
use crate::flows;

/// The routes below `/api`.
pub(super) fn router() -> Router<Web> {
    Router::new()
        .merge(charges::router())
        .merge(customers::router())
        .merge(methods::router())
        .merge(products::router())
        .merge(addons::router())
        .merge(discounts::router())
        .merge(subscriptions::router())
        .merge(method_update::router())
        .merge(pauses::router())
        .merge(plan_changes::router())
        .merge(payments::router())
        .merge(line_items::router())
        .merge(refunds::router())
        .merge(disputes::router())
        .merge(invoices::router())
        .merge(license_keys::router())
        .merge(licenses::router())
        .merge(test_clock::router())
        .merge(webhooks::router())
        .layer(Extension(Arc::new(Rates::default())))
}

/// Runs a flow to its end, whatever becomes of the caller.
async fn run<T: Send + 'static>(
    web: &Web,
    flow: impl Future<Output = Result<T, flows::Error>> + Send + 'static,
) -> Result<T, Error> {
    web.perform(flow).await
}
