//! Discount codes: what they take off, from what, how often. The sums are exact: what is taken
//! off is split over the tax rates without a cent lost, and never more than there is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Scope;
use super::id::{DiscountId, ProductId};
use super::money::{Currency, Money, MoneyError};
use super::tax::{Line, Role, TaxRate};
use super::text_enum;

text_enum! {
    /// How a discount counts. The words are those of Dodo's `DiscountType`.
    pub enum DiscountKind {
        /// An amount for each currency.
        Flat = "flat",
        /// A part of the sum.
        Percentage = "percentage",
    }
}

text_enum! {
    /// Who may redeem a code, in Dodo's words.
    pub enum Eligibility {
        /// Everybody.
        Any = "any",
        /// Who has never paid before.
        FirstTime = "first_time",
        /// Who has paid before.
        Existing = "existing",
    }
}

/// What a discount does in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrencyOption {
    /// The currency.
    pub currency: Currency,
    /// Dodo converts from this row; here each currency needs a row of its own.
    #[serde(default)]
    pub is_default: bool,
    /// What a flat code takes off, or the most that a percentage does, in minor units.
    #[serde(default)]
    pub max_amount_possible: Option<i64>,
    /// The least sum that the code works on, in minor units.
    #[serde(default)]
    pub minimum_subtotal: i64,
}

/// A discount code.
#[derive(Clone, Debug)]
pub struct Discount {
    /// Identity.
    pub id: DiscountId,
    /// Business and mode.
    pub scope: Scope,
    /// What customers type, in capitals; unique among those that are not deleted.
    pub code: String,
    /// For the merchant.
    pub name: Option<String>,
    /// How it counts.
    pub kind: DiscountKind,
    /// Basis points of a percentage (540 is 5.4 %).
    pub amount: i64,
    /// What it does in each currency.
    pub options: Vec<CurrencyOption>,
    /// The products it works for; all when empty.
    pub restricted_to: Vec<ProductId>,
    /// Who may redeem it.
    pub eligibility: Eligibility,
    /// How often it may be redeemed in all.
    pub usage_limit: Option<u32>,
    /// How often one customer may redeem it.
    pub per_customer_limit: Option<u32>,
    /// How often it was.
    pub times_used: u32,
    /// For how many periods it works; for all when none.
    pub cycles: Option<u32>,
    /// Whether it stays when the plan changes.
    pub preserve: bool,
    /// From when it can be redeemed.
    pub starts_at: Option<Timestamp>,
    /// Until when it can be redeemed. Who has redeemed it keeps it for its cycles.
    pub expires_at: Option<Timestamp>,
    /// The merchant's metadata (a JSON object).
    pub metadata: String,
    /// When it was made (business time).
    pub created_at: Timestamp,
    /// Since when it cannot be redeemed any more.
    pub deleted_at: Option<Timestamp>,
}

/// A discount of a subscription, with the terms under which it was redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Which.
    pub discount: DiscountId,
    /// What the customer typed.
    pub code: String,
    /// Basis points of a percentage; none takes off `most`.
    pub basis_points: Option<u32>,
    /// What a flat code takes off, or the most that a percentage does.
    pub most: Option<Money>,
    /// The least sum it works on, in minor units.
    pub minimum: i64,
    /// For how many more periods it works; for all when none.
    pub cycles_left: Option<u32>,
    /// Whether it stays when the plan changes.
    pub preserve: bool,
}

impl Discount {
    /// This discount on a subscription in `currency`; none when it does not work there.
    pub fn applied(&self, currency: Currency) -> Option<Applied> {
        let option = self.options.iter().find(|row| row.currency == currency);
        let most = option
            .and_then(|row| row.max_amount_possible)
            .map(|minor| Money::new(minor, currency));
        let basis_points = match self.kind {
            DiscountKind::Percentage => Some(u32::try_from(self.amount).ok()?.min(10_000)),
            DiscountKind::Flat => {
                most?;
                None
            }
        };
        Some(Applied {
            discount: self.id.clone(),
            code: self.code.clone(),
            basis_points,
            most,
            minimum: option.map_or(0, |row| row.minimum_subtotal),
            cycles_left: self.cycles,
            preserve: self.preserve,
        })
    }
}

impl Applied {
    /// Whether it works on the next period.
    pub fn is_live(&self) -> bool {
        self.cycles_left != Some(0)
    }

    /// What it takes off `sum`: never more than that.
    fn off(&self, sum: i64) -> i64 {
        let wanted = match self.basis_points {
            Some(points) => {
                let product = i128::from(sum) * i128::from(points);
                i64::try_from((product + 5_000) / 10_000).unwrap_or(sum)
            }
            None => sum,
        };
        let capped = self.most.map_or(wanted, |most| wanted.min(most.minor));
        capped.clamp(0, sum.max(0))
    }
}

/// `lines` with a line of each live discount, one for each rate of tax. The discounts count one
/// after the other, each on what the ones before it have left.
pub fn discounted(mut lines: Vec<Line>, discounts: &[Applied]) -> Result<Vec<Line>, MoneyError> {
    let Some(first) = lines.first().cloned() else {
        return Ok(lines);
    };
    let currency = first.unit.currency;
    let subtotal = sum(&lines, currency)?;
    for discount in discounts.iter().filter(|discount| discount.is_live()) {
        if discount.minimum > subtotal {
            continue;
        }
        let groups = by_rate(&lines)?;
        let left: i64 = sum(&lines, currency)?;
        let weights: Vec<i64> = groups.iter().map(|(_, amount)| *amount).collect();
        let parts = split(discount.off(left), &weights);
        for ((key, _), part) in groups.iter().zip(parts).filter(|(_, part)| *part > 0) {
            lines.push(Line {
                product: None,
                description: discount.code.clone(),
                quantity: 1,
                unit: Money::new(-part, currency),
                tax_inclusive: key.1,
                rate: key.0,
                period: first.period,
                role: Role::Discount {
                    discount: discount.discount.clone(),
                },
                share: None,
                part: None,
            });
        }
    }
    Ok(lines)
}

/// Uses one period of each live discount up.
pub fn use_cycle(discounts: &mut [Applied]) {
    for discount in discounts {
        discount.cycles_left = discount.cycles_left.map(|left| left.saturating_sub(1));
    }
}

fn sum(lines: &[Line], currency: Currency) -> Result<i64, MoneyError> {
    let amounts: Result<Vec<Money>, _> = lines.iter().map(Line::amount).collect();
    Ok(Money::sum(currency, amounts?)?.minor)
}

type Group = ((TaxRate, bool), i64);

fn by_rate(lines: &[Line]) -> Result<Vec<Group>, MoneyError> {
    let mut groups: Vec<Group> = Vec::new();
    for line in lines {
        let key = (line.rate, line.tax_inclusive);
        let amount = line.amount()?.minor;
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, sum)) => *sum = sum.checked_add(amount).ok_or(MoneyError::Overflow)?,
            None => groups.push((key, amount)),
        }
    }
    Ok(groups)
}

/// Splits `whole` in proportion to `weights`, which are not negative and of which `whole` is not
/// more than the sum: the parts add up to it, and none is more than its weight.
fn split(whole: i64, weights: &[i64]) -> Vec<i64> {
    let all: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if all <= 0 {
        return vec![0; weights.len()];
    }
    let share = |weight: i64| i128::from(whole) * i128::from(weight);
    let mut parts: Vec<i64> = weights
        .iter()
        .map(|weight| i64::try_from(share(*weight) / all).unwrap_or(0))
        .collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(share(weights[*index]) % all));
    let rest = whole - parts.iter().sum::<i64>();
    for index in order.into_iter().take(usize::try_from(rest).unwrap_or(0)) {
        parts[index] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tax::totals;
    use super::*;

    fn eur() -> Currency {
        "EUR".parse().expect("a currency")
    }

    fn line(minor: i64, quantity: u32, rate: u32, tax_inclusive: bool) -> Line {
        Line {
            product: None,
            description: "Pro".to_owned(),
            quantity,
            unit: Money::new(minor, eur()),
            tax_inclusive,
            rate: TaxRate(rate),
            period: None,
            role: Role::Product,
            share: None,
            part: None,
        }
    }

    fn applied(basis_points: Option<u32>, most: Option<i64>) -> Applied {
        Applied {
            discount: "dsc_1".parse().expect("an id"),
            code: "SPRING".to_owned(),
            basis_points,
            most: most.map(|minor| Money::new(minor, eur())),
            minimum: 0,
            cycles_left: None,
            preserve: false,
        }
    }

    fn gross(lines: &[Line]) -> (i64, i64) {
        let sums = totals(eur(), lines).expect("sums");
        (sums.gross.minor, sums.tax.minor)
    }

    #[test]
    fn a_percentage_comes_off_before_tax_that_is_added_and_with_tax_that_is_included() {
        let quarter = [applied(Some(2_500), None)];
        let inclusive = discounted(vec![line(2_900, 1, 190_000, true)], &quarter);
        assert_eq!(gross(&inclusive.expect("it fits")), (2_175, 347));
        let exclusive = discounted(vec![line(2_900, 1, 190_000, false)], &quarter);
        assert_eq!(gross(&exclusive.expect("it fits")), (2_588, 413));
    }

    #[test]
    fn a_flat_code_takes_off_its_amount_and_never_more_than_there_is() {
        let five = [applied(None, Some(500))];
        let lines = discounted(vec![line(2_900, 1, 0, true)], &five).expect("it fits");
        assert_eq!(gross(&lines), (2_400, 0));
        let lines = discounted(vec![line(300, 1, 0, true)], &five).expect("it fits");
        assert_eq!(gross(&lines), (0, 0));
    }

    #[test]
    fn codes_count_one_after_the_other_and_a_cap_holds() {
        let codes = [
            applied(Some(5_000), Some(1_000)),
            applied(Some(1_000), None),
        ];
        let lines = discounted(vec![line(4_000, 1, 0, true)], &codes).expect("it fits");
        let taken: Vec<_> = lines.iter().map(|line| line.unit.minor).collect();
        assert_eq!(taken, [4_000, -1_000, -300]);
    }

    #[test]
    fn a_code_that_is_used_up_or_below_its_minimum_takes_nothing_off() {
        let mut used = applied(Some(5_000), None);
        used.cycles_left = Some(1);
        use_cycle(std::slice::from_mut(&mut used));
        let mut costly = applied(Some(5_000), None);
        costly.minimum = 4_001;
        let lines = discounted(vec![line(4_000, 1, 0, true)], &[used, costly]);
        assert_eq!(lines.expect("it fits").len(), 1);
    }

    proptest! {
        #[test]
        fn parts_are_the_whole_and_nothing_falls_below_zero(
            items in prop::collection::vec((0_i64..100_000, 1_u32..5, 0_u32..3), 1..5),
            codes in prop::collection::vec(
                (prop::option::of(0_u32..=10_000), 1_i64..100_000), 0..4),
            inclusive in any::<bool>(),
        ) {
            let lines: Vec<_> = items
                .iter()
                .map(|(minor, quantity, rate)| line(*minor, *quantity, rate * 95_000, inclusive))
                .collect();
            let codes: Vec<_> = codes
                .iter()
                .map(|(points, most)| applied(*points, Some(*most)))
                .collect();
            let whole = sum(&lines, eur()).expect("it fits");
            let mut left = whole;
            for code in &codes {
                left -= code.off(left);
            }
            let after = discounted(lines, &codes).expect("it fits");
            prop_assert_eq!(sum(&after, eur()).expect("it fits"), left);
            prop_assert!(left >= 0 && left <= whole);
            for (_, amount) in by_rate(&after).expect("it fits") {
                prop_assert!(amount >= 0, "no rate falls below zero");
            }
            prop_assert!(gross(&after).0 >= 0);
        }
    }
}
