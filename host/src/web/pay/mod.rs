//! Hosted payment pages, without signing in: begin with a first payment, and come back from a
//! gateway.

pub mod offer;
mod returning;
pub mod status;

use axum::Router;
use axum::routing::{get, post};

use super::Web;
use crate::themes::Registered;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/pay/{token}", get(offer::show).post(offer::create))
        .route("/pay/{token}/give-up", post(offer::give_up))
        .route(
            "/return/{token}",
            get(returning::come_back).post(returning::come_back),
        )
        .route("/return/{token}/result", get(returning::result))
}

/// The hosted payment pages, for checks of themes.
pub(super) fn registered() -> Vec<Registered> {
    vec![
        Registered::page::<offer::OfferPage>(),
        Registered::page::<status::StatusPage>(),
    ]
}
