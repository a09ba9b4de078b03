//! An owner's decision about a payment or refund whose outcome no gateway tells: what was found out,
//! where, and the button. It is the decision of `vestibule payment resolve`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::room::{Doors, Room};
use crate::domain::access::Role;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::refund::Refund;
use crate::flows::settlement::{self, Finding};
use crate::flows::{self, Refused, refund};
use crate::store::Tx;
use crate::themes::Page;
use crate::web::{Error, Posted, Web};

/// What is known, and the form.
#[derive(Debug, Serialize)]
pub(super) struct ResolvePage {
    doors: Doors,
    /// The list of what has no end.
    back: String,
    /// Where the form is sent.
    here: String,
    /// The page of the payment, or of the one that the refund is of.
    payment: String,
    id: String,
    amount: Money,
    /// The state's name.
    state: &'static str,
    /// Whether it is a refund.
    refund: bool,
    gateway: String,
    /// The gateway's own reference.
    reference: Option<String>,
    sent_at: Option<Timestamp>,
    /// How often the gateway was asked.
    looks: u32,
    /// Whether there is anything to decide.
    open: bool,
    /// `happened` or `never`, as it was chosen.
    found: Option<&'static str>,
    evidence: String,
    /// What is missing in the form: `found`, `evidence` or `checked`; `ended` when it was too late.
    wrong: Option<&'static str>,
}

/// The fields of the form.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Decided {
    found: Option<String>,
    #[serde(default)]
    evidence: String,
    /// Whether the gateway's own records were looked at.
    checked: Option<String>,
}

impl Decided {
    fn finding(&self) -> Option<Finding> {
        match self.found.as_deref() {
            Some("happened") => Some(Finding::Happened),
            Some("never") => Some(Finding::Never),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct SubjectPath {
    id: String,
}

/// What is decided about.
enum Subject {
    Payment(Box<Payment>),
    Refund(Box<Refund>),
}

impl Subject {
    /// What the path names, if it is one of the room, for those who may decide.
    async fn find(tx: &mut Tx, room: &Room, path: &SubjectPath) -> Result<Self, Error> {
        if room.role != Role::Manager {
            return Err(Error::not_found());
        }
        let found = if let Ok(id) = path.id.parse::<PaymentId>() {
            let payment = tx.payment(&room.scope, &id).await?;
            payment.map(|payment| Self::Payment(Box::new(payment)))
        } else if let Ok(id) = path.id.parse::<RefundId>() {
            let refund = tx.refund(&room.scope, &id).await?;
            refund.map(|refund| Self::Refund(Box::new(refund)))
        } else {
            None
        };
        found.ok_or_else(Error::not_found)
    }

    /// The payment that it is, or that it gives back.
    fn payment(&self) -> &PaymentId {
        match self {
            Self::Payment(payment) => &payment.id,
            Self::Refund(refund) => &refund.payment,
        }
    }
}

/// `GET /reconciliation/{id}`.
pub(super) async fn show(
    State(web): State<Web>,
    room: Room,
    Path(path): Path<SubjectPath>,
) -> Result<Response, Error> {
    page(&web, room, &path, Decided::default(), None).await
}

/// `POST /reconciliation/{id}`.
pub(super) async fn decide(
    State(web): State<Web>,
    room: Room,
    Path(path): Path<SubjectPath>,
    Posted(form): Posted<Decided>,
) -> Result<Response, Error> {
    let mut tx = web.cx.store.read().await?;
    let subject = Subject::find(&mut tx, &room, &path).await?;
    drop(tx);
    let Some(finding) = form.finding() else {
        return page(&web, room, &path, form, Some("found")).await;
    };
    if form.checked.is_none() {
        return page(&web, room, &path, form, Some("checked")).await;
    }
    let payment = subject.payment().clone();
    let (cx, scope, evidence) = (room.cx(), room.scope.clone(), form.evidence.clone());
    let flow = Box::pin(async move {
        let decided = match &subject {
            Subject::Payment(payment) => {
                settlement::resolve(&cx, &scope, &payment.id, finding, &evidence)
                    .await
                    .map(drop)
            }
            Subject::Refund(refund) => refund::resolve(&cx, &scope, &refund.id, finding, &evidence)
                .await
                .map(drop),
        };
        Ok::<_, flows::Error>(decided)
    });
    match web.perform(flow).await? {
        Ok(()) => Ok(room.redirect(&format!(
            "/{}/{}/payments/{payment}",
            room.scope.business, room.scope.mode
        ))),
        Err(flows::Error::Invalid {
            field: "evidence", ..
        }) => page(&web, room, &path, form, Some("evidence")).await,
        Err(flows::Error::Refused(Refused::State)) => {
            page(&web, room, &path, form, Some("ended")).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn page(
    web: &Web,
    mut room: Room,
    path: &SubjectPath,
    form: Decided,
    wrong: Option<&'static str>,
) -> Result<Response, Error> {
    let mut tx = web.cx.store.read().await?;
    let subject = Subject::find(&mut tx, &room, path).await?;
    // What was sent is dated by the host's clock, whatever a test clock says.
    room.who.visitor.frame.now = web.cx.now();
    let page = ResolvePage::of(&room, &subject, form, wrong);
    let status = if wrong.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    room.render_as(status, &page)
}

impl ResolvePage {
    fn of(room: &Room, subject: &Subject, form: Decided, wrong: Option<&'static str>) -> Self {
        let finding = form.finding();
        let payment = room.path(&format!("/payments/{}", subject.payment()));
        let (doors, back) = (room.doors(), room.path("/reconciliation"));
        let found = finding.map(|finding| match finding {
            Finding::Happened => "happened",
            Finding::Never => "never",
        });
        let evidence = form.evidence;
        match subject {
            Subject::Payment(of) => Self {
                here: room.path(&format!("/reconciliation/{}", of.id)),
                id: of.id.to_string(),
                amount: of.amount,
                state: of.standing().name(),
                refund: false,
                gateway: of.gateway.clone(),
                reference: of.gateway_ref.clone(),
                sent_at: of.sent_at,
                looks: of.lookups,
                open: of.state.is_open() && of.sent_at.is_some(),
                doors,
                back,
                payment,
                found,
                evidence,
                wrong,
            },
            Subject::Refund(of) => Self {
                here: room.path(&format!("/reconciliation/{}", of.id)),
                id: of.id.to_string(),
                amount: of.amount,
                state: of.standing().name(),
                refund: true,
                gateway: of.gateway.clone(),
                reference: of.gateway_ref.clone(),
                sent_at: of.sent_at,
                looks: of.lookups,
                open: of.state.is_open() && of.sent_at.is_some(),
                doors,
                back,
                payment,
                found,
                evidence,
                wrong,
            },
        }
    }
}

impl Page for ResolvePage {
    const TEMPLATE: &'static str = "pages/console/resolve.html";

    fn samples() -> Vec<Self> {
        let at: Timestamp = "2026-11-20T09:30:00Z".parse().expect("a valid timestamp");
        let page = |state, refund, open, wrong| Self {
            doors: Doors::sample(),
            back: "/console/bus_sample/live/reconciliation".to_owned(),
            here: "/console/bus_sample/live/reconciliation/pay_1".to_owned(),
            payment: "/console/bus_sample/live/payments/pay_1".to_owned(),
            id: "pay_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            amount: Money::new(2_900, "EUR".parse().expect("a currency")),
            state,
            refund,
            gateway: "main".to_owned(),
            reference: Some("ch_9Qm2".to_owned()),
            sent_at: Some(at),
            looks: 4,
            open,
            found: None,
            evidence: String::new(),
            wrong,
        };
        vec![
            page("unknown", false, true, None),
            Self {
                reference: None,
                looks: 1,
                ..page("awaiting-customer", false, true, None)
            },
            page("unknown", true, true, None),
            page("unknown", false, true, Some("found")),
            Self {
                found: Some("never"),
                ..page("unknown", false, true, Some("evidence"))
            },
            Self {
                found: Some("happened"),
                evidence: "Statement of 12 November, line 7".to_owned(),
                ..page("unknown", true, true, Some("checked"))
            },
            page("succeeded", false, false, Some("ended")),
            page("failed", true, false, None),
            Self {
                sent_at: None,
                ..page("created", false, false, None)
            },
        ]
    }
}
