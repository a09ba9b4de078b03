//! Money that a subscription has in hand after a downgrade: consumed by its next debts, never
//! paid out, never below zero. Each part keeps the tax rate under which it was paid.

use serde::{Deserialize, Serialize};

use super::money::{Money, MoneyError};
use super::tax::{Line, Role, TaxRate};

/// A part of a subscription's credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// How much, with its tax; above zero.
    pub amount: Money,
    /// The rate under which it was paid.
    pub rate: TaxRate,
}

/// What taking from a credit leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The lines that lower a bill, one for each rate.
    pub lines: Vec<Line>,
    /// What is left for later, oldest first.
    pub left: Vec<Credit>,
}

/// Takes up to `gross` from `credits`, oldest first. The lines contain their tax, so that they
/// lower the sum to be paid by exactly their amounts.
pub fn take(credits: &[Credit], gross: Money) -> Result<Taken, MoneyError> {
    let mut wanted = gross.minor.max(0);
    let mut lines: Vec<Line> = Vec::new();
    let mut left = Vec::new();
    for credit in credits {
        let part = credit.amount.minor.clamp(0, wanted);
        wanted -= part;
        if part > 0 {
            let part = Money::new(-part, credit.amount.currency);
            match lines.iter_mut().find(|line| line.rate == credit.rate) {
                Some(line) => line.unit = line.unit.checked_add(part)?,
                None => lines.push(line(Role::Credit, part, credit.rate)),
            }
        }
        let rest = credit.amount.minor.saturating_sub(part);
        if rest > 0 {
            left.push(Credit {
                amount: Money::new(rest, credit.amount.currency),
                rate: credit.rate,
            });
        }
    }
    Ok(Taken { lines, left })
}

/// The credit that `line` uses up.
pub fn of_line(line: &Line) -> Credit {
    Credit {
        amount: Money::new(line.unit.minor.saturating_neg(), line.unit.currency),
        rate: line.rate,
    }
}

/// A line of `role` over an amount that contains its tax.
pub(super) fn line(role: Role, amount: Money, rate: TaxRate) -> Line {
    Line {
        product: None,
        description: String::new(),
        quantity: 1,
        unit: amount,
        tax_inclusive: true,
        rate,
        period: None,
        role,
        share: None,
        part: None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tax::totals;
    use super::*;

    fn euros(minor: i64) -> Money {
        Money::new(minor, "EUR".parse().expect("a currency"))
    }

    fn credit(minor: i64, rate: u32) -> Credit {
        Credit {
            amount: euros(minor),
            rate: TaxRate(rate),
        }
    }

    #[test]
    fn the_oldest_credit_is_taken_first_and_the_rest_stays() {
        let taken = take(&[credit(500, 190_000), credit(700, 70_000)], euros(800));
        let taken = taken.expect("it fits");
        let lines: Vec<_> = taken
            .lines
            .iter()
            .map(|line| (line.unit.minor, line.rate.0))
            .collect();
        assert_eq!(lines, [(-500, 190_000), (-300, 70_000)]);
        assert_eq!(taken.left, [credit(400, 70_000)]);
    }

    proptest! {
        #[test]
        fn what_is_taken_and_what_is_left_are_the_whole(
            amounts in prop::collection::vec((1_i64..1_000_000, 0_u32..3), 0..6),
            gross in 0_i64..2_000_000,
        ) {
            let credits: Vec<_> = amounts
                .iter()
                .map(|(minor, rate)| credit(*minor, rate * 95_000))
                .collect();
            let taken = take(&credits, euros(gross)).expect("it fits");
            let whole: i64 = amounts.iter().map(|(minor, _)| minor).sum();
            let left: i64 = taken.left.iter().map(|credit| credit.amount.minor).sum();
            let sums = totals(euros(0).currency, &taken.lines).expect("it fits");
            prop_assert_eq!(left - sums.gross.minor, whole);
            prop_assert!(-sums.gross.minor <= gross, "a bill never falls below zero");
            prop_assert!(left == 0 || -sums.gross.minor == gross);
        }
    }
}
