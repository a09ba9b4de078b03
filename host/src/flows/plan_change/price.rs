//! What a change of plan costs, told before it is made. A price is for one second: whoever
//! agrees to it names that second, and is charged what was shown.

use jiff::Timestamp;

use super::super::begin::{attach, period_lines};
use super::super::discount::check_minimum;
use super::super::reactivation::available;
use super::super::{Error, Refused, notices, reconciliation};
use super::paid::paid;
use super::{Wish, check, discounts};
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::addon::Attached;
use crate::domain::credit::{self, Credit};
use crate::domain::discount::{self, Applied};
use crate::domain::id::SubscriptionId;
use crate::domain::part::Part;
use crate::domain::period::Period;
use crate::domain::plan::Terms;
use crate::domain::product::Product;
use crate::domain::proration::{self, Change, Mode};
use crate::domain::subscription::Subscription;
use crate::domain::tax::{self, Line, Role, Totals};
use crate::store::Tx;

/// What a change would cost and lead to.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Names the price; good for a while.
    pub quote: String,
    /// When it would happen.
    pub effective_at: Timestamp,
    /// What is billed then.
    pub lines: Vec<Line>,
    /// The sums.
    pub totals: Totals,
    /// How much of a whole period the lines of the new plan are for.
    pub part: Part,
    /// By how much the subscription's credit changes, in minor units.
    pub credit: i64,
    /// The period that runs.
    pub running: Period,
    /// The subscription as it would be.
    pub changed: Subscription,
    /// What it would be for.
    pub product: Product,
}

/// A change with its price.
pub(super) struct Priced {
    pub(super) quote: String,
    pub(super) terms: Terms,
    pub(super) lines: Vec<Line>,
    pub(super) totals: Totals,
    pub(super) part: Part,
    /// The subscription's credit afterwards.
    pub(super) left: Vec<Credit>,
    pub(super) product: Product,
}

/// What a change costs at this moment. Refused as the change itself would be.
pub async fn preview(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    wish: &Wish,
) -> Result<Preview, Error> {
    let (business, _) = available(cx, scope)?;
    reconciliation::freshen(cx, scope, id).await?;
    let mut tx = cx.store.read().await?;
    let subscription = tx
        .subscription(scope, id)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    let now = cx.business_now(&mut tx, scope).await?;
    check(&mut tx, &subscription, wish, now).await?;
    let at = second(now)?;
    let discounts = discounts(&mut tx, &subscription, wish, None, now).await?;
    let priced = price(&mut tx, &business, &subscription, wish, discounts, at).await?;
    let before = sum(&subscription.extras.credits);
    let mut changed = subscription.clone();
    priced.terms.put_into(&mut changed);
    let effective_at = if wish.at_next_date {
        changed.period = subscription.period;
        changed.anchor = subscription.anchor;
        subscription.period.end
    } else {
        now
    };
    changed.extras.credits = priced.left;
    Ok(Preview {
        quote: priced.quote,
        effective_at,
        lines: priced.lines,
        totals: priced.totals,
        part: priced.part,
        credit: sum(&changed.extras.credits).saturating_sub(before),
        running: subscription.period,
        changed,
        product: priced.product,
    })
}

/// What credits are worth together, in minor units.
pub(super) fn sum(credits: &[Credit]) -> i64 {
    credits.iter().map(|credit| credit.amount.minor).sum()
}

/// `now` without the part of a second that has passed.
pub(super) fn second(now: Timestamp) -> Result<Timestamp, Error> {
    Timestamp::from_second(now.as_second()).map_err(|_| Error::Refused(Refused::StaleQuote))
}

/// Prices `wish` at `at`; `discounts` are those of the new plan.
pub(super) async fn price(
    tx: &mut Tx,
    business: &Business,
    subscription: &Subscription,
    wish: &Wish,
    discounts: Vec<Applied>,
    at: Timestamp,
) -> Result<Priced, Error> {
    let scope = &subscription.scope;
    let product = tx
        .product(scope, &wish.product)
        .await?
        .ok_or(Error::NotFound("product"))?;
    let currency = subscription.unit_price.currency;
    let Some(recurring) = product.recurring else {
        return Err(invalid("product_id", "needs a recurring price"));
    };
    if product.price.currency != currency {
        return Err(invalid(
            "product_id",
            "must be in the currency of the subscription",
        ));
    }
    if wish.quantity == 0 {
        return Err(invalid("quantity", "must be 1 or more"));
    }
    // More of the same keeps the price that was agreed.
    let is_same = product.id == subscription.product;
    let mut next = Subscription {
        product: product.id.clone(),
        quantity: wish.quantity,
        ..subscription.clone()
    };
    if !is_same {
        next.unit_price = product.price;
        next.tax_inclusive = product.tax_inclusive;
        next.interval = recurring.interval;
    }
    next.extras.addons = attach(tx, scope, currency, &wish.addons).await?;
    for addon in &mut next.extras.addons {
        let mut agreed = subscription.extras.addons.iter();
        if let Some(known) = agreed.find(|known| known.addon == addon.addon) {
            *addon = Attached {
                quantity: addon.quantity,
                ..known.clone()
            };
        }
    }
    let there = &subscription.extras.discounts;
    let is_new = |one: &&Applied| there.iter().all(|other| other.discount != one.discount);
    let new: Vec<Applied> = discounts.iter().filter(is_new).cloned().collect();
    check_minimum(&new, next.price()?)?;
    let paid = paid(tx, subscription).await?;
    let all_paid = paid.as_ref().map_or(&[][..], |paid| &paid.all);
    next.extras.discounts = running(&discounts, all_paid);
    let plan = period_lines(business, &product, &next, at, None)?;
    let mode = if wish.at_next_date {
        Mode::DoNotBill
    } else {
        wish.mode
    };
    let (running, known) = (subscription.period, &subscription.extras);
    let change = Change {
        mode,
        is_trial: paid.is_none() && is_unsold(tx, subscription).await?,
        now: at,
        running,
        anchor: subscription.anchor,
        old: known.sold_every(running.start, subscription.interval),
        new: next.interval,
        ends: subscription.expires_at,
        paid: paid.as_ref(),
        plan: &plan,
        currency,
    };
    let priced = proration::prorate(&change, &business.time_zone)?;
    let restarts = priced.period != subscription.period;
    let taken = credit::take(&subscription.extras.credits, priced.totals.gross)?;
    let credits = taken.lines.iter().map(credit::of_line).collect();
    let mut lines = priced.lines;
    lines.extend(taken.lines);
    let totals = tax::totals(currency, &lines)?;
    let mut left = taken.left;
    left.extend(priced.kept);
    let terms = Terms {
        product: next.product,
        quantity: next.quantity,
        unit_price: next.unit_price,
        tax_inclusive: next.tax_inclusive,
        interval: next.interval,
        addons: next.extras.addons,
        discounts: cycles_used(discounts, subscription, restarts, !lines.is_empty()),
        period: restarts.then_some(priced.period),
        anchor: priced.anchor,
        credits,
    };
    Ok(Priced {
        quote: terms.quote(subscription, mode, &totals, &left, at),
        terms,
        lines,
        totals,
        part: priced.part,
        left,
        product,
    })
}

/// Whether nothing was ever asked for the period that runs: a trial, or the days until the first
/// date of a subscription that was charged on demand.
async fn is_unsold(tx: &mut Tx, subscription: &Subscription) -> Result<bool, Error> {
    let (scope, id) = (&subscription.scope, &subscription.id);
    Ok(notices::is_trial(tx, subscription).await? || !tx.has_sold_a_period(scope, id).await?)
}

fn invalid(field: &'static str, problem: &str) -> Error {
    Error::Invalid {
        field,
        problem: problem.to_owned(),
    }
}

/// Discounts of the period that runs work for all of it, also those that it was the last of.
fn running(discounts: &[Applied], paid: &[Line]) -> Vec<Applied> {
    let was_used = |discount: &Applied| {
        paid.iter().any(|line| {
            matches!(&line.role, Role::Discount { discount: id } if *id == discount.discount)
        })
    };
    let mut running = discounts.to_vec();
    for discount in &mut running {
        if discount.cycles_left == Some(0) && was_used(discount) {
            discount.cycles_left = None;
        }
    }
    running
}

/// A period that starts anew uses a cycle of each discount up; otherwise only those do that are
/// new, and only where something is billed.
fn cycles_used(
    mut discounts: Vec<Applied>,
    subscription: &Subscription,
    restarts: bool,
    is_billed: bool,
) -> Vec<Applied> {
    let known = &subscription.extras.discounts;
    for one in &mut discounts {
        let is_new = known.iter().all(|other| other.discount != one.discount);
        if is_billed && (restarts || is_new) {
            discount::use_cycle(std::slice::from_mut(one));
        }
    }
    discounts
}
