//! Hosted payment pages, without signing in: begin with a first payment, and come back from a
//! gateway.

pub mod offer;
mod returning;
pub mod status;

use axum::Router;
use axum::routing::{get, post};

use url::Url;

use super::{Visitor, Web, surface};
use crate::domain::Scope;
use crate::flows::address;
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

/// The host of its own that the portal of `scope` has, unless the visitor is there.
fn elsewhere(visitor: &Visitor, scope: &Scope) -> Option<Url> {
    let settings = visitor.web.cx.settings.load();
    surface::own_host_elsewhere(&settings, scope, visitor.visit.host())
}

/// The sign-in page of the portal of `scope`, as a link on this page reaches it.
fn login(visitor: &Visitor, scope: &Scope) -> String {
    let cx = &visitor.web.cx;
    match elsewhere(visitor, scope) {
        Some(_) => address::static_link(cx, scope),
        None => surface::portal_at(&cx.settings.load(), scope).login,
    }
}

/// The hosted payment pages, for checks of themes.
pub(super) fn registered() -> Vec<Registered> {
    vec![
        Registered::page::<offer::OfferPage>(),
        Registered::page::<status::StatusPage>(),
    ]
}
