//! `/return/{token}`: the browser comes back from a gateway. What it brings is a hint for the
//! gateway's plugin and changes nothing by itself; the answer is a redirect.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery};
use axum::response::Response;

use super::status::{Standing, StatusPage};
use super::{at_home, elsewhere, login};
use crate::domain::Scope;
use crate::domain::id::CustomerId;
use crate::domain::payment::{Payment, Purpose};
use crate::domain::subscription::SubscriptionState;
use crate::flows::{AttemptOf, address, round, session, settlement, token};
use crate::plugins::gateway::request::Pair;
use crate::store::{Setup, Tx};
use crate::web::cookies::Purpose as Cookie;
use crate::web::portal::done::{Paid, ReturnTo};
use crate::web::portal::progress::Stage;
use crate::web::portal::records::Records;
use crate::web::{Error, Visitor, surface};

/// No gateway sends more.
const MOST_PAIRS: usize = 64;

/// `GET` and `POST /return/{token}`.
pub(super) async fn come_back(
    visitor: Visitor,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Error> {
    let (scope, of) = read(&visitor, &token)?;
    let next = result_page(&visitor, &scope, &token);
    let mut pairs = decoded(query.unwrap_or_default().as_bytes());
    pairs.extend(decoded(&body));
    pairs.truncate(MOST_PAIRS);
    let cx = visitor.web.cx.clone();
    let flow = async move {
        match &of {
            AttemptOf::Payment(id) => settlement::returned(&cx, &scope, id, &pairs).await?,
            AttemptOf::Setup(id) => settlement::setup_returned(&cx, &scope, id, &pairs).await?,
            AttemptOf::Nothing => crate::flows::Ending::Succeeded,
        };
        round::after(&cx, &scope, &of).await
    };
    visitor.web.perform(flow).await?;
    Ok(visitor.redirect_to(&next))
}

/// The page that says what became of it: on the host that knows the portal's sessions.
fn result_page(visitor: &Visitor, scope: &Scope, token: &str) -> String {
    let path = format!("/return/{token}/result");
    match elsewhere(visitor, scope) {
        Some(own) => address::at(own, &path),
        None => path,
    }
}

/// `GET /return/{token}/result`: on to the page of the attempt. Whoever is not signed in, such
/// as a customer whom the merchant's own page sent to the gateway, is told here.
pub(super) async fn result(visitor: Visitor, Path(token): Path<String>) -> Result<Response, Error> {
    let (scope, of) = read(&visitor, &token)?;
    if elsewhere(&visitor, &scope).is_some() {
        return Ok(visitor.redirect_to(&result_page(&visitor, &scope, &token)));
    }
    let mut tx = visitor.web.cx.store.read().await?;
    match of {
        AttemptOf::Payment(id) => {
            let payment = tx.payment(&scope, &id).await?;
            let payment = payment.ok_or_else(Error::not_found)?;
            drop(tx);
            of_payment(&visitor, &scope, &payment).await
        }
        AttemptOf::Setup(id) => {
            let setup = tx.setup(&scope, &id).await?;
            let setup = setup.ok_or_else(Error::not_found)?;
            drop(tx);
            of_setup(&visitor, &scope, &setup).await
        }
        AttemptOf::Nothing => Err(Error::not_found()),
    }
}

async fn of_payment(
    visitor: &Visitor,
    scope: &Scope,
    payment: &Payment,
) -> Result<Response, Error> {
    let cx = &visitor.web.cx;
    if matches!(payment.purpose, Purpose::Begin | Purpose::Purchase) {
        let tries = cx.store.read().await?.tries_at(scope, &payment.id).await?;
        let first = tries.first().map_or(&payment.id, |first| &first.id);
        let page = format!("/pay/{}", token::pay(cx, scope, first));
        return Ok(visitor.redirect_to(&page));
    }
    let mut tx = cx.store.read().await?;
    if is_signed_in(visitor, &mut tx, scope, &payment.customer).await? {
        let path = match tx.round_of_payment(scope, &payment.id).await? {
            Some(round) => format!("/pay-all/{}", round.id),
            None => format!("/payments/{}/progress", payment.id),
        };
        return Ok(visitor.redirect_to(&portal(visitor, scope, &path)));
    }
    drop(tx);
    if let Some(page) = made_on(visitor, scope, payment.id.as_str()).await? {
        return Ok(visitor.redirect_to(&page));
    }
    let mut records = Records::open(cx, scope, &payment.customer).await?;
    let paid = Paid::of(&mut records, payment).await?;
    let standing = match (paid, Stage::of(cx, payment)) {
        (Some(paid), _) => Standing::Paid { paid },
        (None, Some(stage)) => Standing::Open { stage },
        (None, None) => Standing::Expired,
    };
    let product = records.what(payment).await?;
    let page = page(visitor, scope, product, standing, ReturnTo::of(payment));
    at(visitor, scope, records).await?.render(&page)
}

async fn of_setup(visitor: &Visitor, scope: &Scope, setup: &Setup) -> Result<Response, Error> {
    if let Some(page) = made_on(visitor, scope, setup.id.as_str()).await? {
        return Ok(visitor.redirect_to(&page));
    }
    let cx = &visitor.web.cx;
    let mut records = Records::open(cx, scope, &setup.customer).await?;
    let subscription = records.tx.subscription(scope, &setup.subscription).await?;
    let subscription = subscription.ok_or_else(Error::not_found)?;
    let stage = Stage::of_setup(setup);
    // Begun without a charge: its page tells, unless the subscription has a life since.
    let payments = records.payments(Some(&subscription.id), 2, 0).await?;
    if let [first] = &payments[..]
        && (subscription.state == SubscriptionState::Pending || first.amount.is_zero())
    {
        let ending = match stage {
            Some(Stage::Declined { .. }) => "?declined=yes",
            _ => "",
        };
        let page = format!("/pay/{}{ending}", token::pay(cx, scope, &first.id));
        return Ok(visitor.redirect_to(&page));
    }
    if is_signed_in(visitor, &mut records.tx, scope, &setup.customer).await? {
        let path = match records.tx.round_of_setup(scope, &setup.id).await? {
            Some(round) => format!("/pay-all/{}", round.id),
            None => format!("/setups/{}", setup.id),
        };
        return Ok(visitor.redirect_to(&portal(visitor, scope, &path)));
    }
    let product = records.product(&subscription.product).await?;
    let standing = stage.map_or(Standing::Saved, |stage| Standing::Open { stage });
    let back = ReturnTo::with_id(
        setup.return_url.as_deref(),
        "subscription_id",
        subscription.id.as_str(),
    );
    let page = page(visitor, scope, product, standing, back);
    at(visitor, scope, records).await?.render(&page)
}

/// The hosted page on which a payment or set-up was begun, if it was one for a new method.
async fn made_on(visitor: &Visitor, scope: &Scope, attempt: &str) -> Result<Option<String>, Error> {
    let cx = &visitor.web.cx;
    let mut tx = cx.store.read().await?;
    let page = tx.method_page_by_attempt(scope, attempt).await?;
    Ok(page.map(|page| format!("/pay/{}", token::method_page(cx, scope, &page.id))))
}

fn page(
    visitor: &Visitor,
    scope: &Scope,
    product: String,
    standing: Standing,
    return_to: Option<ReturnTo>,
) -> StatusPage {
    StatusPage {
        product,
        standing,
        give_up: None,
        return_to,
        portal: login(visitor, scope),
    }
}

/// The visitor on a page of the business, once everything for it has been read.
async fn at(visitor: &Visitor, scope: &Scope, records: Records) -> Result<Visitor, Error> {
    let now = records.now;
    // The look of the page may take a reader of its own, and time.
    drop(records);
    let mut visitor = visitor.for_scope(scope, None).await?;
    visitor.frame.now = now;
    Ok(visitor)
}

/// The address of a page of the portal of `scope`.
fn portal(visitor: &Visitor, scope: &Scope, path: &str) -> String {
    let settings = visitor.web.cx.settings.load();
    format!("{}{path}", surface::portal_at(&settings, scope).base)
}

/// Whether this browser is signed in to the portal of `scope` as `customer`.
async fn is_signed_in(
    visitor: &Visitor,
    tx: &mut Tx,
    scope: &Scope,
    customer: &CustomerId,
) -> Result<bool, Error> {
    let cookies = visitor.visit.cookies.of(scope);
    let Some(secret) = cookies.get(Cookie::Session) else {
        return Ok(false);
    };
    let found = session::find(&visitor.web.cx, tx, scope, secret).await?;
    Ok(found.is_some_and(|session| session.customer.as_ref() == Some(customer)))
}

fn read(visitor: &Visitor, token: &str) -> Result<(Scope, AttemptOf), Error> {
    let read = token::read_return(&visitor.web.cx, token);
    let (scope, of) = read.ok_or_else(Error::not_found)?;
    Ok((at_home(visitor, scope)?, of))
}

fn decoded(text: &[u8]) -> Vec<Pair> {
    url::form_urlencoded::parse(text)
        .map(|(name, value)| Pair {
            name: name.into_owned(),
            value: value.into_owned(),
        })
        .collect()
}
