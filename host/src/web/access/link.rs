//! The page behind a mailed or copied link: what it is, one button, and what to do when it is
//! over. Showing it changes nothing.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use super::asked::AskedView;
use super::sign_in::{client, welcome};
use crate::domain::access::Session;
use crate::flows::portal_link;
use crate::flows::sign_in::{self, Entry};
use crate::store::Tx;
use crate::themes::{Page, Registered};
use crate::web::{Error, Posted, Visitor, Web, signed_in};

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/link/{token}", get(show).post(press))
        .route("/link/{token}/again", post(again))
}

pub(super) fn registered() -> Vec<Registered> {
    vec![
        Registered::page::<LinkPage>(),
        Registered::page::<ExpiredPage>(),
    ]
}

/// Says whose portal the button opens, and who asked for the link.
#[derive(Debug, Serialize)]
struct LinkPage {
    action: String,
    /// The address that the link was mailed to or that is on file, masked.
    address: String,
    /// For links that were asked for on the sign-in page.
    asked: Option<AskedView>,
    /// Who is signed in now, and will not be afterwards.
    instead_of: Option<String>,
}

impl Page for LinkPage {
    const TEMPLATE: &'static str = "pages/link.html";

    fn samples() -> Vec<Self> {
        let page = |browser, instead_of: Option<&str>| Self {
            action: "/bus_sample/link/sample".to_owned(),
            address: "a•••@example.com".to_owned(),
            asked: Some(AskedView::sample(browser)),
            instead_of: instead_of.map(str::to_owned),
        };
        let made = Self {
            asked: None,
            ..page(None, None)
        };
        vec![
            page(Some("Firefox"), None),
            page(None, Some("山田太郎")),
            made,
        ]
    }
}

/// The link was used or is too old.
#[derive(Debug, Serialize)]
struct ExpiredPage {
    /// Where a new one is asked for, when there still is an address on file.
    again: Option<String>,
    login: String,
}

impl Page for ExpiredPage {
    const TEMPLATE: &'static str = "pages/link-expired.html";

    fn samples() -> Vec<Self> {
        let page = |again: Option<&str>| Self {
            again: again.map(str::to_owned),
            login: "/login/bus_sample".to_owned(),
        };
        vec![page(Some("/bus_sample/link/sample/again")), page(None)]
    }
}

async fn show(
    State(web): State<Web>,
    mut visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let mut tx = web.cx.store.read().await?;
    let scope = visitor.scope()?.clone();
    let browser = visitor.browser();
    let session = signed_in::current(&visitor, &mut tx).await?;
    let asked = sign_in::look(&web.cx, &mut tx, &scope, &token, &browser).await?;
    let (address, asked) = if let Some(asked) = asked {
        let view = AskedView::of(asked.at, &asked.agent, asked.network);
        (asked.masked, Some(view))
    } else if let Some(link) = portal_link::look(&web.cx, &mut tx, &scope, &token, &browser).await?
    {
        let customer = tx
            .customer(&scope, &link.customer)
            .await?
            .ok_or_else(Error::not_found)?;
        (customer.email.masked(), None)
    } else {
        return expired(&visitor, &token);
    };
    // Times on this page are the host's, whatever a test clock says.
    visitor.frame.now = web.cx.now();
    visitor.render(&LinkPage {
        action: visitor.url(&format!("/link/{token}")),
        address,
        asked,
        instead_of: instead_of(&mut tx, session).await?,
    })
}

/// The name of whoever is signed in.
async fn instead_of(tx: &mut Tx, session: Option<Session>) -> Result<Option<String>, Error> {
    let Some(session) = session else {
        return Ok(None);
    };
    let Some(customer) = &session.customer else {
        return Ok(None);
    };
    let customer = tx.customer(&session.scope, customer).await?;
    Ok(customer.map(|customer| {
        if customer.name.trim().is_empty() {
            customer.email.masked()
        } else {
            customer.name
        }
    }))
}

#[derive(Deserialize)]
struct Nothing {}

async fn press(
    State(web): State<Web>,
    visitor: Visitor,
    Path(token): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, Error> {
    let (visitor, client) = client(&web, visitor).await?;
    let (cx, scope) = (visitor.acting("visitor"), visitor.scope()?.clone());
    let pressed = token.clone();
    let entry = web
        .perform(async move {
            match sign_in::by_link(&cx, &scope, &client, &pressed).await? {
                Entry::Gone => portal_link::enter(&cx, &scope, &client, &pressed).await,
                entry => Ok(entry),
            }
        })
        .await?;
    match entry {
        Entry::Opened(opened, next) => Ok(welcome(visitor, &opened, next.as_deref())),
        Entry::Wrong | Entry::Gone => expired(&visitor, &token),
    }
}

fn expired(visitor: &Visitor, token: &str) -> Result<Response, Error> {
    let page = ExpiredPage {
        again: Some(visitor.url(&format!("/link/{token}/again"))),
        login: visitor.login_url(),
    };
    visitor.render_as(StatusCode::GONE, &page)
}

/// A new link, to the address that the old one was for. The page after it says no more than
/// after any other address.
async fn again(
    State(web): State<Web>,
    visitor: Visitor,
    Path(token): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, Error> {
    let (visitor, client) = client(&web, visitor).await?;
    let (cx, scope) = (visitor.acting("visitor"), visitor.scope()?.clone());
    let locale = visitor.frame.locale.to_string();
    let asked = web
        .perform(async move { sign_in::ask_again(&cx, &scope, &client, &token, locale).await })
        .await?;
    Ok(if asked {
        visitor.redirect("/login/mail")
    } else {
        visitor.redirect_to(&visitor.login_url())
    })
}
