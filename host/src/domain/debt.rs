//! Debts: each is one supply that is owed, with lines and tax frozen when it arises.

use jiff::Timestamp;

use super::Scope;
use super::id::{CustomerId, DebtId, PaymentId, SubscriptionId};
use super::money::Money;
use super::tax::Line;
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
