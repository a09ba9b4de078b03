//! The browser in front of a page, signed in or not, and rendering pages for it: brand, language,
//! token of forms, request id.

use std::sync::Arc;

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::tz::TimeZone;

use super::cookies::Purpose;
use super::surface::{self, Surface as Place};
use super::visit::Visit;
use super::{Error, Web, csrf};
use crate::branding;
use crate::config::Business;
use crate::cx::{self, Actor, Cx};
use crate::domain::Mode;
use crate::domain::Scope;
use crate::domain::branding::Surface;
use crate::domain::customer::Customer;
use crate::themes::{Brand, DEFAULT, Frame, Locale, Page};

/// A browser on one of our surfaces.
#[derive(Clone)]
pub struct Visitor {
    /// What every handler can reach.
    pub web: Web,
    /// The request.
    pub visit: Arc<Visit>,
    /// What surrounds the page.
    pub frame: Frame,
    /// The portal's scope; none on the console and on pages of the host.
    scope: Option<Scope>,
    theme: String,
    browser: Option<String>,
    set_cookies: Vec<HeaderValue>,
}

impl Visitor {
    /// The visitor of a request, on whatever surface.
    pub(super) fn of(web: &Web, visit: &Arc<Visit>) -> Self {
        let scope = match &visit.surface {
            Place::Portal(portal) => Some(portal.scope.clone()),
            Place::Console { .. } | Place::Api { .. } | Place::Host => None,
        };
        Self::in_scope(web, visit, scope)
    }

    fn in_scope(web: &Web, visit: &Arc<Visit>, scope: Option<Scope>) -> Self {
        let settings = web.cx.settings.load();
        let business = scope
            .as_ref()
            .and_then(|scope| settings.businesses.get(&scope.business));
        let theme = business
            .map_or(DEFAULT, |business| business.theme.as_str())
            .to_owned();
        let held = [Purpose::Session, Purpose::Browser];
        let held = held
            .into_iter()
            .find_map(|purpose| visit.cookies.get(purpose));
        let mut set_cookies = Vec::new();
        let fresh = held
            .is_none()
            .then(|| URL_SAFE_NO_PAD.encode(cx::random::<32>()));
        if let Some(fresh) = &fresh {
            set_cookies.push(visit.cookies.set(Purpose::Browser, fresh));
        }
        let secret = held.or(fresh.as_deref()).unwrap_or_default();
        let frame = Frame {
            brand: business.map(brand),
            test: scope.as_ref().is_some_and(|scope| scope.mode == Mode::Test),
            can_pay: business.is_some_and(|business| business.allow.reactivate),
            can_choose: business.is_some_and(|business| business.allow.payment_methods),
            locale: locale(web, visit, business, None),
            time_zone: business.map_or(TimeZone::UTC, |business| business.time_zone.clone()),
            now: web.cx.now(),
            account: None,
            opened_by: None,
            back: None,
            base: match &scope {
                Some(scope) => surface::portal_at(&settings, scope).base,
                None => visit.base().to_owned(),
            },
            path: visit.path.clone(),
            csrf: Some(csrf::token(&web.cx.keys, secret)),
            request_id: visit.request_id.clone(),
            navigation: Vec::new(),
            flash: None,
            script_nonce: Some(visit.nonce.clone()),
            blocks: Vec::new(),
            look: None,
        };
        let browser = visit
            .cookies
            .get(Purpose::Browser)
            .map(str::to_owned)
            .or(fresh);
        Self {
            web: web.clone(),
            visit: Arc::clone(visit),
            frame,
            scope,
            theme,
            browser,
            set_cookies,
        }
    }

    /// The same visitor on a page of the host that belongs to `scope`, such as a hosted payment:
    /// the business's brand, theme and language. A language that a customer chose comes in
    /// `wish`. Unavailable while the business's file is gone.
    pub async fn for_scope(&self, scope: &Scope, wish: Option<&str>) -> Result<Self, Error> {
        let mut visitor = Self::in_scope(&self.web, &self.visit, Some(scope.clone()));
        if visitor.frame.brand.is_none() {
            return Err(Error::unavailable());
        }
        visitor.speak(wish);
        // Language links lead to this very page.
        visitor.frame.base = String::new();
        visitor.dress_by_its_clock(Surface::Payment).await?;
        Ok(visitor)
    }

    /// Puts on the look of the day that it is for the business, whose test clock may have been moved,
    /// on a page of nobody who is signed in.
    async fn dress_by_its_clock(&mut self, surface: Surface) -> Result<(), Error> {
        let cx = &self.web.cx;
        let scope = self.scope.as_ref();
        let moved = scope
            .filter(|scope| scope.mode == Mode::Test)
            .filter(|_| self.is_branded());
        let host = self.frame.now;
        if let Some(scope) = moved {
            let mut tx = cx.store.read().await?;
            self.frame.now = cx.business_now(&mut tx, scope).await?;
        }
        self.dress(None, surface).await;
        self.frame.now = host;
        Ok(())
    }

    /// Whether a plugin says how the business looks.
    pub(super) fn is_branded(&self) -> bool {
        let settings = self
            .scope
            .as_ref()
            .and_then(|scope| self.web.cx.business(scope));
        settings.is_some_and(|(_, mode)| mode.branding.is_some())
    }

    /// Puts on the look that the business's branding plugin has for this page.
    pub(super) async fn dress(&mut self, customer: Option<&Customer>, surface: Surface) {
        if let Some(scope) = &self.scope {
            let (cx, themes) = (&self.web.cx, &self.web.themes);
            let look = branding::look(cx, themes, scope, customer, surface, &self.frame).await;
            self.frame.look = look;
        }
    }

    /// The visitor of a request, not dressed yet.
    pub(super) async fn arrive(parts: &mut Parts, web: &Web) -> Result<Self, Error> {
        let Extension(visit) = Extension::<Arc<Visit>>::from_request_parts(parts, web)
            .await
            .map_err(Error::internal)?;
        let visitor = Self::of(web, &visit);
        match &visitor.scope {
            Some(scope) if visitor.frame.brand.is_none() => Err(gone(web, scope).await),
            _ => Ok(visitor),
        }
    }

    /// Takes the language of a customer into account.
    pub(super) fn speak(&mut self, wish: Option<&str>) {
        let settings = self.web.cx.settings.load();
        let business = self
            .scope
            .as_ref()
            .and_then(|scope| settings.businesses.get(&scope.business));
        self.frame.locale = locale(&self.web, &self.visit, business, wish);
    }

    /// The business and mode of the portal.
    pub fn scope(&self) -> Result<&Scope, Error> {
        self.scope.as_ref().ok_or_else(Error::not_found)
    }

    /// The context for flows that this browser starts, on behalf of `actor`.
    pub fn acting(&self, actor: &str) -> Cx {
        let settings = self.web.cx.settings.load();
        let origin = self.visit.network(&settings.login);
        self.web.cx.acting(Actor {
            id: actor.to_owned(),
            origin: Some(origin),
        })
    }

    /// The secret that this browser holds while nobody is signed in; made if there is none.
    pub(super) fn browser(&mut self) -> String {
        if let Some(secret) = &self.browser {
            return secret.clone();
        }
        let secret = URL_SAFE_NO_PAD.encode(cx::random::<32>());
        self.set_cookie(Purpose::Browser, &secret);
        self.browser = Some(secret.clone());
        secret
    }

    pub(super) fn set_cookie(&mut self, purpose: Purpose, value: &str) {
        self.set_cookies
            .push(self.visit.cookies.set(purpose, value));
    }

    /// Gives the browser the secret by which it is known from now on.
    pub(super) fn know(&mut self, secret: &str) {
        let age = self.web.cx.settings.load().login.known_browser;
        self.set_cookies
            .push(self.visit.cookies.keep(Purpose::Known, secret, age));
    }

    pub(super) fn remove_cookie(&mut self, purpose: Purpose) {
        self.set_cookies.push(self.visit.cookies.remove(purpose));
    }

    /// A path of this surface with what stands before it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.frame.base)
    }

    /// The path of the sign-in page.
    pub fn login_url(&self) -> String {
        match &self.visit.surface {
            Place::Portal(portal) => portal.login.clone(),
            _ => self.url("/login"),
        }
    }

    /// Where to start over, if there is such a place.
    pub(super) fn home(&self) -> Option<String> {
        match &self.visit.surface {
            Place::Portal(_) if self.frame.brand.is_some() => Some(self.url("/")),
            Place::Console { .. } => Some(self.url("/")),
            _ => None,
        }
    }

    /// The page, in the visitor's language and the business's theme.
    pub fn render<P: Page>(&self, page: &P) -> Result<Response, Error> {
        let html = self.web.themes.render(&self.theme, &self.frame, page)?;
        Ok(self.with_cookies(Html(html).into_response()))
    }

    /// The page with another status than 200, such as 422 for a form that has to be mended.
    pub fn render_as<P: Page>(&self, status: StatusCode, page: &P) -> Result<Response, Error> {
        let mut response = self.render(page)?;
        *response.status_mut() = status;
        Ok(response)
    }

    /// Sends the browser on (303) to a path of this surface.
    pub fn redirect(&self, path: &str) -> Response {
        self.redirect_to(&self.url(path))
    }

    /// Sends the browser on (303) to an address that is complete.
    pub fn redirect_to(&self, address: &str) -> Response {
        self.with_cookies(Redirect::to(address).into_response())
    }

    fn with_cookies(&self, mut response: Response) -> Response {
        for cookie in &self.set_cookies {
            response.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        response
    }
}

impl FromRequestParts<Web> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Error> {
        let mut visitor = Self::arrive(parts, web).await?;
        visitor.dress_by_its_clock(Surface::Portal).await?;
        Ok(visitor)
    }
}

/// Why there is no portal of `scope`: a business whose file went away still has its customers.
pub(super) async fn gone(web: &Web, scope: &Scope) -> Error {
    let known = async { web.cx.store.read().await?.has_customers(scope).await };
    match known.await {
        Ok(true) => Error::unavailable(),
        Ok(false) => Error::not_found(),
        Err(error) => error.into(),
    }
}

fn brand(business: &Business) -> Brand {
    Brand {
        name: business.name.clone(),
        logo: None,
        home: None,
        support: Some(business.support_email.as_str().to_owned()),
    }
}

/// The language that was chosen here, else the customer's, else the browser's, else the
/// business's; always one that the business offers.
fn locale(web: &Web, visit: &Visit, business: Option<&Business>, customer: Option<&str>) -> Locale {
    let theme = business.map_or(DEFAULT, |business| business.theme.as_str());
    let mut offered = web.themes.theme(theme).languages();
    if let Some(business) = business {
        offered.retain(|tag| business.locales.contains(tag));
    }
    let wishes = [
        visit.cookies.get(Purpose::Language),
        customer,
        Some(visit.accept_language.as_str()),
        business.map(|business| business.default_locale.as_str()),
    ];
    let wishes: Vec<&str> = wishes.into_iter().flatten().collect();
    Locale::negotiate(&offered, &wishes)
}
