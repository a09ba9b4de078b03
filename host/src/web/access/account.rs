//! Which of several customers, signing out, and changing the address.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use super::asked::AskedView;
use super::sign_in::client;
use crate::domain::access::Session;
use crate::domain::email::Email;
use crate::flows::email_change::{self, Hurdle};
use crate::flows::session;
use crate::store::SubscriptionFilter;
use crate::themes::{Page, Registered};
use crate::web::cookies::Purpose;
use crate::web::{Error, Posted, SignedIn, Visitor, Web, signed_in};

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/accounts", get(accounts).post(choose))
        .route("/sign-out", post(sign_out))
        .route("/profile/email", get(address).post(change))
        .route("/email/{token}", get(prove).post(confirm))
}

pub(super) fn registered() -> Vec<Registered> {
    vec![
        Registered::page::<AccountsPage>(),
        Registered::page::<EmailPage>(),
        Registered::page::<ConfirmPage>(),
    ]
}

/// The customers of one address, to choose from.
#[derive(Debug, Serialize)]
struct AccountsPage {
    accounts: Vec<Account>,
    chosen: Option<String>,
}

#[derive(Debug, Serialize)]
struct Account {
    id: String,
    name: String,
    since: jiff::Timestamp,
    subscriptions: Vec<String>,
}

impl Page for AccountsPage {
    const TEMPLATE: &'static str = "pages/accounts.html";

    fn samples() -> Vec<Self> {
        let account = |id: &str, name: &str, subscriptions: &[&str]| Account {
            id: id.to_owned(),
            name: name.to_owned(),
            since: "2026-03-01T09:30:00Z".parse().expect("a valid timestamp"),
            subscriptions: subscriptions
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
        };
        let page = |chosen: Option<&str>| Self {
            accounts: vec![
                account("cus_1", "Amélie Sample", &["Pro", "Backup"]),
                account("cus_2", "山田太郎", &[]),
                account("cus_3", "", &["Team"]),
            ],
            chosen: chosen.map(str::to_owned),
        };
        vec![page(None), page(Some("cus_2"))]
    }
}

async fn current(web: &Web, visitor: &Visitor) -> Result<Option<Session>, Error> {
    let mut tx = web.cx.store.read().await?;
    signed_in::current(visitor, &mut tx).await
}

async fn accounts(State(web): State<Web>, visitor: Visitor) -> Result<Response, Error> {
    let mut tx = web.cx.store.read().await?;
    let Some(session) = signed_in::current(&visitor, &mut tx).await? else {
        return Ok(visitor.redirect_to(&visitor.login_url()));
    };
    let mut accounts = Vec::new();
    for customer in session::accounts(&mut tx, &session).await? {
        let mut names: Vec<String> = Vec::new();
        let filter = SubscriptionFilter {
            customer: Some(customer.id.clone()),
            ..SubscriptionFilter::default()
        };
        for subscription in tx.subscriptions(&session.scope, &filter, 10, 0).await? {
            let product = tx.product(&session.scope, &subscription.product).await?;
            names.extend(
                product
                    .map(|product| product.name)
                    .filter(|name| !names.contains(name)),
            );
        }
        names.truncate(3);
        accounts.push(Account {
            id: customer.id.into(),
            name: customer.name,
            since: customer.created_at,
            subscriptions: names,
        });
    }
    visitor.render(&AccountsPage {
        accounts,
        chosen: session.customer.map(Into::into),
    })
}

#[derive(Deserialize)]
struct ChooseForm {
    account: String,
}

async fn choose(
    State(web): State<Web>,
    visitor: Visitor,
    Posted(form): Posted<ChooseForm>,
) -> Result<Response, Error> {
    let Some(session) = current(&web, &visitor).await? else {
        return Err(Error::expired().retry_at(visitor.login_url()));
    };
    let customer = form.account.parse().map_err(|_| Error::not_found())?;
    let cx = visitor.acting(session.id.as_str());
    web.perform(async move { session::choose(&cx, &session, &customer).await })
        .await?;
    Ok(visitor.redirect("/"))
}

#[derive(Deserialize)]
struct Nothing {}

async fn sign_out(
    State(web): State<Web>,
    mut visitor: Visitor,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, Error> {
    if let Some(session) = current(&web, &visitor).await? {
        let actor = session
            .customer
            .as_ref()
            .map_or(session.id.as_str(), |id| id.as_str());
        let cx = visitor.acting(actor);
        web.perform(async move { session::end(&cx, &session).await })
            .await?;
    }
    visitor.remove_cookie(Purpose::Session);
    // With another secret a link that was used here opens no second session.
    visitor.remove_cookie(Purpose::Browser);
    Ok(visitor.redirect_to(&visitor.login_url()))
}

/// Asks for the new address, or says why not now.
#[derive(Debug, Serialize)]
struct EmailPage {
    now: String,
    email: String,
    state: EmailState,
    /// How long the link works.
    minutes: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum EmailState {
    Ask,
    Invalid,
    Sent,
    SignInAgain,
}

impl Page for EmailPage {
    const TEMPLATE: &'static str = "pages/email.html";

    fn samples() -> Vec<Self> {
        [
            EmailState::Ask,
            EmailState::Invalid,
            EmailState::Sent,
            EmailState::SignInAgain,
        ]
        .into_iter()
        .map(|state| Self {
            now: "amelie@example.com".to_owned(),
            email: String::new(),
            state,
            minutes: 10,
        })
        .collect()
    }
}

fn hurdle(who: &SignedIn) -> Result<bool, Error> {
    match email_change::hurdle(&who.web.cx, &who.session) {
        Some(Hurdle::NotOffered) => Err(Error::not_found()),
        Some(Hurdle::SignInAgain) => Ok(true),
        None => Ok(false),
    }
}

async fn address(who: SignedIn) -> Result<Response, Error> {
    let state = if hurdle(&who)? {
        EmailState::SignInAgain
    } else {
        EmailState::Ask
    };
    email_page(&who, state, String::new())
}

fn email_page(who: &SignedIn, state: EmailState, email: String) -> Result<Response, Error> {
    let lifetime = who.web.cx.settings.load().login.request_lifetime;
    who.render(&EmailPage {
        now: who.customer.email.as_str().to_owned(),
        email,
        state,
        minutes: lifetime.as_mins(),
    })
}

#[derive(Deserialize)]
struct EmailForm {
    email: String,
}

async fn change(
    State(web): State<Web>,
    who: SignedIn,
    Posted(form): Posted<EmailForm>,
) -> Result<Response, Error> {
    if hurdle(&who)? {
        return email_page(&who, EmailState::SignInAgain, String::new());
    }
    let new = form.email.parse::<Email>().ok();
    let Some(new) = new.filter(|new| *new != who.customer.email) else {
        let mut response = email_page(&who, EmailState::Invalid, form.email)?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    };
    let (cx, session, customer) = (who.cx(), who.session.clone(), who.customer.clone());
    let (locale, shown) = (who.frame.locale.to_string(), new.as_str().to_owned());
    let (_, client) = client(&web, who.visitor.clone()).await?;
    let asked =
        async move { email_change::ask(&cx, &session, &customer, &client, new, locale).await };
    web.perform(asked).await?;
    email_page(&who, EmailState::Sent, shown)
}

/// The page behind the link that proves a new address.
#[derive(Debug, Serialize)]
struct ConfirmPage {
    /// Where the button posts to; none when it is too late.
    action: Option<String>,
    address: String,
    asked: Option<AskedView>,
    done: bool,
    home: String,
}

impl Page for ConfirmPage {
    const TEMPLATE: &'static str = "pages/email-confirm.html";

    fn samples() -> Vec<Self> {
        let page = |action: Option<&str>, done| Self {
            action: action.map(str::to_owned),
            address: "a•••@example.com".to_owned(),
            asked: action.map(|_| AskedView::sample(Some("Firefox"))),
            done,
            home: "/bus_sample/".to_owned(),
        };
        vec![
            page(Some("/bus_sample/email/sample"), false),
            page(None, true),
            page(None, false),
        ]
    }
}

async fn prove(
    State(web): State<Web>,
    mut visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    visitor.browser();
    let mut tx = web.cx.store.read().await?;
    let change = email_change::look(&web.cx, &mut tx, visitor.scope()?, &token).await?;
    let status = if change.is_some() {
        StatusCode::OK
    } else {
        StatusCode::GONE
    };
    // Times on this page are the host's, whatever a test clock says.
    visitor.frame.now = web.cx.now();
    let page = ConfirmPage {
        action: change
            .is_some()
            .then(|| visitor.url(&format!("/email/{token}"))),
        address: change
            .as_ref()
            .map(|change| change.new_email.masked())
            .unwrap_or_default(),
        asked: change.map(|change| AskedView::of(change.asked_at, &change.agent, change.network)),
        done: false,
        home: visitor.url("/"),
    };
    visitor.render_as(status, &page)
}

async fn confirm(
    State(web): State<Web>,
    visitor: Visitor,
    Path(token): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, Error> {
    let (cx, scope) = (visitor.acting("visitor"), visitor.scope()?.clone());
    let done = web
        .perform(async move { email_change::confirm(&cx, &scope, &token).await })
        .await?;
    let page = ConfirmPage {
        action: None,
        address: String::new(),
        asked: None,
        done,
        home: visitor.url("/"),
    };
    visitor.render_as(
        if done {
            StatusCode::OK
        } else {
            StatusCode::GONE
        },
        &page,
    )
}
