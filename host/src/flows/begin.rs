//! Begin: a subscription or a purchase is made by the merchant, and its first payment is
//! taken on a hosted page that needs no sign-in.

use jiff::{SignedDuration, Timestamp};

use super::charge::{self, Intent};
use super::reactivation::available;
use super::{Attempt, AttemptOf, Ending, Error, Refused, facts, method_update, settlement};
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::customer::{BuyerDetails, Customer};
use crate::domain::debt::{Debt, DebtKind, DebtState};
use crate::domain::id::{CustomerId, PaymentId, ProductId, SubscriptionId};
use crate::domain::money::Money;
use crate::domain::payment::{Initiator, Payment, PaymentState, Purpose};
use crate::domain::period::Period;
use crate::domain::product::Product;
use crate::domain::subscription::{
    Cancellation, Subscription, SubscriptionEvent, SubscriptionState,
};
use crate::domain::tax::{self, Line, Totals};
use crate::domain::transition::Transition;
use crate::store::{self, Tx, Work};

/// A subscription to be made.
#[derive(Clone, Debug)]
pub struct NewSubscription {
    /// Its id, chosen beforehand so that a repeated call makes one.
    pub id: SubscriptionId,
    /// The id of its first payment, likewise.
    pub payment: PaymentId,
    /// Who pays.
    pub customer: CustomerId,
    /// What for; must have a recurring price.
    pub product: ProductId,
    /// How many, at least 1.
    pub quantity: u32,
    /// Days without charge; the product's when none.
    pub trial_days: Option<u32>,
    /// Who buys, for tax and documents.
    pub buyer: BuyerDetails,
    /// A JSON object.
    pub metadata: String,
    /// Where the merchant wants the customer to be offered to go afterwards.
    pub return_url: Option<String>,
}

/// A one-time purchase to be made.
#[derive(Clone, Debug)]
pub struct NewPurchase {
    /// The id of its payment, chosen beforehand so that a repeated call makes one.
    pub payment: PaymentId,
    /// Who pays.
    pub customer: CustomerId,
    /// What and how many; prices must be one-time and of one currency.
    pub items: Vec<(ProductId, u32)>,
    /// Who buys, for tax and documents.
    pub buyer: BuyerDetails,
    /// A JSON object.
    pub metadata: String,
    /// Where the merchant wants the customer to be offered to go afterwards.
    pub return_url: Option<String>,
}

/// What was made, and until when its page works.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The subscription, unless it is a purchase.
    pub subscription: Option<Subscription>,
    /// The first payment; its page's token is made of it.
    pub payment: Payment,
    /// When the page stops working (host time).
    pub expires_at: Timestamp,
}

/// What the hosted page shows.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The newest try.
    pub payment: Payment,
    /// The subscription, unless it is a purchase.
    pub subscription: Option<Subscription>,
    /// Who pays.
    pub customer: Customer,
    /// What is bought.
    pub lines: Vec<Line>,
    /// The sums.
    pub totals: Totals,
    /// When the page stops working (host time).
    pub expires_at: Timestamp,
    /// Where the newest try stands; none before the first.
    pub ending: Option<Ending>,
}

/// Makes a subscription in `pending` with the debt of its first period and the payment that
/// its page will send.
pub async fn create_subscription(
    cx: &Cx,
    scope: &Scope,
    new: NewSubscription,
) -> Result<Begun, Error> {
    let (business, mode) = available(cx, scope)?;
    let gateway = charge::default_gateway(&mode)?;
    let mut tx = cx.store.begin().await?;
    if let Some(known) = tx.payment(scope, &new.payment).await? {
        let subscription = tx.subscription(scope, &new.id).await?;
        return Ok(begun(cx, subscription, known));
    }
    let customer = tx
        .customer(scope, &new.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let product = tx
        .product(scope, &new.product)
        .await?
        .ok_or(Error::NotFound("product"))?;
    let Some(recurring) = product.recurring else {
        return Err(Error::Invalid {
            field: "product_id",
            problem: "the product has a one-time price; sell it with a payment".to_owned(),
        });
    };
    if new.quantity == 0 {
        return Err(Error::Invalid {
            field: "quantity",
            problem: "must be 1 or more".to_owned(),
        });
    }
    let now = cx.business_now(&mut tx, scope).await?;
    let zone = &business.time_zone;
    let period = Period {
        start: now,
        end: recurring.interval.after(now, 1, zone)?,
    };
    let subscription = Subscription {
        id: new.id,
        scope: scope.clone(),
        customer: customer.id.clone(),
        product: product.id.clone(),
        quantity: new.quantity,
        unit_price: product.price,
        tax_inclusive: product.tax_inclusive,
        interval: recurring.interval,
        term: recurring.term,
        trial_days: new.trial_days.unwrap_or(recurring.trial_days),
        state: SubscriptionState::Pending,
        anchor: now,
        period,
        expires_at: None,
        cancel_at_period_end: false,
        cancellation: Cancellation::default(),
        method: None,
        buyer: new.buyer,
        metadata: new.metadata.clone(),
        return_url: new.return_url.clone(),
        created_at: now,
        updated_at: now,
        version: 0,
    };
    tx.insert_subscription(&subscription).await?;
    let line = line(
        &business,
        &product,
        new.quantity,
        &subscription.buyer,
        now,
        Some(period),
    );
    let debts = if subscription.trial_days == 0 {
        vec![period_debt(cx, &subscription, line, period.start, now)?]
    } else {
        Vec::new()
    };
    let intent = Intent {
        id: new.payment,
        purpose: Purpose::Begin,
        subscription: Some(&subscription),
        customer: &customer,
        buyer: subscription.buyer.clone(),
        amount: Money::sum(product.price.currency, debts.iter().map(|debt| debt.amount))?,
        tax_minor: debts.iter().map(|debt| debt.tax_minor).sum(),
        gateway,
        method: None,
        initiator: Initiator::Customer,
        description: product.name.clone(),
        period: Some(period),
        quote: None,
        attempt: 0,
        metadata: new.metadata,
        return_url: new.return_url,
    };
    let payment = intent.payment(scope, now);
    write(cx, &mut tx, &payment, &debts).await?;
    let after = serde_json::json!({ "product": product.id, "quantity": new.quantity });
    let object = subscription.id.as_str();
    facts::audit(
        cx,
        &mut tx,
        scope,
        "subscription.create",
        object,
        None,
        Some(after),
    )
    .await?;
    tx.commit().await?;
    Ok(begun(cx, Some(subscription), payment))
}

/// Makes the debt of a one-time purchase and the payment that its page will send.
pub async fn create_purchase(cx: &Cx, scope: &Scope, new: NewPurchase) -> Result<Begun, Error> {
    let (business, mode) = available(cx, scope)?;
    let gateway = charge::default_gateway(&mode)?;
    let mut tx = cx.store.begin().await?;
    if let Some(known) = tx.payment(scope, &new.payment).await? {
        return Ok(begun(cx, None, known));
    }
    let customer = tx
        .customer(scope, &new.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let now = cx.business_now(&mut tx, scope).await?;
    let mut lines = Vec::new();
    let mut names = Vec::new();
    for (id, quantity) in &new.items {
        let product = tx
            .product(scope, id)
            .await?
            .ok_or(Error::NotFound("product"))?;
        if product.recurring.is_some() || *quantity == 0 {
            return Err(Error::Invalid {
                field: "product_cart",
                problem: format!("{id} needs a one-time price and a quantity of 1 or more"),
            });
        }
        lines.push(line(&business, &product, *quantity, &new.buyer, now, None));
        names.push(product.name);
    }
    let Some(first) = lines.first() else {
        return Err(Error::Invalid {
            field: "product_cart",
            problem: "is empty".to_owned(),
        });
    };
    let totals = tax::totals(first.unit.currency, &lines)?;
    let debt = Debt {
        id: cx.new_id(),
        scope: scope.clone(),
        customer: customer.id.clone(),
        subscription: None,
        kind: DebtKind::Purchase,
        cause: new.payment.to_string(),
        amount: totals.gross,
        tax_minor: totals.tax.minor,
        lines,
        state: DebtState::Open,
        settled_by: None,
        disputed: false,
        created_at: now,
        closed_at: None,
    };
    let intent = Intent {
        id: new.payment,
        purpose: Purpose::Purchase,
        subscription: None,
        customer: &customer,
        buyer: new.buyer,
        amount: totals.gross,
        tax_minor: totals.tax.minor,
        gateway,
        method: None,
        initiator: Initiator::Customer,
        description: names.join(", "),
        period: None,
        quote: None,
        attempt: 0,
        metadata: new.metadata,
        return_url: new.return_url,
    };
    let payment = intent.payment(scope, now);
    write(cx, &mut tx, &payment, &[debt]).await?;
    let after = serde_json::json!({ "amount": payment.amount });
    let object = payment.id.as_str();
    facts::audit(
        cx,
        &mut tx,
        scope,
        "payment.create",
        object,
        None,
        Some(after),
    )
    .await?;
    tx.commit().await?;
    Ok(begun(cx, None, payment))
}

/// What the hosted page of `first` offers now.
pub async fn offer(cx: &Cx, scope: &Scope, first: &PaymentId) -> Result<Offer, Error> {
    let mut tx = cx.store.read().await?;
    let made = tx
        .payment(scope, first)
        .await?
        .ok_or(Error::NotFound("payment"))?;
    let payment = newest(&mut tx, scope, &made).await?;
    let subscription = match &made.subscription {
        Some(id) => tx.subscription(scope, id).await?,
        None => None,
    };
    let customer = tx
        .customer(scope, &made.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let debts = tx.debts_of_payment(first).await?;
    let lines: Vec<Line> = debts.into_iter().flat_map(|debt| debt.lines).collect();
    let totals = tax::totals(made.amount.currency, &lines)?;
    let untouched = payment.state == PaymentState::Created && payment.sent_at.is_none();
    Ok(Offer {
        expires_at: expiry(cx, &made),
        ending: (!untouched).then(|| Ending::of(&payment)),
        payment,
        subscription,
        customer,
        lines,
        totals,
    })
}

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
    let again = payment.state != PaymentState::Created;
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
        gateway: charge::default_gateway(&mode)?,
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
    let reference = charge::customer_reference(&mut tx, &customer, &intent.gateway).await?;
    let request = intent.request(cx, scope, &business, reference);
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
    tx.commit().await?;
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
        newest(&mut tx, scope, &made).await?
    };
    let ending = settlement::abandon(cx, scope, &open.id).await?;
    if !matches!(ending, Ending::Cancelled | Ending::Declined(_)) {
        // Success ends it; anything open is looked at by its own job and ends it later.
        return Ok(());
    }
    let mut tx = cx.store.begin().await?;
    let now = cx.business_now(&mut tx, scope).await?;
    for debt in tx.debts_of_payment(first).await? {
        tx.close_debt(scope, &debt.id, DebtState::WrittenOff, None, now)
            .await?;
    }
    if let Some(id) = &open.subscription
        && let Some(mut subscription) = tx.lock_subscription(scope, id).await?
        && let Transition::Moved(state) = subscription
            .state
            .apply(SubscriptionEvent::BeginFailed, now)
    {
        subscription.state = state;
        subscription.updated_at = now;
        facts::tell(cx, &mut tx, scope, "subscription.failed", id.as_str(), now).await?;
        tx.save_subscription(&mut subscription).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The newest try at what `made` was made for.
async fn newest(tx: &mut Tx, scope: &Scope, made: &Payment) -> Result<Payment, Error> {
    let tries = tx.tries_at(scope, &made.id).await?;
    Ok(tries
        .into_iter()
        .next_back()
        .unwrap_or_else(|| made.clone()))
}

async fn write(cx: &Cx, tx: &mut Tx, payment: &Payment, debts: &[Debt]) -> Result<(), Error> {
    tx.insert_payment(payment).await?;
    for debt in debts {
        tx.insert_debt(debt).await?;
        tx.hold_debt(&payment.id, &debt.id).await?;
    }
    let lifetime = cx.settings.load().billing.payment_link_lifetime;
    let at = cx.now().checked_add(lifetime).unwrap_or(Timestamp::MAX);
    let work = Work::ExpireBegin {
        payment: payment.id.clone(),
    };
    cx.order_at(tx, &payment.scope, &work, at).await?;
    Ok(())
}

fn begun(cx: &Cx, subscription: Option<Subscription>, payment: Payment) -> Begun {
    Begun {
        expires_at: expiry(cx, &payment),
        subscription,
        payment,
    }
}

/// When the page of a first payment stops working. The id carries the host time at which it
/// was made; a test clock does not move it.
fn expiry(cx: &Cx, made: &Payment) -> Timestamp {
    let lifetime: SignedDuration = cx.settings.load().billing.payment_link_lifetime;
    made.id
        .made_at()
        .unwrap_or(made.created_at)
        .checked_add(lifetime)
        .unwrap_or(Timestamp::MAX)
}

/// One line of a supply at `now`, with the tax of the buyer's country.
pub(super) fn line(
    business: &Business,
    product: &Product,
    quantity: u32,
    buyer: &BuyerDetails,
    now: Timestamp,
    period: Option<Period>,
) -> Line {
    Line {
        product: Some(product.id.clone()),
        description: product.name.clone(),
        quantity,
        unit: product.price,
        tax_inclusive: product.tax_inclusive,
        rate: business
            .tax
            .rate(&buyer.billing.country, &product.tax_category, now),
        period,
    }
}

/// The debt of the period that starts at `start`; its cause keeps it to one.
pub(super) fn period_debt(
    cx: &Cx,
    subscription: &Subscription,
    line: Line,
    start: Timestamp,
    now: Timestamp,
) -> Result<Debt, Error> {
    let lines = vec![line];
    let totals = tax::totals(subscription.unit_price.currency, &lines)?;
    Ok(Debt {
        id: cx.new_id(),
        scope: subscription.scope.clone(),
        customer: subscription.customer.clone(),
        subscription: Some(subscription.id.clone()),
        kind: DebtKind::Period,
        cause: start.as_microsecond().to_string(),
        lines,
        amount: totals.gross,
        tax_minor: totals.tax.minor,
        state: DebtState::Open,
        settled_by: None,
        disputed: false,
        created_at: now,
        closed_at: None,
    })
}
