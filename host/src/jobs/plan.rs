//! Mails about the plan of a subscription: changed, paused, going on. Each says nothing when it has
//! come to nothing meanwhile.

use super::post::Post;
use super::reminder::letter;
use super::{Jobs, Verdict};
use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::id::SubscriptionId;
use crate::domain::payment::PaymentState;
use crate::domain::plan::{Bought, ChangeState, PlanChange};
use crate::domain::subscription::{HoldReason, Subscription, SubscriptionState};
use crate::mail::plan::{Charge, PlanChanged, SubscriptionPaused, SubscriptionResumed};
use crate::store::{self, MailOrder, Tx};

pub(super) async fn run(
    jobs: &Jobs,
    scope: &Scope,
    order: &MailOrder,
    message_id: &str,
) -> Verdict {
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
    let letter = letter(&facts.customer, message_id);
    let portal = post.sign_in();
    match order {
        MailOrder::PlanChanged { .. } => post.send(&letter, facts.changed(order, &post)).await,
        MailOrder::SubscriptionPaused { .. } => post.send(&letter, facts.paused(portal)).await,
        MailOrder::SubscriptionResumed { .. } => post.send(&letter, facts.resumed(portal)).await,
        _ => Verdict::Done,
    }
}

/// What a mail can speak of, as it is now.
struct Facts {
    customer: Customer,
    subscription: Subscription,
    /// The name of what it is for, or after a change is to be for.
    product: String,
    change: Option<PlanChange>,
    /// What the change charges.
    charge: Option<Charge>,
}

impl Facts {
    /// None when what the order names is not there.
    async fn read(tx: &mut Tx, scope: &Scope, order: &MailOrder) -> store::Result<Option<Self>> {
        let change = match order {
            MailOrder::PlanChanged { change, .. } => tx.plan_change(scope, change).await?,
            _ => None,
        };
        let of_change = change.as_ref().map(|change| &change.subscription);
        let Some(id) = subject(order).or(of_change) else {
            return Ok(None);
        };
        let Some(subscription) = tx.subscription(scope, id).await? else {
            return Ok(None);
        };
        let Some(customer) = tx.customer(scope, &subscription.customer).await? else {
            return Ok(None);
        };
        let product = match &change {
            Some(change) => &change.terms.product,
            None => &subscription.product,
        };
        let product = tx.product(scope, product).await?;
        let payment = match change.as_ref().and_then(|change| change.payment.as_ref()) {
            Some(id) => tx.payment(scope, id).await?,
            None => None,
        };
        let charge = payment.and_then(|payment| {
            let is_paid = matches!(payment.state, PaymentState::Succeeded { .. });
            (is_paid || payment.state.is_open()).then_some(Charge {
                amount: payment.amount,
                is_paid,
            })
        });
        Ok(Some(Self {
            customer,
            subscription,
            product: product.map(|product| product.name).unwrap_or_default(),
            change,
            charge,
        }))
    }

    /// None when a change that was to come was taken back before the mail was written.
    fn changed(&self, order: &MailOrder, post: &Post<'_>) -> Option<PlanChanged> {
        let MailOrder::PlanChanged {
            before,
            scheduled,
            kept,
            ..
        } = order
        else {
            return None;
        };
        let change = self.change.as_ref()?;
        let wanted = if *scheduled {
            ChangeState::Scheduled
        } else {
            ChangeState::Applied
        };
        if change.state != wanted {
            return None;
        }
        let (terms, subscription) = (&change.terms, &self.subscription);
        let mut changed = subscription.clone();
        terms.put_into(&mut changed);
        let runs = subscription.state == SubscriptionState::Active
            && !subscription.cancel_at_period_end
            && !scheduled;
        Some(PlanChanged {
            before: before.clone(),
            after: Bought::all(&self.product, terms.quantity, &terms.addons),
            price: changed.price().ok()?,
            interval: terms.interval,
            at: if *scheduled {
                subscription.period.end
            } else {
                change.closed_at.unwrap_or(change.created_at)
            },
            scheduled: *scheduled,
            undo: *scheduled && post.lets_change_plan(),
            charge: self.charge.clone(),
            kept: *kept,
            next_billing: runs.then_some(subscription.period.end),
            portal: post.sign_in(),
        })
    }

    /// None when it went on, or ended, before the mail was written.
    fn paused(&self, portal: String) -> Option<SubscriptionPaused> {
        let paused = matches!(self.subscription.state, SubscriptionState::Paused { .. });
        paused.then(|| SubscriptionPaused {
            product: self.product.clone(),
            resume_at: self.subscription.resume_at,
            portal,
        })
    }

    /// None when it was paused again, or ended, before the mail was written.
    fn resumed(&self, portal: String) -> Option<SubscriptionResumed> {
        let subscription = &self.subscription;
        let on_hold = match &subscription.state {
            SubscriptionState::Active => false,
            SubscriptionState::OnHold {
                why: HoldReason::PaymentReversed,
                ..
            } => true,
            _ => return None,
        };
        let ends = subscription.cancel_at_period_end;
        let end = Some(subscription.period.end).filter(|_| !on_hold);
        Some(SubscriptionResumed {
            product: self.product.clone(),
            on_hold,
            next_billing: end.filter(|_| !ends),
            ends_at: end.filter(|_| ends),
            portal,
        })
    }
}

/// The subscription that an order names.
fn subject(order: &MailOrder) -> Option<&SubscriptionId> {
    match order {
        MailOrder::SubscriptionPaused { subscription, .. }
        | MailOrder::SubscriptionResumed { subscription, .. } => Some(subscription),
        _ => None,
    }
}
