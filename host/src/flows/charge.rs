//! One charge at the gateway: the intent that a transaction commits, and the sending of
//! exactly that, now or again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::records::{self, News};
use super::{AttemptOf, Ending, Error, Refused, settlement, token, tries};
use crate::config::{Business, ModeSettings};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::customer::{BuyerDetails, Customer};
use crate::domain::id::PaymentId;
use crate::domain::method::PaymentMethod;
use crate::domain::money::Money;
use crate::domain::payment::{Initiator, Payment, PaymentEvent, PaymentState, Purpose};
use crate::domain::period::Period;
use crate::domain::subscription::Subscription;
use crate::plugins;
use crate::plugins::gateway::request::{ChargeRequest, MethodChoice};
use crate::store::{self, Tx, Work};

/// How long a request is good for that needs no customer. No setting: what is stored is dated by it,
/// and was made with the one of its time.
const UNATTENDED: SignedDuration = SignedDuration::from_hours(24);

/// What is to be charged.
pub(super) struct Intent<'a> {
    pub(super) id: PaymentId,
    pub(super) purpose: Purpose,
    pub(super) subscription: Option<&'a Subscription>,
    pub(super) customer: &'a Customer,
    pub(super) buyer: BuyerDetails,
    pub(super) amount: Money,
    pub(super) tax_minor: i64,
    pub(super) gateway: String,
    pub(super) method: Option<PaymentMethod>,
    pub(super) initiator: Initiator,
    pub(super) description: String,
    pub(super) period: Option<Period>,
    pub(super) quote: Option<String>,
    pub(super) attempt: u32,
    pub(super) metadata: String,
    pub(super) return_url: Option<String>,
}

/// The gateway that takes new methods.
pub(super) fn default_gateway(settings: &ModeSettings) -> Result<String, Error> {
    settings
        .default_gateway
        .clone()
        .ok_or_else(|| Error::Unavailable("no gateway is configured for this mode".to_owned()))
}

/// The reference under which `gateway` knows the customer: as it was when it saved `method`, or for a
/// new one from any that it saved.
pub(super) async fn customer_reference(
    tx: &mut Tx,
    customer: &Customer,
    gateway: &str,
    method: Option<&PaymentMethod>,
) -> Result<Option<String>, Error> {
    if let Some(method) = method {
        return Ok(method.customer_reference.clone());
    }
    let methods = tx.methods_of(&customer.scope, &customer.id).await?;
    Ok(methods
        .into_iter()
        .filter(|method| method.gateway == gateway)
        .find_map(|method| method.customer_reference))
}

impl Intent<'_> {
    /// The payment, not sent yet.
    pub(super) fn payment(&self, scope: &Scope, now: Timestamp) -> Payment {
        Payment {
            id: self.id.clone(),
            scope: scope.clone(),
            customer: self.customer.id.clone(),
            subscription: self
                .subscription
                .map(|subscription| subscription.id.clone()),
            purpose: self.purpose,
            gateway: self.gateway.clone(),
            amount: self.amount,
            tax_minor: self.tax_minor,
            method: self.method.as_ref().map(|method| method.id.clone()),
            initiator: self.initiator,
            state: PaymentState::Created,
            sent_at: None,
            request: None,
            gateway_ref: None,
            invoice: None,
            attempt: self.attempt,
            period: self.period,
            quote: self.quote.clone(),
            unapplied: false,
            moved: None,
            lookups: 0,
            absent_since: None,
            buyer: self.buyer.clone(),
            metadata: self.metadata.clone(),
            return_url: self.return_url.clone(),
            created_at: now,
            updated_at: now,
            version: 0,
        }
    }

    /// The request, as it is stored and sent.
    pub(super) fn request(
        &self,
        cx: &Cx,
        scope: &Scope,
        business: &Business,
        customer_reference: Option<String>,
    ) -> ChargeRequest {
        // Nobody is on a page of a charge that the customer did not start; it is sent again, as
        // it is, for as long as its key may be used.
        let expiry = match self.initiator {
            Initiator::Customer => cx.settings.load().billing.payment_expiry,
            Initiator::Recurring | Initiator::Unscheduled => UNATTENDED,
        };
        ChargeRequest {
            key: self.id.to_string(),
            customer: records::customer(
                self.customer,
                customer_reference,
                &business.default_locale,
                Some(self.buyer.billing.country.clone()),
            ),
            amount: self.amount,
            method: match &self.method {
                Some(method) => MethodChoice::Stored(records::stored(method)),
                None => MethodChoice::Collect(Vec::new()),
            },
            initiator: records::initiator(self.initiator),
            save: self.subscription.is_some(),
            return_url: token::return_url(cx, scope, &AttemptOf::Payment(self.id.clone())),
            description: self.description.clone(),
            expires_at: cx.now().checked_add(expiry).unwrap_or(Timestamp::MAX),
        }
    }
}

/// Marks a payment as sent with `request`, and orders the look that finds out what became of
/// it if this process dies. From the commit on the request is what the row says it is.
pub(super) async fn mark_sent(
    cx: &Cx,
    tx: &mut Tx,
    payment: &mut Payment,
    request: &ChargeRequest,
) -> Result<(), Error> {
    if let Some(method) = &payment.method {
        tries::check(cx, tx, &payment.scope, method, payment.created_at).await?;
    }
    payment.sent_at = Some(cx.now());
    keep_request(payment, request)?;
    order_look(cx, tx, payment).await?;
    Ok(())
}

/// Keeps the request of a payment as it will be sent.
pub(super) fn keep_request(payment: &mut Payment, request: &ChargeRequest) -> Result<(), Error> {
    let text = serde_json::to_string(request)
        .map_err(|error| Error::Unavailable(format!("the charge cannot be stored: {error}")))?;
    payment.request = Some(text);
    Ok(())
}

/// When the request of a payment was made (host time): its key is not known to the gateway
/// for longer. Ids of charges that the customer does not start are dated by their period.
pub(super) fn made_at(payment: &Payment) -> Timestamp {
    let request = || serde_json::from_str::<ChargeRequest>(payment.request.as_deref()?).ok();
    let by_request = match payment.initiator {
        Initiator::Customer => None,
        Initiator::Recurring | Initiator::Unscheduled => {
            request().and_then(|request| request.expires_at.checked_sub(UNATTENDED).ok())
        }
    };
    let by_id = || payment.id.made_at();
    by_request.or_else(by_id).unwrap_or(payment.created_at)
}

/// Commits the intent of a payment. Where the answer to the commit was lost it is read again
/// first: what is written is sent, and what is not is no payment.
pub(super) async fn commit(cx: &Cx, tx: Tx, payment: &Payment) -> Result<(), Error> {
    let lost = match tx.commit().await {
        Err(error @ store::Error::Unanswered(_)) => error,
        answered => return Ok(answered?),
    };
    tracing::warn!(payment.id = %payment.id, "the answer to a commit was lost; it is read again");
    let mut tx = cx.store.read().await?;
    let written = tx.payment(&payment.scope, &payment.id).await?;
    let is_ours = written.is_some_and(|written| written.sent_at == payment.sent_at);
    if is_ours { Ok(()) } else { Err(lost.into()) }
}

/// How a payment stands whose outcome could not be booked, as far as can be read.
async fn read_again(cx: &Cx, scope: &Scope, id: &PaymentId) -> Ending {
    let read = async {
        let mut tx = cx.store.read().await?;
        tx.payment(scope, id).await
    };
    match read.await {
        Ok(Some(payment)) => Ending::of(&payment),
        Ok(None) | Err(_) => Ending::Unknown,
    }
}

/// Orders the next look at an open payment.
pub(super) async fn order_look(cx: &Cx, tx: &mut Tx, payment: &Payment) -> store::Result<()> {
    if let Some(at) = next_look(cx, payment) {
        let work = Work::Reconcile {
            payment: payment.id.clone(),
        };
        cx.order_at(tx, &payment.scope, &work, at).await?;
    }
    Ok(())
}

/// When the gateway is asked about a payment again (host time); none when it has ended.
pub(super) fn next_look(cx: &Cx, payment: &Payment) -> Option<Timestamp> {
    if !payment.state.is_open() {
        return None;
    }
    let settings = cx.settings.load();
    let billing = &settings.billing;
    let now = cx.now();
    let looks = usize::try_from(payment.lookups).unwrap_or(usize::MAX);
    let start = payment.sent_at.unwrap_or(now);
    let at = match billing.lookup_after.get(looks) {
        Some(after) => start.checked_add(*after).ok().filter(|at| *at > now),
        None => None,
    };
    let at = at.or_else(|| {
        let every = billing
            .lookup_after
            .get(looks)
            .unwrap_or(&billing.lookup_every);
        now.checked_add(*every).ok()
    })?;
    match &payment.state {
        PaymentState::AwaitingCustomer { expires_at, .. } if *expires_at > now => {
            Some(at.min(*expires_at))
        }
        _ if payment.absent_since.is_some() => {
            let again = now.checked_add(billing.absent_again_after).unwrap_or(at);
            Some(at.min(again))
        }
        _ => Some(at),
    }
}

/// Sends the stored request of a payment that was marked as sent, and settles whatever comes
/// back. May be called again for a payment whose request was certainly not executed.
pub(super) async fn send(cx: &Cx, scope: &Scope, id: &PaymentId) -> Result<Ending, Error> {
    let payment = {
        let mut tx = cx.store.read().await?;
        tx.payment(scope, id)
            .await?
            .ok_or(Error::NotFound("payment"))?
    };
    // Given up, or settled by another road, since it was marked: nothing leaves any more.
    if payment.state != PaymentState::Created || payment.sent_at.is_none() {
        return Ok(Ending::of(&payment));
    }
    if is_too_late(cx, payment.sent_at) {
        tracing::warn!(payment.id = %id, "this process stood still with a charge in hand; it is not sent now");
        return not_executed(cx, scope, id, None).await;
    }
    let request: ChargeRequest = payment
        .request
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or(Error::Refused(Refused::State))?;
    let called = match cx.plugins.gateway(scope, &payment.gateway) {
        Ok(gateway) => gateway.charge(&request).await,
        Err(error) => Err(error),
    };
    let news = match called {
        Ok(answer) => News::from(answer),
        Err(error) if error.outcome_unknown() => {
            tracing::warn!(payment.id = %id, error = %error, "the outcome of a charge is unknown");
            News::bare(PaymentEvent::OutcomeUnknown)
        }
        Err(error) if error.may_be_sent_again() => {
            tracing::warn!(payment.id = %id, error = %error, "a charge was not executed and is sent again");
            return not_executed(cx, scope, id, error.wanted_wait()).await;
        }
        Err(error) => {
            tracing::error!(payment.id = %id, error = %error, "a charge is impossible; the gateway's settings need attention");
            News {
                impossible: matches!(
                    error,
                    plugins::Error::InvalidRequest { .. } | plugins::Error::Unsupported { .. }
                ),
                trouble: Some(error.to_string()),
                ..News::bare(PaymentEvent::Cancelled)
            }
        }
    };
    let settled = match settlement::apply(cx, scope, id, news).await {
        // Nobody is there to confirm it: the gateway is to forget it, and the customer is asked.
        Ok(after) if waits_for_nobody(&after) => settlement::abandon(cx, scope, id).await,
        Ok(after) => Ok(Ending::of(&after)),
        Err(error) => Err(error),
    };
    // The gateway was asked: if that is not written down, the answer is that nobody knows yet.
    match settled {
        Ok(ending) => Ok(ending),
        Err(error) => {
            tracing::error!(payment.id = %id, error = &error as &dyn std::error::Error, "the outcome of a charge may not be written down; it will be asked for");
            Ok(read_again(cx, scope, id).await)
        }
    }
}

/// Whether a request was marked as sent so long ago that others may take it for lost: a process
/// that stood still since does not send it. The call itself has its own deadline.
pub(super) fn is_too_late(cx: &Cx, marked_at: Option<Timestamp>) -> bool {
    let deadline = cx.settings.load().plugins.deadline;
    marked_at.is_some_and(|at| cx.now().duration_since(at) > deadline)
}

fn waits_for_nobody(payment: &Payment) -> bool {
    payment.initiator != Initiator::Customer
        && matches!(payment.state, PaymentState::AwaitingCustomer { .. })
}

/// The request did certainly not happen: the payment stays open and is sent again soon, or
/// when the gateway wants it.
async fn not_executed(
    cx: &Cx,
    scope: &Scope,
    id: &PaymentId,
    wanted: Option<Duration>,
) -> Result<Ending, Error> {
    let (longest, least) = {
        let settings = cx.settings.load();
        let billing = &settings.billing;
        (billing.longest_wait, billing.send_again_after)
    };
    let wanted = wanted.map(|wait| SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX));
    let wait = wanted.unwrap_or(least).min(longest).max(least);
    let mut tx = cx.store.begin().await?;
    let Some(mut payment) = settlement::lock(&mut tx, scope, id).await?.1 else {
        return Err(Error::NotFound("payment"));
    };
    if payment.state == PaymentState::Created {
        payment.sent_at = None;
        payment.updated_at = cx.business_now(&mut tx, scope).await?;
        tx.save_payment(&mut payment).await?;
        let at = cx.now().checked_add(wait).unwrap_or(Timestamp::MAX);
        cx.order_at(
            &mut tx,
            scope,
            &Work::Reconcile {
                payment: id.clone(),
            },
            at,
        )
        .await?;
        tx.commit().await?;
    }
    Ok(Ending::of(&payment))
}
