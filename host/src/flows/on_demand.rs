//! Charging on demand: the merchant names the sum, the customer's saved method pays, nobody is
//! there. What fails puts the subscription on hold, and the customer pays it in the portal.

use super::off_schedule::{self, Supply};
use super::{Error, Refused, charge, facts, reconciliation};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::DebtKind;
use crate::domain::id::{PaymentId, SubscriptionId};
use crate::domain::money::Money;
use crate::domain::payment::Purpose;
use crate::domain::subscription::SubscriptionState;
use crate::store;

/// What is to be charged.
#[derive(Clone, Debug)]
pub struct Charge {
    /// The id of its payment, chosen beforehand: a repeated call charges once.
    pub payment: PaymentId,
    /// The price, as the subscription's price is with or without tax.
    pub price: Money,
    /// How its line reads; the product's name when none.
    pub description: Option<String>,
    /// The payment's metadata (a JSON object); the subscription's when none.
    pub metadata: Option<String>,
}

/// Charges an active subscription that is on demand. From the first commit on the answer is
/// never an error: the payment says what became of it, and is looked after if that is unknown.
pub async fn charge(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    wish: Charge,
) -> Result<PaymentId, Error> {
    let payment = wish.payment.clone();
    reconciliation::freshen(cx, scope, id).await?;
    match intend(cx, scope, id, wish).await {
        Ok(true) => {
            if let Err(error) = charge::send(cx, scope, &payment).await {
                tracing::error!(payment.id = %payment, error = &error as &dyn std::error::Error, "a charge on demand was not sent; it will be");
            }
        }
        // The same call was here before, or is at this moment.
        Ok(false) | Err(Error::Store(store::Error::Conflict(_))) => {}
        Err(error) => return Err(error),
    }
    Ok(payment)
}

/// Beat one; false when it was done before.
async fn intend(cx: &Cx, scope: &Scope, id: &SubscriptionId, wish: Charge) -> Result<bool, Error> {
    let mut tx = cx.store.begin().await?;
    let subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    if tx.payment(scope, &wish.payment).await?.is_some() {
        return Ok(false);
    }
    if !subscription.on_demand {
        return Err(Error::Refused(Refused::NotOnDemand));
    }
    if subscription.state != SubscriptionState::Active {
        return Err(Error::Refused(Refused::State));
    }
    if !tx.open_payments_of(scope, id).await?.is_empty() {
        return Err(Error::Refused(Refused::PaymentUnderWay));
    }
    let now = cx.business_now(&mut tx, scope).await?;
    let after = serde_json::json!({ "payment": wish.payment, "price": wish.price });
    let supply = Supply {
        payment: wish.payment,
        kind: DebtKind::OnDemand,
        purpose: Purpose::OnDemand,
        price: wish.price,
        description: wish.description,
        metadata: wish
            .metadata
            .unwrap_or_else(|| subscription.metadata.clone()),
    };
    let sent = off_schedule::intend(cx, &mut tx, &subscription, supply, now).await?;
    facts::audit(
        cx,
        &mut tx,
        scope,
        "subscription.charge",
        id.as_str(),
        None,
        Some(after),
    )
    .await?;
    charge::commit(cx, tx, &sent).await?;
    Ok(true)
}
