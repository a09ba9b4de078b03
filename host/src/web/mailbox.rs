//! The demo's mailbox: mails that went nowhere, for whoever sits at this machine.
//!
//! They hold links that sign people in, so the page is there only while mails are kept in a
//! folder, the portal is on loopback, and so are the listener and whoever asks: a `Host` header
//! says nothing of where a request comes from.

use axum::Router;
use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use jiff::Timestamp;
use serde::Serialize;

use super::{Error, Visitor, Web};
use crate::config::MailTransport;
use crate::mail::mailbox::{Kept, Mailbox};
use crate::themes::{Page, Registered};

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/mailbox", get(index))
        .route("/mailbox/{id}", get(show))
}

pub(super) fn registered() -> Vec<Registered> {
    vec![Registered::page::<MailboxPage>()]
}

/// The newest mails.
#[derive(Serialize)]
struct MailboxPage {
    mails: Vec<Item>,
}

#[derive(Clone, Serialize)]
struct Item {
    id: String,
    to: String,
    subject: String,
    at: Timestamp,
}

impl Page for MailboxPage {
    const TEMPLATE: &'static str = "pages/mailbox.html";

    fn samples() -> Vec<Self> {
        let item = |id: &str, subject: &str| Item {
            id: id.to_owned(),
            to: "amelie@example.com".to_owned(),
            subject: subject.to_owned(),
            at: "2026-11-22T09:30:00Z".parse().expect("a valid timestamp"),
        };
        let login = item("mai_1", "4821 7390 is your code for Northwind Software");
        let paid = item(
            "mai_2",
            "We received 29,00 € – thank you from Northwind Software",
        );
        vec![
            Self { mails: Vec::new() },
            Self {
                mails: vec![login, paid],
            },
        ]
    }
}

impl From<Kept> for Item {
    fn from(kept: Kept) -> Self {
        Self {
            id: kept.id,
            to: kept.to,
            subject: kept.subject,
            at: kept.at,
        }
    }
}

fn mailbox(visitor: &Visitor) -> Result<Mailbox, Error> {
    let settings = visitor.web.cx.settings.load();
    let server = &settings.server;
    let is_here = server.on_loopback()
        && server.listen.ip().is_loopback()
        && visitor.visit.address.is_loopback();
    match &settings.mail.transport {
        MailTransport::Mailbox(folder) if is_here => Ok(Mailbox::new(folder.clone())),
        _ => Err(Error::not_found()),
    }
}

async fn index(visitor: Visitor) -> Result<Response, Error> {
    let mailbox = mailbox(&visitor)?;
    let mails = tokio::task::spawn_blocking(move || mailbox.newest())
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)?;
    visitor.render(&MailboxPage {
        mails: mails.into_iter().map(Item::from).collect(),
    })
}

/// A mail as its reader would see it. It is styled inline, as mails are, and can do nothing.
async fn show(visitor: Visitor, Path(id): Path<String>) -> Result<Response, Error> {
    let mailbox = mailbox(&visitor)?;
    let kept = tokio::task::spawn_blocking(move || mailbox.mail(&id))
        .await
        .map_err(Error::internal)?
        .ok_or_else(Error::not_found)?;
    let mut response = Html(kept.html).into_response();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                  form-action 'none'; frame-ancestors 'none'";
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    Ok(response)
}
