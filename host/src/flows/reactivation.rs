//! A subscription on hold (or past due) comes back: its dues are quoted, billed, and paid by
//! one customer-present charge that also saves the method.

mod quote;

pub(super) use self::quote::{agreed_at, price, quote_as};
pub use self::quote::{due, quote, quote_in};

use jiff::Timestamp;

use super::charge::{self, Intent};
use super::{Attempt, AttemptOf, Choice, Ending, Error, Refused};
use super::{documents, dues, facts, reconciliation, settlement, too_little};
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::{CustomerId, PaymentId, SubscriptionId};
use crate::domain::method::PaymentMethod;
use crate::domain::payment::{Initiator, Payment, PaymentState, Purpose};
use crate::domain::subscription::Subscription;
use crate::domain::tax::{self, Line};
use crate::store::{self, Tx};

/// Pays everything that is due with the chosen method. `quote` is the id of the quote that
/// the customer saw: the amount shown is the amount charged.
pub async fn start(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    choice: Choice,
    quote: &str,
) -> Result<Attempt, Error> {
    start_and_return(cx, scope, id, choice, quote, None).await
}

/// The same for a merchant who wants the customer to be offered to go to `return_url` afterwards.
pub(super) async fn start_and_return(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    choice: Choice,
    quote: &str,
    return_url: Option<String>,
) -> Result<Attempt, Error> {
    let payment = cx.new_id();
    begin(cx, scope, id, choice, Some(quote), payment, return_url).await
}

/// The same, agreeing to whatever is due now: for callers that show no quote and have chosen
/// the payment's id beforehand.
pub(super) async fn start_now(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    choice: Choice,
    payment: PaymentId,
) -> Result<Attempt, Error> {
    begin(cx, scope, id, choice, None, payment, None).await
}

/// The same under an id that was chosen beforehand, for a quote that the customer saw: whoever
/// calls twice finds what the first call made.
pub(super) async fn start_as(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    choice: Choice,
    quote: &str,
    payment: PaymentId,
) -> Result<Attempt, Error> {
    let made = async || {
        let mut tx = cx.store.read().await?;
        let made = tx.payment(scope, &payment).await?;
        Ok::<_, Error>(made.map(|made| Attempt {
            ending: Ending::of(&made),
            of: AttemptOf::Payment(made.id),
        }))
    };
    if let Some(made) = made().await? {
        return Ok(made);
    }
    match begin(cx, scope, id, choice, Some(quote), payment.clone(), None).await {
        Ok(attempt) => Ok(attempt),
        // Somebody who does the same was a moment earlier.
        Err(error) => made().await?.ok_or(error),
    }
}

async fn begin(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    choice: Choice,
    agreed: Option<&str>,
    payment: PaymentId,
    return_url: Option<String>,
) -> Result<Attempt, Error> {
    {
        // A choice that cannot be must not give up what is under way.
        let mut tx = cx.store.read().await?;
        let subscription = tx
            .subscription(scope, id)
            .await?
            .ok_or(Error::NotFound("subscription"))?;
        if let Choice::Saved(method) = &choice {
            let method = tx.method(scope, method).await?;
            own(&subscription, method)?;
        }
    }
    if let Some(known) = make_way(cx, scope, id).await? {
        return Ok(known);
    }
    let free = too_little::instead(cx, scope, id, &choice, agreed, return_url.clone());
    if let Some(free) = Box::pin(free).await? {
        return Ok(free);
    }
    let payment = match intend(cx, scope, id, choice, agreed, payment, return_url).await {
        Ok(payment) => payment,
        // Another request of the same moment was first; this one joins it.
        Err(Error::Store(store::Error::Conflict(_))) => {
            let open = under_way(cx, scope, id).await?;
            return match open.or(paid(cx, scope, id, agreed).await?) {
                Some(known) => Ok(known),
                None => Err(Error::Refused(Refused::PaymentUnderWay)),
            };
        }
        // The same form was sent before, and has been paid meanwhile.
        Err(refused @ Error::Refused(Refused::NothingDue | Refused::StaleQuote)) => {
            return paid(cx, scope, id, agreed).await?.ok_or(refused);
        }
        Err(error) => return Err(error),
    };
    let ending = charge::send(cx, scope, &payment).await?;
    Ok(Attempt {
        of: AttemptOf::Payment(payment),
        ending,
    })
}

/// An open payment is answered instead of starting a second one, after the gateway was asked
/// how it stands; but for one that waits for the customer, which choosing anew gives up if the
/// gateway confirms it, and one that was certainly not executed, which nobody needs to confirm.
async fn make_way(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<Option<Attempt>, Error> {
    let Some(open) = open_payment(cx, scope, id).await? else {
        return Ok(None);
    };
    let of = open.id.clone();
    let never_left = open.state == PaymentState::Created && open.sent_at.is_none();
    let ending = match Ending::of(&open) {
        Ending::Unknown if never_left => settlement::abandon(cx, scope, &of).await?,
        Ending::Action(_) => settlement::abandon(cx, scope, &of).await?,
        Ending::Unknown if reconciliation::answer_is_overdue(cx, &open) => {
            Ending::of(&reconciliation::ask(cx, scope, open).await?)
        }
        ending => ending,
    };
    let free = matches!(ending, Ending::Cancelled | Ending::Declined(_));
    Ok((!free).then_some(Attempt {
        of: AttemptOf::Payment(of),
        ending,
    }))
}

/// The open payment of a subscription, when there is one.
async fn under_way(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<Option<Attempt>, Error> {
    let open = open_payment(cx, scope, id).await?;
    Ok(open.map(|payment| Attempt {
        ending: Ending::of(&payment),
        of: AttemptOf::Payment(payment.id),
    }))
}

async fn open_payment(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
) -> Result<Option<Payment>, Error> {
    let mut tx = cx.store.read().await?;
    Ok(tx.open_payments_of(scope, id).await?.into_iter().next())
}

/// The payment that has paid exactly what the customer agrees to, when there is one.
async fn paid(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    agreed: Option<&str>,
) -> Result<Option<Attempt>, Error> {
    let Some(quote) = agreed else { return Ok(None) };
    let mut tx = cx.store.read().await?;
    let paid = tx.payment_of_quote(scope, id, quote).await?;
    Ok(paid.map(|payment| Attempt {
        ending: Ending::of(&payment),
        of: AttemptOf::Payment(payment.id),
    }))
}

/// Beat one: draft invoice and payment, committed before anything is asked of the gateway.
async fn intend(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    choice: Choice,
    agreed: Option<&str>,
    payment: PaymentId,
    return_url: Option<String>,
) -> Result<PaymentId, Error> {
    let (business, mode) = available(cx, scope)?;
    let mut tx = cx.store.begin().await?;
    let mut subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    let now = cx.business_now(&mut tx, scope).await?;
    let owed = dues::of(cx, &mut tx, &business, &mut subscription, now).await?;
    if owed.debts.is_empty() {
        return Err(Error::Refused(Refused::NothingDue));
    }
    let at = agreed_at(cx, agreed, now);
    let quote = price(cx, &business, &subscription, &owed.debts, at)?;
    if agreed.is_some_and(|agreed| agreed != quote.id) {
        return Err(Error::Refused(Refused::StaleQuote));
    }
    if !owed
        .agree(cx, &mut tx, &mut subscription, &quote, now)
        .await?
    {
        return Err(Error::Refused(Refused::StaleQuote));
    }
    let dues = &quote.dues;
    limit_tries(cx, &mut tx, scope, &subscription.customer, now).await?;
    let customer = tx
        .customer(scope, &subscription.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let method = chosen(&mut tx, &subscription, choice).await?;
    let gateway = match &method {
        Some(method) => method.gateway.clone(),
        None => charge::default_gateway(&mode)?,
    };
    let product = tx.product(scope, &subscription.product).await?;
    let known = method.as_ref();
    let reference = charge::customer_reference(&mut tx, &customer, &gateway, known).await?;

    let (open, issued) = documents::unbilled(&mut tx, dues).await?;
    let invoice = match issued.first() {
        Some(issued) if open.is_empty() => issued.clone(),
        issued => {
            let content = match issued {
                None => (quote.lines.clone(), quote.totals.clone()),
                Some(_) => {
                    let lines: Vec<Line> = open.iter().flat_map(|due| due.lines.clone()).collect();
                    let totals = tax::totals(quote.totals.gross.currency, &lines)?;
                    (lines, totals)
                }
            };
            let parties = (&customer, &subscription.buyer);
            let draft = documents::draft(cx, &business, parties, Some(&subscription), content, now);
            documents::keep_draft(&mut tx, scope, &subscription, &open, draft)
                .await?
                .id
        }
    };

    let intent = Intent {
        id: payment,
        purpose: Purpose::Reactivation,
        subscription: Some(&subscription),
        customer: &customer,
        buyer: subscription.buyer.clone(),
        amount: quote.totals.gross,
        tax_minor: quote.totals.tax.minor,
        gateway,
        method,
        initiator: Initiator::Customer,
        description: product.map_or_else(|| business.name.clone(), |product| product.name),
        period: Some(quote.period),
        quote: Some(quote.id.clone()),
        attempt: 0,
        metadata: subscription.metadata.clone(),
        return_url,
    };
    let mut payment = intent.payment(scope, now);
    payment.invoice = Some(invoice);
    let request = intent.request(cx, scope, &business, reference);
    charge::mark_sent(cx, &mut tx, &mut payment, &request).await?;
    tx.insert_payment(&payment).await?;
    for due in dues {
        tx.hold_debt(&payment.id, &due.id).await?;
    }
    let after = serde_json::json!({ "payment": payment.id, "amount": payment.amount });
    facts::audit(
        cx,
        &mut tx,
        scope,
        "subscription.pay-dues",
        id.as_str(),
        None,
        Some(after),
    )
    .await?;
    charge::commit(cx, tx, &payment).await?;
    Ok(payment.id)
}

/// Refuses a customer who tries card after card.
pub(super) async fn limit_tries(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    customer: &CustomerId,
    now: Timestamp,
) -> Result<(), Error> {
    let limit = cx.settings.load().billing.new_methods_a_day;
    let since = now
        .checked_sub(jiff::SignedDuration::from_hours(24))
        .unwrap_or(Timestamp::MIN);
    let tries = tx.declined_tries(scope, customer, since).await?;
    if tries >= i64::from(limit) {
        return Err(Error::Refused(Refused::TooManyTries));
    }
    Ok(())
}

/// The saved method that was chosen, which must be the customer's own; locked, so that it is
/// not removed meanwhile.
pub(super) async fn chosen(
    tx: &mut Tx,
    subscription: &Subscription,
    choice: Choice,
) -> Result<Option<PaymentMethod>, Error> {
    match choice {
        Choice::New => Ok(None),
        Choice::Saved(id) => {
            let method = own(
                subscription,
                tx.lock_method(&subscription.scope, &id).await?,
            )?;
            match method.refused_at {
                Some(_) => Err(Error::Refused(Refused::MethodUnusable)),
                None => Ok(Some(method)),
            }
        }
    }
}

/// The method, if it is the customer's own.
pub(super) fn own(
    subscription: &Subscription,
    method: Option<PaymentMethod>,
) -> Result<PaymentMethod, Error> {
    method
        .filter(|method| method.customer == subscription.customer)
        .ok_or(Error::NotFound("payment method"))
}

/// The business and its mode, or the reason why nothing can be done.
pub(super) fn available(
    cx: &Cx,
    scope: &Scope,
) -> Result<(Business, crate::config::ModeSettings), Error> {
    cx.business(scope)
        .ok_or_else(|| Error::Unavailable("its file is gone".to_owned()))
}
