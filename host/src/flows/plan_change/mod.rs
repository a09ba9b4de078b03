//! Changing the plan of a subscription: now, with a charge or a credit for what is left of the
//! period, or at the next billing date.

mod again;
mod charged;
mod outcome;
mod paid;
mod price;

pub(super) use self::again::{charge_again, next_try};
pub(super) use self::outcome::{failed, fall_due, foresee, given_up, hold_replaced, lost, paid};
pub use self::price::{Preview, preview};

use jiff::{SignedDuration, Timestamp};

use super::discount::{self, Redeeming};
use super::reactivation::available;
use super::{Ending, Error, Refused, charge, facts, reconciliation};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::debt::{Debt, DebtKind};
use crate::domain::discount::Applied;
use crate::domain::id::{AddonId, PaymentId, PlanChangeId, ProductId, SubscriptionId};
use crate::domain::payment::{Initiator, Purpose};
use crate::domain::plan::{self, ChangeState, OnFailure, PlanChange};
use crate::domain::proration::Mode;
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::store::{self, Tx};

use self::charged::Immediate;

/// The plan that is wished for, and how to get there.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What for; must have a recurring price in the currency of the subscription.
    pub product: ProductId,
    /// How many, at least 1.
    pub quantity: u32,
    /// Add-ons and how many of each; those that are not named go.
    pub addons: Vec<(AddonId, u32)>,
    /// Discount codes in place of those there are; none keeps those that a change preserves.
    pub codes: Option<Vec<String>>,
    /// How it is billed when it happens now.
    pub mode: Mode,
    /// At the next billing date, instead of now.
    pub at_next_date: bool,
    /// What a charge that fails does.
    pub on_failure: OnFailure,
    /// Whether it takes the place of a change that waits for the next date.
    pub replaces_scheduled: bool,
}

/// Who wishes it, and under which names.
#[derive(Clone, Debug)]
pub struct Order {
    /// Chosen beforehand, so that a repeat finds what the first one did.
    pub change: PlanChangeId,
    /// The id of its payment, likewise.
    pub payment: PaymentId,
    /// The price that was shown; the one of this moment when none.
    pub quote: Option<String>,
    /// Whether the customer is there.
    pub initiator: Initiator,
    /// The payment's metadata (a JSON object); the subscription's when none.
    pub metadata: Option<String>,
}

/// What became of a wish.
#[derive(Clone, Debug)]
pub struct Started {
    /// The change.
    pub change: PlanChange,
    /// Where its payment stands; none when nothing had to be paid.
    pub ending: Option<Ending>,
}

/// Changes the plan of a subscription, or schedules the change. A charge is made with the method
/// of the subscription.
pub async fn start(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    wish: Wish,
    order: Order,
) -> Result<Started, Error> {
    let known = order.change.clone();
    reconciliation::freshen(cx, scope, id).await?;
    let (change, is_new) = match intend(cx, scope, id, wish, order).await {
        Ok(made) => made,
        // Another request of the same moment was first: the same one, or one of somebody else.
        Err(Error::Store(store::Error::Conflict(_))) => {
            let mut tx = cx.store.read().await?;
            let change = tx.plan_change(scope, &known).await?;
            (change.ok_or(Error::Refused(Refused::ChangePending))?, false)
        }
        Err(error) => return Err(error),
    };
    let ending = match &change.payment {
        Some(payment) if is_new => Some(charge::send(cx, scope, payment).await?),
        Some(payment) => {
            let mut tx = cx.store.read().await?;
            let payment = tx.payment(scope, payment).await?;
            payment.as_ref().map(Ending::of)
        }
        None => None,
    };
    Ok(Started { change, ending })
}

/// Takes a change back that waits for the next date. None there is fine: the wish is granted.
pub async fn cancel_scheduled(cx: &Cx, scope: &Scope, id: &SubscriptionId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    let now = cx.business_now(&mut tx, scope).await?;
    if drop_scheduled(&mut tx, &subscription, now).await? {
        let object = id.as_str();
        facts::tell(cx, &mut tx, scope, "subscription.updated", object, now).await?;
        let action = "subscription.cancel-plan-change";
        facts::audit(cx, &mut tx, scope, action, object, None, None).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Drops a scheduled change, with the uses of codes that it made.
pub(super) async fn drop_scheduled(
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<bool, Error> {
    let (scope, id) = (&subscription.scope, &subscription.id);
    let Some(change) = tx.scheduled_change(scope, id).await? else {
        return Ok(false);
    };
    tx.give_discounts_back(scope, change.id.as_str()).await?;
    Ok(tx.drop_scheduled_change(scope, id, now).await?)
}

/// Why a subscription's plan cannot be changed as wished; nothing when it can.
async fn check(
    tx: &mut Tx,
    subscription: &Subscription,
    wish: &Wish,
    now: Timestamp,
) -> Result<(), Error> {
    let (scope, id) = (&subscription.scope, &subscription.id);
    // What is charged on demand has no period to change.
    if subscription.state != SubscriptionState::Active || subscription.on_demand {
        return Err(Error::Refused(Refused::State));
    }
    if subscription.cancel_at_period_end {
        return Err(Error::Refused(Refused::EndScheduled));
    }
    if let Some(open) = tx.open_payments_of(scope, id).await?.first() {
        return Err(Error::Refused(match open.purpose {
            Purpose::PlanChange => Refused::ChangePending,
            _ => Refused::PaymentUnderWay,
        }));
    }
    // Its period is over, and the renewal at the present price is on its way.
    let dues = tx.dues_of(scope, id).await?;
    let renews = |due: &Debt| due.kind == DebtKind::Period;
    if subscription.period.end <= now || dues.iter().any(renews) {
        return Err(Error::Refused(Refused::PaymentUnderWay));
    }
    if !wish.replaces_scheduled && tx.scheduled_change(scope, id).await?.is_some() {
        return Err(Error::Refused(Refused::ChangeScheduled));
    }
    Ok(())
}

/// Beat one. Answers the change, and whether it is new.
async fn intend(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    wish: Wish,
    order: Order,
) -> Result<(PlanChange, bool), Error> {
    let (business, _) = available(cx, scope)?;
    let mut tx = cx.store.begin().await?;
    let subscription = tx
        .lock_subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    if let Some(known) = tx.plan_change(scope, &order.change).await? {
        return Ok((known, false));
    }
    let now = cx.business_now(&mut tx, scope).await?;
    check(&mut tx, &subscription, &wish, now).await?;
    let at = agreed_at(cx, order.quote.as_deref(), now)?;
    hold(&mut tx, &subscription, &wish).await?;
    let cause = order.change.as_str();
    let discounts = discounts(&mut tx, &subscription, &wish, Some(cause), now).await?;
    let priced = price::price(&mut tx, &business, &subscription, &wish, discounts, at).await?;
    if order
        .quote
        .as_ref()
        .is_some_and(|quote| *quote != priced.quote)
    {
        return Err(Error::Refused(Refused::StaleQuote));
    }
    if wish.replaces_scheduled && wish.at_next_date {
        // One that happens now takes its place when it stands, and not before.
        drop_scheduled(&mut tx, &subscription, now).await?;
    }
    let change = PlanChange {
        id: order.change.clone(),
        scope: scope.clone(),
        subscription: id.clone(),
        state: ChangeState::Scheduled,
        terms: priced.terms.clone(),
        payment: None,
        created_at: now,
        closed_at: None,
    };
    let (change, sent) = if wish.at_next_date {
        tx.insert_plan_change(&change).await?;
        let object = id.as_str();
        facts::tell(cx, &mut tx, scope, "subscription.updated", object, now).await?;
        note(cx, &mut tx, &change, "subscription.schedule-plan-change").await?;
        outcome::mail(cx, &mut tx, &subscription, &change, None).await?;
        (change, None)
    } else {
        let (change, sent) = Immediate {
            cx,
            business: &business,
            wish: &wish,
            order: &order,
            now,
        }
        .change(&mut tx, subscription, change, priced)
        .await?;
        note(cx, &mut tx, &change, "subscription.change-plan").await?;
        (change, sent)
    };
    match sent {
        Some(payment) => charge::commit(cx, tx, &payment).await?,
        None => tx.commit().await?,
    }
    Ok((change, true))
}

/// Locks what a change may need beside the subscription, in the order of every flow: the method,
/// then the discounts.
async fn hold(tx: &mut Tx, subscription: &Subscription, wish: &Wish) -> Result<(), Error> {
    let (scope, id) = (&subscription.scope, &subscription.id);
    if let (false, Some(method)) = (wish.at_next_date, &subscription.method) {
        tx.lock_method(scope, method).await?;
    }
    if !wish.replaces_scheduled {
        return Ok(());
    }
    if let Some(scheduled) = tx.scheduled_change(scope, id).await? {
        let codes = wish.codes.as_deref().unwrap_or_default();
        discount::hold(tx, scope, codes, scheduled.id.as_str()).await?;
    }
    Ok(())
}

/// The instant that the price is for: that of the quote that was shown, while it is fresh.
fn agreed_at(cx: &Cx, quote: Option<&str>, now: Timestamp) -> Result<Timestamp, Error> {
    let Some(quote) = quote else {
        return price::second(now);
    };
    let lifetime: SignedDuration = cx.settings.load().billing.plan_quote_lifetime;
    plan::quoted_at(quote)
        .filter(|at| *at <= now && now.duration_since(*at) <= lifetime)
        .ok_or(Error::Refused(Refused::StaleQuote))
}

async fn note(cx: &Cx, tx: &mut Tx, change: &PlanChange, action: &str) -> Result<(), Error> {
    let after = serde_json::json!({
        "change": change.id,
        "product": change.terms.product,
        "quantity": change.terms.quantity,
        "payment": change.payment,
    });
    let object = change.subscription.as_str();
    facts::audit(cx, tx, &change.scope, action, object, None, Some(after)).await?;
    Ok(())
}

/// The discounts of the new plan. A code that is there already stays as it is; any other is
/// redeemed for `cause`, or only looked at.
async fn discounts(
    tx: &mut Tx,
    subscription: &Subscription,
    wish: &Wish,
    cause: Option<&str>,
    now: Timestamp,
) -> Result<Vec<Applied>, Error> {
    let known = &subscription.extras.discounts;
    let Some(codes) = &wish.codes else {
        let kept = known.iter().filter(|discount| discount.preserve);
        return Ok(kept.cloned().collect());
    };
    let redeeming = Redeeming {
        scope: &subscription.scope,
        customer: &subscription.customer,
        product: &wish.product,
        currency: subscription.unit_price.currency,
        cause: cause.unwrap_or_default(),
        now,
    };
    let is_known = |code: &&String| {
        let code = code.trim();
        known.iter().any(|one| one.code.eq_ignore_ascii_case(code))
    };
    let fresh: Vec<String> = codes
        .iter()
        .filter(|code| !is_known(code))
        .cloned()
        .collect();
    let mut redeemed = match cause {
        Some(_) => redeeming.redeem(tx, &fresh).await?,
        None => redeeming.look(tx, &fresh).await?,
    }
    .into_iter();
    let mut all: Vec<Applied> = Vec::new();
    for code in codes {
        let code = code.trim();
        let there = known.iter().find(|one| one.code.eq_ignore_ascii_case(code));
        let one = match there {
            Some(known) => Some(known.clone()),
            None => redeemed.next(),
        };
        all.extend(one.filter(|one| all.iter().all(|other| other.discount != one.discount)));
    }
    Ok(all)
}
