//! The mails of test mode: what customers would have got, kept for some days.
//!
//! Their links and codes sign customers in, so the pages are for those who may make links.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::room::{Doors, Room};
use crate::domain::Mode;
use crate::domain::access::Role;
use crate::themes::Page;
use crate::web::paging::{Asked, Paging, ROWS};
use crate::web::{Error, Web};

/// A page of mails, newest first.
#[derive(Debug, Serialize)]
pub(super) struct MailsPage {
    doors: Doors,
    here: String,
    days: i64,
    mails: Vec<Row>,
    paging: Paging,
}

#[derive(Clone, Debug, Serialize)]
struct Row {
    href: String,
    subject: String,
    to: String,
    at: Timestamp,
}

/// One mail, as text.
#[derive(Debug, Serialize)]
pub(super) struct MailPage {
    doors: Doors,
    back: String,
    subject: String,
    to: String,
    at: Timestamp,
    body: Vec<Piece>,
}

/// A piece of a text: words, or an address to go to.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Piece {
    text: String,
    link: bool,
}

impl Page for MailsPage {
    const TEMPLATE: &'static str = "pages/console/mails.html";

    fn samples() -> Vec<Self> {
        let page = |mails, paging| Self {
            doors: Doors::sample(),
            here: "/console/bus_sample/test/mails".to_owned(),
            days: 7,
            mails,
            paging,
        };
        let row = Row {
            href: "/console/bus_sample/test/mails/evt_1".to_owned(),
            subject: "4821 7390 is your code for Northwind Software".to_owned(),
            to: "nobody.has.a.name.here@a-very-long-domain.example.com".to_owned(),
            at: "2026-11-22T09:26:00Z".parse().expect("a valid timestamp"),
        };
        vec![
            page(Vec::new(), Paging::default()),
            page(vec![row; 3], Paging::sample()),
        ]
    }
}

impl Page for MailPage {
    const TEMPLATE: &'static str = "pages/console/mail.html";

    fn samples() -> Vec<Self> {
        let text = "Here is your link:\n\nhttps://portal.example.com/test/bus_sample/link/sample\n";
        vec![Self {
            doors: Doors::sample(),
            back: "/console/bus_sample/test/mails".to_owned(),
            subject: "4821 7390 is your code for Northwind Software".to_owned(),
            to: "amelie@example.com".to_owned(),
            at: "2026-11-22T09:26:00Z".parse().expect("a valid timestamp"),
            body: pieces(text),
        }]
    }
}

/// `GET /mails`.
pub(super) async fn index(
    State(web): State<Web>,
    mut room: Room,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    may_read(&room)?;
    let mut tx = web.cx.store.read().await?;
    let page = tx.test_mails_page(&room.scope, &asked.seek(), ROWS).await?;
    let row = |mail: &crate::store::TestMail| Row {
        href: room.path(&format!("/mails/{}", mail.id)),
        subject: mail.subject.clone(),
        to: mail.to.as_str().to_owned(),
        at: mail.at,
    };
    let mails = MailsPage {
        doors: room.doors(),
        here: room.path("/mails"),
        days: web.cx.settings.load().mail.keep_test_mails.as_hours() / 24,
        mails: page.rows.iter().map(row).collect(),
        paging: Paging::of(&page, |mail| mail.id.as_str()),
    };
    // Mails are dated by the host's clock, whatever a test clock says.
    room.who.visitor.frame.now = web.cx.now();
    room.render(&mails)
}

#[derive(Deserialize)]
pub(super) struct MailPath {
    id: String,
}

/// `GET /mails/{id}`.
pub(super) async fn show(
    State(web): State<Web>,
    mut room: Room,
    Path(MailPath { id }): Path<MailPath>,
) -> Result<Response, Error> {
    may_read(&room)?;
    let id = id.parse().map_err(|_| Error::not_found())?;
    let mut tx = web.cx.store.read().await?;
    let mail = tx.test_mail(&room.scope, &id).await?;
    let mail = mail.ok_or_else(Error::not_found)?;
    room.who.visitor.frame.now = web.cx.now();
    room.render(&MailPage {
        doors: room.doors(),
        back: room.path("/mails"),
        subject: mail.subject,
        to: mail.to.as_str().to_owned(),
        at: mail.at,
        body: pieces(&mail.body),
    })
}

fn may_read(room: &Room) -> Result<(), Error> {
    if room.scope.mode == Mode::Test && room.role == Role::Manager {
        Ok(())
    } else {
        Err(Error::not_found())
    }
}

/// Takes the addresses out of a plain text. They end at a blank, as our mails write them.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut push = |text: &str, link: bool| match pieces.last_mut() {
        Some(last) if !link && !last.link => last.text.push_str(text),
        _ => pieces.push(Piece {
            text: text.to_owned(),
            link,
        }),
    };
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        if bare.starts_with("https://") || bare.starts_with("http://") {
            push(bare, true);
            push(&word[bare.len()..], false);
        } else {
            push(word, false);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links_and_no_text_is_lost() {
        let text =
            "Open\n\nhttps://portal.example.com/link/a-b_c\n\njavascript:alert(1) mailto:x@y";
        let found = pieces(text);
        let links: Vec<&str> = found
            .iter()
            .filter(|piece| piece.link)
            .map(|piece| piece.text.as_str())
            .collect();
        assert_eq!(links, ["https://portal.example.com/link/a-b_c"]);
        let whole: String = found.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(whole, text);
    }
}
