//! Name and telephone number. The address of sign-in and mails has a flow of its own.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::flows::Change;
use crate::flows::customer::{self, Changes};
use crate::themes::Page;
use crate::web::{Error, Posted, SignedIn};

/// The longest name.
const LONGEST_NAME: usize = 200;
/// The longest telephone number.
const LONGEST_PHONE: usize = 40;

/// The profile form.
#[derive(Debug, Serialize)]
pub struct ProfilePage {
    /// The name as entered.
    pub name: String,
    /// The address.
    pub email: String,
    /// The number as entered; empty when there is none.
    pub phone: String,
    /// What is wrong with the name: the ending of a message key.
    pub name_error: Option<&'static str>,
    /// What is wrong with the number: the ending of a message key.
    pub phone_error: Option<&'static str>,
    /// Whether it was saved a moment ago.
    pub saved: bool,
    /// Whether the business lets its customers change name and number.
    pub editable: bool,
    /// Whether it lets them change the address.
    pub email_editable: bool,
}

/// The form.
#[derive(Debug, Deserialize)]
pub struct Entered {
    name: String,
    #[serde(default)]
    phone: String,
}

/// `?saved` after the form was saved.
#[derive(Debug, Deserialize)]
pub struct After {
    saved: Option<String>,
}

/// `GET /profile`.
pub(super) async fn show(who: SignedIn, Query(after): Query<After>) -> Result<Response, Error> {
    let phone = who.customer.phone.clone().unwrap_or_default();
    let mut page = ProfilePage::new(&who, who.customer.name.clone(), phone);
    page.saved = after.saved.is_some();
    who.render(&page)
}

/// `POST /profile`.
pub(super) async fn update(
    who: SignedIn,
    Posted(form): Posted<Entered>,
) -> Result<Response, Error> {
    let (name, phone) = (form.name.trim().to_owned(), form.phone.trim().to_owned());
    let mut page = ProfilePage::new(&who, name.clone(), phone.clone());
    if !page.editable {
        return Err(Error::not_found());
    }
    page.check();
    if page.name_error.is_some() || page.phone_error.is_some() {
        return who.render_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (cx, scope, id) = (who.cx(), who.scope().clone(), who.customer.id.clone());
    let changes = Changes {
        name: Some(name),
        phone: if phone.is_empty() {
            Change::Clear
        } else {
            Change::Set(phone)
        },
        ..Changes::default()
    };
    who.web
        .perform(async move { customer::update(&cx, &scope, &id, changes).await })
        .await?;
    Ok(who.redirect("/profile?saved=yes"))
}

impl ProfilePage {
    fn new(who: &SignedIn, name: String, phone: String) -> Self {
        let allow = who
            .web
            .cx
            .business(who.scope())
            .map(|(business, _)| business.allow);
        Self {
            name,
            phone,
            email: who.customer.email.as_str().to_owned(),
            name_error: None,
            phone_error: None,
            saved: false,
            editable: allow.as_ref().is_some_and(|allow| allow.edit_profile),
            email_editable: allow.as_ref().is_some_and(|allow| allow.change_email),
        }
    }

    /// Finds what is wrong with what was entered.
    fn check(&mut self) {
        if self.name.is_empty() {
            self.name_error = Some("empty");
        } else if self.name.chars().count() > LONGEST_NAME {
            self.name_error = Some("long");
        }
        let readable = |c: char| c.is_ascii_digit() || " +-()./".contains(c);
        if self.phone.chars().count() > LONGEST_PHONE || !self.phone.chars().all(readable) {
            self.phone_error = Some("wrong");
        }
    }
}

impl Page for ProfilePage {
    const TEMPLATE: &'static str = "pages/profile.html";

    fn samples() -> Vec<Self> {
        let page = |name_error, phone_error, saved| Self {
            name: "Amélie Dupont".to_owned(),
            email: "amelie@example.com".to_owned(),
            phone: "+49 30 1234567".to_owned(),
            name_error,
            phone_error,
            saved,
            editable: true,
            email_editable: true,
        };
        vec![
            page(None, None, false),
            page(None, None, true),
            page(Some("empty"), Some("wrong"), false),
            page(Some("long"), None, false),
            Self {
                editable: false,
                email_editable: false,
                ..page(None, None, false)
            },
        ]
    }
}
