//! Money that the customer's bank takes back, or wants to: a dispute, or a returned debit.
//!
//! What a gateway tells of one may come repeated, late and in any order. Which of two ends counts
//! is therefore decided by when they happened at the gateway, never by when they were heard, and of
//! two at the same moment it is the loss: whatever the order, the end is the same, and money that
//! is gone is never ignored.

use std::cmp::Ordering;

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
    /// What hearing `heard` does here; `order` is how its time at the gateway compares with that
    /// of the present state. A bank may overturn its decision, and the money comes back.
    #[must_use]
    pub fn apply(self, heard: Self, order: Ordering) -> Transition<Self> {
        use DisputeState::{Lost, Opened, Won};
        match (self, heard, order) {
            (Opened, Opened, _) | (Won, Won, _) | (Lost, Lost, _) => Transition::Unchanged,
            (Opened, Won | Lost, _)
            | (Won, Lost, Ordering::Equal | Ordering::Greater)
            | (Lost, Won, Ordering::Greater) => Transition::Moved(heard),
            (Won | Lost, Opened, _) | (Won, Lost, Ordering::Less) => {
                Transition::Refused(Refusal::Stale)
            }
            (Lost, Won, Ordering::Less | Ordering::Equal) => Transition::Refused(Refusal::Settled),
        }
    }
}

text_enum! {
    /// What a person has to decide about a dispute, because nothing follows from it by itself.
    pub enum Attention {
        /// The money is gone, and it is not the price of whole debts: what is owed again cannot
        /// be told. Somebody bears the loss, or asks the customer for it by other means.
        TakenBack = "taken-back",
        /// The money came back after a part of what it had paid was paid otherwise: somebody
        /// refunds that part, or keeps it.
        CameBack = "came-back",
    }
}

/// A debt that a payment settled, seen by a reversal of that payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// Its amount in minor units, tax included.
    pub minor: i64,
    /// Whether nothing of it was refunded and nothing taken back before.
    pub whole: bool,
}

/// Beyond so many debts in one payment it is not searched which of them a part is the price of.
const SEARCHED: usize = 12;

/// Which of the debts of one payment of `captured` a reversal of `minor` takes back: all of them, or
/// the one choice of whole debts that costs exactly that. None when there is no such choice, or
/// several.
pub fn taken_back(debts: &[Paid], captured: i64, minor: i64) -> Option<Vec<usize>> {
    let candidates: Vec<usize> = (0..debts.len())
        .filter(|place| debts.get(*place).is_some_and(|debt| debt.whole))
        .collect();
    let price = |chosen: &[usize]| -> i64 {
        let priced = chosen.iter().filter_map(|place| debts.get(*place));
        priced.map(|debt| debt.minor).sum()
    };
    if minor < 1 {
        return None;
    }
    // Tax is rounded over all of them: the payment may differ from their sum.
    if candidates.len() == debts.len() && minor == captured {
        return Some(candidates).filter(|all| !all.is_empty());
    }
    // What cost nothing cannot be taken back, and would make every choice ambiguous.
    let priced: Vec<usize> = candidates
        .into_iter()
        .filter(|place| price(&[*place]) > 0)
        .collect();
    if priced.len() > SEARCHED {
        return None;
    }
    let choice = |bits: u32| -> Vec<usize> {
        let is_chosen = |(bit, _): &(usize, &usize)| bits >> bit & 1 == 1;
        let chosen = priced.iter().enumerate().filter(is_chosen);
        chosen.map(|(_, place)| *place).collect()
    };
    let mut fitting = (1..1_u32 << priced.len())
        .map(choice)
        .filter(|chosen| price(chosen) == minor);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only),
        _ => None,
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
    /// Whether its loss made debts of the payment owed again.
    pub reopened: bool,
    /// Whether the money was gone and came back.
    pub came_back: bool,
    /// What a person has to decide about it; none once that is done.
    pub attention: Option<Attention>,
    /// When its present state came about at the gateway (the gateway's time).
    pub heard_at: Timestamp,
    /// When we first heard of it (business time).
    pub created_at: Timestamp,
    /// When it last changed (business time).
    pub updated_at: Timestamp,
}

impl Dispute {
    /// Whether the gateway has booked the money as taken back, whatever came later.
    pub fn was_booked(&self) -> bool {
        self.state == DisputeState::Lost || self.came_back
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;

    const ORDERS: [(&str, Ordering); 3] = [
        ("earlier", Ordering::Less),
        ("same", Ordering::Equal),
        ("later", Ordering::Greater),
    ];

    #[test]
    fn the_whole_table_is_as_reviewed() {
        let mut table = String::new();
        for state in DisputeState::ALL {
            for heard in DisputeState::ALL {
                for (name, order) in ORDERS {
                    let answer = match state.apply(*heard, order) {
                        Transition::Moved(next) => format!("-> {next}"),
                        Transition::Unchanged => "unchanged".to_owned(),
                        Transition::Refused(why) => format!("refused: {why:?}"),
                    };
                    let (state, heard) = (state.as_str(), heard.as_str());
                    writeln!(table, "{state:7} {heard:7} {name:7} {answer}")
                        .expect("a string takes text");
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    /// The state after news with its times, told in this order.
    fn after(news: &[(DisputeState, u8)]) -> DisputeState {
        let (first, rest) = news.split_first().expect("something was heard");
        let end = rest.iter().fold(*first, |(state, since), (heard, at)| {
            match state.apply(*heard, at.cmp(&since)) {
                Transition::Moved(next) => (next, *at),
                Transition::Unchanged => (state, since.max(*at)),
                Transition::Refused(_) => (state, since),
            }
        });
        end.0
    }

    fn whole(amounts: &[i64]) -> Vec<Paid> {
        let paid = |minor: &i64| Paid {
            minor: *minor,
            whole: true,
        };
        amounts.iter().map(paid).collect()
    }

    #[test]
    fn a_part_is_owed_again_only_where_it_is_the_price_of_one_choice_of_debts() {
        for (debts, minor, expected) in [
            (&[2900][..], 2900, Some(vec![0])),
            (&[2900], 1000, None),
            (&[2900], 3000, None),
            (&[2900, 500], 3400, Some(vec![0, 1])),
            (&[2900, 500], 500, Some(vec![1])),
            (&[2900, 2900], 2900, None),
            (&[2900, 500, 2400], 2900, None),
            (&[2900, 0], 2900, Some(vec![0, 1])),
            (&[2900, 500, 0], 500, Some(vec![1])),
            (&[2900], 0, None),
            (&[], 0, None),
        ] {
            let captured = debts.iter().sum();
            let told = taken_back(&whole(debts), captured, minor);
            assert_eq!(told, expected, "{debts:?} {minor}");
        }
        let mut refunded = whole(&[2900, 500]);
        refunded[0].whole = false;
        assert_eq!(taken_back(&refunded, 3400, 500), Some(vec![1]));
        assert_eq!(
            taken_back(&refunded, 3400, 2900),
            None,
            "some of it went back already"
        );
        assert_eq!(taken_back(&refunded, 3400, 3400), None);
    }

    proptest! {
        #[test]
        fn news_in_any_order_and_number_ends_in_the_same_state(
            news in prop::collection::vec(
                (prop::sample::select(DisputeState::ALL), 0_u8..6), 1..6,
            ),
            shuffled in any::<prop::sample::Index>(),
        ) {
            let mut other = news.clone();
            other.rotate_left(shuffled.index(news.len()));
            prop_assert_eq!(after(&news), after(&other));
            other.reverse();
            prop_assert_eq!(after(&news), after(&other));
            let ends = news.iter().filter(|(state, _)| *state != DisputeState::Opened);
            let last = ends.max_by_key(|(state, at)| (*at, *state)).map(|(state, _)| *state);
            prop_assert_eq!(after(&news), last.unwrap_or(DisputeState::Opened));
        }

        #[test]
        fn what_is_owed_again_costs_what_was_taken_back(
            amounts in prop::collection::vec(0_i64..50, 0..8), minor in 0_i64..200,
        ) {
            let captured = amounts.iter().sum();
            if let Some(chosen) = taken_back(&whole(&amounts), captured, minor) {
                let price: i64 = chosen.iter().map(|place| amounts[*place]).sum();
                prop_assert_eq!(price, minor);
            }
        }
    }
}
