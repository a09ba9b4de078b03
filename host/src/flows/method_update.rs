//! Which method pays: choosing a saved one, collecting a new one, removing one. On hold it
//! is the dues that are paid; otherwise nothing is charged.

use jiff::Timestamp;

use super::reactivation::{self, available, chosen};
use super::repeat::{self, Call};
use super::{Attempt, AttemptOf, Choice, Ending, Error, Refused, charge, facts};
use super::{records, settlement, token};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::{CustomerId, MethodId, SetupId, SubscriptionId};
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::plugins::gateway::request::{DetachRequest, SetupRequest};
use crate::store::{Setup, SetupState, Tx, Work};

/// Lets `choice` pay for a subscription: its dues now where there are some, its renewals
/// from now on. What a `call` of the API made once, a repeat of it finds again.
pub async fn start(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    choice: Choice,
    call: Option<&Call>,
) -> Result<Attempt, Error> {
    let has_dues = reactivation::quote(cx, scope, id).await?.is_some();
    if !has_dues {
        let mut tx = cx.store.read().await?;
        let subscription = tx
            .subscription(scope, id)
            .await?
            .ok_or(Error::NotFound("subscription"))?;
        takes_method(&subscription)?;
    }
    let payment = call.map_or_else(|| cx.new_id(), |call| call.id_of("payment"));
    if let Some(known) = cx.store.read().await?.payment(scope, &payment).await? {
        let ending = Ending::of(&known);
        return Ok(Attempt {
            of: AttemptOf::Payment(payment),
            ending,
        });
    }
    match choice {
        choice if has_dues => reactivation::start_now(cx, scope, id, choice, payment).await,
        Choice::New => set_up(cx, scope, id, None).await,
        Choice::Saved(method) => choose(cx, scope, id, method, call).await,
    }
}

/// The same for a customer whose page said that nothing is charged: where something is due by now,
/// that page is stale.
pub async fn start_free(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    choice: Choice,
) -> Result<Attempt, Error> {
    let subscription = {
        let mut tx = cx.store.read().await?;
        let subscription = tx.subscription(scope, id).await?;
        let subscription = subscription.ok_or(Error::NotFound("subscription"))?;
        if let Choice::Saved(method) = &choice {
            reactivation::own(&subscription, tx.method(scope, method).await?)?;
        }
        subscription
    };
    if reactivation::quote(cx, scope, id).await?.is_some() {
        return Err(Error::Refused(Refused::StaleQuote));
    }
    takes_method(&subscription)?;
    match choice {
        Choice::New => set_up(cx, scope, id, None).await,
        Choice::Saved(method) => choose(cx, scope, id, method, None).await,
    }
}

/// Refuses a subscription that no method pays for yet, or any more.
pub(super) fn takes_method(subscription: &Subscription) -> Result<(), Error> {
    match subscription.state {
        SubscriptionState::Active
        | SubscriptionState::PastDue { .. }
        | SubscriptionState::OnHold { .. }
        | SubscriptionState::Paused { .. } => Ok(()),
        SubscriptionState::Pending
        | SubscriptionState::Cancelled { .. }
        | SubscriptionState::Failed { .. }
        | SubscriptionState::Expired { .. } => Err(Error::Refused(Refused::State)),
    }
}

/// A saved method pays from now on; nothing has to be asked.
pub(super) async fn choose(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    method: MethodId,
    call: Option<&Call>,
) -> Result<Attempt, Error> {
    let mut tx = cx.store.begin().await?;
    let subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    put(cx, &mut tx, subscription, method).await?;
    if let Some(call) = call {
        repeat::close_in(&mut tx, call, "").await?;
    }
    tx.commit().await?;
    Ok(Attempt {
        of: AttemptOf::Nothing,
        ending: Ending::Succeeded,
    })
}

/// The same for a subscription among others, by whoever comes first: where the method pays already
/// and nothing waits for one, that is no news.
pub(super) async fn choose_among(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    method: MethodId,
) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    let waits = !matches!(
        subscription.state,
        SubscriptionState::Active | SubscriptionState::Paused { .. }
    );
    if waits || subscription.method.as_ref() != Some(&method) {
        put(cx, &mut tx, subscription, method).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn put(
    cx: &Cx,
    tx: &mut Tx,
    subscription: Subscription,
    method: MethodId,
) -> Result<(), Error> {
    chosen(tx, &subscription, Choice::Saved(method.clone())).await?;
    let now = cx.business_now(tx, &subscription.scope).await?;
    settlement::use_method(cx, tx, subscription, method, now).await
}

/// Collects a new method without a charge, on the gateway's page.
pub(super) async fn set_up(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    return_url: Option<String>,
) -> Result<Attempt, Error> {
    set_up_as(cx, scope, id, cx.new_id(), return_url).await
}

/// The same under an id that was chosen beforehand.
pub(super) async fn set_up_as(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    setup: SetupId,
    return_url: Option<String>,
) -> Result<Attempt, Error> {
    let (business, mode) = available(cx, scope)?;
    let gateway = charge::default_gateway(&mode)?;
    let expires_at = cx
        .now()
        .checked_add(cx.settings.load().billing.payment_expiry)
        .unwrap_or(Timestamp::MAX);

    let mut tx = cx.store.begin().await?;
    let subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    if subscription.state.is_final() {
        return Err(Error::Refused(Refused::State));
    }
    let customer = tx
        .customer(scope, &subscription.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let now = cx.business_now(&mut tx, scope).await?;
    reactivation::limit_tries(cx, &mut tx, scope, &customer.id, now).await?;
    let reference = charge::customer_reference(&mut tx, &customer, &gateway, None).await?;
    let setup = Setup {
        id: setup,
        scope: scope.clone(),
        customer: customer.id.clone(),
        subscription: subscription.id.clone(),
        gateway: gateway.clone(),
        state: SetupState::Created,
        decline: None,
        action: None,
        expires_at,
        gateway_ref: None,
        method: None,
        return_url,
        created_at: now,
        updated_at: now,
        version: 0,
    };
    tx.insert_setup(&setup).await?;
    cx.order_at(
        &mut tx,
        scope,
        &Work::ExpireSetup {
            setup: setup.id.clone(),
        },
        expires_at,
    )
    .await?;
    tx.commit().await?;

    let of = AttemptOf::Setup(setup.id.clone());
    let request = SetupRequest {
        key: setup.id.to_string(),
        customer: records::customer(
            &customer,
            reference,
            &business.default_locale,
            Some(subscription.buyer.billing.country.clone()),
        ),
        kinds: Vec::new(),
        currency: subscription.unit_price.currency,
        return_url: token::return_url(cx, scope, &of),
        expires_at,
    };
    let ending = ask(cx, scope, &setup.id, &gateway, &request).await?;
    Ok(Attempt { of, ending })
}

async fn ask(
    cx: &Cx,
    scope: &Scope,
    id: &SetupId,
    gateway: &str,
    request: &SetupRequest,
) -> Result<Ending, Error> {
    let called = match cx.plugins.gateway(scope, gateway) {
        Ok(gateway) => gateway.setup_begin(request).await,
        Err(error) => Err(error),
    };
    match called {
        Ok(answer) => settlement::apply_setup(cx, scope, id, answer).await,
        Err(error) => {
            tracing::warn!(setup.id = %id, error = %error, "a set-up could not begin");
            Err(Error::Unavailable(
                "the payment provider does not answer".to_owned(),
            ))
        }
    }
}

/// Marks a saved method as the one that is tried when another is declined at a renewal, or
/// takes the mark away.
pub async fn set_backup(
    cx: &Cx,
    scope: &Scope,
    customer: &CustomerId,
    id: &MethodId,
    is_backup: bool,
) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let method = tx.lock_method(scope, id).await?;
    let method = method
        .filter(|method| method.customer == *customer)
        .ok_or(Error::NotFound("payment method"))?;
    if method.is_backup == is_backup {
        return Ok(());
    }
    if is_backup && method.refused_at.is_some() {
        return Err(Error::Refused(Refused::MethodUnusable));
    }
    tx.set_backup_method(scope, customer, is_backup.then_some(id))
        .await?;
    facts::audit(
        cx,
        &mut tx,
        scope,
        "payment-method.backup",
        id.as_str(),
        Some(serde_json::json!({ "backup": method.is_backup })),
        Some(serde_json::json!({ "backup": is_backup })),
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Removes a saved method that pays for nothing: first here, so that it is never charged
/// again, then at the gateway. Removing one that is gone is fine.
pub async fn detach(
    cx: &Cx,
    scope: &Scope,
    customer: &CustomerId,
    id: &MethodId,
) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let Some(method) = tx
        .lock_method(scope, id)
        .await?
        .filter(|m| m.customer == *customer)
    else {
        return match tx.method_ever(scope, id).await? {
            Some(gone) if gone.customer == *customer => Ok(()),
            _ => Err(Error::NotFound("payment method")),
        };
    };
    let pays_for = tx.subscriptions_by_method(scope, id).await?;
    let mut users: Vec<SubscriptionId> = pays_for.into_iter().map(|user| user.id).collect();
    let charged = tx.charged_with(scope, id).await?;
    users.extend(charged.iter().flatten().cloned());
    users.sort();
    users.dedup();
    if !users.is_empty() || !charged.is_empty() {
        return Err(Error::MethodInUse(users));
    }
    let now = cx.business_now(&mut tx, scope).await?;
    tx.detach_method(scope, id, now).await?;
    facts::audit(
        cx,
        &mut tx,
        scope,
        "payment-method.detach",
        id.as_str(),
        None,
        None,
    )
    .await?;
    tx.commit().await?;

    let request = DetachRequest {
        method: records::stored(&method),
        customer_reference: method.customer_reference.clone(),
    };
    let detached = match cx.plugins.gateway(scope, &method.gateway) {
        Ok(gateway) => gateway.detach(&request).await,
        Err(error) => Err(error),
    };
    if let Err(error) = detached {
        // It is hidden and never charged here again; the gateway's copy is the operator's.
        tracing::warn!(method.id = %id, error = %error, "the gateway did not detach a method");
    }
    Ok(())
}
