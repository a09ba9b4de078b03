//! One payment: where it stands, what of it went back, and the way to give more back.

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::room::{Doors, Room};
use crate::domain::access::Role;
use crate::domain::money::Money;
use crate::domain::payment::{Payment, PaymentState};
use crate::domain::refund::Refund;
use crate::flows::refund;
use crate::store::Tx;
use crate::themes::Page;
use crate::web::{Error, Web};

/// A payment of the room; somebody else's is the same 404 as none.
pub(super) struct PaymentOfRoom {
    pub(super) room: Room,
    pub(super) payment: Payment,
}

#[derive(Deserialize)]
pub(super) struct PaymentPath {
    id: String,
}

impl FromRequestParts<Web> for PaymentOfRoom {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let room = Room::from_request_parts(parts, web).await?;
        let path = Path::from_request_parts(parts, web)
            .await
            .map_err(|error| Error::not_found().because(error));
        let found = match path {
            Ok(Path(path)) => Self::find(web, room, path).await,
            Err(error) => Err(error),
        };
        found.map_err(Error::into_response)
    }
}

impl PaymentOfRoom {
    /// The payment that the path names, if it is one of the room.
    pub(super) async fn find(
        web: &Web,
        mut room: Room,
        PaymentPath { id }: PaymentPath,
    ) -> Result<Self, Error> {
        let id = id.parse().map_err(|_| Error::not_found())?;
        let mut tx = web.cx.store.read().await?;
        room.who.visitor.frame.now = web.cx.business_now(&mut tx, &room.scope).await?;
        let payment = tx.payment(&room.scope, &id).await?;
        let payment = payment.ok_or_else(Error::not_found)?;
        Ok(Self { room, payment })
    }
}

/// One payment.
#[derive(Debug, Serialize)]
pub(super) struct PaymentPage {
    doors: Doors,
    /// The customer's page.
    back: String,
    /// Where more of it is given back; none when nothing can be, or for those who may only look.
    refund: Option<String>,
    id: String,
    amount: Money,
    /// The tax in the amount.
    tax: Money,
    at: Timestamp,
    state: &'static str,
    gateway: String,
    /// The gateway's own reference.
    reference: Option<String>,
    /// The number of its invoice.
    invoice: Option<String>,
    /// Whether it settled nothing.
    unapplied: bool,
    refunds: Vec<RefundRow>,
    /// What can still be given back.
    left: Option<Money>,
    /// Whether the bank decides about a dispute.
    disputed: bool,
    /// Whether a refund was just ordered.
    ordered: bool,
}

#[derive(Clone, Debug, Serialize)]
struct RefundRow {
    id: String,
    amount: Money,
    /// The tax in the amount.
    tax: Option<Money>,
    at: Timestamp,
    state: &'static str,
    reason: Option<String>,
    /// The number of its credit note.
    credit_note: Option<String>,
}

/// Which refund was just ordered.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Ordered {
    refund: Option<String>,
}

/// `GET /payments/{id}`.
pub(super) async fn show(
    State(web): State<Web>,
    found: PaymentOfRoom,
    axum::extract::Query(Ordered { refund: ordered }): axum::extract::Query<Ordered>,
) -> Result<Response, Error> {
    let PaymentOfRoom { room, payment } = found;
    let mut tx = web.cx.store.read().await?;
    let mut refunds = Vec::new();
    for refund in tx.refunds_of(&payment.scope, &payment.id).await? {
        refunds.push(RefundRow::of(&mut tx, &refund).await?);
    }
    let arrived = matches!(payment.standing(), PaymentState::Succeeded { .. });
    let refundable = if arrived {
        Some(refund::refundable(&mut tx, &payment).await?)
    } else {
        None
    };
    let left = refundable.as_ref().map(|has| has.left);
    let disputed = refundable.is_some_and(|has| has.disputed);
    let invoice = match &payment.invoice {
        Some(id) => tx.invoice(&payment.scope, id).await?,
        None => None,
    };
    let more = left.is_some_and(|left| !left.is_zero()) && !disputed;
    let form = room.path(&format!("/payments/{}/refund", payment.id));
    room.render(&PaymentPage {
        doors: room.doors(),
        back: room.path(&format!("/customers/{}", payment.customer)),
        refund: (more && room.role == Role::Manager).then_some(form),
        amount: payment.captured(),
        tax: Money::new(payment.tax_minor, payment.amount.currency),
        at: payment.created_at,
        state: payment.standing().name(),
        gateway: payment.gateway.clone(),
        reference: payment.gateway_ref.clone(),
        invoice: invoice.and_then(|invoice| invoice.number_text),
        unapplied: payment.unapplied,
        ordered: ordered.is_some_and(|id| refunds.iter().any(|refund| refund.id == id)),
        id: payment.id.into(),
        refunds,
        left,
        disputed,
    })
}

impl RefundRow {
    async fn of(tx: &mut Tx, refund: &Refund) -> Result<Self, Error> {
        let note = match &refund.credit_note {
            Some(id) => tx.invoice(&refund.scope, id).await?,
            None => None,
        };
        let tax: i64 = refund.parts.iter().map(|part| part.tax).sum();
        let has_parts = !refund.parts.is_empty();
        Ok(Self {
            id: refund.id.to_string(),
            amount: refund.total(),
            tax: has_parts.then(|| Money::new(tax, refund.amount.currency)),
            at: refund.created_at,
            state: refund.standing().name(),
            reason: refund.reason.clone(),
            credit_note: note.and_then(|note| note.number_text),
        })
    }
}

impl Page for PaymentPage {
    const TEMPLATE: &'static str = "pages/console/payment.html";

    fn samples() -> Vec<Self> {
        let at: Timestamp = "2026-11-22T09:26:00Z".parse().expect("a valid timestamp");
        let euros = |minor| Money::new(minor, "EUR".parse().expect("a currency"));
        let row = |state, reason: Option<&str>| RefundRow {
            id: "ref_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            amount: euros(1_000),
            tax: Some(euros(160)),
            at,
            state,
            reason: reason.map(str::to_owned),
            credit_note: (state == "succeeded").then(|| "NW-CN-2026-00007".to_owned()),
        };
        let rows = vec![
            row("succeeded", Some("Two of three seats were never used.")),
            row("created", None),
            row("processing", None),
            row("unknown", None),
            row("failed", None),
        ];
        let page = |state, refunds, refund: bool| Self {
            doors: Doors::sample(),
            back: "/console/bus_sample/live/customers/cus_1".to_owned(),
            refund: refund.then(|| "/console/bus_sample/live/payments/pay_1/refund".to_owned()),
            id: "pay_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            amount: euros(2_900),
            tax: euros(463),
            at,
            state,
            gateway: "main".to_owned(),
            reference: Some("ch_9Qm2".to_owned()),
            invoice: Some("NW-2026-00042".to_owned()),
            unapplied: false,
            refunds,
            left: (state == "succeeded").then(|| euros(1_900)),
            disputed: false,
            ordered: false,
        };
        vec![
            page("succeeded", Vec::new(), true),
            Self {
                ordered: true,
                ..page("succeeded", rows.clone(), true)
            },
            Self {
                disputed: true,
                unapplied: true,
                ..page("succeeded", rows, false)
            },
            Self {
                reference: None,
                invoice: None,
                ..page("unknown", Vec::new(), false)
            },
        ]
    }
}
