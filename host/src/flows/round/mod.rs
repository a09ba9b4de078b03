//! One method for all subscriptions of a customer: what is due is paid, one charge for each
//! subscription in turn, and the others only change their method. Each has a result of its own.
//!
//! The round and the names of its payments are committed before anything is asked of a gateway,
//! so that whoever goes on with it, in whatever process, finds what was done.

mod step;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use self::step::take;
use super::{AttemptOf, Choice, Ending, Error, Refused};
use super::{facts, method_update, reactivation, too_little};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::{CustomerId, Id, MethodId, PaymentId, RoundId, SetupId};
use crate::domain::payment::PaymentState;
use crate::domain::quote::Quote;
use crate::domain::subscription::Subscription;
use crate::store::{self, Round, SetupState, Step, StepOutcome, SubscriptionFilter, Work};

/// How many subscriptions a round has at most.
const MOST: u32 = 50;
/// When a round is gone on with that nobody looks after.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(60);

/// What a round would do.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Equal for equal contents; a page that shows another one is stale.
    pub id: String,
    /// The subscriptions, those with dues first.
    pub items: Vec<(Subscription, Option<Quote>)>,
}

/// What a round of `customer` would do now.
pub async fn offer(cx: &Cx, scope: &Scope, customer: &CustomerId) -> Result<Offer, Error> {
    offer_as(cx, scope, customer, None).await
}

/// The same for the second that the offer which the customer has `agreed` to is for.
async fn offer_as(
    cx: &Cx,
    scope: &Scope,
    customer: &CustomerId,
    agreed: Option<&str>,
) -> Result<Offer, Error> {
    let mut living = Vec::new();
    let at = {
        let mut tx = cx.store.read().await?;
        for state in ["on-hold", "past-due", "active", "paused"] {
            let filter = SubscriptionFilter {
                customer: Some(customer.clone()),
                state: Some(state),
                ..SubscriptionFilter::default()
            };
            living.extend(tx.subscriptions(scope, &filter, MOST, 0).await?);
        }
        let now = cx.business_now(&mut tx, scope).await?;
        reactivation::agreed_at(cx, agreed, now)
    };
    // As a quote names its second.
    let second = format!("{}.", at.as_second());
    living.truncate(MOST as usize);
    let mut items = Vec::with_capacity(living.len());
    for subscription in living {
        let quote = reactivation::quote_as(cx, scope, &subscription.id, Some(&second)).await?;
        items.push((subscription, quote));
    }
    items.sort_by_key(|(_, quote)| quote.is_none());
    let mut hash = Sha256::new();
    for (subscription, quote) in &items {
        hash.update(subscription.id.as_str());
        hash.update([0]);
        hash.update(quote.as_ref().map_or("", |quote| quote.id.as_str()));
        hash.update([0]);
    }
    let id = data_encoding::BASE32_NOPAD
        .encode(&hash.finalize()[..10])
        .to_ascii_lowercase();
    let quotes = items.iter().filter_map(|(_, quote)| quote.as_ref());
    let falls = quotes.map(|quote| &quote.id).any(|id| id.contains('.'));
    let id = if falls { format!("{second}{id}") } else { id };
    Ok(Offer { id, items })
}

/// Starts the round that the page has named, with what the customer saw. A page that is sent
/// again finds the round that it started; nobody's page can name a round of somebody else.
pub async fn start(
    cx: &Cx,
    scope: &Scope,
    customer: &CustomerId,
    named: &RoundId,
    choice: Choice,
    agreed: &str,
) -> Result<RoundId, Error> {
    let at = named.made_at().unwrap_or(Timestamp::UNIX_EPOCH);
    let id = RoundId::derived(at, &[customer.as_str(), named.as_str()]);
    match intend(cx, scope, customer, &id, choice, agreed).await {
        Ok(()) | Err(Error::Store(store::Error::Conflict(_))) => {}
        Err(error) => return Err(error),
    }
    go_on(cx, scope, &id).await?;
    Ok(id)
}

async fn intend(
    cx: &Cx,
    scope: &Scope,
    customer: &CustomerId,
    id: &RoundId,
    choice: Choice,
    agreed: &str,
) -> Result<(), Error> {
    if cx.store.read().await?.round(scope, id).await?.is_some() {
        return Ok(());
    }
    if let Choice::Saved(method) = &choice {
        let saved = cx.store.read().await?.method(scope, method).await?;
        if saved.is_none_or(|saved| saved.customer != *customer) {
            return Err(Error::NotFound("payment method"));
        }
    }
    let offer = offer_as(cx, scope, customer, Some(agreed)).await?;
    if offer.items.is_empty() {
        return Err(Error::Refused(Refused::NothingDue));
    }
    if offer.id != agreed {
        return Err(Error::Refused(Refused::StaleQuote));
    }
    let now = cx.now();
    let mut tx = cx.store.begin().await?;
    let method = match choice {
        Choice::New => None,
        Choice::Saved(method) => {
            let saved = tx.lock_method(scope, &method).await?;
            Some(saved.ok_or(Error::NotFound("payment method"))?.id)
        }
    };
    let round = Round {
        id: id.clone(),
        scope: scope.clone(),
        customer: customer.clone(),
        method,
        setup: None,
        created_at: now,
        ended_at: None,
    };
    let step = |(position, (subscription, quote)): (usize, (Subscription, Option<Quote>))| Step {
        position: u32::try_from(position).unwrap_or(u32::MAX),
        payment: quote
            .as_ref()
            .map(|_| PaymentId::derived(now, &[id.as_str(), subscription.id.as_str()])),
        subscription: subscription.id,
        quote: quote.map(|quote| quote.id),
        outcome: StepOutcome::Waiting,
    };
    let steps: Vec<Step> = offer.items.into_iter().enumerate().map(step).collect();
    tx.insert_round(&round, &steps).await?;
    look_later(cx, &mut tx, &round).await?;
    let after = serde_json::json!({ "method": round.method, "subscriptions": steps.len() });
    facts::audit(
        cx,
        &mut tx,
        scope,
        "customer.one-method-for-all",
        customer.as_str(),
        None,
        Some(after),
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

async fn look_later(cx: &Cx, tx: &mut store::Tx, round: &Round) -> Result<(), Error> {
    let at = cx.now().checked_add(LOOK_AGAIN).unwrap_or(Timestamp::MAX);
    let work = Work::Round {
        round: round.id.clone(),
    };
    cx.order_at(tx, &round.scope, &work, at).await?;
    Ok(())
}

/// Goes on with a round: every step whose turn it is. Waits for nobody; a step that has to be
/// confirmed keeps no other waiting once the method is known.
pub async fn go_on(cx: &Cx, scope: &Scope, id: &RoundId) -> Result<(), Error> {
    let (round, steps) = {
        let mut tx = cx.store.read().await?;
        let Some(round) = tx.round(scope, id).await? else {
            return Ok(());
        };
        let steps = tx.round_steps(id).await?;
        (round, steps)
    };
    if round.ended_at.is_some() {
        return Ok(());
    }
    let patience = cx.settings.load().billing.payment_expiry;
    if round
        .created_at
        .checked_add(patience)
        .is_ok_and(|last| last < cx.now())
    {
        // Nobody is there any more who agreed to this.
        return end(cx, &round).await;
    }
    let method = match &round.method {
        Some(method) => Some(method.clone()),
        None => match collect(cx, &round, &steps).await? {
            Collected::Method(method) => Some(method),
            Collected::Waiting => None,
            Collected::Nothing => return end(cx, &round).await,
        },
    };
    let Some(method) = method else {
        let mut tx = cx.store.begin().await?;
        look_later(cx, &mut tx, &round).await?;
        tx.commit().await?;
        return Ok(());
    };
    for step in steps {
        if step.outcome == StepOutcome::Waiting {
            take(cx, &round, step, Choice::Saved(method.clone())).await?;
        }
    }
    end(cx, &round).await
}

async fn end(cx: &Cx, round: &Round) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    tx.end_round(&round.scope, &round.id, cx.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// What the first step of a round with a new method has brought.
enum Collected {
    Method(MethodId),
    Waiting,
    Nothing,
}

/// The first step takes the new method: with its charge, or, when nothing is due or it is too
/// little to charge, by a set-up.
async fn collect(cx: &Cx, round: &Round, steps: &[Step]) -> Result<Collected, Error> {
    let Some(first) = steps.first() else {
        return Ok(Collected::Nothing);
    };
    let scope = &round.scope;
    let mut first = first.clone();
    let Some(quote) = first.quote.clone() else {
        return set_up(cx, round, &first).await;
    };
    let subscription = &first.subscription;
    if round.setup.is_some()
        || too_little::applies(cx, scope, subscription, &Choice::New, Some(&quote)).await?
    {
        return set_up(cx, round, &first).await;
    }
    if first.outcome == StepOutcome::Waiting {
        first = take(cx, round, first, Choice::New).await?;
        if first.outcome == StepOutcome::Waiting {
            // It has become too little to charge since it was looked at.
            return set_up(cx, round, &first).await;
        }
    }
    let payment = match (&first.payment, first.outcome) {
        (Some(payment), StepOutcome::Tried) => {
            let mut tx = cx.store.read().await?;
            tx.payment(scope, payment).await?
        }
        _ => None,
    };
    let Some(payment) = payment else {
        return Ok(Collected::Nothing);
    };
    let good = matches!(
        payment.state,
        PaymentState::Succeeded { .. } | PaymentState::Processing { .. }
    );
    match payment.method {
        Some(method) if good => keep(cx, round, method).await,
        _ if payment.state.is_open() => Ok(Collected::Waiting),
        _ => Ok(Collected::Nothing),
    }
}

async fn keep(cx: &Cx, round: &Round, method: MethodId) -> Result<Collected, Error> {
    let mut tx = cx.store.begin().await?;
    tx.set_round_method(&round.scope, &round.id, &method)
        .await?;
    tx.commit().await?;
    Ok(Collected::Method(method))
}

async fn set_up(cx: &Cx, round: &Round, first: &Step) -> Result<Collected, Error> {
    let scope = &round.scope;
    let id: SetupId = SetupId::derived(round.created_at, &[round.id.as_str(), "method"]);
    {
        let mut tx = cx.store.begin().await?;
        tx.set_round_setup(scope, &round.id, &id).await?;
        tx.commit().await?;
    }
    let known = cx.store.read().await?.setup(scope, &id).await?;
    let setup = if let Some(setup) = known {
        setup
    } else {
        let subscription = &first.subscription;
        match method_update::set_up_as(cx, scope, subscription, id.clone(), None).await {
            // Somebody who does the same was a moment earlier.
            Ok(_) | Err(Error::Store(store::Error::Conflict(_))) => {}
            Err(Error::Refused(_)) => return Ok(Collected::Nothing),
            Err(error) => return Err(error),
        }
        let made = cx.store.read().await?.setup(scope, &id).await?;
        made.ok_or(Error::NotFound("set-up"))?
    };
    match (setup.state, setup.method) {
        (SetupState::Succeeded, Some(method)) => keep(cx, round, method).await,
        (SetupState::Created | SetupState::AwaitingCustomer, _) => Ok(Collected::Waiting),
        _ => Ok(Collected::Nothing),
    }
}

/// Goes on with the round that waits for this attempt, if there is one; answers which.
pub async fn after(cx: &Cx, scope: &Scope, of: &AttemptOf) -> Result<Option<RoundId>, Error> {
    let round = {
        let mut tx = cx.store.read().await?;
        match of {
            AttemptOf::Payment(id) => tx.round_of_payment(scope, id).await?,
            AttemptOf::Setup(id) => tx.round_of_setup(scope, id).await?,
            AttemptOf::Nothing => None,
        }
    };
    let Some(round) = round else { return Ok(None) };
    if let Err(error) = Box::pin(go_on(cx, scope, &round.id)).await {
        // The queue goes on with it.
        tracing::warn!(round.id = %round.id, error = %error, "a round could not go on");
    }
    Ok(Some(round.id))
}

/// Where the customer is needed first: the page of a step that waits for them.
pub async fn waits_for(cx: &Cx, scope: &Scope, id: &RoundId) -> Result<Vec<Ending>, Error> {
    let mut tx = cx.store.read().await?;
    let mut waiting = Vec::new();
    for step in tx.round_steps(id).await? {
        if let (Some(payment), StepOutcome::Tried) = (&step.payment, step.outcome)
            && let Some(payment) = tx.payment(scope, payment).await?
            && let ending @ Ending::Action(_) = Ending::of(&payment)
        {
            waiting.push(ending);
        }
    }
    let round = tx.round(scope, id).await?;
    if let Some(setup) = round
        .filter(|round| round.method.is_none())
        .and_then(|r| r.setup)
        && let Some(setup) = tx.setup(scope, &setup).await?
        && let ending @ Ending::Action(_) = super::settlement::ending_of_setup(&setup)
    {
        waiting.push(ending);
    }
    Ok(waiting)
}
