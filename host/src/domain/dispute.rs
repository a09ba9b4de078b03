//! Money that the customer's bank takes back, or wants to: a dispute, or a returned debit.
//!
//! What a gateway tells of one may come repeated, late and in any order. A state therefore only
//! grows, from opened over won to lost: whatever the order, the end is the same, and money that is
//! gone is never ignored.

use jiff::Timestamp;

use super::Scope;
use super::id::{CustomerId, DisputeId, MethodId, PaymentId};
use super::money::Money;
use super::text_enum;
use super::transition::{Refusal, Transition};

text_enum! {
    /// What took the money back.
    pub enum DisputeKind {
        /// The customer contested the payment at the bank.
        Dispute = "dispute",
        /// The bank returned a debit after it had succeeded.
        ReturnedDebit = "returned-debit",
    }
}

text_enum! {
    /// How far a dispute has come; a returned debit is lost from the start.
    pub enum DisputeState {
        /// The bank decides.
        Opened = "opened",
        /// The merchant keeps the money.
        Won = "won",
        /// The money is gone.
        Lost = "lost",
    }
}

impl DisputeState {
    /// What hearing `heard` does here.
    #[must_use]
    pub fn apply(self, heard: Self) -> Transition<Self> {
        use DisputeState::{Lost, Opened, Won};
        match (self, heard) {
            (Opened, Opened) | (Won, Won) | (Lost, Lost) => Transition::Unchanged,
            (Opened, Won | Lost) | (Won, Lost) => Transition::Moved(heard),
            (Won | Lost, Opened) => Transition::Refused(Refusal::Stale),
            (Lost, Won) => Transition::Refused(Refusal::Settled),
        }
    }
}

/// A dispute over a payment, or a debit that was returned.
#[derive(Clone, Debug)]
pub struct Dispute {
    /// Identity.
    pub id: DisputeId,
    /// Business and mode.
    pub scope: Scope,
    /// What was paid.
    pub payment: PaymentId,
    /// By whom.
    pub customer: CustomerId,
    /// With which saved method.
    pub method: Option<MethodId>,
    /// The business's name for the gateway.
    pub gateway: String,
    /// The gateway's reference of it.
    pub reference: String,
    /// What it is.
    pub kind: DisputeKind,
    /// How far it has come.
    pub state: DisputeState,
    /// How much is contested, or gone.
    pub amount: Money,
    /// The gateway's own reason code.
    pub reason: Option<String>,
    /// Whether its loss made the payment's debts owed again.
    pub reopened: bool,
    /// When the gateway first spoke of its present state (host time).
    pub heard_at: Timestamp,
    /// When we first heard of it (business time).
    pub created_at: Timestamp,
    /// When it last changed (business time).
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_whole_table_is_as_reviewed() {
        let mut table = String::new();
        for state in DisputeState::ALL {
            for heard in DisputeState::ALL {
                let answer = match state.apply(*heard) {
                    Transition::Moved(next) => format!("-> {next}"),
                    Transition::Unchanged => "unchanged".to_owned(),
                    Transition::Refused(why) => format!("refused: {why:?}"),
                };
                let (state, heard) = (state.as_str(), heard.as_str());
                writeln!(table, "{state:7} {heard:7} {answer}").expect("a string takes text");
            }
        }
        insta::assert_snapshot!(table);
    }

    fn after(heard: &[DisputeState]) -> DisputeState {
        let (first, rest) = heard.split_first().expect("something was heard");
        rest.iter()
            .fold(*first, |state, heard| match state.apply(*heard) {
                Transition::Moved(next) => next,
                Transition::Unchanged | Transition::Refused(_) => state,
            })
    }

    proptest! {
        #[test]
        fn news_in_any_order_and_number_ends_in_the_same_state(
            news in prop::collection::vec(prop::sample::select(DisputeState::ALL), 1..6),
            shuffled in any::<prop::sample::Index>(),
        ) {
            let mut other = news.clone();
            other.rotate_left(shuffled.index(news.len()));
            prop_assert_eq!(after(&news), after(&other));
            other.reverse();
            prop_assert_eq!(after(&news), after(&other));
            let farthest = news.iter().copied().max();
            prop_assert_eq!(Some(after(&news)), farthest);
        }
    }
}
