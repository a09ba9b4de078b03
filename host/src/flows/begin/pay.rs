//! The button of the hosted page: a try, another after a decline, and giving up.

use jiff::{SignedDuration, Timestamp};

use super::super::charge::{self, Intent};
use super::super::reactivation::{available, limit_tries};
use super::super::records::News;
use super::super::{Attempt, AttemptOf, Ending, Error, Refused, facts, method_update, settlement};
use super::{expiry, newest};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::DebtState;
use crate::domain::id::PaymentId;
use crate::domain::payment::{Initiator, Payment, PaymentEvent, PaymentState};
use crate::domain::subscription::{Subscription, SubscriptionEvent, SubscriptionState};
use crate::domain::transition::Transition;
use crate::store::{self, Tx, Work};

/// How long after its end a set-up that is still open is waited for again.
const AFTER_SETUP: SignedDuration = SignedDuration::from_mins(15);

/// The customer pressed the button of the hosted page of `first`.
pub async fn pay(cx: &Cx, scope: &Scope, first: &PaymentId) -> Result<Attempt, Error> {
    let made = {
        let mut tx = cx.store.read().await?;
        tx.payment(scope, first)
            .await?
            .ok_or(Error::NotFound("payment"))?
    };
    if cx.now() >= expiry(cx, &made) {
        return Err(Error::Refused(Refused::Expired));
    }
    if let (true, Some(subscription)) = (made.amount.is_zero(), &made.subscription) {
        let mut tx = cx.store.read().await?;
        let known = tx.subscription(scope, subscription).await?;
        drop(tx);
        if known.is_none_or(|known| known.state != SubscriptionState::Pending) {
            return Err(Error::Refused(Refused::State));
        }
        return method_update::set_up(cx, scope, subscription, made.return_url.clone()).await;
    }
    match intend(cx, scope, &made).await {
        Ok(Next::Send(id)) => {
            let ending = charge::send(cx, scope, &id).await?;
            Ok(Attempt {
                of: AttemptOf::Payment(id),
                ending,
            })
        }
        Ok(Next::Known(attempt)) => Ok(attempt),
        // Two presses at once: the second joins the first.
        Err(Error::Store(store::Error::Conflict(_) | store::Error::Stale { .. })) => {
            let mut tx = cx.store.read().await?;
            let payment = newest(&mut tx, scope, &made).await?;
            let ending = Ending::of(&payment);
            Ok(Attempt {
                of: AttemptOf::Payment(payment.id),
                ending,
            })
        }
        Err(error) => Err(error),
    }
}

/// What pressing the button leads to.
enum Next {
    /// A request was committed and is to be sent.
    Send(PaymentId),
    /// A try is under way, or has succeeded.
    Known(Attempt),
}

/// Beat one: the first payment's request, or a new payment after a decline.
async fn intend(cx: &Cx, scope: &Scope, made: &Payment) -> Result<Next, Error> {
    let (business, mode) = available(cx, scope)?;
    let mut tx = cx.store.begin().await?;
    let subscription = match &made.subscription {
        Some(id) => tx.lock_subscription(scope, id).await?,
        None => None,
    };
    // Every try at a purchase, and its expiry, goes through this lock.
    tx.lock_payment(scope, &made.id).await?;
    let mut payment = newest(&mut tx, scope, made).await?;
    let sendable = match &payment.state {
        PaymentState::Created => payment.sent_at.is_none(),
        PaymentState::Declined { .. } | PaymentState::Cancelled { .. } => true,
        _ => false,
    };
    if !sendable {
        let ending = Ending::of(&payment);
        return Ok(Next::Known(Attempt {
            of: AttemptOf::Payment(payment.id),
            ending,
        }));
    }
    if subscription
        .as_ref()
        .is_some_and(|s| s.state != SubscriptionState::Pending)
    {
        return Err(Error::Refused(Refused::State));
    }
    let customer = tx
        .customer(scope, &made.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let debts = tx.debts_of_payment(&made.id).await?;
    if debts.iter().any(|debt| debt.state != DebtState::Open) {
        return Err(Error::Refused(Refused::NothingDue));
    }
    let now = cx.business_now(&mut tx, scope).await?;
    limit_tries(cx, &mut tx, scope, &customer.id, now).await?;
    let again = payment.state != PaymentState::Created;
    // The first try is sent where it was made for, whatever gateway takes new methods by now: no
    // gateway knows the customers of another.
    let gateway = if again {
        charge::default_gateway(&mode)?
    } else {
        payment.gateway.clone()
    };
    let intent = Intent {
        id: if again {
            cx.new_id()
        } else {
            payment.id.clone()
        },
        purpose: made.purpose,
        subscription: subscription.as_ref(),
        customer: &customer,
        buyer: made.buyer.clone(),
        amount: made.amount,
        tax_minor: made.tax_minor,
        gateway,
        method: None,
        initiator: Initiator::Customer,
        description: debts
            .iter()
            .flat_map(|debt| &debt.lines)
            .map(|line| line.description.as_str())
            .collect::<Vec<_>>()
            .join(", "),
        period: made.period,
        quote: None,
        attempt: if again {
            payment.attempt + 1
        } else {
            payment.attempt
        },
        metadata: made.metadata.clone(),
        return_url: made.return_url.clone(),
    };
    // What a gateway has not executed is sent again as it was: its key may know it.
    let kept = payment.request.as_deref().filter(|_| !again);
    let request = match kept.and_then(|text| serde_json::from_str(text).ok()) {
        Some(request) => request,
        None => {
            let gateway = &intent.gateway;
            let reference = charge::customer_reference(&mut tx, &customer, gateway, None).await?;
            intent.request(cx, scope, &business, reference)
        }
    };
    if again {
        payment = intent.payment(scope, now);
        charge::mark_sent(cx, &mut tx, &mut payment, &request).await?;
        tx.insert_payment(&payment).await?;
        for debt in &debts {
            tx.hold_debt(&payment.id, &debt.id).await?;
        }
    } else {
        charge::mark_sent(cx, &mut tx, &mut payment, &request).await?;
        tx.save_payment(&mut payment).await?;
    }
    charge::commit(cx, tx, &payment).await?;
    Ok(Next::Send(payment.id))
}

/// Gives a first payment up whose page has expired without one that succeeded or may still.
pub async fn expire(cx: &Cx, scope: &Scope, first: &PaymentId) -> Result<(), Error> {
    let open = {
        let mut tx = cx.store.read().await?;
        let made = tx
            .payment(scope, first)
            .await?
            .ok_or(Error::NotFound("payment"))?;
        if made.amount.is_zero() {
            drop(tx);
            return conclude_free(cx, scope, first).await;
        }
        newest(&mut tx, scope, &made).await?
    };
    settlement::abandon(cx, scope, &open.id).await?;
    conclude(cx, scope, first).await
}

/// Under the lock, for a look, a webhook or another try may have come in between: writes off what
/// a first payment was for when its newest try has failed, and comes back when one is open.
async fn conclude(cx: &Cx, scope: &Scope, first: &PaymentId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let (subscription, made) = settlement::lock(&mut tx, scope, first).await?;
    let made = made.ok_or(Error::NotFound("payment"))?;
    let last = newest(&mut tx, scope, &made).await?;
    // An open try is first looked at by its own job.
    if let Some(at) = charge::next_look(cx, &last) {
        let work = Work::ExpireBegin {
            payment: first.clone(),
        };
        cx.order_at(&mut tx, scope, &work, at).await?;
        tx.commit().await?;
        return Ok(());
    }
    if !matches!(
        last.state,
        PaymentState::Declined { .. } | PaymentState::Cancelled { .. }
    ) {
        return Ok(());
    }
    let now = cx.business_now(&mut tx, scope).await?;
    fail(cx, &mut tx, first, scope, subscription, now).await?;
    tx.commit().await?;
    Ok(())
}

/// The same where nothing is charged and a method is set up: a customer who is at the gateway's
/// page may still give it, and then the subscription begins. It fails when no set-up is open.
async fn conclude_free(cx: &Cx, scope: &Scope, first: &PaymentId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let (subscription, made) = settlement::lock(&mut tx, scope, first).await?;
    let mut made = made.ok_or(Error::NotFound("payment"))?;
    let pending = |known: &&Subscription| known.state == SubscriptionState::Pending;
    let open = match subscription.as_ref().filter(pending) {
        Some(subscription) => tx.open_setup_of(scope, &subscription.id).await?,
        None => None,
    };
    if let Some(open) = open {
        let end = open.expires_at.max(cx.now());
        let at = end.checked_add(AFTER_SETUP).unwrap_or(Timestamp::MAX);
        let work = Work::ExpireBegin {
            payment: first.clone(),
        };
        cx.order_at(&mut tx, scope, &work, at).await?;
        tx.commit().await?;
        return Ok(());
    }
    if made.state == PaymentState::Created {
        let cancelled = News::bare(PaymentEvent::Cancelled);
        settlement::apply_in(cx, &mut tx, subscription, &mut made, cancelled).await?;
    }
    if !matches!(made.state, PaymentState::Cancelled { .. }) {
        return Ok(());
    }
    let subscription = match &made.subscription {
        Some(id) => tx.lock_subscription(scope, id).await?,
        None => None,
    };
    let now = cx.business_now(&mut tx, scope).await?;
    fail(cx, &mut tx, first, scope, subscription, now).await?;
    tx.commit().await?;
    Ok(())
}

/// A beginning, or a purchase, that nobody can pay any more: nothing is owed for it.
pub(in crate::flows) async fn fail(
    cx: &Cx,
    tx: &mut Tx,
    payment: &PaymentId,
    scope: &Scope,
    subscription: Option<Subscription>,
    now: Timestamp,
) -> Result<(), Error> {
    for debt in tx.debts_of_payment(payment).await? {
        tx.close_debt(scope, &debt.id, DebtState::WrittenOff, None, now)
            .await?;
    }
    if let Some(mut subscription) = subscription
        && let Transition::Moved(state) = subscription
            .state
            .apply(SubscriptionEvent::BeginFailed, now)
    {
        let object = subscription.id.as_str().to_owned();
        subscription.state = state;
        subscription.updated_at = now;
        tx.give_discounts_back(scope, &object).await?;
        facts::tell(cx, tx, scope, "subscription.failed", &object, now).await?;
        tx.save_subscription(&mut subscription).await?;
    }
    Ok(())
}
