//! From an event to the body of its delivery: one function for each family of types, which reads
//! the object as it is now.

use super::license::LicenseKey;
use super::load;
use super::webhook::{Data, Envelope, WithGrace};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::{DisputeId, DunningId, LicenseId, PaymentId, RefundId, SubscriptionId};
use crate::domain::subscription::SubscriptionState;
use crate::store::{self, Event, Tx};

/// The body of the delivery of an event; none when what it was about is gone, or when this host
/// has no payload for its type.
pub async fn envelope(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    event: &Event,
) -> store::Result<Option<Envelope>> {
    let object = event.object.as_str();
    // An id of another kind is gone like one that is not there.
    let data = match family(&event.kind) {
        "payment" => payment(cx, tx, scope, object).await?,
        "subscription" => subscription(tx, scope, object).await?,
        "license_key" => license_key(cx, tx, scope, object).await?,
        "refund" => refund(tx, scope, object).await?,
        "dispute" => dispute(tx, scope, object).await?,
        "dunning" => dunning(tx, scope, object).await?,
        _ => None,
    };
    Ok(data.map(|data| {
        Envelope::new(
            scope.business.clone(),
            event.kind.clone(),
            event.occurred_at,
            data,
        )
    }))
}

/// What stands before the full stop.
fn family(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(family, _)| family)
}

async fn payment(cx: &Cx, tx: &mut Tx, scope: &Scope, object: &str) -> store::Result<Option<Data>> {
    let Ok(id) = object.parse::<PaymentId>() else {
        return Ok(None);
    };
    let Some(row) = tx.payment(scope, &id).await? else {
        return Ok(None);
    };
    let payment = load::payment(cx, tx, &row).await?;
    Ok(Some(Data::Payment(Box::new(payment))))
}

async fn subscription(tx: &mut Tx, scope: &Scope, object: &str) -> store::Result<Option<Data>> {
    let Ok(id) = object.parse::<SubscriptionId>() else {
        return Ok(None);
    };
    let Some(row) = tx.subscription(scope, &id).await? else {
        return Ok(None);
    };
    let with_grace = WithGrace {
        past_due_ends_at: match row.state {
            SubscriptionState::PastDue { until } => Some(until),
            _ => None,
        },
        subscription: load::subscription(tx, &row).await?,
    };
    Ok(Some(Data::Subscription(Box::new(with_grace))))
}

async fn license_key(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    object: &str,
) -> store::Result<Option<Data>> {
    let Ok(id) = object.parse::<LicenseId>() else {
        return Ok(None);
    };
    let now = cx.business_now(tx, scope).await?;
    let license = tx.license(scope, &id).await?;
    Ok(license.map(|license| Data::LicenseKey(Box::new(LicenseKey::new(&license, now)))))
}

async fn refund(tx: &mut Tx, scope: &Scope, object: &str) -> store::Result<Option<Data>> {
    let Ok(id) = object.parse::<RefundId>() else {
        return Ok(None);
    };
    let Some(row) = tx.refund(scope, &id).await? else {
        return Ok(None);
    };
    Ok(Some(Data::Refund(Box::new(load::refund(tx, &row).await?))))
}

async fn dispute(tx: &mut Tx, scope: &Scope, object: &str) -> store::Result<Option<Data>> {
    let Ok(id) = object.parse::<DisputeId>() else {
        return Ok(None);
    };
    let Some(row) = tx.dispute(scope, &id).await? else {
        return Ok(None);
    };
    Ok(Some(Data::Dispute(Box::new(
        load::dispute(tx, &row).await?,
    ))))
}

async fn dunning(tx: &mut Tx, scope: &Scope, object: &str) -> store::Result<Option<Data>> {
    let Ok(id) = object.parse::<DunningId>() else {
        return Ok(None);
    };
    let dunning = tx.dunning(scope, &id).await?;
    Ok(dunning.map(|dunning| Data::DunningAttempt(Box::new(dunning.into()))))
}
