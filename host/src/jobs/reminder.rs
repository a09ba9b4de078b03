//! Mails that ask for what is owed, and those that say what comes. Each says nothing when it
//! has come to nothing meanwhile: paid, cancelled, disputed, replaced.

use super::post::{Letter, Post};
use super::{Jobs, Verdict};
use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::dunning::{Dunning, DunningState};
use crate::domain::id::{CustomerId, DunningId, MethodId, ProductId, SubscriptionId};
use crate::domain::method::PaymentMethod;
use crate::domain::payment::{Advice, PaymentState};
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::flows::{self, dunning, notices, reactivation};
use crate::mail::billing::Method;
use crate::mail::dunning::{CardExpiring, DueAdvice, MethodGone, PaymentDue, RenewalSoon};
use crate::store::{self, Tx};

/// Asks for what is owed.
pub(super) async fn due(jobs: &Jobs, scope: &Scope, id: &DunningId, message_id: &str) -> Verdict {
    let Some(post) = Post::of(jobs, scope) else {
        return Verdict::Park("the business's file is not there".to_owned());
    };
    match asked(jobs, &post, scope, id).await {
        Ok(Some((customer, mail))) => post.send(&letter(&customer, message_id), Some(mail)).await,
        Ok(None) => Verdict::Done,
        Err(error) => error.into(),
    }
}

/// Says that a subscription renews, or its trial ends.
pub(super) async fn renewal(
    jobs: &Jobs,
    scope: &Scope,
    (id, nonce): (&SubscriptionId, &str),
    message_id: &str,
) -> Verdict {
    let Some(post) = Post::of(jobs, scope) else {
        return Verdict::Park("the business's file is not there".to_owned());
    };
    match renews(jobs, &post, scope, (id, nonce)).await {
        Ok(Some((customer, mail))) => post.send(&letter(&customer, message_id), Some(mail)).await,
        Ok(None) => Verdict::Done,
        Err(error) => error.into(),
    }
}

/// Says that a card expires.
pub(super) async fn card(
    jobs: &Jobs,
    scope: &Scope,
    (id, nonce): (&MethodId, &str),
    message_id: &str,
) -> Verdict {
    let Some(post) = Post::of(jobs, scope) else {
        return Verdict::Park("the business's file is not there".to_owned());
    };
    match expires(jobs, &post, scope, (id, nonce)).await {
        Ok(Some((customer, mail))) => post.send(&letter(&customer, message_id), Some(mail)).await,
        Ok(None) => Verdict::Done,
        Err(error) => error.into(),
    }
}

/// To the address and in the language of a customer.
pub(super) fn letter<'a>(customer: &'a Customer, message_id: &'a str) -> Letter<'a> {
    Letter {
        to: &customer.email,
        locale: customer.locale.as_deref(),
        message_id,
    }
}

async fn asked(
    jobs: &Jobs,
    post: &Post<'_>,
    scope: &Scope,
    id: &DunningId,
) -> Result<Option<(Customer, PaymentDue)>, flows::Error> {
    let mut tx = jobs.cx.store.read().await?;
    let Some(dunning) = tx.dunning(scope, id).await? else {
        return Ok(None);
    };
    let open = matches!(
        dunning.state,
        DunningState::Recovering | DunningState::Exhausted
    );
    let Some(subscription) = tx.subscription(scope, &dunning.subscription).await? else {
        return Ok(None);
    };
    let access_until = match subscription.state {
        SubscriptionState::PastDue { until } => Some(until),
        SubscriptionState::OnHold { .. } => None,
        _ => return Ok(None),
    };
    let dues = tx.dues_of(scope, &subscription.id).await?;
    let payments = tx.open_payments_of(scope, &subscription.id).await?;
    let moving = |state: &PaymentState| matches!(state, PaymentState::Processing { .. });
    let paid_soon = payments.iter().any(|payment| moving(&payment.state));
    if !open || paid_soon || dues.iter().any(|due| due.disputed) {
        return Ok(None);
    }
    let advice = advice(&mut tx, scope, &subscription, &dunning).await?;
    let Some(customer) = tx.customer(scope, &subscription.customer).await? else {
        return Ok(None);
    };
    let product = product(&mut tx, scope, &subscription.product).await?;
    drop(tx);
    let quote = reactivation::quote(&jobs.cx, scope, &subscription.id).await?;
    Ok(quote.map(|quote| {
        let mail = PaymentDue {
            product,
            amount: quote.totals.gross,
            since: dunning.failed_at,
            access_until,
            advice,
            link: post.dues(&subscription.id),
        };
        (customer, mail)
    }))
}

/// What the customer can do, after what the method on file was last declined for.
async fn advice(
    tx: &mut Tx,
    scope: &Scope,
    subscription: &Subscription,
    dunning: &Dunning,
) -> store::Result<DueAdvice> {
    let method = match &subscription.method {
        Some(id) => tx.method(scope, id).await?,
        None => None,
    };
    let Some(method) = method.filter(|method| method.refused_at.is_none()) else {
        return Ok(DueAdvice::NewMethod);
    };
    let last = dunning::last_advice(tx, subscription, &method.id).await?;
    Ok(match (last, dunning.next_retry_at) {
        (Some(Advice::Never | Advice::NewMethod), _) => DueAdvice::NewMethod,
        (Some(Advice::Authenticate), _) => DueAdvice::Confirm,
        (Some(Advice::Later) | None, Some(retry_at)) => DueAdvice::Wait { retry_at },
        (Some(Advice::Later) | None, None) => DueAdvice::Pay,
    })
}

async fn renews(
    jobs: &Jobs,
    post: &Post<'_>,
    scope: &Scope,
    (id, nonce): (&SubscriptionId, &str),
) -> Result<Option<(Customer, RenewalSoon)>, flows::Error> {
    let mut tx = jobs.cx.store.read().await?;
    let now = jobs.cx.business_now(&mut tx, scope).await?;
    let Some(subscription) = tx.subscription(scope, id).await? else {
        return Ok(None);
    };
    let Some(customer) = tx.customer(scope, &subscription.customer).await? else {
        return Ok(None);
    };
    // What has renewed since is told of when its next end is near.
    if !notices::is_of_this_period(&subscription, nonce) {
        return Ok(None);
    }
    let Some(at) = notices::next_charge(&jobs.cx, &mut tx, &subscription, now).await? else {
        return Ok(None);
    };
    let method = match &subscription.method {
        Some(id) => tx.method(scope, id).await?,
        None => None,
    };
    let trial = notices::is_trial(&mut tx, &subscription).await?;
    let next = notices::upcoming(&jobs.cx, &mut tx, subscription, at).await?;
    let subscription = next.subscription;
    let mail = RenewalSoon {
        product: product(&mut tx, scope, &subscription.product).await?,
        price: subscription.price()?,
        interval: subscription.interval,
        amount: next.amount,
        at,
        method: method
            .filter(|method| method.refused_at.is_none())
            .as_ref()
            .map(named),
        trial,
        link: post.subscription(&subscription.id),
    };
    Ok(Some((customer, mail)))
}

async fn expires(
    jobs: &Jobs,
    post: &Post<'_>,
    scope: &Scope,
    (id, nonce): (&MethodId, &str),
) -> store::Result<Option<(Customer, CardExpiring)>> {
    let mut tx = jobs.cx.store.read().await?;
    // One that was renewed meanwhile is told of before its new end.
    let method = tx.method(scope, id).await?;
    let Some(method) = method.filter(|method| notices::is_of_this_card(&jobs.cx, method, nonce))
    else {
        return Ok(None);
    };
    let Some((month, year)) = method.expiry_month.zip(method.expiry_year) else {
        return Ok(None);
    };
    let users = tx.subscriptions_by_method(scope, id).await?;
    let Some(customer) = customer(&mut tx, scope, &method.customer).await? else {
        return Ok(None);
    };
    let mut products = Vec::with_capacity(users.len());
    for subscription in users.iter().filter(|user| !user.cancel_at_period_end) {
        let name = product(&mut tx, scope, &subscription.product).await?;
        if !products.contains(&name) {
            products.push(name);
        }
    }
    if products.is_empty() {
        return Ok(None);
    }
    let mail = CardExpiring {
        method: named(&method),
        month,
        year,
        products,
        link: post.methods(),
    };
    Ok(Some((customer, mail)))
}

/// Word of a method that is gone, while it still pays for something.
pub(super) async fn gone(jobs: &Jobs, scope: &Scope, id: &MethodId, message_id: &str) -> Verdict {
    let Some(post) = Post::of(jobs, scope) else {
        return Verdict::Park("the business's file is not there".to_owned());
    };
    match lost(jobs, &post, scope, id).await {
        Ok(Some((customer, mail))) => post.send(&letter(&customer, message_id), Some(mail)).await,
        Ok(None) => Verdict::Done,
        Err(error) => error.into(),
    }
}

async fn lost(
    jobs: &Jobs,
    post: &Post<'_>,
    scope: &Scope,
    id: &MethodId,
) -> store::Result<Option<(Customer, MethodGone)>> {
    let mut tx = jobs.cx.store.read().await?;
    let method = tx.method(scope, id).await?;
    let Some(method) = method.filter(|method| method.refused_at.is_some()) else {
        return Ok(None);
    };
    let users = tx.subscriptions_by_method(scope, id).await?;
    let Some(customer) = customer(&mut tx, scope, &method.customer).await? else {
        return Ok(None);
    };
    let mut products = Vec::with_capacity(users.len());
    for subscription in users.iter().filter(|user| !user.cancel_at_period_end) {
        let name = product(&mut tx, scope, &subscription.product).await?;
        if !products.contains(&name) {
            products.push(name);
        }
    }
    let on_hold = users
        .iter()
        .any(|user| matches!(user.state, SubscriptionState::OnHold { .. }));
    let mail = MethodGone {
        method: named(&method),
        products,
        on_hold,
        link: post.methods(),
    };
    Ok((!mail.products.is_empty()).then_some((customer, mail)))
}

async fn customer(tx: &mut Tx, scope: &Scope, id: &CustomerId) -> store::Result<Option<Customer>> {
    tx.customer(scope, id).await
}

async fn product(tx: &mut Tx, scope: &Scope, id: &ProductId) -> store::Result<String> {
    let product = tx.product(scope, id).await?;
    Ok(product.map(|product| product.name).unwrap_or_default())
}

pub(super) fn named(method: &PaymentMethod) -> Method {
    Method {
        brand: method.brand.clone().unwrap_or_else(|| method.kind.clone()),
        last4: method.last4.clone(),
    }
}
