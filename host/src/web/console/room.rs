//! Who of the staff is signed in, and the business and mode that they are looking at.

use std::ops::Deref;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use crate::config::Business;
use crate::cx::Cx;
use crate::domain::access::{Role, Staff, StaffSession};
use crate::domain::{Mode, Scope};
use crate::flows::staff;
use crate::themes::{Entry, Page};
use crate::web::cookies::Purpose;
use crate::web::{Error, Visitor, Web};

/// A member of staff in front of the console. Whoever is not signed in is sent to its sign-in
/// page.
#[derive(Clone)]
pub(super) struct StaffIn {
    pub(super) visitor: Visitor,
    pub(super) session: StaffSession,
    pub(super) staff: Staff,
}

impl FromRequestParts<Web> for StaffIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let visitor = Visitor::from_request_parts(parts, web)
            .await
            .map_err(Error::into_response)?;
        match current(&visitor).await.map_err(Error::into_response)? {
            Some((session, staff)) => Ok(Self::of(visitor, session, staff)),
            None if parts.method == Method::GET => Err(visitor.redirect("/login")),
            None => Err(Error::expired()
                .retry_at(visitor.login_url())
                .into_response()),
        }
    }
}

impl StaffIn {
    fn of(mut visitor: Visitor, session: StaffSession, staff: Staff) -> Self {
        visitor.frame.account = Some(staff.email.as_str().to_owned());
        Self {
            visitor,
            session,
            staff,
        }
    }
}

/// The live session of the browser, and whose it is.
pub(super) async fn current(visitor: &Visitor) -> Result<Option<(StaffSession, Staff)>, Error> {
    let Some(token) = visitor.visit.cookies.get(Purpose::Session) else {
        return Ok(None);
    };
    let cx = &visitor.web.cx;
    let mut tx = cx.store.read().await?;
    Ok(staff::find(cx, &mut tx, token).await?)
}

/// One business in one mode, and what the member of staff may do for it.
#[derive(Clone)]
pub(super) struct Room {
    pub(super) who: StaffIn,
    pub(super) scope: Scope,
    pub(super) business: Business,
    pub(super) role: Role,
}

#[derive(Deserialize)]
struct RoomPath {
    business: String,
    mode: String,
}

impl FromRequestParts<Web> for Room {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let who = StaffIn::from_request_parts(parts, web).await?;
        let path = Path::<RoomPath>::from_request_parts(parts, web).await;
        let room = path
            .map_err(|error| Error::not_found().because(error))
            .and_then(|Path(path)| Self::enter(who, web, &path));
        room.map_err(Error::into_response)
    }
}

impl Room {
    fn enter(mut who: StaffIn, web: &Web, path: &RoomPath) -> Result<Self, Error> {
        let scope = || {
            Some(Scope::new(
                path.business.parse().ok()?,
                path.mode.parse().ok()?,
            ))
        };
        let scope = scope().ok_or_else(Error::not_found)?;
        let role = who.staff.role(&scope.business);
        let role = role.ok_or_else(Error::not_found)?;
        let settings = web.cx.settings.load();
        let business = settings.businesses.get(&scope.business);
        let business = business.ok_or_else(Error::unavailable)?.clone();
        let frame = &mut who.visitor.frame;
        frame.test = scope.mode == Mode::Test;
        frame.time_zone = business.time_zone.clone();
        let entry = |key: &str, path: &str, icon: &str| Entry {
            key: key.to_owned(),
            path: format!("/{}/{}/{path}", scope.business, scope.mode),
            icon: icon.to_owned(),
            label: None,
        };
        frame.navigation = vec![
            entry("nav-customers", "customers", "people"),
            entry("nav-webhooks", "webhooks", "send"),
            entry("nav-reconciliation", "reconciliation", "bank"),
        ];
        if scope.mode == Mode::Test && role == Role::Manager {
            frame.navigation.push(entry("nav-mails", "mails", "mail"));
        }
        Ok(Self {
            who,
            scope,
            business,
            role,
        })
    }

    /// A path of this room, with all that stands before it.
    pub(super) fn path(&self, rest: &str) -> String {
        self.url(&format!(
            "/{}/{}{rest}",
            self.scope.business, self.scope.mode
        ))
    }

    /// The context for flows that the member of staff starts.
    pub(super) fn cx(&self) -> Cx {
        self.acting(self.who.staff.id.as_str())
    }

    /// Which room this is, and the doors to the others.
    pub(super) fn doors(&self) -> Doors {
        let settings = self.web.cx.settings.load();
        let mut others = Vec::new();
        for (id, _) in &self.who.staff.roles {
            let Some(business) = settings.businesses.get(id) else {
                continue;
            };
            for mode in [Mode::Live, Mode::Test] {
                others.push(Door {
                    name: business.name.clone(),
                    mode: mode.as_str(),
                    href: self.url(&format!("/{id}/{mode}/customers")),
                    here: Scope::new(id.clone(), mode) == self.scope,
                });
            }
        }
        Doors {
            here: self.business.name.clone(),
            mode: self.scope.mode.as_str(),
            all: others,
        }
    }
}

impl Deref for Room {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.who.visitor
    }
}

/// The businesses and modes that a member of staff can look at.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Doors {
    here: String,
    mode: &'static str,
    all: Vec<Door>,
}

#[derive(Clone, Debug, Serialize)]
struct Door {
    name: String,
    mode: &'static str,
    href: String,
    here: bool,
}

impl Doors {
    pub(super) fn sample() -> Self {
        let door = |name: &str, mode, here| Door {
            name: name.to_owned(),
            mode,
            href: "/console/bus_sample/live/customers".to_owned(),
            here,
        };
        Self {
            here: "Northwind Software".to_owned(),
            mode: "live",
            all: vec![
                door("Northwind Software", "live", true),
                door("Northwind Software", "test", false),
                door("Harbour Letters", "live", false),
                door("Harbour Letters", "test", false),
            ],
        }
    }
}

/// There is nothing for this member of staff to look at.
#[derive(Debug, Serialize)]
pub(super) struct EmptyPage {}

impl Page for EmptyPage {
    const TEMPLATE: &'static str = "pages/console/empty.html";

    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}

/// The start page: the first business that there is a file of, in live mode.
pub(super) async fn first(State(web): State<Web>, who: StaffIn) -> Result<Response, Error> {
    let settings = web.cx.settings.load_full();
    let theirs = who.staff.roles.iter().map(|(id, _)| id);
    match theirs
        .into_iter()
        .find(|id| settings.businesses.contains_key(*id))
    {
        Some(id) => Ok(who.visitor.redirect(&format!("/{id}/live/customers"))),
        None => who.visitor.render(&EmptyPage {}),
    }
}
