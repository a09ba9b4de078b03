//! The static link: asking for a login link, waiting for it, entering the code.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use crate::domain::email::Email;
use crate::domain::next::Next;
use crate::flows::session::{Client, Opened};
use crate::flows::sign_in::{self, Entry, Question};
use crate::themes::{Page, Registered};
use crate::web::cookies::Purpose;
use crate::web::{Error, Posted, Visitor, Web, signed_in};

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/login", get(form).post(ask))
        .route("/login/mail", get(mail))
        .route("/login/code", get(mail).post(enter))
}

pub(super) fn registered() -> Vec<Registered> {
    vec![
        Registered::page::<LoginPage>(),
        Registered::page::<MailPage>(),
    ]
}

/// Asks for the address.
#[derive(Debug, Serialize)]
struct LoginPage {
    email: String,
    invalid: bool,
    next: Option<String>,
    /// Somebody is signed in already, and will not be afterwards.
    signed_in: bool,
}

impl Page for LoginPage {
    const TEMPLATE: &'static str = "pages/login.html";

    fn samples() -> Vec<Self> {
        let page = |email: &str, invalid, signed_in| Self {
            email: email.to_owned(),
            invalid,
            next: invalid.then(|| "/subscriptions".to_owned()),
            signed_in,
        };
        vec![
            page("", false, false),
            page("amelie@", true, false),
            page("", false, true),
        ]
    }
}

/// Says to look for the mail, and takes the code.
#[derive(Debug, Serialize)]
struct MailPage {
    minutes: i64,
    digits: u8,
    state: CodeState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum CodeState {
    Waiting,
    Wrong,
    Gone,
}

impl Page for MailPage {
    const TEMPLATE: &'static str = "pages/login-mail.html";

    fn samples() -> Vec<Self> {
        [CodeState::Waiting, CodeState::Wrong, CodeState::Gone]
            .into_iter()
            .map(|state| Self {
                minutes: 10,
                digits: 8,
                state,
            })
            .collect()
    }
}

#[derive(Deserialize)]
struct LoginQuery {
    next: Option<String>,
    other: Option<String>,
}

/// With a live session the static link goes straight in, unless another address is wanted.
async fn form(
    State(web): State<Web>,
    mut visitor: Visitor,
    Query(query): Query<LoginQuery>,
) -> Result<Response, Error> {
    let mut tx = web.cx.store.read().await?;
    let session = signed_in::current(&visitor, &mut tx).await?;
    let next = query.next.as_deref().and_then(Next::parse);
    if session.is_some() && query.other.is_none() {
        return Ok(visitor.redirect(next.as_ref().map_or("/", Next::as_str)));
    }
    visitor.browser();
    visitor.render(&LoginPage {
        email: String::new(),
        invalid: false,
        next: next.map(Next::into_string),
        signed_in: session.is_some(),
    })
}

#[derive(Deserialize)]
struct AskForm {
    email: String,
    #[serde(default)]
    next: String,
}

async fn ask(
    State(web): State<Web>,
    visitor: Visitor,
    Posted(form): Posted<AskForm>,
) -> Result<Response, Error> {
    let next = Next::parse(&form.next).map(Next::into_string);
    let Ok(email) = form.email.parse::<Email>() else {
        let page = LoginPage {
            email: form.email,
            invalid: true,
            next,
            signed_in: false,
        };
        return visitor.render_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let (mut visitor, client) = client(&web, visitor).await?;
    visitor.browser();
    let (cx, scope) = (visitor.acting("visitor"), visitor.scope()?.clone());
    let question = Question {
        email,
        locale: visitor.frame.locale.to_string(),
        next,
    };
    web.perform(async move { sign_in::ask(&cx, &scope, &client, question).await })
        .await?;
    Ok(visitor.redirect("/login/mail"))
}

async fn mail(visitor: Visitor) -> Result<Response, Error> {
    visitor.render(&page(&visitor, CodeState::Waiting))
}

fn page(visitor: &Visitor, state: CodeState) -> MailPage {
    let settings = visitor.web.cx.settings.load();
    MailPage {
        minutes: settings.login.request_lifetime.as_mins(),
        digits: settings.login.code_digits,
        state,
    }
}

#[derive(Deserialize)]
struct CodeForm {
    code: String,
}

async fn enter(
    State(web): State<Web>,
    visitor: Visitor,
    Posted(form): Posted<CodeForm>,
) -> Result<Response, Error> {
    let (visitor, client) = client(&web, visitor).await?;
    let (cx, scope) = (visitor.acting("visitor"), visitor.scope()?.clone());
    let entry = web
        .perform(async move { sign_in::by_code(&cx, &scope, &client, &form.code).await })
        .await?;
    match entry {
        Entry::Opened(opened, next) => Ok(welcome(visitor, &opened, next.as_deref())),
        Entry::Wrong => visitor.render_as(
            StatusCode::UNPROCESSABLE_ENTITY,
            &page(&visitor, CodeState::Wrong),
        ),
        Entry::Gone => visitor.render_as(
            StatusCode::UNPROCESSABLE_ENTITY,
            &page(&visitor, CodeState::Gone),
        ),
    }
}

/// The browser as flows see it, and the visitor with the secret that it may have got for this.
pub(super) async fn client(web: &Web, mut visitor: Visitor) -> Result<(Visitor, Client), Error> {
    let mut tx = web.cx.store.read().await?;
    let session = signed_in::current(&visitor, &mut tx).await?;
    let client = Client {
        network: visitor.visit.network(&web.cx.settings.load().login),
        agent: visitor.visit.agent.clone(),
        browser: visitor.browser(),
        known: visitor.visit.cookies.get(Purpose::Known).map(str::to_owned),
        session: session.map(|session| session.id),
    };
    Ok((visitor, client))
}

/// Hands the session over and goes in.
pub(super) fn welcome(mut visitor: Visitor, opened: &Opened, next: Option<&str>) -> Response {
    visitor.set_cookie(Purpose::Session, &opened.token);
    visitor.know(&opened.known);
    let next = next.and_then(Next::parse);
    visitor.redirect(next.as_ref().map_or("/", Next::as_str))
}
