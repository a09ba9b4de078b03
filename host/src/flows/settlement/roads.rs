//! The roads on which news comes in besides the charge itself: the browser's return, a wish
//! to give up, the gateway's webhook.

use super::super::records::{self, News};
use super::super::{Ending, Error, dispute, method_gone, reconciliation, refund};
use super::{apply, apply_while, setup};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::PaymentId;
use crate::domain::payment::{
    Advice, Decline, DeclineCode, Initiator, Payment, PaymentEvent, PaymentState,
};
use crate::plugins::gateway::answer::Cancellation;
use crate::plugins::gateway::news;
use crate::plugins::gateway::request::{Delivery, Pair};

/// The customer came back from the gateway with `pairs` in the address. They are hints for
/// the plugin only; what counts is what the gateway answers.
pub async fn returned(
    cx: &Cx,
    scope: &Scope,
    id: &PaymentId,
    pairs: &[Pair],
) -> Result<Ending, Error> {
    let payment = read(cx, scope, id).await?;
    if !payment.state.is_open() || payment.sent_at.is_none() {
        return Ok(Ending::of(&payment));
    }
    let called = match cx.plugins.gateway_of_open(scope, &payment.gateway) {
        Ok(gateway) => {
            gateway
                .resume(&records::sent(&payment, cx.now()), pairs)
                .await
        }
        Err(error) => Err(error),
    };
    match called {
        Ok(answer) => apply(cx, scope, id, answer.into())
            .await
            .map(|after| Ending::of(&after)),
        Err(error) if error.outcome_unknown() => {
            tracing::warn!(payment.id = %id, error = %error, "what a return brought is unknown");
            let news = News::bare(PaymentEvent::OutcomeUnknown);
            apply(cx, scope, id, news)
                .await
                .map(|after| Ending::of(&after))
        }
        Err(error) => {
            tracing::warn!(payment.id = %id, error = %error, "the gateway could not be asked after a return");
            Ok(Ending::of(&payment))
        }
    }
}

/// The customer wants another method: gives up what waits for them, or was certainly not executed.
/// Anything else is not theirs to stop.
pub async fn give_up(cx: &Cx, scope: &Scope, id: &PaymentId) -> Result<Ending, Error> {
    let payment = read(cx, scope, id).await?;
    let waits = match payment.state {
        PaymentState::AwaitingCustomer { .. } => true,
        PaymentState::Created => payment.sent_at.is_none(),
        _ => false,
    };
    if waits && payment.initiator == Initiator::Customer {
        return abandon(cx, scope, id).await;
    }
    Ok(Ending::of(&payment))
}

/// Gives an open payment up, so that its debts are free for another. Only a cancel that the
/// gateway confirms frees them; otherwise the answer says where the payment stands.
pub(in crate::flows) async fn abandon(
    cx: &Cx,
    scope: &Scope,
    id: &PaymentId,
) -> Result<Ending, Error> {
    let payment = read(cx, scope, id).await?;
    if !payment.state.is_open() {
        return Ok(Ending::of(&payment));
    }
    if payment.sent_at.is_none() {
        return give_up_unsent(cx, scope, id).await;
    }
    let called = match cx.plugins.gateway_of_open(scope, &payment.gateway) {
        Ok(gateway) => gateway.cancel(&records::sent(&payment, cx.now())).await,
        Err(error) => Err(error),
    };
    let after = match called {
        Ok(Cancellation::Cancelled) => apply(cx, scope, id, News::bare(given_up(&payment))).await?,
        Ok(Cancellation::TooLate(answer)) => apply(cx, scope, id, answer.into()).await?,
        Ok(Cancellation::Unsupported) => reconciliation::ask(cx, scope, payment).await?,
        Err(error) => {
            tracing::warn!(payment.id = %id, error = %error, "a cancel has no outcome; it is looked at again");
            reconciliation::not_learnt(cx, scope, &payment).await?
        }
    };
    Ok(Ending::of(&after))
}

/// What a confirmed cancel means. A bank that wanted the customer's confirmation for a charge
/// that they did not start has declined it: the customer has to be there.
fn given_up(payment: &Payment) -> PaymentEvent {
    let waits = matches!(payment.state, PaymentState::AwaitingCustomer { .. });
    if payment.initiator == Initiator::Customer || !waits {
        return PaymentEvent::Cancelled;
    }
    PaymentEvent::Declined(Decline {
        code: DeclineCode::AuthenticationRequired,
        advice: Advice::Authenticate,
        gateway_code: None,
    })
}

/// A payment whose request never left, or was certainly not executed, ends here; one that
/// was sent meanwhile stays as it is.
async fn give_up_unsent(cx: &Cx, scope: &Scope, id: &PaymentId) -> Result<Ending, Error> {
    let cancelled = News::bare(PaymentEvent::Cancelled);
    let after = apply_while(cx, scope, id, cancelled, |payment| {
        payment.state == PaymentState::Created && payment.sent_at.is_none()
    })
    .await?;
    Ok(Ending::of(&after))
}

async fn read(cx: &Cx, scope: &Scope, id: &PaymentId) -> Result<Payment, Error> {
    let mut tx = cx.store.read().await?;
    tx.payment(scope, id)
        .await?
        .ok_or(Error::NotFound("payment"))
}

/// What a webhook delivery is answered with.
#[derive(Clone, Debug)]
pub enum Received {
    /// Genuine; every event in it was applied.
    Acknowledged {
        /// The status that the gateway expects, 200 to 299.
        status: u16,
        /// The body that it expects.
        body: String,
    },
    /// Not genuine, or too old.
    Forged,
    /// Genuine and nonsense.
    Malformed,
    /// Could not be looked at now; the gateway may send it again.
    Unavailable,
}

/// Takes a delivery of a gateway: the plugin checks its signature, and each event in it ends
/// where every other answer ends. Nothing is acknowledged before it is applied.
pub async fn receive(
    cx: &Cx,
    scope: &Scope,
    gateway: &str,
    delivery: &Delivery,
) -> Result<Received, Error> {
    let door = match cx.plugins.gateway_of_open(scope, gateway) {
        Ok(door) => door,
        Err(error) => {
            tracing::warn!(gateway, error = %error, "a delivery came for a gateway that is not usable");
            return Ok(Received::Unavailable);
        }
    };
    let parsed = match door.parse_webhook(delivery).await {
        Ok(parsed) => parsed,
        Err(news::WebhookError::BadSignature | news::WebhookError::Stale) => {
            return Ok(Received::Forged);
        }
        Err(news::WebhookError::Malformed(_)) => return Ok(Received::Malformed),
        Err(news::WebhookError::Plugin(error)) => {
            tracing::warn!(gateway, error = %error, "a delivery could not be read");
            return Ok(Received::Unavailable);
        }
    };
    for event in parsed.events {
        take(cx, scope, gateway, event).await?;
    }
    Ok(Received::Acknowledged {
        status: parsed.ack_status,
        body: parsed.ack_body,
    })
}

/// Applies one event and notes that it was. In this order: a crash between the two repeats
/// the event, and a repeat changes nothing.
async fn take(cx: &Cx, scope: &Scope, gateway: &str, event: news::Event) -> Result<(), Error> {
    match event.news {
        news::News::Payment(about, state) => {
            if let Some(payment) = find(cx, scope, gateway, &about).await? {
                match state {
                    Some(answer) => {
                        apply(cx, scope, &payment.id, answer.into()).await?;
                    }
                    None => {
                        reconciliation::ask(cx, scope, payment).await?;
                    }
                }
            }
        }
        news::News::Setup(about, answer) => {
            if let Some(id) = about.key.as_deref().and_then(|key| key.parse().ok()) {
                setup::heard(cx, scope, gateway, &id, answer).await?;
            }
        }
        news::News::Other(_) => {}
        news::News::Refund(about, answer) => {
            refund::heard(cx, scope, gateway, &about, answer).await?;
        }
        news::News::Reversal(said) => {
            dispute::heard(cx, scope, gateway, said, event.occurred_at).await?;
        }
        news::News::MethodGone(reference) => {
            // A gateway may save the method again under the same reference: a repeat is not news.
            let mut tx = cx.store.read().await?;
            let known = tx
                .has_received_gateway_event(scope, gateway, &event.id)
                .await?;
            drop(tx);
            if !known {
                method_gone::heard(cx, scope, gateway, &reference, event.occurred_at).await?;
            }
        }
    }
    let mut tx = cx.store.begin().await?;
    tx.receive_gateway_event(scope, gateway, &event.id, cx.now())
        .await?;
    tx.commit().await?;
    Ok(())
}

/// The payment that an event is about: by our key, or by the gateway's reference.
pub(in crate::flows) async fn find(
    cx: &Cx,
    scope: &Scope,
    gateway: &str,
    about: &news::About,
) -> Result<Option<Payment>, Error> {
    let mut tx = cx.store.read().await?;
    let by_key = match about.key.as_deref().and_then(|key| key.parse().ok()) {
        Some(id) => tx.payment(scope, &id).await?,
        None => None,
    };
    let found = match (by_key, about.reference.as_deref()) {
        (Some(payment), _) => Some(payment),
        (None, Some(reference)) => tx.payment_by_gateway_ref(scope, gateway, reference).await?,
        (None, None) => None,
    };
    // A gateway speaks of its own payments only.
    Ok(found.filter(|payment| payment.gateway == gateway))
}
