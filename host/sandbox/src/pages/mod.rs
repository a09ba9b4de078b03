//! The pages that people see: the hosted payment page, the bank's confirmation page, and a
//! front page for those who run the processor. Plain HTML without scripts; the only pages of
//! the whole system that a card number is typed into.

mod confirm;
mod front;
mod pay;

use std::sync::Arc;

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use url::Url;

use crate::account::Account;
use crate::clock;
use crate::error::Error;
use crate::money;
use crate::processor::Processor;
use crate::store::{Intent, Kind, Status, Tx};

const TEMPLATES: [(&str, &str); 6] = [
    ("layout.html", include_str!("templates/layout.html")),
    ("pay.html", include_str!("templates/pay.html")),
    ("confirm.html", include_str!("templates/confirm.html")),
    ("done.html", include_str!("templates/done.html")),
    ("front.html", include_str!("templates/front.html")),
    ("missing.html", include_str!("templates/missing.html")),
];

/// All routes of the pages.
pub(crate) fn router() -> Router<Arc<Processor>> {
    Router::new()
        .route("/", get(front::show))
        .route("/pay/{token}", get(pay::show).post(pay::submit))
        .route("/pay/{token}/cancel", post(pay::cancel))
        .route("/3ds/{token}", get(confirm::show).post(confirm::submit))
        .route("/assets/pages.css", get(stylesheet))
}

/// Reads the templates, which are part of the program.
pub(crate) fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    Ok(environment)
}

async fn stylesheet() -> impl IntoResponse {
    let css = include_str!("templates/pages.css");
    (
        [
            (CONTENT_TYPE, "text/css; charset=utf-8"),
            (CACHE_CONTROL, "no-cache"),
        ],
        css,
    )
}

/// What every page that belongs to an intent shows.
#[derive(Debug, Serialize)]
struct Order {
    /// Who asks for the payment.
    merchant: String,
    /// None for a set-up.
    amount: Option<String>,
    description: Option<String>,
    saves: bool,
}

impl Order {
    fn new(intent: &Intent) -> Self {
        let amount = intent.amount.zip(intent.currency.as_deref());
        Self {
            merchant: intent.account.clone(),
            amount: amount.map(|(minor, currency)| money::show(minor, currency)),
            description: intent.description.clone(),
            saves: intent.save_method,
        }
    }
}

/// The page that says how an intent ended, for those who come back to an address.
#[derive(Debug, Serialize)]
struct DonePage {
    order: Order,
    status: &'static str,
    back: Option<String>,
}

/// Renders a page. `back` is the one foreign address that its forms may lead to.
fn page(
    processor: &Processor,
    status: StatusCode,
    template: &str,
    page: &impl Serialize,
    back: Option<&str>,
) -> Result<Response, Error> {
    let html = processor
        .pages
        .get_template(template)?
        .render(Serde(page))?;
    let mut response = (status, Html(html)).into_response();
    // Chromium applies form-action to the redirects after a form, so the way back must be in.
    let origin = back
        .and_then(|url| Url::parse(url).ok())
        .map(|url| url.origin().ascii_serialization())
        .unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {origin}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'")),
    );
    for (name, value) in [
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// The answer to an address that leads nowhere.
fn missing(processor: &Processor) -> Result<Response, Error> {
    page(processor, StatusCode::NOT_FOUND, "missing.html", &(), None)
}

/// The intent of a token with its account, expired if its time is over.
async fn visited(
    processor: &Processor,
    tx: &mut Tx,
    token: &str,
) -> Result<Option<(Intent, Arc<Account>)>, Error> {
    let Some(mut intent) = tx.intent_by_token(token).await? else {
        return Ok(None);
    };
    let Some(account) = processor.accounts.by_name(&intent.account) else {
        return Ok(None);
    };
    processor.expire(tx, &account, &mut intent).await?;
    Ok(Some((intent, account)))
}

/// Where a customer belongs who came to the wrong page: the page that the intent waits on, or
/// the word on how it ended.
fn elsewhere(processor: &Processor, intent: &Intent) -> Result<Response, Error> {
    match intent.status {
        Status::AwaitingMethod => Ok(to(&format!("/pay/{}", intent.token))),
        Status::AwaitingAuthentication => Ok(to(&format!("/3ds/{}", intent.token))),
        Status::Processing | Status::Succeeded | Status::Declined | Status::Cancelled => {
            let back = way_back(intent);
            let done = DonePage {
                order: Order::new(intent),
                status: intent.status.word(),
                back: back.clone(),
            };
            page(
                processor,
                StatusCode::OK,
                "done.html",
                &done,
                back.as_deref(),
            )
        }
    }
}

/// Where the customer goes after a step: the next page, or back to the merchant.
fn onwards(processor: &Processor, intent: &Intent) -> Result<Response, Error> {
    match way_back(intent) {
        Some(url) if !intent.status.awaits_customer() => Ok(to(&url)),
        _ => elsewhere(processor, intent),
    }
}

/// The merchant's address with the id of what happened. The merchant asks the API how it
/// ended: nothing in the address can be trusted.
fn way_back(intent: &Intent) -> Option<String> {
    let mut url = Url::parse(intent.return_url.as_deref()?).ok()?;
    let name = match intent.kind {
        Kind::Charge => "charge",
        Kind::Setup => "setup",
    };
    url.query_pairs_mut().append_pair(name, &intent.id);
    Some(url.to_string())
}

fn to(url: &str) -> Response {
    Redirect::to(url).into_response()
}

/// Commits what a visit changed.
async fn settle_visit(
    processor: &Processor,
    tx: Tx,
    account: &Account,
    intent: &Intent,
) -> Result<Response, Error> {
    tx.commit().await?;
    account.wake.notify_one();
    onwards(processor, intent)
}

/// This month, so that the pages can say which cards are too old.
fn has_passed(expiry: (i64, i64)) -> bool {
    crate::work::has_passed(expiry, clock::now())
}
