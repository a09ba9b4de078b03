//! Dues that are less than a gateway charges: a customer who comes back with a method pays nothing
//! now, and the next invoice has them.

use jiff::Timestamp;

use super::super::automatic::is_too_little;
use super::super::reactivation::{available, price};
use super::super::{Error, documents, dues};
use crate::cx::Cx;
use crate::domain::subscription::Subscription;
use crate::store::Tx;

/// Carries everything that is due on a locked subscription, where that is less than `gateway`
/// charges, and starts the period that paying it would buy; answers whether it did. What a bank
/// took back is not carried: only the customer can pay it.
pub(super) async fn carry(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &mut Subscription,
    gateway: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let (scope, id) = (subscription.scope.clone(), subscription.id.clone());
    if !subscription.state.has_dues() || !tx.open_payments_of(&scope, &id).await?.is_empty() {
        return Ok(false);
    }
    let (business, _) = available(cx, &scope)?;
    let mut bought = subscription.clone();
    let owed = dues::of(cx, tx, &business, &mut bought, now).await?;
    if owed.debts.is_empty() || owed.debts.iter().any(|due| due.disputed) {
        return Ok(false);
    }
    let quote = price(cx, &business, &bought, &owed.debts, now)?;
    if !is_too_little(cx, &scope, gateway, quote.totals.gross) {
        return Ok(false);
    }
    owed.agree(cx, tx, &mut bought, &quote, now).await?;
    for due in &quote.dues {
        tx.carry_debt(&scope, &due.id).await?;
    }
    documents::discard_draft(tx, &scope, &bought).await?;
    if quote.buys {
        bought.period = quote.period;
        bought.anchor = quote.anchor;
    }
    *subscription = bought;
    Ok(true)
}
