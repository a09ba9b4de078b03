//! Hosted payment pages, without signing in: begin with a first payment, give a new method, and
//! come back from a gateway.

pub mod method;
pub mod offer;
mod returning;
pub mod status;

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use url::Url;

use super::portal::progress::Pressed;
use super::{Error, Posted, Visitor, Web, surface};
use crate::domain::Scope;
use crate::domain::id::{PageId, PaymentId};
use crate::flows::{address, token};
use crate::themes::Registered;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/pay/{token}", get(show).post(press))
        .route("/pay/{token}/give-up", post(give_up))
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

/// The scope of a token, unless the visitor is on a host of its own that somebody else has.
fn at_home(visitor: &Visitor, scope: Scope) -> Result<Scope, Error> {
    let settings = visitor.web.cx.settings.load();
    if surface::is_foreign(&settings, &scope, visitor.visit.host()) {
        return Err(Error::not_found());
    }
    Ok(scope)
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
        Registered::page::<method::GiveMethodPage>(),
        Registered::page::<status::StatusPage>(),
    ]
}

/// What a page was made for.
enum Made {
    /// A first payment.
    First(Scope, PaymentId),
    /// A new method.
    Method(Scope, PageId),
}

impl Made {
    fn read(visitor: &Visitor, token: &str) -> Result<Self, Error> {
        let cx = &visitor.web.cx;
        if let Some((scope, payment)) = token::read_pay(cx, token) {
            return Ok(Self::First(at_home(visitor, scope)?, payment));
        }
        let (scope, page) = token::read_method_page(cx, token).ok_or_else(Error::not_found)?;
        Ok(Self::Method(at_home(visitor, scope)?, page))
    }
}

async fn show(
    visitor: Visitor,
    Path(token): Path<String>,
    Query(after): Query<offer::After>,
) -> Result<Response, Error> {
    match Made::read(&visitor, &token)? {
        Made::First(scope, first) => offer::show(&visitor, &scope, &token, &first, after).await,
        Made::Method(scope, page) => method::show(&visitor, &scope, &token, &page).await,
    }
}

/// What the button sends.
#[derive(Deserialize)]
struct Agreed {
    #[serde(default)]
    quote: Option<String>,
}

async fn press(
    visitor: Visitor,
    Path(token): Path<String>,
    Posted(form): Posted<Agreed>,
) -> Result<Response, Error> {
    match Made::read(&visitor, &token)? {
        Made::First(scope, first) => offer::create(&visitor, &scope, &token, first).await,
        Made::Method(scope, page) => {
            method::create(&visitor, &scope, &token, &page, form.quote).await
        }
    }
}

async fn give_up(
    visitor: Visitor,
    Path(token): Path<String>,
    Posted(Pressed {}): Posted<Pressed>,
) -> Result<Response, Error> {
    match Made::read(&visitor, &token)? {
        Made::First(scope, first) => offer::give_up(&visitor, scope, &token, &first).await,
        Made::Method(scope, page) => method::give_up(&visitor, &scope, &token, &page).await,
    }
}
