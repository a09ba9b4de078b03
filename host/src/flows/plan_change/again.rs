//! A change that stands and could not be charged, because the gateway could not be asked: what it
//! costs stays due, with access. It is tried again until the next renewal takes it along.

use jiff::Timestamp;

use super::super::automatic::{self, Automatic};
use super::super::reactivation::available;
use super::super::records::News;
use super::super::tries::{self, Allowance};
use super::super::{Error, dispute, dunning};
use crate::cx::Cx;
use crate::domain::debt::{self, Debt, DebtKind};
use crate::domain::payment::{Payment, PaymentState, Purpose};
use crate::domain::subscription::{HoldReason, Subscription, SubscriptionState};
use crate::store::{Tx, Work};

/// Whether `payment`, which was `before`, ended because it was certainly never executed, and may be
/// as soon as somebody has mended the gateway. Nobody was asked, and so nobody has failed to pay.
pub(super) fn was_never_asked(payment: &Payment, before: &PaymentState, news: &News) -> bool {
    let nobody_knew = matches!(before, PaymentState::Created | PaymentState::Unknown { .. });
    let cancelled = matches!(payment.state, PaymentState::Cancelled { .. });
    cancelled && nobody_knew && !news.impossible
}

/// Orders the next try, after an hour and then less and less often, and with the renewal at the
/// latest. What waits on hold is paid by its customer, and what is paused with its next renewal.
pub(super) async fn later(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<(), Error> {
    if subscription.state != SubscriptionState::Active {
        return Ok(());
    }
    let mut at = after(cx, payment.attempt, now).min(subscription.period.end);
    if let Some(end) = subscription.expires_at {
        at = at.min(end);
    }
    let work = Work::Renew {
        subscription: subscription.id.clone(),
    };
    cx.order_at_business_time(tx, &subscription.scope, &work, at)
        .await?;
    Ok(())
}

/// When a change that stands and could not be charged is tried again, for whoever dates the next
/// renewal anew meanwhile. None where a try is under way; and what was never tried was too little,
/// and is for the next invoice.
pub(in crate::flows) async fn next_try(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
) -> Result<Option<Timestamp>, Error> {
    if subscription.state != SubscriptionState::Active {
        return Ok(None);
    }
    let (scope, id) = (&subscription.scope, &subscription.id);
    let mut dues = tx.dues_of(scope, id).await?;
    dues.retain(|due: &Debt| due.kind == DebtKind::PlanChange && !due.disputed);
    if dues.is_empty() {
        return Ok(None);
    }
    for open in tx.open_payments_of(scope, id).await? {
        let held = tx.debts_of_payment(&open.id).await?;
        dues.retain(|due| held.iter().all(|held| held.id != due.id));
    }
    let Some(before) = tries_at(tx, &dues).await?.checked_sub(1) else {
        return Ok(None);
    };
    let now = cx.business_now(tx, scope).await?;
    Ok(Some(after(cx, before, now)))
}

/// How often the one of `dues` was tried that was tried most often.
async fn tries_at(tx: &mut Tx, dues: &[Debt]) -> Result<u32, Error> {
    let mut tried = 0;
    for due in dues {
        tried = tx.attempts_at(&due.id).await?.max(tried);
    }
    Ok(tried)
}

/// The moment of the next try after so many that were repeated.
fn after(cx: &Cx, before: u32, now: Timestamp) -> Timestamp {
    let wait = cx.settings.load().billing.try_again_after;
    let wait = wait.saturating_mul(1 << before.min(4));
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Beat one of the next try for a locked subscription, whose period runs. None where nothing is due
/// for a change, or what is due cannot be charged now. Instead of a method that may never be charged
/// the backup method is; without one the subscription goes on hold, and its customer is asked.
pub(in crate::flows) async fn charge_again(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<Option<Payment>, Error> {
    let (scope, id) = (&subscription.scope, &subscription.id);
    if subscription.state != SubscriptionState::Active {
        return Ok(None);
    }
    let mut dues = tx.dues_of(scope, id).await?;
    dues.retain(|due: &Debt| due.kind == DebtKind::PlanChange && !due.disputed);
    if dues.is_empty() || !tx.open_payments_of(scope, id).await?.is_empty() {
        return Ok(None);
    }
    let main = match &subscription.method {
        Some(method) => tx.method(scope, method).await?,
        None => None,
    };
    let allowance = match &main {
        Some(main) if dispute::forbids(tx, scope, &main.id).await? => Allowance::Busy,
        Some(main) => tries::allowance(cx, tx, scope, &main.id, now).await?,
        None => Allowance::Refused,
    };
    let method = match (main, allowance) {
        (_, Allowance::Busy | Allowance::UsedUp) => return Ok(None),
        (Some(main), Allowance::Free) => Some(main),
        _ => dunning::backup_of(cx, tx, subscription, None, now).await?,
    };
    let Some(method) = method else {
        if tries_at(tx, &dues).await? > 0 {
            let what = (HoldReason::PlanChangeFailed, None);
            dunning::hold(cx, tx, what, subscription.clone(), None, now).await?;
        }
        return Ok(None);
    };
    let totals = debt::together(subscription.unit_price.currency, &mut dues)?;
    if automatic::is_too_little(cx, scope, &method.gateway, totals.gross) {
        return Ok(None);
    }
    let (business, _) = available(cx, scope)?;
    for due in &dues {
        tx.reprice_debt(due).await?;
    }
    let charge = Automatic {
        business: &business,
        subscription,
        dues: &dues,
        amount: totals.gross,
        tax_minor: totals.tax.minor,
        period: None,
        method,
        purpose: Purpose::PlanChange,
        metadata: &subscription.metadata,
    };
    charge.intend(cx, tx, now).await.map(Some)
}
