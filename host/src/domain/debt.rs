//! Debts: each is one supply that is owed, with lines and tax frozen when it arises.

use jiff::Timestamp;

use super::Scope;
use super::id::{CustomerId, DebtId, PaymentId, SubscriptionId};
use super::money::{Currency, Money, MoneyError};
use super::tax::{self, Line, Totals};
use super::text_enum;

text_enum! {
    /// What a debt is for.
    pub enum DebtKind {
        /// One period of a subscription.
        Period = "period",
        /// A period that was supplied though it is unpaid: it was too little to charge, and is
        /// carried to the next invoice.
        Carried = "carried",
        /// A one-time purchase.
        Purchase = "purchase",
        /// The difference of a plan change.
        PlanChange = "plan-change",
        /// A charge on demand.
        OnDemand = "on-demand",
        /// What was used before a pause.
        PauseSettlement = "pause-settlement",
    }
}

text_enum! {
    /// Where a debt stands.
    pub enum DebtState {
        /// Owed.
        Open = "open",
        /// Paid.
        Settled = "settled",
        /// No longer asked for.
        WrittenOff = "written-off",
    }
}

/// One supply that is owed. Unique by subscription, kind and cause.
#[derive(Clone, Debug)]
pub struct Debt {
    /// Identity.
    pub id: DebtId,
    /// Business and mode.
    pub scope: Scope,
    /// Who owes it.
    pub customer: CustomerId,
    /// The subscription it belongs to, when there is one.
    pub subscription: Option<SubscriptionId>,
    /// What for.
    pub kind: DebtKind,
    /// What gave rise to it, such as the period's start; keeps one cause to one debt.
    pub cause: String,
    /// The supply, frozen.
    pub lines: Vec<Line>,
    /// The sum of the lines with tax.
    pub amount: Money,
    /// The tax in `amount`, in minor units.
    pub tax_minor: i64,
    /// Where it stands.
    pub state: DebtState,
    /// The payment that settled it.
    pub settled_by: Option<PaymentId>,
    /// Contested at the bank: never charged automatically.
    pub disputed: bool,
    /// When it arose (business time).
    pub created_at: Timestamp,
    /// When it was settled or written off (business time).
    pub closed_at: Option<Timestamp>,
}

/// Lets `debts` be paid by one payment, on one document: tax is rounded once per rate for all of
/// them, and what that makes of the sum is put into their amounts, one after the other, so that they
/// add up to what is paid. What a bank took back stands in a document already and keeps its amount.
/// Answers the sums.
pub fn together(currency: Currency, debts: &mut [Debt]) -> Result<Totals, MoneyError> {
    let mut lines: Vec<Line> = Vec::new();
    let mut sums = tax::totals(currency, &lines)?;
    for due in debts.iter_mut().filter(|due| !due.disputed) {
        lines.extend(due.lines.iter().cloned());
        let up_to_here = tax::totals(currency, &lines)?;
        due.amount = up_to_here.gross.checked_sub(sums.gross)?;
        due.tax_minor = up_to_here.tax.checked_sub(sums.tax)?.minor;
        sums = up_to_here;
    }
    for due in debts.iter().filter(|due| due.disputed) {
        sums = sums.plus(&due.frozen()?)?;
    }
    Ok(sums)
}

impl Debt {
    /// The sums of its lines as they were rounded for the document in which it stands.
    fn frozen(&self) -> Result<Totals, MoneyError> {
        let mut sums = tax::totals(self.amount.currency, &self.lines)?;
        let tax = Money::new(self.tax_minor, self.amount.currency);
        let net = self.amount.checked_sub(tax)?;
        if let Some(last) = sums.rates.last_mut() {
            last.tax = last.tax.checked_add(tax.checked_sub(sums.tax)?)?;
            last.net = last.net.checked_add(net.checked_sub(sums.net)?)?;
        }
        Ok(Totals {
            net,
            tax,
            gross: self.amount,
            ..sums
        })
    }
}

#[cfg(test)]
mod tests;
