//! What was paid for the period that runs, read from its debts and what went back of them.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use super::super::{Error, refund};
use crate::domain::debt::{Debt, DebtKind};
use crate::domain::paid::{Paid, Purchase};
use crate::domain::subscription::Subscription;
use crate::store::Tx;

/// What is paid for the period that runs: its own purchase, and the changes of plan since. None
/// where it is not paid.
pub(super) async fn paid(tx: &mut Tx, subscription: &Subscription) -> Result<Option<Paid>, Error> {
    let mut purchases = Vec::new();
    for debt in supplied(tx, subscription).await? {
        let starts = match debt.kind {
            DebtKind::Period | DebtKind::Carried => true,
            DebtKind::PlanChange => starts_a_period(tx, &debt).await?,
            DebtKind::Purchase | DebtKind::OnDemand | DebtKind::PauseSettlement => continue,
        };
        purchases.push(Purchase {
            gone: refund::gone(tx, &debt).await?,
            lines: debt.lines,
            starts,
        });
        if starts {
            break;
        }
    }
    Ok(Paid::of(&purchases)?)
}

/// When the debt of a change arises that is made at `now`: after everything that it takes back,
/// within one instant of a test clock too.
pub(super) async fn arises(
    tx: &mut Tx,
    subscription: &Subscription,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    let known = supplied(tx, subscription).await?;
    let after = |debt: &Debt| debt.created_at.checked_add(SignedDuration::from_micros(1));
    let earliest = known.first().and_then(|debt| after(debt).ok());
    Ok(earliest.map_or(now, |earliest| earliest.max(now)))
}

/// The debts that were settled, with those that were too little to charge and are carried to the
/// next invoice, back to the period that runs; the newest first. They stand in the order in which
/// they arose: what a bank took back is settled later than what was bought after it.
async fn supplied(tx: &mut Tx, subscription: &Subscription) -> Result<Vec<Debt>, Error> {
    let (scope, id) = (&subscription.scope, &subscription.id);
    let carried =
        |due: &Debt| !due.disputed && matches!(due.kind, DebtKind::Carried | DebtKind::PlanChange);
    let mut debts = tx.dues_of(scope, id).await?;
    debts.retain(carried);
    debts.extend(tx.settled_debts_of(scope, id).await?);
    debts.retain(|debt| !debt.lines.is_empty());
    debts.sort_by_key(|debt| Reverse(debt.created_at));
    Ok(debts)
}

async fn starts_a_period(tx: &mut Tx, debt: &Debt) -> Result<bool, Error> {
    let Ok(id) = debt.cause.parse() else {
        return Ok(false);
    };
    let change = tx.plan_change(&debt.scope, &id).await?;
    Ok(change.is_some_and(|change| change.terms.period.is_some()))
}
