//! The console: what a merchant's staff see and do. Every page of a business stands below
//! `/{business}/{mode}`, and one that is not theirs is the same 404 as one that is not there.

mod customer;
mod customers;
mod mails;
mod payment;
mod reconciliation;
mod refund;
mod resolve;
mod room;
mod sessions;
mod share;
mod sign_in;
mod webhooks;

use axum::Router;
use axum::routing::{get, post};

use super::Web;
use crate::themes::Registered;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/", get(room::first))
        .route("/login", get(sign_in::form).post(sign_in::ask))
        .route("/login/mail", get(sign_in::mail))
        .route("/link/{token}", get(sign_in::show).post(sign_in::press))
        .route("/sign-out", post(sign_in::sign_out))
        .nest("/{business}/{mode}", of_business())
}

fn of_business() -> Router<Web> {
    Router::new()
        .route("/customers", get(customers::index))
        .route("/customers/{id}", get(customer::show))
        .route("/payments/{id}", get(payment::show))
        .route(
            "/payments/{id}/refund",
            get(refund::show).post(refund::create),
        )
        .route("/reconciliation", get(reconciliation::show))
        .route(
            "/reconciliation/{id}",
            get(resolve::show).post(resolve::decide),
        )
        .route("/mails", get(mails::index))
        .route("/mails/{id}", get(mails::show))
        .route("/webhooks", get(webhooks::index))
        .route("/webhooks/{id}", get(webhooks::show))
        .route("/webhooks/{id}/replay", post(webhooks::replay))
        .route("/customers/{id}/share", get(share::show).post(share::make))
}

/// The pages of the console, for checks of themes.
pub(super) fn registered() -> Vec<Registered> {
    vec![
        Registered::page::<sign_in::LoginPage>(),
        Registered::page::<sign_in::LinkPage>(),
        Registered::page::<room::EmptyPage>(),
        Registered::page::<customers::CustomersPage>(),
        Registered::page::<customer::CustomerPage>(),
        Registered::page::<share::SharePage>(),
        Registered::page::<payment::PaymentPage>(),
        Registered::page::<refund::RefundPage>(),
        Registered::page::<reconciliation::ReconciliationPage>(),
        Registered::page::<resolve::ResolvePage>(),
        Registered::page::<mails::MailsPage>(),
        Registered::page::<mails::MailPage>(),
        Registered::page::<webhooks::WebhooksPage>(),
        Registered::page::<webhooks::WebhookPage>(),
    ]
}
