//! What went back of each line of a debt.

use super::super::Error;
use super::refundable;
use crate::domain::debt::Debt;
use crate::domain::refund::parts;
use crate::store::Tx;

/// What went back of each line of `debt`, or is on its way, in minor units: with or without tax as
/// the line's price is. Nothing where no payment has settled it.
pub(in crate::flows) async fn gone(tx: &mut Tx, debt: &Debt) -> Result<Vec<i64>, Error> {
    let payment = match &debt.settled_by {
        Some(payment) => tx.payment(&debt.scope, payment).await?,
        None => None,
    };
    let Some(payment) = payment else {
        return Ok(Vec::new());
    };
    let has = refundable(tx, &payment).await?;
    // An item is a line of a debt, in their order.
    let debts = tx.debts_of_payment(&payment.id).await?;
    let before = debts.iter().take_while(|other| other.id != debt.id);
    let before: usize = before.map(|other| other.lines.len()).sum();
    let items = has.items.iter().skip(before).take(debt.lines.len());
    Ok(items
        .map(|item| parts::gone_as_priced(item, &has.gone))
        .collect())
}
