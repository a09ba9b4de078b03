//! Giving money back: how much, then what that is with its tax, then the button. A second press is
//! the same refund.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::payment::{PaymentOfRoom, PaymentPath};
use super::room::{Doors, Room};
use crate::domain::access::Role;
use crate::domain::id::RefundId;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::refund::parts::{Part, Wish};
use crate::flows::refund::{self, NewRefund};
use crate::flows::{self, Refused};
use crate::themes::Page;
use crate::web::{Error, Posted, Web};

/// The longest reason.
const LONGEST_REASON: usize = 3_000;

/// The form, and what it comes to.
#[derive(Debug, Serialize)]
pub(super) struct RefundPage {
    doors: Doors,
    /// The payment's page.
    back: String,
    /// Where the form is sent.
    here: String,
    id: String,
    /// What can be given back.
    left: Money,
    /// Whether only a part is wished for.
    part: bool,
    /// How much, as it was typed.
    amount: String,
    reason: String,
    /// Whether the subscription is to end as well; none where there is none.
    cancel: Option<bool>,
    /// Whether an invoice is corrected with it.
    invoiced: bool,
    /// Whether the amount is none, or too much.
    wrong: bool,
    preview: Option<Preview>,
    /// Why it cannot be: the end of a message's key.
    trouble: Option<&'static str>,
}

/// What is given back when the button is pressed.
#[derive(Clone, Debug, Serialize)]
struct Preview {
    /// The refund's id: however often the button is pressed, it is one refund.
    refund: String,
    lines: Vec<Line>,
    total: Money,
    tax: Money,
}

#[derive(Clone, Debug, Serialize)]
struct Line {
    name: String,
    amount: Money,
    tax: Money,
    /// In percent.
    rate: String,
}

/// The fields of the form.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wished {
    /// `all` or `part`; none before anything was chosen.
    how: Option<String>,
    #[serde(default)]
    amount: String,
    #[serde(default)]
    reason: String,
    cancel: Option<String>,
}

/// What was confirmed.
#[derive(Debug, Deserialize)]
pub(super) struct Confirmed {
    refund: String,
    /// In minor units: exactly what was shown.
    minor: String,
    #[serde(flatten)]
    wished: Wished,
}

/// `GET /payments/{id}/refund`.
pub(super) async fn show(
    State(web): State<Web>,
    found: PaymentOfRoom,
    Query(wished): Query<Wished>,
) -> Result<Response, Error> {
    allowed(&found.room)?;
    page(&web, &found.room, &found.payment, wished, None).await
}

/// `POST /payments/{id}/refund`.
pub(super) async fn create(
    State(web): State<Web>,
    room: Room,
    Path(path): Path<PaymentPath>,
    Posted(form): Posted<Confirmed>,
) -> Result<Response, Error> {
    // Only now: whose payment it is is nobody's business whose form is not ours.
    let PaymentOfRoom { room, payment } = PaymentOfRoom::find(&web, room, path).await?;
    allowed(&room)?;
    let id: RefundId = form.refund.parse().map_err(|_| Error::invalid())?;
    let minor: i64 = form.minor.parse().map_err(|_| Error::invalid())?;
    let reason = form.wished.reason.trim().to_owned();
    let new = NewRefund {
        id: id.clone(),
        payment: payment.id.clone(),
        wish: Wish::Amount(minor),
        reason: Some(reason).filter(|reason| !reason.is_empty()),
        metadata: "{}".to_owned(),
        cancel_subscription: form.wished.cancel.is_some(),
    };
    let (cx, scope) = (room.cx(), room.scope.clone());
    let flow = Box::pin(async move {
        let made = refund::create(&cx, &scope, new).await;
        Ok::<_, flows::Error>(made)
    });
    match web.perform(flow).await? {
        // A name that another refund has is not ours to show.
        Ok(made) if made.payment != payment.id => Err(Error::not_found()),
        Ok(_) => Ok(room.redirect(&format!(
            "/{}/{}/payments/{}?refund={id}",
            room.scope.business, room.scope.mode, payment.id
        ))),
        Err(error) => match word(&error) {
            Some(word) => page(&web, &room, &payment, form.wished, Some(word)).await,
            None => Err(error.into()),
        },
    }
}

fn allowed(room: &Room) -> Result<(), Error> {
    let is_manager = room.role == Role::Manager;
    is_manager.then_some(()).ok_or_else(Error::not_found)
}

/// The words for refusals that this page explains.
const TROUBLES: [&str; 5] = ["amount", "nothing-left", "moving", "disputed", "no-refunds"];

fn word(error: &flows::Error) -> Option<&'static str> {
    match error {
        flows::Error::Invalid { field: "items", .. } => Some("amount"),
        flows::Error::Refused(Refused::NothingLeft) => Some("nothing-left"),
        flows::Error::Refused(Refused::StillMoving | Refused::NotCaptured) => Some("moving"),
        flows::Error::Refused(Refused::Disputed) => Some("disputed"),
        flows::Error::Refused(Refused::NoRefunds) => Some("no-refunds"),
        _ => None,
    }
}

async fn page(
    web: &Web,
    room: &Room,
    payment: &Payment,
    wished: Wished,
    trouble: Option<&'static str>,
) -> Result<Response, Error> {
    let mut tx = web.cx.store.read().await?;
    let left = refund::refundable(&mut tx, payment).await?.left;
    let part = wished.how.as_deref() == Some("part");
    let typed = Money::typed(&wished.amount, left.currency);
    let too_long = wished.reason.chars().count() > LONGEST_REASON;
    let wish = match wished.how.as_deref() {
        _ if too_long => None,
        Some("part") => typed.map(|amount| Wish::Amount(amount.minor)),
        Some("all") => Some(Wish::Rest),
        _ => None,
    };
    let mut page = RefundPage {
        doors: room.doors(),
        back: room.path(&format!("/payments/{}", payment.id)),
        here: room.path(&format!("/payments/{}/refund", payment.id)),
        id: payment.id.to_string(),
        left,
        part,
        cancel: payment
            .subscription
            .is_some()
            .then_some(wished.cancel.is_some()),
        invoiced: payment.invoice.is_some() && !payment.unapplied,
        wrong: part && wish.is_none(),
        amount: wished.amount,
        reason: wished.reason,
        preview: None,
        trouble,
    };
    if let (Some(wish), None) = (&wish, trouble) {
        match refund::preview(&web.cx, &mut tx, payment, wish).await {
            Ok((total, parts)) => page.preview = Some(Preview::of(web, total, &parts)),
            Err(error) => match word(&error) {
                Some("amount") => page.wrong = true,
                Some(word) => page.trouble = Some(word),
                None => return Err(error.into()),
            },
        }
    }
    let status = if page.wrong || page.trouble.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    room.render_as(status, &page)
}

impl Preview {
    fn of(web: &Web, total: Money, parts: &[Part]) -> Self {
        let amount = |minor| Money::new(minor, total.currency);
        let refund: RefundId = web.cx.new_id();
        Self {
            refund: refund.to_string(),
            lines: parts
                .iter()
                .map(|part| Line {
                    name: part.name.clone(),
                    amount: amount(part.gross),
                    tax: amount(part.tax),
                    rate: part.rate.to_percent(),
                })
                .collect(),
            tax: amount(parts.iter().map(|part| part.tax).sum()),
            total,
        }
    }
}

impl Page for RefundPage {
    const TEMPLATE: &'static str = "pages/console/refund.html";

    fn samples() -> Vec<Self> {
        let euros = |minor| Money::new(minor, "EUR".parse().expect("a currency"));
        let line = |name: &str, minor, tax| Line {
            name: name.to_owned(),
            amount: euros(minor),
            tax: euros(tax),
            rate: "19".to_owned(),
        };
        let preview = Preview {
            refund: "ref_sample".to_owned(),
            lines: vec![
                line("Pro, with a name that goes on and on for a while", 800, 128),
                line("Priority support", 200, 32),
            ],
            total: euros(1_000),
            tax: euros(160),
        };
        let page = |part, amount: &str, wrong, preview, trouble| Self {
            doors: Doors::sample(),
            back: "/console/bus_sample/live/payments/pay_1".to_owned(),
            here: "/console/bus_sample/live/payments/pay_1/refund".to_owned(),
            id: "pay_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            left: euros(2_900),
            part,
            amount: amount.to_owned(),
            reason: "Two of three seats were never used.".to_owned(),
            cancel: Some(part),
            invoiced: part,
            wrong,
            preview,
            trouble,
        };
        let mut samples = vec![
            Self {
                reason: String::new(),
                ..page(false, "", false, None, None)
            },
            page(true, "10.00", false, Some(preview.clone()), None),
            page(false, "", false, Some(preview.clone()), None),
            Self {
                cancel: None,
                ..page(false, "", false, Some(preview), None)
            },
            page(true, "1000", true, None, None),
        ];
        samples.extend(TROUBLES.map(|word| page(true, "10.00", false, None, Some(word))));
        samples
    }
}
