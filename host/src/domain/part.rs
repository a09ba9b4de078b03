//! Parts of a whole, as exact as seconds are.

use serde::{Deserialize, Serialize};

use jiff::Timestamp;

use super::money::Money;
use super::period::Period;

/// A part of a whole, at most 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Seconds of the part.
    pub of: i64,
    /// Seconds of the whole, at least 1.
    pub whole: i64,
}

/// No part has a larger denominator: a product of two is shortened, and to a fraction of a minor
/// unit even where it cannot be shortened. All the seconds of a thousand years are fewer.
const FINEST: i128 = 1 << 40;

impl Part {
    /// All of it.
    pub const ALL: Self = Self { of: 1, whole: 1 };

    /// How much of `whole` lies in `period`.
    pub fn within(period: Period, whole: Period) -> Self {
        let seconds = |of: Period| of.end.as_second() - of.start.as_second();
        let whole = seconds(whole).max(1);
        let of = seconds(period).clamp(0, whole);
        Self { of, whole }
    }

    /// Whether it is all of it.
    pub const fn is_all(self) -> bool {
        self.of == self.whole
    }

    /// What is left of `period` at `now`.
    pub fn left(period: Period, now: Timestamp) -> Self {
        let whole = (period.end.as_second() - period.start.as_second()).max(1);
        let of = (period.end.as_second() - now.as_second()).clamp(0, whole);
        Self { of, whole }
    }

    /// This part of `other`.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        let product = |one: i64, two: i64| i128::from(one) * i128::from(two);
        Self::shortened(product(self.of, other.of), product(self.whole, other.whole))
    }

    /// How much of `other` this is, where both are parts of one whole; at most all of it.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        let product = |one: i64, two: i64| i128::from(one) * i128::from(two);
        Self::shortened(product(self.of, other.whole), product(self.whole, other.of))
    }

    /// The smaller of two parts of one whole.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        let (one, two) = (
            i128::from(self.of) * i128::from(other.whole),
            i128::from(other.of) * i128::from(self.whole),
        );
        if two < one { other } else { self }
    }

    fn shortened(of: i128, whole: i128) -> Self {
        if of >= whole {
            return Self::ALL;
        }
        let (mut common, mut rest) = (whole, of);
        while rest != 0 {
            (common, rest) = (rest, common % rest);
        }
        let (of, whole) = (of / common, whole / common);
        let by = whole / FINEST + 1;
        let short = |number: i128| i64::try_from(number / by).unwrap_or(i64::MAX);
        Self {
            of: short(of),
            whole: short(whole).max(1),
        }
    }

    /// This part of `amount`, half a minor unit rounded away from zero.
    pub fn of(self, amount: Money) -> Money {
        let whole = i128::from(self.whole);
        let product = i128::from(amount.minor) * i128::from(self.of);
        let half = if product < 0 { -whole / 2 } else { whole / 2 };
        let minor = i64::try_from((product + half) / whole).unwrap_or(amount.minor);
        Money { minor, ..amount }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(of: i64, whole: i64) -> Part {
        Part { of, whole }
    }

    #[test]
    fn parts_of_parts_are_shortened_and_never_more_than_all() {
        assert_eq!(part(2, 3).times(part(3, 4)), part(1, 2));
        assert_eq!(part(1, 3).over(part(2, 3)), part(1, 2));
        assert_eq!(part(2, 3).over(part(1, 3)), Part::ALL);
        assert_eq!(part(0, 3).over(part(0, 3)), Part::ALL);
        assert_eq!(part(0, 3).times(part(1, 2)), part(0, 1));
        assert_eq!(part(1, 2).min(part(1, 3)), part(1, 3));
        assert_eq!(part(1, 2).min(Part::ALL), part(1, 2));
    }

    proptest! {
        #[test]
        fn a_part_of_a_part_is_that_part_of_it(
            of in 0_i64..400_000_000, whole in 1_i64..400_000_000,
            other in 1_i64..400_000_000, more in 0_i64..400_000_000,
            minor in 0_i64..1_000_000_000,
        ) {
            let amount = Money::new(minor, "EUR".parse().expect("a currency"));
            let (one, two) = (part(of.min(whole), whole), part(other, other + more));
            let both = one.times(two);
            prop_assert!(i128::from(both.whole) <= FINEST && both.of <= both.whole);
            let exact = i128::from(minor) * i128::from(one.of) * i128::from(two.of)
                / (i128::from(one.whole) * i128::from(two.whole));
            prop_assert!((i128::from(both.of(amount).minor) - exact).abs() <= 2);
        }

        #[test]
        fn a_part_over_another_is_what_it_was_times_it(
            of in 0_i64..1_000_000, whole in 1_i64..1_000_000,
            other in 1_i64..500_000, more in 0_i64..500_000,
        ) {
            let (one, two) = (part(of.min(whole), whole), part(other, other + more));
            let back = one.times(two).over(two);
            prop_assert_eq!(back, one.times(Part::ALL));
        }
    }
}
