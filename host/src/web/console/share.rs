//! Share invitation: the static link, and fresh dynamic links, to copy or to send by mail. Who
//! made which link is in the audit, and the session that it opens shows it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::customer::OfRoom;
use super::room::Doors;
use crate::domain::access::Role;
use crate::flows::{address, portal_link};
use crate::themes::Page;
use crate::web::{Error, Posted, Web};

/// Both links of a customer, and what was just done.
#[derive(Debug, Serialize)]
pub(super) struct SharePage {
    doors: Doors,
    back: String,
    action: String,
    name: String,
    email: String,
    static_link: String,
    done: Done,
    /// The dynamic link that was just made. It stands on this page only.
    link: Option<String>,
    expires_at: Option<Timestamp>,
    /// How long one works, in hours that have begun.
    hours: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Done {
    Nothing,
    Made,
    LinkSent,
    LinkSentBefore,
    Invited,
}

impl Page for SharePage {
    const TEMPLATE: &'static str = "pages/console/share.html";

    fn samples() -> Vec<Self> {
        let page = |done, link: Option<&str>| Self {
            doors: Doors::sample(),
            back: "/console/bus_sample/live/customers/cus_1".to_owned(),
            action: "/console/bus_sample/live/customers/cus_1/share".to_owned(),
            name: "Amélie Sample".to_owned(),
            email: "amelie@example.com".to_owned(),
            static_link: "https://portal.example.com/login/bus_sample".to_owned(),
            done,
            link: link.map(str::to_owned),
            expires_at: link.map(|_| "2026-11-23T09:30:00Z".parse().expect("a valid timestamp")),
            hours: 24,
        };
        let link = "https://portal.example.com/bus_sample/link/PaSvG7n2kqW4mXr9tYb1cZe5dHf8jLs3uAoTiRwEqBk";
        vec![
            page(Done::Nothing, None),
            page(Done::Made, Some(link)),
            page(Done::LinkSent, None),
            page(Done::LinkSentBefore, None),
            page(Done::Invited, None),
        ]
    }
}

pub(super) async fn show(State(web): State<Web>, found: OfRoom) -> Result<Response, Error> {
    if found.room.role != Role::Manager {
        return Err(Error::not_found());
    }
    page(&web, &found, Done::Nothing, None)
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Wish {
    Make,
    SendLink,
    Invite,
}

#[derive(Deserialize)]
pub(super) struct ShareForm {
    wish: Wish,
}

pub(super) async fn make(
    State(web): State<Web>,
    found: OfRoom,
    Posted(form): Posted<ShareForm>,
) -> Result<Response, Error> {
    if found.room.role != Role::Manager {
        return Err(Error::not_found());
    }
    let (cx, scope) = (found.room.cx(), found.room.scope.clone());
    let customer = found.customer.id.clone();
    let made = web
        .perform(async move {
            let staff = cx.actor.id.clone();
            match form.wish {
                Wish::Make => {
                    let made = portal_link::create(&cx, &scope, &customer, None, &staff).await?;
                    Ok((Done::Made, Some(made.1)))
                }
                Wish::SendLink => {
                    let made = portal_link::create(&cx, &scope, &customer, None, &staff).await?;
                    let sent = portal_link::send(&cx, &scope, &made.0).await?;
                    let done = if sent {
                        Done::LinkSent
                    } else {
                        Done::LinkSentBefore
                    };
                    Ok((done, None))
                }
                Wish::Invite => {
                    portal_link::invite(&cx, &scope, &customer).await?;
                    Ok::<_, crate::flows::Error>((Done::Invited, None))
                }
            }
        })
        .await?;
    page(&web, &found, made.0, made.1)
}

fn page(web: &Web, found: &OfRoom, done: Done, token: Option<String>) -> Result<Response, Error> {
    let OfRoom { room, customer } = found;
    let lifetime = web.cx.settings.load().login.dynamic_link_lifetime;
    let expires_at = web.cx.now().saturating_add(lifetime).ok();
    let page = SharePage {
        doors: room.doors(),
        back: room.path(&format!("/customers/{}", customer.id)),
        action: room.path(&format!("/customers/{}/share", customer.id)),
        name: customer.name.clone(),
        email: customer.email.as_str().to_owned(),
        static_link: address::static_link(&web.cx, &room.scope),
        done,
        expires_at: expires_at.filter(|_| token.is_some()),
        hours: (lifetime.as_mins() + 59) / 60,
        link: token.map(|token| portal_link::url(&web.cx, &room.scope, &token)),
    };
    room.render_as(StatusCode::OK, &page)
}
