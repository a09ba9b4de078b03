//! Staff sign in by a mailed link, and out.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::room::{StaffIn, current};
use crate::domain::email::Email;
use crate::flows::session::Client;
use crate::flows::staff;
use crate::themes::Page;
use crate::web::cookies::Purpose;
use crate::web::{Error, Posted, Visitor, Web};

/// Asks for the address, or says to look into the mail.
#[derive(Debug, Serialize)]
pub(super) struct LoginPage {
    email: String,
    invalid: bool,
    sent: bool,
    minutes: i64,
}

impl Page for LoginPage {
    const TEMPLATE: &'static str = "pages/console/login.html";

    fn samples() -> Vec<Self> {
        let page = |invalid, sent| Self {
            email: String::new(),
            invalid,
            sent,
            minutes: 10,
        };
        vec![page(false, false), page(true, false), page(false, true)]
    }
}

/// The page behind a link: one button, or that it is over.
#[derive(Debug, Serialize)]
pub(super) struct LinkPage {
    action: Option<String>,
    address: String,
}

impl Page for LinkPage {
    const TEMPLATE: &'static str = "pages/console/link.html";

    fn samples() -> Vec<Self> {
        let page = |action: Option<&str>| Self {
            action: action.map(str::to_owned),
            address: "s•••@example.com".to_owned(),
        };
        vec![page(Some("/console/link/sample")), page(None)]
    }
}

pub(super) async fn form(mut visitor: Visitor) -> Result<Response, Error> {
    if current(&visitor).await?.is_some() {
        return Ok(visitor.redirect("/"));
    }
    visitor.browser();
    login_page(&visitor, String::new(), false, false)
}

pub(super) async fn mail(visitor: Visitor) -> Result<Response, Error> {
    login_page(&visitor, String::new(), false, true)
}

fn login_page(
    visitor: &Visitor,
    email: String,
    invalid: bool,
    sent: bool,
) -> Result<Response, Error> {
    let lifetime = visitor.web.cx.settings.load().login.staff_link_lifetime;
    let status = if invalid {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = LoginPage {
        email,
        invalid,
        sent,
        minutes: lifetime.as_mins(),
    };
    visitor.render_as(status, &page)
}

#[derive(Deserialize)]
pub(super) struct AskForm {
    email: String,
}

pub(super) async fn ask(
    State(web): State<Web>,
    visitor: Visitor,
    Posted(form): Posted<AskForm>,
) -> Result<Response, Error> {
    let Ok(email) = form.email.parse::<Email>() else {
        return login_page(&visitor, form.email, true, false);
    };
    let (visitor, client) = client(visitor).await?;
    let cx = visitor.acting("visitor");
    let locale = visitor.frame.locale.to_string();
    web.perform(async move { staff::ask(&cx, &client, &email, &locale).await })
        .await?;
    Ok(visitor.redirect("/login/mail"))
}

pub(super) async fn show(
    State(web): State<Web>,
    mut visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let browser = visitor.browser();
    let mut tx = web.cx.store.read().await?;
    let found = staff::look(&web.cx, &mut tx, &token, &browser).await?;
    link_page(&visitor, &token, found)
}

fn link_page(visitor: &Visitor, token: &str, found: Option<String>) -> Result<Response, Error> {
    let status = if found.is_some() {
        StatusCode::OK
    } else {
        StatusCode::GONE
    };
    let page = LinkPage {
        action: found
            .is_some()
            .then(|| visitor.url(&format!("/link/{token}"))),
        address: found.unwrap_or_default(),
    };
    visitor.render_as(status, &page)
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn press(
    State(web): State<Web>,
    visitor: Visitor,
    Path(token): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, Error> {
    let (mut visitor, client) = client(visitor).await?;
    let cx = visitor.acting("visitor");
    let pressed = token.clone();
    let opened = web
        .perform(async move { staff::enter(&cx, &client, &pressed).await })
        .await?;
    let Some(opened) = opened else {
        return link_page(&visitor, &token, None);
    };
    visitor.set_cookie(Purpose::Session, &opened.token);
    visitor.know(&opened.known);
    Ok(visitor.redirect("/"))
}

pub(super) async fn sign_out(
    State(web): State<Web>,
    who: StaffIn,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, Error> {
    let cx = who.visitor.acting(who.staff.id.as_str());
    let mut visitor = who.visitor;
    web.perform(async move { staff::end(&cx, &who.session).await })
        .await?;
    visitor.remove_cookie(Purpose::Session);
    visitor.remove_cookie(Purpose::Browser);
    Ok(visitor.redirect("/login"))
}

async fn client(mut visitor: Visitor) -> Result<(Visitor, Client), Error> {
    let session = current(&visitor).await?;
    let client = Client {
        network: visitor.visit.network(&visitor.web.cx.settings.load().login),
        agent: visitor.visit.agent.clone(),
        browser: visitor.browser(),
        known: visitor.visit.cookies.get(Purpose::Known).map(str::to_owned),
        session: session.map(|(session, _)| session.id),
    };
    Ok((visitor, client))
}
