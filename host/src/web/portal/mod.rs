//! The customer portal: a file per page, each with its page struct, samples and handlers. Paths
//! here have no business and no mode in front: the surface has taken them off.
//!
//! Pages read, and call one flow at most; they never write by themselves.

pub mod billing;
mod blocks;
pub mod cancellation;
mod charge;
pub mod done;
pub mod extra;
pub mod invoice;
pub mod keys;
pub mod method_update;
pub mod methods;
pub mod overview;
pub mod pause;
pub mod payment;
pub mod plan;
pub mod plan_choice;
pub mod profile;
pub mod progress;
pub mod reactivation;
pub mod records;
pub mod round;
mod sample;
pub mod scheduled;
pub mod subscription;
pub mod subscriptions;
mod trouble;
pub mod view;

use axum::Router;
use axum::routing::{get, post};

use super::Web;
use crate::themes::Registered;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/", get(overview::show))
        .route("/subscriptions", get(subscriptions::index))
        .nest("/subscriptions/{id}", of_subscription())
        .route("/payments/{id}", get(payment::show))
        .route("/payments/{id}/progress", get(progress::payment))
        .route("/payments/{id}/give-up", post(progress::give_up))
        .route("/payments/{id}/done", get(done::payment))
        .route("/setups/{id}", get(progress::setup))
        .route("/pay-all", get(round::show).post(round::create))
        .route("/pay-all/{id}", get(round::result))
        .route("/billing", get(billing::index))
        .route("/invoices/{id}", get(invoice::show))
        .route("/invoices/{id}/pdf", get(invoice::pdf))
        .route("/payment-methods", get(methods::index))
        .route(
            "/payment-methods/{id}/remove",
            get(methods::ask).post(methods::remove),
        )
        .route("/payment-methods/{id}/backup", post(methods::backup))
        .route("/license-keys", get(keys::index))
        .route(
            "/license-keys/{id}/devices/{device}",
            get(keys::ask).post(keys::deactivate),
        )
        .route("/profile", get(profile::show).post(profile::update))
        .route("/x/{plugin}", get(extra::show).post(extra::submit))
        .route("/x/{plugin}/{*path}", get(extra::show).post(extra::submit))
}

fn of_subscription() -> Router<Web> {
    Router::new()
        .route("/", get(subscription::show))
        .route(
            "/payment-method",
            get(method_update::show).post(method_update::update),
        )
        .route("/payment-method/done", get(done::method))
        .route(
            "/reactivate",
            get(reactivation::show).post(reactivation::create),
        )
        .route(
            "/cancel",
            get(cancellation::show).post(cancellation::create),
        )
        .route("/cancelled", get(done::cancelled))
        .route("/pause", get(pause::show).post(pause::create))
        .route("/paused", get(done::paused))
        .route("/resume", post(pause::resume))
        .route("/resumed", get(done::resumed))
        .route("/keep", post(cancellation::undo))
        .route("/kept", get(done::kept))
        .route("/plan", get(plan::show).post(plan::create))
        .route("/plan/keep", post(scheduled::undo))
        .route("/plan/done", get(done::plan))
}

/// The pages of the portal, for checks of themes.
pub(super) fn registered() -> Vec<Registered> {
    vec![
        Registered::page::<overview::OverviewPage>(),
        Registered::page::<subscriptions::SubscriptionsPage>(),
        Registered::page::<subscription::SubscriptionPage>(),
        Registered::page::<method_update::MethodUpdatePage>(),
        Registered::page::<reactivation::ReactivationPage>(),
        Registered::page::<progress::ProgressPage>(),
        Registered::page::<done::DonePage>(),
        Registered::page::<cancellation::CancellationPage>(),
        Registered::page::<round::RoundPage>(),
        Registered::page::<round::RoundResultPage>(),
        Registered::page::<pause::PausePage>(),
        Registered::page::<plan::PlanPage>(),
        Registered::page::<billing::BillingPage>(),
        Registered::page::<payment::PaymentPage>(),
        Registered::page::<invoice::InvoicePage>(),
        Registered::page::<methods::MethodsPage>(),
        Registered::page::<methods::RemoveMethodPage>(),
        Registered::page::<keys::KeysPage>(),
        Registered::page::<keys::DeactivatePage>(),
        Registered::page::<profile::ProfilePage>(),
        Registered::page::<extra::ExtraPage>(),
    ]
}
