//! A change that happens now: its debt, its charge, and the new plan at once where nothing has
//! to be waited for.

use jiff::Timestamp;

use super::super::charge::{self, Intent};
use super::super::reactivation::limit_tries;
use super::super::{Error, Refused, automatic, dispute, documents, settlement};
use super::price::{Priced, sum};
use super::{Order, Wish, outcome, paid};
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::debt::{Debt, DebtKind, DebtState};
use crate::domain::method::PaymentMethod;
use crate::domain::money::Money;
use crate::domain::payment::{Initiator, Payment, Purpose};
use crate::domain::plan::{ChangeState, OnFailure, PlanChange};
use crate::domain::subscription::Subscription;
use crate::store::Tx;

/// A change that happens now.
pub(super) struct Immediate<'a> {
    pub(super) cx: &'a Cx,
    pub(super) business: &'a Business,
    pub(super) wish: &'a Wish,
    pub(super) order: &'a Order,
    pub(super) now: Timestamp,
}

impl Immediate<'_> {
    /// Makes the change of a locked subscription, or its charge, which is answered as well: it is
    /// to be sent after the commit.
    pub(super) async fn change(
        &self,
        tx: &mut Tx,
        mut subscription: Subscription,
        mut change: PlanChange,
        priced: Priced,
    ) -> Result<(PlanChange, Option<Payment>), Error> {
        let (cx, now) = (self.cx, self.now);
        let is_free = priced.totals.gross.is_zero();
        let credit = sum(&priced.left).saturating_sub(sum(&subscription.extras.credits));
        let kept = Money::new(credit, priced.totals.gross.currency);
        subscription.extras.credits.clone_from(&priced.left);
        let debt = Debt {
            created_at: paid::arises(tx, &subscription, now).await?,
            ..self.debt(&subscription, &change, &priced, is_free)
        };
        if is_free {
            if !debt.lines.is_empty() {
                tx.insert_debt(&debt).await?;
                let business = self.business;
                documents::bill_credit(cx, tx, business, &subscription, &debt, now).await?;
            }
            change.state = ChangeState::Applied;
            change.closed_at = Some(now);
            tx.insert_plan_change(&change).await?;
            let kept = Some(kept).filter(|kept| kept.minor > 0);
            outcome::put(cx, tx, &mut subscription, &change, None, kept, now).await?;
            return Ok((change, None));
        }
        let method = self.method(tx, &subscription).await?;
        if automatic::is_too_little(cx, &debt.scope, &method.gateway, debt.amount) {
            // The plan changes, and the next invoice has its price.
            tx.insert_debt(&debt).await?;
            change.state = ChangeState::Applied;
            change.closed_at = Some(now);
            tx.insert_plan_change(&change).await?;
            let kept = Some(kept).filter(|kept| kept.minor > 0);
            outcome::put(cx, tx, &mut subscription, &change, None, kept, now).await?;
            return Ok((change, None));
        }
        let sent = self
            .charge(tx, &subscription, (&debt, method), &priced)
            .await?;
        let payment = sent.id.clone();
        tx.insert_debt(&debt).await?;
        tx.hold_debt(&payment, &debt.id).await?;
        change.payment = Some(payment.clone());
        match self.wish.on_failure {
            OnFailure::Prevent => {
                change.state = ChangeState::Pending;
                tx.insert_plan_change(&change).await?;
                // What of its credit the charge uses up.
                subscription.updated_at = now;
                tx.save_subscription(&mut subscription).await?;
            }
            OnFailure::Apply => {
                change.state = ChangeState::Applied;
                change.closed_at = Some(now);
                tx.insert_plan_change(&change).await?;
                let pays = Some(&payment);
                outcome::put(cx, tx, &mut subscription, &change, pays, None, now).await?;
            }
        }
        settlement::schedule(cx, tx, &subscription).await?;
        Ok((change, Some(sent)))
    }

    /// The method that is charged: while a bank decides about it, only with its customer.
    async fn method(
        &self,
        tx: &mut Tx,
        subscription: &Subscription,
    ) -> Result<PaymentMethod, Error> {
        let method = match &subscription.method {
            Some(id) => tx.lock_method(&subscription.scope, id).await?,
            None => None,
        };
        let method = method.ok_or(Error::Refused(Refused::MethodUnusable))?;
        let alone = self.order.initiator != Initiator::Customer;
        if alone && dispute::forbids(tx, &subscription.scope, &method.id).await? {
            return Err(Error::Refused(Refused::Disputed));
        }
        Ok(method)
    }

    fn debt(
        &self,
        subscription: &Subscription,
        change: &PlanChange,
        priced: &Priced,
        is_free: bool,
    ) -> Debt {
        Debt {
            id: self.cx.new_id(),
            scope: change.scope.clone(),
            customer: subscription.customer.clone(),
            subscription: Some(subscription.id.clone()),
            kind: DebtKind::PlanChange,
            cause: change.id.to_string(),
            lines: priced.lines.clone(),
            amount: priced.totals.gross,
            tax_minor: priced.totals.tax.minor,
            state: if is_free {
                DebtState::Settled
            } else {
                DebtState::Open
            },
            settled_by: None,
            disputed: false,
            created_at: self.now,
            closed_at: is_free.then_some(self.now),
        }
    }

    /// The payment, marked as sent. The customer, when present, can be asked to confirm it.
    async fn charge(
        &self,
        tx: &mut Tx,
        subscription: &Subscription,
        (debt, method): (&Debt, PaymentMethod),
        priced: &Priced,
    ) -> Result<Payment, Error> {
        let (cx, now, scope) = (self.cx, self.now, &debt.scope);
        if self.order.initiator == Initiator::Customer {
            limit_tries(cx, tx, scope, &subscription.customer, now).await?;
        }
        let customer = tx
            .customer(scope, &subscription.customer)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let reference = method.customer_reference.clone();
        let metadata = self.order.metadata.clone();
        let intent = Intent {
            id: self.order.payment.clone(),
            purpose: Purpose::PlanChange,
            subscription: Some(subscription),
            customer: &customer,
            buyer: subscription.buyer.clone(),
            amount: debt.amount,
            tax_minor: debt.tax_minor,
            gateway: method.gateway.clone(),
            method: Some(method),
            initiator: self.order.initiator,
            description: priced.product.name.clone(),
            period: priced.terms.period,
            quote: Some(priced.quote.clone()),
            attempt: 0,
            metadata: metadata.unwrap_or_else(|| subscription.metadata.clone()),
            return_url: None,
        };
        let mut payment = intent.payment(scope, now);
        let request = intent.request(cx, scope, self.business, reference);
        charge::mark_sent(cx, tx, &mut payment, &request).await?;
        tx.insert_payment(&payment).await?;
        Ok(payment)
    }
}
