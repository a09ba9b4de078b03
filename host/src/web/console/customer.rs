//! One customer: who they are, what they have, what they paid.

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::room::{Doors, Room};
use super::sessions::SessionRow;
use crate::domain::access::Role;
use crate::domain::customer::Customer;
use crate::domain::money::Money;
use crate::domain::period::{Interval, Unit};
use crate::store::{PaymentFilter, SubscriptionFilter, Tx};
use crate::themes::Page;
use crate::web::{Error, Web};

/// How many of each are shown.
const SHOWN: u32 = 50;

/// A customer of the room; somebody else's is the same 404 as none.
pub(super) struct OfRoom {
    pub(super) room: Room,
    pub(super) customer: Customer,
}

#[derive(Deserialize)]
struct CustomerPath {
    id: String,
}

impl FromRequestParts<Web> for OfRoom {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let mut room = Room::from_request_parts(parts, web).await?;
        let found = async {
            let Path(CustomerPath { id }) = Path::from_request_parts(parts, web)
                .await
                .map_err(|error| Error::not_found().because(error))?;
            let id = id.parse().map_err(|_| Error::not_found())?;
            let mut tx = web.cx.store.read().await?;
            let now = web.cx.business_now(&mut tx, &room.scope).await?;
            let customer = tx.customer(&room.scope, &id).await?;
            Ok::<_, Error>((customer.ok_or_else(Error::not_found)?, now))
        };
        let (customer, now) = found.await.map_err(Error::into_response)?;
        room.who.visitor.frame.now = now;
        Ok(Self { room, customer })
    }
}

/// One customer.
#[derive(Debug, Serialize)]
pub(super) struct CustomerPage {
    doors: Doors,
    back: String,
    /// Where links are made; none for those who may only look.
    share: Option<String>,
    id: String,
    name: String,
    email: String,
    phone: Option<String>,
    since: Timestamp,
    subscriptions: Vec<SubscriptionRow>,
    payments: Vec<PaymentRow>,
    keys: Vec<KeyRow>,
    sessions: Vec<SessionRow>,
}

#[derive(Debug, Serialize)]
struct SubscriptionRow {
    id: String,
    product: String,
    price: Money,
    interval: Interval,
    state: &'static str,
    until: Timestamp,
    ends: bool,
}

#[derive(Debug, Serialize)]
struct PaymentRow {
    /// Its page.
    href: String,
    id: String,
    amount: Money,
    at: Timestamp,
    state: &'static str,
}

#[derive(Debug, Serialize)]
struct KeyRow {
    /// The end of the key: enough to tell keys apart, too little to use one.
    ending: String,
    product: String,
    state: &'static str,
    devices: u32,
    limit: Option<u32>,
}

impl Page for CustomerPage {
    const TEMPLATE: &'static str = "pages/console/customer.html";

    fn samples() -> Vec<Self> {
        let at = |day: &str| -> Timestamp {
            format!("{day}T09:30:00Z")
                .parse()
                .expect("a valid timestamp")
        };
        let euros = |minor| Money::new(minor, "EUR".parse().expect("a currency"));
        let subscription = |product: &str, state, ends| SubscriptionRow {
            id: "sub_1".to_owned(),
            product: product.to_owned(),
            price: euros(2900),
            interval: Interval {
                unit: Unit::Month,
                count: 1,
            },
            state,
            until: at("2026-12-01"),
            ends,
        };
        let payment = |minor, state| PaymentRow {
            href: "/console/bus_sample/live/payments/pay_1".to_owned(),
            id: "pay_1".to_owned(),
            amount: euros(minor),
            at: at("2026-11-01"),
            state,
        };
        let key = |state, limit| KeyRow {
            ending: "9F3K".to_owned(),
            product: "Pro".to_owned(),
            state,
            devices: 1,
            limit,
        };
        let full = Self {
            doors: Doors::sample(),
            back: "/console/bus_sample/live/customers".to_owned(),
            share: Some("/console/bus_sample/live/customers/cus_1/share".to_owned()),
            id: "cus_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            name: "Amélie Sample".to_owned(),
            email: "amelie@example.com".to_owned(),
            phone: Some("+33 1 23 45 67 89".to_owned()),
            since: at("2026-03-01"),
            subscriptions: vec![
                subscription("Pro", "on-hold", false),
                subscription("Team", "active", true),
                subscription("Backup", "active", false),
                subscription("Old", "cancelled", false),
            ],
            payments: vec![payment(2900, "declined"), payment(129_900, "succeeded")],
            keys: vec![key("suspended", Some(3)), key("active", None)],
            sessions: SessionRow::samples(),
        };
        let empty = Self {
            share: None,
            name: String::new(),
            phone: None,
            subscriptions: Vec::new(),
            payments: Vec::new(),
            keys: Vec::new(),
            sessions: Vec::new(),
            doors: Doors::sample(),
            back: full.back.clone(),
            id: full.id.clone(),
            email: full.email.clone(),
            since: full.since,
        };
        vec![full, empty]
    }
}

pub(super) async fn show(State(web): State<Web>, found: OfRoom) -> Result<Response, Error> {
    let OfRoom { room, customer } = found;
    let mut tx = web.cx.store.read().await?;
    let subscriptions = subscriptions(&mut tx, &customer).await?;
    let payments = payments(&mut tx, &customer, &room).await?;
    let keys = keys(&mut tx, &customer, room.frame.now).await?;
    let sessions = SessionRow::all(&web, &mut tx, &customer).await?;
    let share = room.path(&format!("/customers/{}/share", customer.id));
    room.render(&CustomerPage {
        doors: room.doors(),
        back: room.path("/customers"),
        share: (room.role == Role::Manager).then_some(share),
        id: customer.id.into(),
        name: customer.name,
        email: customer.email.as_str().to_owned(),
        phone: customer.phone,
        since: customer.created_at,
        subscriptions,
        payments,
        keys,
        sessions,
    })
}

async fn subscriptions(tx: &mut Tx, customer: &Customer) -> Result<Vec<SubscriptionRow>, Error> {
    let filter = SubscriptionFilter {
        customer: Some(customer.id.clone()),
        ..SubscriptionFilter::default()
    };
    let mut rows = Vec::new();
    for found in tx.subscriptions(&customer.scope, &filter, SHOWN, 0).await? {
        let product = tx.product(&customer.scope, &found.product).await?;
        let price = found.price();
        rows.push(SubscriptionRow {
            id: found.id.into(),
            product: product.map(|product| product.name).unwrap_or_default(),
            price: price.map_err(Error::internal)?,
            interval: found.interval,
            state: found.state.name(),
            until: found.period.end,
            ends: found.cancel_at_period_end,
        });
    }
    Ok(rows)
}

async fn payments(tx: &mut Tx, customer: &Customer, room: &Room) -> Result<Vec<PaymentRow>, Error> {
    let filter = PaymentFilter {
        customer: Some(customer.id.clone()),
        ..PaymentFilter::default()
    };
    let found = tx.payments(&customer.scope, &filter, SHOWN, 0).await?;
    let row = |payment: crate::domain::payment::Payment| PaymentRow {
        href: room.path(&format!("/payments/{}", payment.id)),
        amount: payment.amount,
        at: payment.created_at,
        state: payment.standing().name(),
        id: payment.id.into(),
    };
    Ok(found.into_iter().map(row).collect())
}

async fn keys(tx: &mut Tx, customer: &Customer, now: Timestamp) -> Result<Vec<KeyRow>, Error> {
    let scope = &customer.scope;
    let found = tx
        .licenses(scope, Some(&customer.id), None, None, SHOWN, 0)
        .await?;
    let mut rows = Vec::new();
    for license in found {
        let product = tx.product(scope, &license.product).await?;
        let characters: Vec<char> = license.key.chars().collect();
        rows.push(KeyRow {
            ending: characters[characters.len().saturating_sub(4)..]
                .iter()
                .collect(),
            product: product.map(|product| product.name).unwrap_or_default(),
            state: if license.disabled {
                "disabled"
            } else if license.expires_at.is_some_and(|at| at <= now) {
                "expired"
            } else if license.suspended {
                "suspended"
            } else {
                "active"
            },
            devices: license.activations,
            limit: license.activations_limit,
        });
    }
    Ok(rows)
}
