//! Who is signed in to a portal, and what is theirs.

use std::ops::{Deref, DerefMut};

use axum::extract::{FromRequestParts, Path};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use url::Url;

use super::cookies::Purpose;
use super::portal::extra::carried;
use super::{Error, Visitor, Web};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::access::Session;
use crate::domain::branding::Surface;
use crate::domain::customer::Customer;
use crate::domain::id::CustomerId;
use crate::domain::invoice::Invoice;
use crate::domain::license::License;
use crate::domain::payment::Payment;
use crate::domain::subscription::Subscription;
use crate::flows::{return_url, session};
use crate::plugins::Task;
use crate::store::{self, Entrance, Setup, Tx};
use crate::themes::{Back, Entry};

/// A customer in front of their portal. Whoever is not signed in is sent to the sign-in page and
/// comes back afterwards.
#[derive(Clone)]
pub struct SignedIn {
    /// The browser, with the customer's navigation and language in its frame.
    pub visitor: Visitor,
    /// The session.
    pub session: Session,
    /// For whom it acts.
    pub customer: Customer,
}

impl SignedIn {
    /// The business and mode.
    pub fn scope(&self) -> &Scope {
        &self.session.scope
    }

    /// The context for flows that this customer starts.
    pub fn cx(&self) -> Cx {
        self.visitor.acting(self.customer.id.as_str())
    }
}

impl Deref for SignedIn {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl DerefMut for SignedIn {
    fn deref_mut(&mut self) -> &mut Visitor {
        &mut self.visitor
    }
}

impl FromRequestParts<Web> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        Ok(Self::enter(parts, web).await?.0)
    }
}

impl SignedIn {
    /// Who it is, and a transaction to read on in.
    pub(super) async fn enter(parts: &mut Parts, web: &Web) -> Result<(Self, Tx), Response> {
        let visitor = Visitor::arrive(parts, web)
            .await
            .map_err(Error::into_response)?;
        let mut tx = glance(web).await.map_err(Error::into_response)?;
        let found = entrance(&visitor, &mut tx)
            .await
            .map_err(Error::into_response)?;
        let Some(found) = found else {
            return Err(sign_in_first(&visitor, &parts.method, parts.uri.query()));
        };
        if found.session.customer.is_none() {
            return Err(visitor.redirect("/accounts"));
        }
        let mut signed_in = load(visitor, found).map_err(Error::into_response)?;
        let Self {
            visitor, customer, ..
        } = &mut signed_in;
        if visitor.is_branded() {
            // The plugin may be waited for, and others read meanwhile.
            drop(tx);
            visitor.dress(Some(customer), Surface::Portal).await;
            tx = glance(web).await.map_err(Error::into_response)?;
        }
        Ok((signed_in, tx))
    }
}

async fn glance(web: &Web) -> Result<Tx, Error> {
    Ok(web.cx.store.glance().await?)
}

async fn read(web: &Web) -> Result<Tx, Error> {
    Ok(web.cx.store.read().await?)
}

/// The live session of a browser on the portal it is on.
pub(super) async fn current(visitor: &Visitor, tx: &mut Tx) -> Result<Option<Session>, Error> {
    let Some(token) = visitor.visit.cookies.get(Purpose::Session) else {
        return Ok(None);
    };
    let found = session::find(&visitor.web.cx, tx, visitor.scope()?, token).await?;
    if let Some(session) = &found {
        note_use(visitor, session);
    }
    Ok(found)
}

/// The same, with whom it acts for.
async fn entrance(visitor: &Visitor, tx: &mut Tx) -> Result<Option<Entrance>, Error> {
    let Some(token) = visitor.visit.cookies.get(Purpose::Session) else {
        return Ok(None);
    };
    let found = session::entrance(&visitor.web.cx, tx, visitor.scope()?, token).await?;
    if let Some(found) = &found {
        note_use(visitor, &found.session);
    }
    Ok(found)
}

fn note_use(visitor: &Visitor, session: &Session) {
    let cx = &visitor.web.cx;
    if session::wants_touch(cx, session) {
        let (cx, session) = (cx.clone(), session.clone());
        // Nobody waits for it: a use that is not noted only ends the session earlier.
        cx.flows.clone().spawn(async move {
            if let Err(error) = session::touch(&cx, &session).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "session not touched"
                );
            }
        });
    }
}

fn sign_in_first(visitor: &Visitor, method: &Method, query: Option<&str>) -> Response {
    if *method != Method::GET {
        return Error::expired()
            .retry_at(visitor.login_url())
            .into_response();
    }
    let mut next = visitor.visit.path.clone();
    if let Some(query) = query {
        next = format!("{next}?{query}");
    }
    if next == "/" {
        return visitor.redirect_to(&visitor.login_url());
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("next", &next)
        .finish();
    visitor.redirect_to(&format!("{}?{query}", visitor.login_url()))
}

fn load(mut visitor: Visitor, found: Entrance) -> Result<SignedIn, Error> {
    let (session, customer) = (found.session, found.customer);
    let customer = customer.ok_or_else(Error::not_found)?;
    visitor.frame.now = visitor.web.cx.business_time(found.offset_us);
    let named = !customer.name.trim().is_empty();
    let account = if named {
        &customer.name
    } else {
        customer.email.as_str()
    };
    visitor.frame.account = Some(account.to_owned());
    visitor.frame.opened_by = found.opened_by;
    visitor.frame.back = back(&visitor.web, &session);
    if let Some(locale) = &customer.locale {
        visitor.speak(Some(locale));
    }
    visitor.frame.navigation = navigation();
    let extra = extra_entries(&visitor);
    visitor.frame.navigation.extend(extra);
    Ok(SignedIn {
        visitor,
        session,
        customer,
    })
}

/// The merchant's page that the session was opened from, while it is one that may be offered.
fn back(web: &Web, session: &Session) -> Option<Back> {
    let url = Url::parse(session.return_url.as_deref()?).ok()?;
    return_url::check(&web.cx.settings.load(), &session.scope, &url).ok()?;
    Some(Back {
        host: url.host_str()?.to_owned(),
        url: url.into(),
    })
}

fn navigation() -> Vec<Entry> {
    let entry = |key: &str, path: &str, icon: &str| Entry {
        key: key.to_owned(),
        path: path.to_owned(),
        icon: icon.to_owned(),
        label: None,
    };
    vec![
        entry("nav-overview", "/", "home"),
        entry("nav-subscriptions", "/subscriptions", "repeat"),
        entry("nav-billing", "/billing", "receipt"),
        entry("nav-payment-methods", "/payment-methods", "card"),
        entry("nav-license-keys", "/license-keys", "key"),
        entry("nav-profile", "/profile", "person"),
    ]
}

/// The symbols that entries of plugins may have.
const ICONS: [&str; 12] = [
    "home", "repeat", "receipt", "card", "key", "person", "people", "mail", "info", "check",
    "bank", "send",
];

/// The entries that plugins have, in the customer's language.
fn extra_entries(visitor: &Visitor) -> Vec<Entry> {
    let web = &visitor.web;
    let Ok(scope) = visitor.scope() else {
        return Vec::new();
    };
    let mut entries = Vec::new();
    for (name, pages) in web.cx.plugins.all_pages(scope) {
        let mut well = true;
        for entry in pages.navigation() {
            let carried = carried(&pages);
            let say = |key: &str| web.themes.label(&visitor.frame, &carried, key);
            let Some(label) = say(&entry.label) else {
                let what = format!("it has no word `{}` for the navigation", entry.label);
                let plugins = &web.cx.plugins;
                plugins.report(pages.plugin(), scope, Task::Navigation, &what);
                well = false;
                continue;
            };
            let short = say(&format!("{}-short", entry.label)).unwrap_or_else(|| label.clone());
            let icon = ICONS.iter().find(|icon| **icon == entry.icon);
            entries.push(Entry {
                key: String::new(),
                path: format!("/x/{name}{}", entry.path.trim_end_matches('/')),
                icon: (*icon.unwrap_or(&"info")).to_owned(),
                label: Some((label, short)),
            });
        }
        if well {
            let plugins = &web.cx.plugins;
            plugins.is_well(pages.plugin(), scope, Task::Navigation);
        }
    }
    entries
}

/// Something of the signed-in customer, by the `{id}` of the path. Absent and somebody else's
/// are the same 404.
pub struct Owned<T> {
    /// Who is signed in.
    pub who: SignedIn,
    /// What is theirs.
    pub item: T,
}

/// What a customer can own.
pub trait Belongings: Sized + Send {
    /// The thing with this id in this scope.
    fn load(
        tx: &mut Tx,
        scope: &Scope,
        id: &str,
    ) -> impl Future<Output = store::Result<Option<Self>>> + Send;

    /// Whose it is.
    fn owner(&self) -> &CustomerId;
}

#[derive(Deserialize)]
struct ItemPath {
    id: String,
}

impl<T: Belongings> FromRequestParts<Web> for Owned<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let who = SignedIn::from_request_parts(parts, web).await?;
        let item = owned(parts, web, &who)
            .await
            .map_err(Error::into_response)?;
        Ok(Self { who, item })
    }
}

async fn owned<T: Belongings>(parts: &mut Parts, web: &Web, who: &SignedIn) -> Result<T, Error> {
    let Path(ItemPath { id }) = Path::from_request_parts(parts, web)
        .await
        .map_err(|error| Error::not_found().because(error))?;
    let mut tx = read(web).await?;
    let item = T::load(&mut tx, who.scope(), &id).await?;
    item.filter(|item| *item.owner() == who.customer.id)
        .ok_or_else(Error::not_found)
}

macro_rules! belongings {
    ($($kind:ty = $query:ident),+ $(,)?) => {$(
        impl Belongings for $kind {
            async fn load(tx: &mut Tx, scope: &Scope, id: &str) -> store::Result<Option<Self>> {
                match id.parse() {
                    Ok(id) => tx.$query(scope, &id).await,
                    Err(_) => Ok(None),
                }
            }

            fn owner(&self) -> &CustomerId {
                &self.customer
            }
        }
    )+};
}

belongings! {
    Subscription = subscription,
    Payment = payment,
    Invoice = invoice,
    License = license,
    Setup = setup,
}
