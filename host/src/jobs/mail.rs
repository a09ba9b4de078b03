//! Mails about facts. What they say is read when they are written, so that a mail that was
//! held up tells the truth; how often one fact is mailed is decided by its Message-ID.

mod around;

use jiff::Timestamp;

use self::around::{declined_before, retry_at, taken_back};
use super::post::{Letter, Post};
use super::reminder::{self, named};
use super::{Jobs, Verdict, plan, refund};
use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::debt::{Debt, DebtState};
use crate::domain::id::{PaymentId, SubscriptionId};
use crate::domain::invoice::Invoice;
use crate::domain::method::PaymentMethod;
use crate::domain::money::Money;
use crate::domain::payment::{Advice, Payment, PaymentState};
use crate::domain::plan::ChangeState;
use crate::domain::product::Product;
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::mail::billing::{
    FailureMeaning, Method, PaymentFailed, PaymentMethodUpdated, PaymentReceived,
    SubscriptionCancelled, SubscriptionReactivated, SubscriptionStarted,
};
use crate::mail::refund::{PaymentReversed, ReversalMeaning};
use crate::store::{self, MailOrder, Tx};

pub(super) async fn run(jobs: &Jobs, scope: &Scope, order: &MailOrder) -> Verdict {
    let message_id = order.message_key().replace(':', "-");
    match order {
        MailOrder::PaymentDue { dunning, .. } => {
            return reminder::due(jobs, scope, dunning, &message_id).await;
        }
        MailOrder::RenewalSoon {
            subscription: id,
            nonce,
        } => {
            return reminder::renewal(jobs, scope, (id, nonce.as_str()), &message_id).await;
        }
        MailOrder::CardExpiring { method, nonce } => {
            return reminder::card(jobs, scope, (method, nonce.as_str()), &message_id).await;
        }
        MailOrder::PlanChanged { .. }
        | MailOrder::SubscriptionPaused { .. }
        | MailOrder::SubscriptionResumed { .. } => {
            return plan::run(jobs, scope, order, &message_id).await;
        }
        MailOrder::RefundIssued { refund } => {
            let issued = (refund::News::Issued, refund);
            return refund::run(jobs, scope, issued, &message_id).await;
        }
        MailOrder::RefundReturned { refund } => {
            let returned = (refund::News::Returned, refund);
            return refund::run(jobs, scope, returned, &message_id).await;
        }
        MailOrder::MethodGone { method, .. } => {
            return reminder::gone(jobs, scope, method, &message_id).await;
        }
        _ => {}
    }
    let Some(post) = Post::of(jobs, scope) else {
        return Verdict::Park("the business's file is not there".to_owned());
    };
    let facts = async {
        let mut tx = jobs.cx.store.read().await?;
        Facts::read(&mut tx, scope, order).await
    };
    let facts = match facts.await {
        Ok(Some(facts)) => facts,
        Ok(None) => return Verdict::GiveUp("what the mail is about is not there".to_owned()),
        Err(error) => return error.into(),
    };
    let letter = Letter {
        to: &facts.customer.email,
        locale: facts.customer.locale.as_deref(),
        message_id: &message_id,
    };
    let portal = post.sign_in();
    match order {
        MailOrder::SubscriptionStarted { .. } => post.send(&letter, facts.started(portal)).await,
        MailOrder::PaymentReceived { payment } => {
            post.send(&letter, facts.received(post.payment(payment)))
                .await
        }
        MailOrder::SubscriptionReactivated { .. } => {
            post.send(&letter, facts.reactivated(portal)).await
        }
        MailOrder::PaymentReversed { .. } => post.send(&letter, facts.reversed(portal)).await,
        MailOrder::PaymentFailed { .. } => post.send(&letter, facts.failed(&post)).await,
        MailOrder::PaymentMethodUpdated { .. } => {
            post.send(&letter, facts.method_updated(portal)).await
        }
        MailOrder::SubscriptionCancelled { .. } => {
            post.send(&letter, facts.cancelled(portal)).await
        }
        _ => Verdict::Done,
    }
}

/// What a mail can speak of, as it is now.
struct Facts {
    customer: Customer,
    subscription: Option<Subscription>,
    payment: Option<Payment>,
    invoice: Option<Invoice>,
    method: Option<PaymentMethod>,
    /// The method that was declined before the backup method was tried.
    declined: Option<PaymentMethod>,
    /// What the payment was made for.
    debts: Vec<Debt>,
    /// When a declined renewal is tried again, if its decline allows that.
    retry_at: Option<Timestamp>,
    /// What of the payment its bank took back, and did not give again.
    taken_back: Option<Money>,
    /// Whether the payment was for a change of plan that never happened.
    prevented: bool,
    product: Option<Product>,
}

impl Facts {
    /// None when what the order names is not there.
    async fn read(tx: &mut Tx, scope: &Scope, order: &MailOrder) -> store::Result<Option<Self>> {
        let (subscription, payment) = subjects(order);
        let payment = match payment {
            Some(id) => match tx.payment(scope, id).await? {
                Some(payment) => Some(payment),
                None => return Ok(None),
            },
            None => None,
        };
        let of_payment = payment
            .as_ref()
            .and_then(|payment| payment.subscription.as_ref());
        let subscription = match subscription.or(of_payment) {
            Some(id) => tx.subscription(scope, id).await?,
            None => None,
        };
        let customer = match (&subscription, &payment) {
            (Some(subscription), _) => &subscription.customer,
            (None, Some(payment)) => &payment.customer,
            (None, None) => return Ok(None),
        };
        let Some(customer) = tx.customer(scope, customer).await? else {
            return Ok(None);
        };
        let of_payment = payment
            .as_ref()
            .and_then(|payment| payment.invoice.as_ref());
        let invoice = match of_payment {
            Some(id) => tx.invoice(scope, id).await?,
            None => None,
        };
        let paid_with = payment.as_ref().and_then(|payment| payment.method.as_ref());
        let chosen = subscription
            .as_ref()
            .and_then(|subscription| subscription.method.as_ref());
        let method = match paid_with.or(chosen) {
            Some(id) => tx.method_ever(scope, id).await?,
            None => None,
        };
        let product = match &subscription {
            Some(subscription) => tx.product(scope, &subscription.product).await?,
            None => None,
        };
        let declined = match (&payment, &method) {
            (Some(payment), Some(method)) if method.is_backup => {
                declined_before(tx, payment, chosen).await?
            }
            _ => None,
        };
        let debts = match &payment {
            Some(payment) => tx.debts_of_payment(&payment.id).await?,
            None => Vec::new(),
        };
        let retry_at = match &subscription {
            Some(subscription) => retry_at(tx, subscription, payment.as_ref()).await?,
            None => None,
        };
        let taken_back = match (order, &payment) {
            (MailOrder::PaymentReversed { .. }, Some(payment)) => taken_back(tx, payment).await?,
            _ => None,
        };
        let prevented = match &payment {
            Some(payment) => tx.plan_change_of_payment(scope, &payment.id).await?,
            None => None,
        };
        let prevented = prevented.is_some_and(|change| change.state == ChangeState::Dropped);
        Ok(Some(Self {
            customer,
            subscription,
            payment,
            invoice,
            method,
            declined,
            debts,
            retry_at,
            taken_back,
            prevented,
            product,
        }))
    }

    /// What was bought, in the customer's words: the product, or what the invoice says, or the debt.
    fn bought(&self) -> String {
        let product = self.product.as_ref().map(|product| product.name.clone());
        let line = || Some(self.invoice.as_ref()?.lines.first()?.description.clone());
        let owed = || Some(self.debts.first()?.lines.first()?.description.clone());
        product.or_else(line).or_else(owed).unwrap_or_default()
    }

    fn method(&self) -> Option<Method> {
        self.method.as_ref().map(named)
    }

    /// The next charge; none when the subscription ends with its period, or does not run any more.
    fn next_billing(&self) -> Option<Timestamp> {
        let subscription = self.subscription.as_ref()?;
        let renews = subscription.state == SubscriptionState::Active
            && !subscription.cancel_at_period_end
            && !subscription.on_demand;
        renews.then_some(subscription.period.end)
    }

    fn started(&self, portal: String) -> Option<SubscriptionStarted> {
        let subscription = self.subscription.as_ref()?;
        let price = subscription.price().ok()?;
        Some(SubscriptionStarted {
            product: self.bought(),
            price,
            interval: subscription.interval,
            next_billing: self.next_billing(),
            portal,
        })
    }

    fn received(&self, link: String) -> Option<PaymentReceived> {
        let payment = self.payment.as_ref()?;
        let PaymentState::Succeeded { at } = payment.state else {
            return None;
        };
        Some(PaymentReceived {
            product: self.bought(),
            amount: payment.amount,
            at,
            method: self.method(),
            instead_of: self.declined.as_ref().map(named),
            invoice_number: self
                .invoice
                .as_ref()
                .and_then(|invoice| invoice.number_text.clone()),
            link,
        })
    }

    /// None when it was held again, paused, or ended before the mail was written.
    fn reactivated(&self, portal: String) -> Option<SubscriptionReactivated> {
        let runs = self.subscription.as_ref()?.state.grants_access();
        runs.then(|| SubscriptionReactivated {
            product: self.bought(),
            next_billing: self.next_billing(),
            portal,
        })
    }

    /// None when it was paid again, or the money came back, before the mail was written.
    fn reversed(&self, portal: String) -> Option<PaymentReversed> {
        let (payment, amount) = (self.payment.as_ref()?, self.taken_back?);
        let meaning = match &self.subscription.as_ref()?.state {
            SubscriptionState::OnHold { .. } => ReversalMeaning::OnHold,
            SubscriptionState::Paused { .. } if self.is_owed() => ReversalMeaning::Paused,
            state if state.is_final() => ReversalMeaning::Ended,
            _ => return None,
        };
        Some(PaymentReversed {
            product: self.bought(),
            amount,
            paid_at: payment.created_at,
            meaning,
            portal,
        })
    }

    /// What a failed charge means now; none when it was paid otherwise, or nothing hangs on it.
    fn failure(&self, post: &Post<'_>, confirm: bool) -> Option<FailureMeaning> {
        let state = self.subscription.as_ref().map(|known| &known.state);
        match state {
            Some(state) if self.prevented => {
                (!state.is_final()).then_some(FailureMeaning::PlanStays)
            }
            Some(SubscriptionState::OnHold { .. } | SubscriptionState::PastDue { .. })
                if confirm =>
            {
                Some(FailureMeaning::NeedsConfirmation)
            }
            Some(SubscriptionState::OnHold { .. }) => Some(FailureMeaning::OnHold),
            Some(SubscriptionState::PastDue { until }) => Some(FailureMeaning::PastDue {
                access_until: *until,
            }),
            Some(SubscriptionState::Cancelled { .. }) if self.is_owed() && post.keeps_dues() => {
                Some(FailureMeaning::StillOwed)
            }
            None | Some(SubscriptionState::Pending | SubscriptionState::Failed { .. })
                if !self.is_paid() =>
            {
                Some(FailureMeaning::NotCompleted)
            }
            _ => None,
        }
    }

    /// Whether something that the payment was for is unpaid.
    fn is_owed(&self) -> bool {
        let mut debts = self.debts.iter();
        debts.any(|debt| debt.state == DebtState::Open)
    }

    /// Whether something that the payment was for is paid.
    fn is_paid(&self) -> bool {
        let mut debts = self.debts.iter();
        debts.any(|debt| debt.state == DebtState::Settled)
    }

    fn failed(&self, post: &Post<'_>) -> Option<PaymentFailed> {
        let payment = self.payment.as_ref()?;
        let (advice, at) = match &payment.state {
            PaymentState::Declined { decline, at } => (Some(decline.advice), at),
            // The gateway could not charge it at all.
            PaymentState::Cancelled { at } => (None, at),
            _ => return None,
        };
        let meaning = self.failure(post, advice == Some(Advice::Authenticate))?;
        let link = match (&meaning, &self.subscription) {
            (FailureMeaning::NotCompleted | FailureMeaning::PlanStays, _) | (_, None) => {
                post.payment(&payment.id)
            }
            (_, Some(subscription)) => post.dues(&subscription.id),
        };
        Some(PaymentFailed {
            product: self.bought(),
            amount: payment.amount,
            at: *at,
            meaning,
            backup: self.declined.as_ref().and_then(|_| self.method()),
            retry_at: self.retry_at.filter(|_| !self.prevented),
            link,
        })
    }

    fn method_updated(&self, portal: String) -> Option<PaymentMethodUpdated> {
        Some(PaymentMethodUpdated {
            product: self.bought(),
            method: self.method()?,
            portal,
        })
    }

    /// None when it was undone before the mail was written.
    fn cancelled(&self, portal: String) -> Option<SubscriptionCancelled> {
        let subscription = self.subscription.as_ref()?;
        let (ends_at, scheduled) = match &subscription.state {
            SubscriptionState::Cancelled { at } | SubscriptionState::Expired { at } => (*at, false),
            _ if subscription.cancel_at_period_end => (subscription.period.end, true),
            _ => return None,
        };
        Some(SubscriptionCancelled {
            product: self.bought(),
            ends_at,
            scheduled,
            portal,
        })
    }
}

/// The subscription and the payment that an order names.
fn subjects(order: &MailOrder) -> (Option<&SubscriptionId>, Option<&PaymentId>) {
    match order {
        MailOrder::SubscriptionStarted {
            subscription,
            payment,
        }
        | MailOrder::SubscriptionReactivated {
            subscription,
            payment,
            ..
        } => (Some(subscription), payment.as_ref()),
        MailOrder::PaymentReceived { payment }
        | MailOrder::PaymentFailed { payment }
        | MailOrder::PaymentReversed { payment, .. } => (None, Some(payment)),
        MailOrder::PaymentMethodUpdated { subscription, .. }
        | MailOrder::SubscriptionCancelled { subscription, .. } => (Some(subscription), None),
        _ => (None, None),
    }
}
