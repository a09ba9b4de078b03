//! What follows when a payment has moved: debts settled, documents issued, subscriptions
//! brought to life or put on hold, keys restored, people told. Always inside the transaction
//! that moves the payment.

use jiff::Timestamp;

use super::super::{Error, documents, facts, grants};
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::{Debt, DebtKind, DebtState};
use crate::domain::money::Money;
use crate::domain::payment::{Payment, PaymentState, Purpose};
use crate::domain::period::Period;
use crate::domain::subscription::{HoldReason, Subscription, SubscriptionEvent, SubscriptionState};
use crate::domain::tax;
use crate::domain::transition::Transition;
use crate::store::{MailOrder, Tx, Work};

/// Does what the payment's new state asks for.
pub(super) async fn follow(
    cx: &Cx,
    tx: &mut Tx,
    payment: &mut Payment,
    subscription: Option<Subscription>,
    moved: Option<Money>,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = payment.scope.clone();
    let object = payment.id.as_str().to_owned();
    match &payment.state {
        PaymentState::Created
        | PaymentState::Unknown { .. }
        | PaymentState::AwaitingCustomer { .. } => Ok(()),
        PaymentState::Processing { .. } => {
            facts::tell(cx, tx, &scope, "payment.processing", &object, now).await?;
            Ok(())
        }
        PaymentState::Cancelled { .. } => {
            tx.release_debts(&payment.id).await?;
            facts::tell(cx, tx, &scope, "payment.cancelled", &object, now).await?;
            if let Some(subscription) = subscription.filter(|_| payment.purpose == Purpose::Renewal)
            {
                renew_later(cx, tx, &subscription).await?;
            }
            Ok(())
        }
        PaymentState::Declined { .. } => {
            tx.release_debts(&payment.id).await?;
            facts::tell(cx, tx, &scope, "payment.failed", &object, now).await?;
            match subscription {
                Some(subscription) if payment.purpose == Purpose::Renewal => {
                    renewal_declined(cx, tx, payment, subscription, now).await
                }
                _ => Ok(()),
            }
        }
        PaymentState::Succeeded { .. } => {
            succeeded(
                cx,
                tx,
                payment,
                subscription,
                moved.unwrap_or(payment.amount),
                now,
            )
            .await
        }
    }
}

/// The gateway could not be asked to renew: the period is still due and is tried again.
async fn renew_later(cx: &Cx, tx: &mut Tx, subscription: &Subscription) -> Result<(), Error> {
    let hour = jiff::SignedDuration::from_hours(1);
    let at = cx.now().checked_add(hour).unwrap_or(Timestamp::MAX);
    let work = Work::Renew {
        subscription: subscription.id.clone(),
    };
    cx.order_at(tx, &subscription.scope, &work, at).await?;
    Ok(())
}

async fn renewal_declined(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    mut subscription: Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &payment.scope;
    let grace = cx.settings.load().billing.grace;
    let grace_until = if grace.is_zero() {
        None
    } else {
        now.checked_add(grace).ok()
    };
    let event = SubscriptionEvent::PaymentFailed {
        why: HoldReason::RenewalFailed,
        grace_until,
    };
    let Transition::Moved(state) = subscription.state.apply(event, now) else {
        return Ok(());
    };
    subscription.state = state;
    subscription.updated_at = now;
    let object = subscription.id.as_str().to_owned();
    match subscription.state {
        SubscriptionState::PastDue { until } => {
            let work = Work::EndGrace {
                subscription: subscription.id.clone(),
            };
            cx.order_at_business_time(tx, scope, &work, until).await?;
            facts::tell(cx, tx, scope, "subscription.past_due", &object, now).await?;
        }
        _ => {
            tx.suspend_licenses(scope, &subscription.id, true).await?;
            facts::tell(cx, tx, scope, "subscription.on_hold", &object, now).await?;
        }
    }
    let mail = MailOrder::PaymentFailed {
        payment: payment.id.clone(),
    };
    facts::mail(cx, tx, scope, mail).await?;
    tx.save_subscription(&mut subscription).await?;
    Ok(())
}

/// Money arrived. It settles the debts it was meant for, or it is an unapplied receipt.
async fn succeeded(
    cx: &Cx,
    tx: &mut Tx,
    payment: &mut Payment,
    mut subscription: Option<Subscription>,
    moved: Money,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = payment.scope.clone();
    let debts = tx.debts_of_payment(&payment.id).await?;
    tx.release_debts(&payment.id).await?;
    let ended = subscription
        .as_ref()
        .is_some_and(|subscription| subscription.state.is_final());
    let owed = debts.iter().all(|debt| debt.state == DebtState::Open);
    if ended || !owed || debts.is_empty() || moved != payment.amount {
        payment.unapplied = true;
        tracing::error!(payment.id = %payment.id, "money arrived that settles nothing; it waits on the list of unapplied receipts");
        facts::tell(
            cx,
            tx,
            &scope,
            "payment.succeeded",
            payment.id.as_str(),
            now,
        )
        .await?;
        return Ok(());
    }
    for debt in &debts {
        tx.close_debt(&scope, &debt.id, DebtState::Settled, Some(&payment.id), now)
            .await?;
    }
    let (business, _) = cx
        .business(&scope)
        .ok_or_else(|| Error::Unavailable("its file is gone".to_owned()))?;
    bill(
        cx,
        tx,
        &business,
        payment,
        subscription.as_ref(),
        &debts,
        now,
    )
    .await?;
    facts::tell(
        cx,
        tx,
        &scope,
        "payment.succeeded",
        payment.id.as_str(),
        now,
    )
    .await?;
    match &mut subscription {
        Some(subscription) => {
            revive(cx, tx, &business, payment, subscription, &debts, now).await?;
            tx.save_subscription(subscription).await?;
        }
        None => {
            let mail = MailOrder::PaymentReceived {
                payment: payment.id.clone(),
            };
            facts::mail(cx, tx, &scope, mail).await?;
            grants::of_purchase(cx, tx, payment, &debts, now).await?;
        }
    }
    Ok(())
}

/// Issues the document of a payment, paid: the draft that was shown, or a new one.
async fn bill(
    cx: &Cx,
    tx: &mut Tx,
    business: &Business,
    payment: &mut Payment,
    subscription: Option<&Subscription>,
    debts: &[Debt],
    now: Timestamp,
) -> Result<(), Error> {
    let scope = payment.scope.clone();
    let drafted = match &payment.invoice {
        Some(id) => tx
            .invoice(&scope, id)
            .await?
            .filter(|invoice| invoice.state == crate::domain::invoice::InvoiceState::Draft),
        None => None,
    };
    let draft = match drafted {
        Some(draft) => draft,
        None => {
            let customer = tx
                .customer(&scope, &payment.customer)
                .await?
                .ok_or(Error::NotFound("customer"))?;
            if let Some(subscription) = subscription {
                // A draft over the same dues, made for another try, gives way to this one.
                documents::discard_draft(tx, &scope, subscription).await?;
            }
            let lines: Vec<_> = debts
                .iter()
                .flat_map(|debt| {
                    debt.lines.iter().cloned().map(|mut line| {
                        if debt.kind == DebtKind::Period {
                            line.period = payment.period.or(line.period);
                        }
                        line
                    })
                })
                .collect();
            let totals = tax::totals(payment.amount.currency, &lines)?;
            let parties = (&customer, &payment.buyer);
            let draft = documents::draft(cx, business, parties, subscription, (lines, totals), now);
            documents::add(tx, debts, &draft).await?;
            draft
        }
    };
    let issued = documents::issue_paid(cx, tx, business, draft, payment, now).await?;
    payment.invoice = Some(issued.id);
    Ok(())
}

/// Moves the subscription that a payment was for, and tells of it.
async fn revive(
    cx: &Cx,
    tx: &mut Tx,
    business: &Business,
    payment: &Payment,
    subscription: &mut Subscription,
    debts: &[Debt],
    now: Timestamp,
) -> Result<(), Error> {
    let scope = payment.scope.clone();
    subscription.updated_at = now;
    if payment.purpose != Purpose::Renewal && payment.method.is_some() {
        subscription.method.clone_from(&payment.method);
    }
    if debts.iter().any(|debt| debt.kind == DebtKind::Period) {
        buy_period(business, payment, subscription, now)?;
    }
    let began = subscription.state == SubscriptionState::Pending;
    let all_paid = tx.dues_of(&scope, &subscription.id).await?.is_empty();
    let event = if began {
        SubscriptionEvent::Begin
    } else {
        SubscriptionEvent::DuesPaid
    };
    let moved = match subscription.state.apply(event, now) {
        Transition::Moved(state) if all_paid => Some(state),
        _ => None,
    };
    let received = MailOrder::PaymentReceived {
        payment: payment.id.clone(),
    };
    match moved {
        Some(state) if began => {
            subscription.state = state;
            begin(cx, tx, payment, subscription, now).await?;
        }
        Some(state) => {
            let was_on_hold = matches!(subscription.state, SubscriptionState::OnHold { .. });
            subscription.state = state;
            facts::mail(cx, tx, &scope, received).await?;
            if was_on_hold {
                let mail = MailOrder::SubscriptionReactivated {
                    subscription: subscription.id.clone(),
                    payment: Some(payment.id.clone()),
                };
                facts::mail(cx, tx, &scope, mail).await?;
            }
            if subscription.state.grants_access() {
                tx.suspend_licenses(&scope, &subscription.id, false).await?;
            }
            tx.cancel_job(&unique(&Work::EndGrace {
                subscription: subscription.id.clone(),
            }))
            .await?;
            let object = subscription.id.as_str();
            facts::tell(cx, tx, &scope, "subscription.active", object, now).await?;
        }
        None => {
            facts::mail(cx, tx, &scope, received).await?;
            let object = subscription.id.as_str();
            facts::tell(cx, tx, &scope, "subscription.renewed", object, now).await?;
        }
    }
    if subscription.state == SubscriptionState::Active {
        schedule(cx, tx, subscription).await?;
    }
    Ok(())
}

/// A subscription comes to life: dates, keys, mail and event.
async fn begin(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: &mut Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &payment.scope;
    grants::of_subscription(cx, tx, subscription, &payment.id, now).await?;
    let mail = MailOrder::SubscriptionStarted {
        subscription: subscription.id.clone(),
        payment: Some(payment.id.clone()),
    };
    facts::mail(cx, tx, scope, mail).await?;
    facts::tell(
        cx,
        tx,
        scope,
        "subscription.active",
        subscription.id.as_str(),
        now,
    )
    .await?;
    Ok(())
}

/// The period that the payment buys: what the quote said, unless it has run out meanwhile.
fn buy_period(
    business: &Business,
    payment: &Payment,
    subscription: &mut Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    let zone = &business.time_zone;
    let interval = subscription.interval;
    let starts_now = Period {
        start: now,
        end: interval.after(now, 1, zone)?,
    };
    match payment.purpose {
        Purpose::Begin => {
            subscription.anchor = now;
            subscription.period = starts_now;
            subscription.expires_at = Some(subscription.term.after(now, 1, zone)?);
        }
        Purpose::Renewal | Purpose::Reactivation | Purpose::Purchase => {
            let quoted = payment.period.filter(|period| period.end > now);
            let period = match quoted {
                Some(period) => period,
                None => interval.containing(subscription.anchor, now, zone)?,
            };
            let on_a_date = interval.containing(subscription.anchor, period.start, zone)?;
            if on_a_date.start != period.start {
                subscription.anchor = period.start;
            }
            subscription.period = period;
        }
    }
    Ok(())
}

/// Orders whatever is due at the end of the period.
pub(in crate::flows) async fn schedule(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
) -> Result<(), Error> {
    let work = Work::Renew {
        subscription: subscription.id.clone(),
    };
    let scope: &Scope = &subscription.scope;
    let at = subscription
        .expires_at
        .map_or(subscription.period.end, |end| {
            end.min(subscription.period.end)
        });
    cx.order_at_business_time(tx, scope, &work, at).await?;
    Ok(())
}

fn unique(work: &Work) -> String {
    work.unique_key().unwrap_or_default()
}
