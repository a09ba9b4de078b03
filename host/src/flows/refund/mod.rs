//! Giving money back: the merchant's wish, and the rule for money that settled nothing. Three
//! beats as for a charge, with the refund's id as the key; every answer ends in [`settle::apply`].

mod bounce;
mod by_line;
mod credit_note;
mod look;
mod resolve;
mod send;
mod settle;
mod unapplied;

pub use self::bounce::decide;
pub(super) use self::by_line::gone;
pub use self::look::look;
pub use self::resolve::resolve;
pub(super) use self::settle::heard;
pub(super) use self::unapplied::order as order_for_unapplied;
pub use self::unapplied::{give_back as give_back_unapplied, order_all as order_all_unapplied};

use super::{Error, Refused, cancellation, facts, reconciliation, records, settlement};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::dispute::{Dispute, DisputeState};
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::Money;
use crate::domain::payment::{Payment, PaymentState};
use crate::domain::refund::parts::{self, Item, NotRefundable, Part, Wish};
use crate::domain::refund::{Refund, RefundCause, RefundState};
use crate::domain::subscription::Cancellation;
use crate::domain::tax::Line;
use crate::plugins::gateway::request::RefundRequest;
use crate::store::{self, Tx};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 3_000;

/// A wish to give money back.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// The refund's id; the same wish told again has the same one.
    pub id: RefundId,
    /// Which payment.
    pub payment: PaymentId,
    /// How much of it.
    pub wish: Wish,
    /// Why, in the merchant's words.
    pub reason: Option<String>,
    /// The merchant's metadata (a JSON object).
    pub metadata: String,
    /// Whether the subscription of the payment ends at once as well.
    pub cancel_subscription: bool,
}

/// What of a payment can be given back.
#[derive(Clone, Debug)]
pub struct Refundable {
    /// The lines that were paid for.
    pub items: Vec<Item>,
    /// What went back of them, or is on its way.
    pub gone: Vec<Part>,
    /// What is left in all: never more than was captured.
    pub left: Money,
    /// Whether the bank decides about a dispute.
    pub disputed: bool,
    /// Whether more went, or is on its way, than was captured: a bank took it back as well.
    pub overdrawn: bool,
}

/// Reads what of a payment can be given back.
pub async fn refundable(tx: &mut Tx, payment: &Payment) -> Result<Refundable, Error> {
    let scope = &payment.scope;
    let refunds = tx.refunds_of(scope, &payment.id).await?;
    let counted: Vec<&Refund> = refunds.iter().filter(|refund| refund.counts()).collect();
    let disputes = tx.disputes_of(scope, &payment.id).await?;
    let captured = payment.captured();
    let lost = |dispute: &&Dispute| dispute.state == DisputeState::Lost;
    let gone = counted.iter().map(|refund| refund.total());
    let taken_back = disputes.iter().filter(lost).map(|dispute| dispute.amount);
    let of_this = gone
        .chain(taken_back)
        .filter(|amount| amount.currency == captured.currency);
    let left = captured.checked_sub(Money::sum(captured.currency, of_this)?)?;
    let items = if payment.unapplied {
        Vec::new()
    } else {
        let debts = tx.debts_of_payment(&payment.id).await?;
        let lines: Vec<Line> = debts.into_iter().flat_map(|debt| debt.lines).collect();
        parts::items(&lines, captured)?
    };
    Ok(Refundable {
        items,
        gone: counted
            .into_iter()
            .flat_map(|refund| refund.parts.clone())
            .collect(),
        left: Money::new(left.minor.max(0), captured.currency),
        overdrawn: left.minor < 0,
        disputed: disputes
            .iter()
            .any(|dispute| dispute.state == DisputeState::Opened),
    })
}

/// Gives money back. A wish that was told before is answered with how it stands.
pub async fn create(cx: &Cx, scope: &Scope, new: NewRefund) -> Result<Refund, Error> {
    if let Some(reason) = &new.reason
        && reason.chars().count() > LONGEST_REASON
    {
        return Err(Error::Invalid {
            field: "reason",
            problem: "is longer than 3000 characters".to_owned(),
        });
    }
    make(cx, scope, new, RefundCause::Merchant).await
}

async fn make(cx: &Cx, scope: &Scope, new: NewRefund, cause: RefundCause) -> Result<Refund, Error> {
    let id = new.id.clone();
    let known = {
        let mut tx = cx.store.read().await?;
        tx.refund(scope, &id).await?
    };
    if let Some(known) = known {
        return Ok(known);
    }
    reconciliation::freshen_payment(cx, scope, &new.payment).await?;
    look::freshen(cx, scope, &new.payment).await?;
    match intend(cx, scope, new, cause).await {
        Ok(()) => send::send(cx, scope, &id).await,
        // The same wish, told twice at the same moment.
        Err(Error::Store(store::Error::Conflict(_))) => read(cx, scope, &id).await,
        Err(error) => Err(error),
    }
}

async fn read(cx: &Cx, scope: &Scope, id: &RefundId) -> Result<Refund, Error> {
    let mut tx = cx.store.read().await?;
    tx.refund(scope, id).await?.ok_or(Error::NotFound("refund"))
}

/// Beat one: the refund, with its request, under the payment's lock.
async fn intend(cx: &Cx, scope: &Scope, new: NewRefund, cause: RefundCause) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let (subscription, payment) = settlement::lock(&mut tx, scope, &new.payment).await?;
    let payment = payment.ok_or(Error::NotFound("payment"))?;
    may_be_refunded(cx, &payment)?;
    let now = cx.business_now(&mut tx, scope).await?;
    let has = refundable(&mut tx, &payment).await?;
    if has.disputed {
        return Err(Error::Refused(Refused::Disputed));
    }
    let (amount, parts) = granted(&payment, &has, &new.wish)?;
    let mut refund = Refund {
        id: new.id.clone(),
        scope: scope.clone(),
        payment: payment.id.clone(),
        customer: payment.customer.clone(),
        subscription: payment.subscription.clone(),
        gateway: payment.gateway.clone(),
        cause,
        is_partial: amount != payment.captured(),
        amount,
        moved_minor: None,
        parts,
        reason: new.reason.filter(|reason| !reason.trim().is_empty()),
        metadata: new.metadata,
        state: RefundState::Created,
        sent_at: Some(cx.now()),
        request: String::new(),
        gateway_ref: None,
        lookups: 0,
        absent_since: None,
        waits: false,
        key_from: None,
        credit_note: None,
        bounced: None,
        correction: None,
        created_at: now,
        updated_at: now,
        version: 0,
    };
    let request = RefundRequest {
        key: refund.id.to_string(),
        payment: records::sent(&payment, cx.now()),
        amount,
        reason: refund.reason.clone(),
    };
    refund.request = serde_json::to_string(&request)
        .map_err(|error| Error::Unavailable(format!("the refund cannot be stored: {error}")))?;
    tx.insert_refund(&refund).await?;
    look::order(cx, &mut tx, &refund).await?;
    let after = serde_json::json!({
        "payment": payment.id, "amount": amount, "cause": cause,
        "cancel_subscription": new.cancel_subscription,
    });
    let object = refund.id.as_str();
    facts::audit(
        cx,
        &mut tx,
        scope,
        "refund.create",
        object,
        None,
        Some(after),
    )
    .await?;
    if let Some(subscription) = subscription
        .filter(|subscription| new.cancel_subscription && !subscription.state.is_final())
    {
        let end = cancellation::Wish::Now(Cancellation {
            reason: Some(crate::domain::subscription::CancelReason::Merchant),
            ..Cancellation::default()
        });
        cancellation::grant(cx, &mut tx, subscription, end, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// What `wish` would come to for `payment` as things are, by line. Refused as the refund would be.
pub async fn preview(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    wish: &Wish,
) -> Result<(Money, Vec<Part>), Error> {
    may_be_refunded(cx, payment)?;
    let has = refundable(tx, payment).await?;
    if has.disputed {
        return Err(Error::Refused(Refused::Disputed));
    }
    granted(payment, &has, wish)
}

/// Only money that has arrived can go back, and only through a gateway that can do it.
fn may_be_refunded(cx: &Cx, payment: &Payment) -> Result<(), Error> {
    match payment.standing() {
        PaymentState::Succeeded { .. } => {}
        PaymentState::Processing { .. } | PaymentState::Unknown { .. } => {
            return Err(Error::Refused(Refused::StillMoving));
        }
        _ => return Err(Error::Refused(Refused::NotCaptured)),
    }
    let gateway = cx.plugins.gateway(&payment.scope, &payment.gateway);
    let gateway = gateway.map_err(|error| Error::Unavailable(error.to_string()))?;
    if gateway.capabilities().refunds {
        Ok(())
    } else {
        Err(Error::Refused(Refused::NoRefunds))
    }
}

/// What a wish comes to. Money that settled nothing has no lines.
fn granted(payment: &Payment, has: &Refundable, wish: &Wish) -> Result<(Money, Vec<Part>), Error> {
    let currency = has.left.currency;
    if !payment.unapplied {
        let parts = parts::split(&has.items, &has.gone, has.left.minor, wish)?;
        let minor = parts.iter().map(|part| part.gross).sum();
        return Ok((Money::new(minor, currency), parts));
    }
    let minor = match wish {
        Wish::Rest => has.left.minor,
        Wish::Amount(amount) => *amount,
        Wish::Items(_) => {
            return Err(Error::Invalid {
                field: "items",
                problem: "the payment settled nothing and has no items; leave them out".to_owned(),
            });
        }
    };
    if has.left.minor < 1 {
        return Err(NotRefundable::NothingLeft.into());
    }
    if !(1..=has.left.minor).contains(&minor) {
        let left = has.left.minor;
        return Err(NotRefundable::TooMuch { left }.into());
    }
    Ok((Money::new(minor, currency), Vec::new()))
}

impl From<NotRefundable> for Error {
    fn from(error: NotRefundable) -> Self {
        match error {
            NotRefundable::NothingLeft => Self::Refused(Refused::NothingLeft),
            NotRefundable::TooMuch { .. }
            | NotRefundable::NotPositive
            | NotRefundable::UnknownItem(_)
            | NotRefundable::NamedTwice(_) => Self::Invalid {
                field: "items",
                problem: error.to_string(),
            },
        }
    }
}
