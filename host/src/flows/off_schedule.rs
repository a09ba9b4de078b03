//! A supply that is charged off schedule, without the customer: its debt and its payment.

use jiff::Timestamp;

use super::begin::line;
use super::charge::{self, Intent};
use super::reactivation::available;
use super::{Error, Refused, automatic, dispute, dunning};
use crate::cx::Cx;
use crate::domain::debt::{Debt, DebtKind, DebtState};
use crate::domain::id::PaymentId;
use crate::domain::money::Money;
use crate::domain::payment::{Initiator, Payment, Purpose};
use crate::domain::subscription::Subscription;
use crate::domain::tax::{self, Line};
use crate::store::Tx;

/// What is supplied.
pub(super) struct Supply {
    /// The id of its payment, chosen beforehand; also the cause of its debt, so that a repeated
    /// call owes once.
    pub(super) payment: PaymentId,
    /// What the debt is for.
    pub(super) kind: DebtKind,
    /// What the payment is for.
    pub(super) purpose: Purpose,
    /// The price; whether it contains the tax is the subscription's.
    pub(super) price: Money,
    /// How the line reads; the product's name when none.
    pub(super) description: Option<String>,
    /// The payment's metadata (a JSON object).
    pub(super) metadata: String,
}

/// The debt of a supply to `subscription`.
pub(super) async fn debt(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    supply: &Supply,
    now: Timestamp,
) -> Result<Debt, Error> {
    let scope = &subscription.scope;
    let currency = subscription.unit_price.currency;
    if supply.price.minor <= 0 || supply.price.currency != currency {
        return Err(Error::Invalid {
            field: "product_price",
            problem: format!("must be 1 or more minor units of {}", currency.code()),
        });
    }
    let (business, _) = available(cx, scope)?;
    let product = tx
        .product(scope, &subscription.product)
        .await?
        .ok_or(Error::NotFound("product"))?;
    let plain = line(&business, &product, 1, &subscription.buyer, now, None);
    let lines = vec![Line {
        unit: supply.price,
        tax_inclusive: subscription.tax_inclusive,
        description: supply.description.clone().unwrap_or(plain.description),
        ..plain
    }];
    let totals = tax::totals(currency, &lines)?;
    Ok(Debt {
        id: cx.new_id(),
        scope: scope.clone(),
        customer: subscription.customer.clone(),
        subscription: Some(subscription.id.clone()),
        kind: supply.kind,
        cause: supply.payment.to_string(),
        amount: totals.gross,
        tax_minor: totals.tax.minor,
        lines,
        state: DebtState::Open,
        settled_by: None,
        disputed: false,
        created_at: now,
        closed_at: None,
    })
}

/// Beat one of the charge: the debt, and the payment that is to be sent when this is committed.
/// What a gateway takes no charge for is refused: nobody would ever pay it by itself.
pub(super) async fn intend(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    supply: Supply,
    now: Timestamp,
) -> Result<Payment, Error> {
    let scope = subscription.scope.clone();
    let (business, _) = available(cx, &scope)?;
    let debt = debt(cx, tx, subscription, &supply, now).await?;
    let method = match &subscription.method {
        Some(id) => tx.lock_method(&scope, id).await?,
        None => None,
    };
    // One that is never charged again gives way to the backup method.
    let method = match method.filter(|method| method.refused_at.is_none()) {
        Some(method) => Some(method),
        None => dunning::backup_of(cx, tx, subscription, subscription.method.as_ref(), now).await?,
    };
    let method = method.ok_or(Error::Refused(Refused::MethodUnusable))?;
    if dispute::forbids(tx, &scope, &method.id).await? {
        return Err(Error::Refused(Refused::Disputed));
    }
    if automatic::is_too_little(cx, &scope, &method.gateway, debt.amount) {
        return Err(Error::Invalid {
            field: "product_price",
            problem: "is less than the gateway charges, with tax".to_owned(),
        });
    }
    let customer = tx
        .customer(&scope, &subscription.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    tx.insert_debt(&debt).await?;
    let reference = method.customer_reference.clone();
    let intent = Intent {
        id: supply.payment,
        purpose: supply.purpose,
        subscription: Some(subscription),
        customer: &customer,
        buyer: subscription.buyer.clone(),
        amount: debt.amount,
        tax_minor: debt.tax_minor,
        gateway: method.gateway.clone(),
        method: Some(method),
        initiator: Initiator::Unscheduled,
        description: debt
            .lines
            .first()
            .map_or_else(String::new, |line| line.description.clone()),
        period: None,
        quote: None,
        attempt: 0,
        metadata: supply.metadata,
        return_url: None,
    };
    let mut payment = intent.payment(&scope, now);
    let request = intent.request(cx, &scope, &business, reference);
    charge::mark_sent(cx, tx, &mut payment, &request).await?;
    tx.insert_payment(&payment).await?;
    tx.hold_debt(&payment.id, &debt.id).await?;
    Ok(payment)
}
