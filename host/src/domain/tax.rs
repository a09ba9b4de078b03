//! Lines, tax rates and totals, rounded once per rate.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{AddonId, DiscountId, ProductId};
use super::money::{Currency, Money, MoneyError};
use super::part::Part;
use super::period::Period;

/// A rate in millionths: 20 % is `TaxRate(200_000)`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct TaxRate(pub u32);

impl TaxRate {
    const WHOLE: i128 = 1_000_000;

    /// The tax in or on `amount`, half a minor unit rounded away from zero.
    fn tax(self, amount: i64, inclusive: bool) -> i64 {
        let rate = i128::from(self.0);
        let divisor = if inclusive {
            Self::WHOLE + rate
        } else {
            Self::WHOLE
        };
        let product = i128::from(amount) * rate;
        let half = if product < 0 {
            -divisor / 2
        } else {
            divisor / 2
        };
        i64::try_from((product + half) / divisor).unwrap_or(i64::MAX)
    }

    /// The rate in percent as a plain decimal: `20`, `5.5`, `8.875`.
    pub fn to_percent(self) -> String {
        let text = format!("{}.{:04}", self.0 / 10_000, self.0 % 10_000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// One row of a business's tax table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxRow {
    /// ISO 3166-1 alpha-2 of the customer.
    pub country: String,
    /// The product's category; `*` is any.
    pub category: String,
    /// The rate.
    pub rate: TaxRate,
    /// From when it applies.
    pub from: Timestamp,
}

/// A business's dated tax rates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaxTable(pub Vec<TaxRow>);

impl TaxTable {
    /// The rate for a supply at `at`: the newest row that applies, one that names the
    /// category before one for any; zero when the table has none.
    pub fn rate(&self, country: &str, category: &str, at: Timestamp) -> TaxRate {
        self.0
            .iter()
            .filter(|row| row.country == country && row.from <= at)
            .filter(|row| row.category == category || row.category == "*")
            .max_by_key(|row| (row.category == category, row.from))
            .map_or(TaxRate(0), |row| row.rate)
    }
}

/// What a line is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Role {
    /// A product.
    #[default]
    Product,
    /// An add-on of a plan.
    Addon {
        /// Which.
        addon: AddonId,
    },
    /// What a discount takes off.
    Discount {
        /// Which.
        discount: DiscountId,
    },
    /// What was paid for time that a plan change leaves unused; taken back at its own rate.
    Unused,
    /// What a plan change leaves over: kept as the subscription's credit.
    Kept,
    /// Credit that is used up.
    Credit,
}

impl Role {
    /// The word for it, for themes.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Addon { .. } => "addon",
            Self::Discount { .. } => "discount",
            Self::Unused => "unused",
            Self::Kept => "kept",
            Self::Credit => "credit",
        }
    }

    /// Whether it moves the subscription's credit, instead of standing for a supply. Such a line
    /// contains its tax whatever the others do.
    pub const fn is_credit(&self) -> bool {
        matches!(self, Self::Kept | Self::Credit)
    }

    fn is_product(&self) -> bool {
        *self == Self::Product
    }
}

/// One line of a debt, quote or invoice, frozen when the debt arises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What was supplied, when it is a product.
    pub product: Option<ProductId>,
    /// Its name at the time.
    pub description: String,
    /// How many.
    pub quantity: u32,
    /// The price of one, with or without tax as `tax_inclusive` says.
    pub unit: Money,
    /// Whether `unit` contains the tax.
    pub tax_inclusive: bool,
    /// The rate at the date of supply.
    pub rate: TaxRate,
    /// The period it is for.
    pub period: Option<Period>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Role::is_product")]
    pub role: Role,
    /// What is asked of quantity times unit price, where it is only a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Money>,
    /// How much of a whole period that part was asked for; the whole one where none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

impl Line {
    /// Quantity times unit price or the part of it that is asked, with or without tax as the
    /// unit price is.
    pub fn amount(&self) -> Result<Money, MoneyError> {
        match self.share {
            Some(share) => Ok(share),
            None => self.unit.checked_mul(i64::from(self.quantity)),
        }
    }
}

/// Net and tax of all lines of one rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateTotal {
    /// The rate.
    pub rate: TaxRate,
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
}

/// The sums of a list of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
    /// What is paid.
    pub gross: Money,
    /// The same per rate, lowest rate first.
    pub rates: Vec<RateTotal>,
}

impl Totals {
    /// Both together, each rounded as it is.
    pub fn plus(&self, other: &Self) -> Result<Self, MoneyError> {
        let mut rates: BTreeMap<TaxRate, RateTotal> = BTreeMap::new();
        for one in self.rates.iter().chain(&other.rates) {
            match rates.get_mut(&one.rate) {
                Some(sum) => {
                    sum.net = sum.net.checked_add(one.net)?;
                    sum.tax = sum.tax.checked_add(one.tax)?;
                }
                None => {
                    rates.insert(one.rate, one.clone());
                }
            }
        }
        Ok(Self {
            net: self.net.checked_add(other.net)?,
            tax: self.tax.checked_add(other.tax)?,
            gross: self.gross.checked_add(other.gross)?,
            rates: rates.into_values().collect(),
        })
    }
}

/// Adds up `lines`: tax is rounded once per rate, not per line.
pub fn totals(currency: Currency, lines: &[Line]) -> Result<Totals, MoneyError> {
    let mut groups: BTreeMap<(TaxRate, bool), Money> = BTreeMap::new();
    for line in lines {
        let group = groups
            .entry((line.rate, line.tax_inclusive))
            .or_insert_with(|| Money::zero(currency));
        *group = group.checked_add(line.amount()?)?;
    }
    let mut rates: Vec<RateTotal> = Vec::new();
    for ((rate, inclusive), amount) in groups {
        let tax = Money::new(rate.tax(amount.minor, inclusive), currency);
        let net = if inclusive {
            amount.checked_sub(tax)?
        } else {
            amount
        };
        match rates.last_mut().filter(|last| last.rate == rate) {
            Some(last) => {
                last.net = last.net.checked_add(net)?;
                last.tax = last.tax.checked_add(tax)?;
            }
            None => rates.push(RateTotal { rate, net, tax }),
        }
    }
    let net = Money::sum(currency, rates.iter().map(|r| r.net))?;
    let tax = Money::sum(currency, rates.iter().map(|r| r.tax))?;
    Ok(Totals {
        net,
        tax,
        gross: net.checked_add(tax)?,
        rates,
    })
}

#[cfg(test)]
mod tests {
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

    fn check(lines: &[Line], net: i64, tax: i64, gross: i64) {
        let sums = totals(eur(), lines).expect("sums");
        assert_eq!(
            (sums.net.minor, sums.tax.minor, sums.gross.minor),
            (net, tax, gross)
        );
    }

    #[test]
    fn tax_is_added_or_taken_out_and_rounded_once_per_rate() {
        check(&[line(2900, 1, 0, false)], 2900, 0, 2900);
        check(&[line(2900, 1, 200_000, false)], 2900, 580, 3480);
        check(&[line(2900, 1, 200_000, true)], 2417, 483, 2900);
        // Two lines of 0.33 at 19 %: 0.66 * 0.19 = 0.1254, one rounding.
        check(
            &[line(33, 1, 190_000, false), line(33, 1, 190_000, false)],
            66,
            13,
            79,
        );
        check(
            &[line(1000, 3, 55_000, false), line(500, 1, 200_000, true)],
            3417,
            248,
            3665,
        );
        check(&[line(-2900, 1, 200_000, true)], -2417, -483, -2900);
        check(&[], 0, 0, 0);
    }

    #[test]
    fn the_newest_row_that_names_the_category_wins() {
        let at = |s: i64| Timestamp::from_second(s).expect("in range");
        let row = |category: &str, rate, from| TaxRow {
            country: "FR".to_owned(),
            category: category.to_owned(),
            rate: TaxRate(rate),
            from: at(from),
        };
        let table = TaxTable(vec![
            row("*", 196_000, 0),
            row("*", 200_000, 10),
            row("e_book", 55_000, 5),
        ]);
        assert_eq!(table.rate("FR", "saas", at(9)), TaxRate(196_000));
        assert_eq!(table.rate("FR", "saas", at(10)), TaxRate(200_000));
        assert_eq!(table.rate("FR", "e_book", at(20)), TaxRate(55_000));
        assert_eq!(table.rate("US", "saas", at(20)), TaxRate(0));
    }

    #[test]
    fn percents_are_written_without_idle_zeros() {
        assert_eq!(TaxRate(200_000).to_percent(), "20");
        assert_eq!(TaxRate(55_000).to_percent(), "5.5");
        assert_eq!(TaxRate(88_750).to_percent(), "8.875");
        assert_eq!(TaxRate(0).to_percent(), "0");
    }
}
