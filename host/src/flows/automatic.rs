//! A charge that the customer does not start: the dues of a subscription, through a saved
//! method, at a renewal, at a retry of one, or with the backup method.

use jiff::Timestamp;

use super::charge::{self, Intent};
use super::{Error, tries};
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::{Debt, DebtKind};
use crate::domain::id::{Id as _, PaymentId};
use crate::domain::method::PaymentMethod;
use crate::domain::money::Money;
use crate::domain::payment::{Initiator, Payment, Purpose};
use crate::domain::period::Period;
use crate::domain::subscription::Subscription;
use crate::store::{Tx, Work};

/// What is to be charged.
pub(super) struct Automatic<'a> {
    pub(super) business: &'a Business,
    pub(super) subscription: &'a Subscription,
    pub(super) dues: &'a [Debt],
    pub(super) amount: Money,
    pub(super) tax_minor: i64,
    pub(super) period: Option<Period>,
    pub(super) method: PaymentMethod,
    /// What its outcome decides: a renewal or its retry, or what was charged otherwise and is
    /// tried again with the backup method.
    pub(super) purpose: Purpose,
    /// The payment's metadata: a JSON object.
    pub(super) metadata: &'a str,
}

impl Automatic<'_> {
    /// The payment, held against its debts and marked as sent: send it after the commit.
    pub(super) async fn intend(
        self,
        cx: &Cx,
        tx: &mut Tx,
        now: Timestamp,
    ) -> Result<Payment, Error> {
        self.write(cx, tx, now, true).await
    }

    /// The same, to be sent by the queue: for a transaction that ends another payment.
    pub(super) async fn queue(
        self,
        cx: &Cx,
        tx: &mut Tx,
        now: Timestamp,
    ) -> Result<Payment, Error> {
        self.write(cx, tx, now, false).await
    }

    async fn write(
        self,
        cx: &Cx,
        tx: &mut Tx,
        now: Timestamp,
        sent: bool,
    ) -> Result<Payment, Error> {
        let scope = &self.subscription.scope;
        let customer = tx
            .customer(scope, &self.subscription.customer)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let product = tx.product(scope, &self.subscription.product).await?;
        let newest = self.newest().ok_or(Error::NotFound("debt"))?;
        let attempt = tx.attempts_at(&newest.id).await?;
        let reference = self.method.customer_reference.clone();
        let intent = Intent {
            id: payment_id(self.subscription, newest, attempt),
            purpose: self.purpose,
            subscription: Some(self.subscription),
            customer: &customer,
            buyer: self.subscription.buyer.clone(),
            amount: self.amount,
            tax_minor: self.tax_minor,
            gateway: self.method.gateway.clone(),
            method: Some(self.method.clone()),
            initiator: match self.purpose {
                Purpose::Renewal => Initiator::Recurring,
                _ => Initiator::Unscheduled,
            },
            description: product.map_or_else(|| self.business.name.clone(), |product| product.name),
            period: self.period,
            quote: None,
            attempt,
            metadata: self.metadata.to_owned(),
            return_url: None,
        };
        let mut payment = intent.payment(scope, now);
        let request = intent.request(cx, scope, self.business, reference);
        if sent {
            charge::mark_sent(cx, tx, &mut payment, &request).await?;
        } else {
            tries::check(cx, tx, scope, &self.method.id, now).await?;
            charge::keep_request(&mut payment, &request)?;
            order_sending(cx, tx, scope, &payment).await?;
        }
        tx.insert_payment(&payment).await?;
        for due in self.dues {
            tx.hold_debt(&payment.id, &due.id).await?;
        }
        Ok(payment)
    }

    /// The debt that the payment is numbered by.
    fn newest(&self) -> Option<&Debt> {
        let period = self.dues.iter().rfind(|due| due.kind == DebtKind::Period);
        period.or_else(|| self.dues.last())
    }
}

async fn order_sending(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    payment: &Payment,
) -> Result<(), Error> {
    let work = Work::Reconcile {
        payment: payment.id.clone(),
    };
    cx.order(tx, scope, &work).await?;
    Ok(())
}

/// Derived from subscription, cause and attempt, so that a restored database cannot invent a
/// second payment.
fn payment_id(subscription: &Subscription, debt: &Debt, attempt: u32) -> PaymentId {
    let start = match debt.kind {
        DebtKind::Period => debt.cause.parse().ok(),
        _ => None,
    };
    let start = start.and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let parts = [subscription.id.as_str(), &debt.cause, &attempt.to_string()];
    PaymentId::derived(start.unwrap_or(debt.created_at), &parts)
}

/// Whether `amount` is less than `gateway` charges: nothing always is.
pub(super) fn is_too_little(cx: &Cx, scope: &Scope, gateway: &str, amount: Money) -> bool {
    if amount.minor <= 0 {
        return true;
    }
    let Ok(gateway) = cx.plugins.gateway(scope, gateway) else {
        return false;
    };
    let description = gateway.description();
    let range = description.amounts_in(amount.currency);
    range.is_some_and(|range| amount.minor < range.least)
}
