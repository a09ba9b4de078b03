//! Which lines of a payment are given back, and how much tax goes back with each: exactly what
//! was taken at the original rate, whatever the number of refunds.

use serde::{Deserialize, Serialize};

use crate::domain::money::{Money, MoneyError};
use crate::domain::tax::{self, Line, RateTotal, TaxRate, Totals};

/// One line that was paid for, with its share of the tax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The product's id where the payment has it once, else `itm_` and its place from 1.
    pub id: String,
    /// What was supplied.
    pub name: String,
    /// The rate at which it was taxed.
    pub rate: TaxRate,
    /// Whether its price contained the tax.
    pub tax_inclusive: bool,
    /// What was paid for it, tax included, in minor units; negative for a deduction.
    pub gross: i64,
    /// The tax in `gross`.
    pub tax: i64,
}

/// What goes back of one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The item's id.
    pub item: String,
    /// What was supplied.
    pub name: String,
    /// The rate at which it was taxed.
    pub rate: TaxRate,
    /// Whether its price contained the tax.
    pub tax_inclusive: bool,
    /// What goes back, tax included, in minor units.
    pub gross: i64,
    /// The tax in `gross`.
    pub tax: i64,
}

/// What is to go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// All that is left.
    Rest,
    /// So much (minor units, tax included), spread over all lines.
    Amount(i64),
    /// Some lines, whole or in part.
    Items(Vec<WishedItem>),
}

/// A line that is to go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WishedItem {
    /// The item's id.
    pub id: String,
    /// How much of it, in minor units; none for all that is left.
    pub amount: Option<i64>,
    /// Whether `amount` contains the tax.
    pub tax_inclusive: bool,
}

/// Why a wish cannot be granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRefundable {
    /// Everything went back, or is on its way.
    #[error("nothing of the payment is left to give back")]
    NothingLeft,
    /// More than there is.
    #[error("at most {left} minor units can be given back, tax included")]
    TooMuch {
        /// What is left, in minor units.
        left: i64,
    },
    /// Nothing, or less.
    #[error("an amount must be at least 1 minor unit")]
    NotPositive,
    /// The payment has no such line.
    #[error("the payment has no item `{0}`")]
    UnknownItem(String),
    /// The same line twice.
    #[error("the item `{0}` is named twice")]
    NamedTwice(String),
}

/// `whole` times `part` by `of`, half a minor unit rounded away from zero.
fn share(whole: i64, part: i64, of: i64) -> i64 {
    if of == 0 {
        return 0;
    }
    let product = i128::from(whole) * i128::from(part);
    let of = i128::from(of);
    let rounded = (product.abs() + of.abs() / 2) / of.abs();
    let signed = rounded * product.signum() * of.signum();
    i64::try_from(signed).unwrap_or(i64::MAX)
}

/// The lines of a payment of `captured` with their shares of the tax, which is rounded once per
/// rate. Their sum is `captured`: a rest that no line explains is an item without tax.
pub fn items(lines: &[Line], captured: Money) -> Result<Vec<Item>, MoneyError> {
    let mut items = Vec::with_capacity(lines.len());
    for (place, line) in lines.iter().enumerate() {
        let product = line.product.as_ref();
        let once = lines.iter().filter(|l| l.product == line.product).count() == 1;
        let amount = line.amount()?.minor;
        items.push(Item {
            id: match product.filter(|_| once) {
                Some(product) => product.to_string(),
                None => format!("itm_{}", place + 1),
            },
            name: line.description.clone(),
            rate: line.rate,
            tax_inclusive: line.tax_inclusive,
            gross: amount,
            tax: 0,
        });
    }
    let mut groups: Vec<(TaxRate, bool)> =
        items.iter().map(|i| (i.rate, i.tax_inclusive)).collect();
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        let of_group: Vec<Line> = lines
            .iter()
            .filter(|line| (line.rate, line.tax_inclusive) == group)
            .cloned()
            .collect();
        let tax = tax::totals(captured.currency, &of_group)?.tax.minor;
        let whole: i64 = items
            .iter()
            .filter(|item| (item.rate, item.tax_inclusive) == group)
            .map(|item| item.gross)
            .sum();
        let (mut seen, mut told) = (0, 0);
        for item in &mut items {
            if (item.rate, item.tax_inclusive) != group {
                continue;
            }
            seen += item.gross;
            let up_to_here = share(tax, seen, whole);
            item.tax = up_to_here - told;
            told = up_to_here;
            if !item.tax_inclusive {
                item.gross += item.tax;
            }
        }
    }
    let explained: i64 = items.iter().map(|item| item.gross).sum();
    if explained != captured.minor {
        items.push(Item {
            id: format!("itm_{}", items.len() + 1),
            name: String::new(),
            rate: TaxRate::default(),
            tax_inclusive: true,
            gross: captured.minor - explained,
            tax: 0,
        });
    }
    Ok(items)
}

/// What has gone back of an item, or is on its way.
fn gone(item: &Item, earlier: &[Part]) -> i64 {
    let of_item = earlier.iter().filter(|part| part.item == item.id);
    of_item.map(|part| part.gross).sum()
}

/// What has gone back of an item, or is on its way, in minor units: with or without tax as its
/// price is.
pub fn gone_as_priced(item: &Item, earlier: &[Part]) -> i64 {
    let of_item = earlier.iter().filter(|part| part.item == item.id);
    let tax = |part: &Part| if item.tax_inclusive { 0 } else { part.tax };
    of_item.map(|part| part.gross - tax(part)).sum()
}

/// What is left of an item, in minor units.
pub fn left_of(item: &Item, earlier: &[Part]) -> i64 {
    item.gross - gone(item, earlier)
}

/// `gross` of an item, with the tax that makes the tax of all its parts the share of the whole.
fn part(item: &Item, earlier: &[Part], gross: i64) -> Part {
    let before = gone(item, earlier);
    Part {
        item: item.id.clone(),
        name: item.name.clone(),
        rate: item.rate,
        tax_inclusive: item.tax_inclusive,
        gross,
        tax: share(item.tax, before + gross, item.gross) - share(item.tax, before, item.gross),
    }
}

/// What a wish comes to. `earlier` are the parts of every refund that counts, `left` is what the
/// payment has left in all.
pub fn split(
    items: &[Item],
    earlier: &[Part],
    left: i64,
    wish: &Wish,
) -> Result<Vec<Part>, NotRefundable> {
    if left < 1 {
        return Err(NotRefundable::NothingLeft);
    }
    let parts: Vec<Part> = match wish {
        Wish::Amount(amount) if *amount == left => return split(items, earlier, left, &Wish::Rest),
        Wish::Rest => {
            let rest: i64 = items.iter().map(|item| left_of(item, earlier)).sum();
            if rest == left {
                let all = items.iter();
                all.map(|item| part(item, earlier, left_of(item, earlier)))
                    .collect()
            } else {
                spread(items, earlier, left)
            }
        }
        Wish::Amount(amount) if *amount < 1 => return Err(NotRefundable::NotPositive),
        Wish::Amount(amount) if *amount > left => return Err(NotRefundable::TooMuch { left }),
        Wish::Amount(amount) => spread(items, earlier, *amount),
        Wish::Items(wished) => some(items, earlier, wished)?,
    };
    let parts: Vec<Part> = parts.into_iter().filter(|part| part.gross != 0).collect();
    let sum: i64 = parts.iter().map(|part| part.gross).sum();
    if sum < 1 {
        return Err(NotRefundable::NothingLeft);
    }
    if sum > left {
        return Err(NotRefundable::TooMuch { left });
    }
    Ok(parts)
}

/// `amount` over all items, by what is left of each: what had been taken off goes back in its share
/// as well, where what is left of everything is as much as that.
fn spread(items: &[Item], earlier: &[Part], amount: i64) -> Vec<Part> {
    let rest: i64 = items.iter().map(|item| left_of(item, earlier)).sum();
    let least = if rest < amount { 0 } else { i64::MIN };
    let left = |item: &Item| left_of(item, earlier).max(least);
    let whole = items.iter().map(left).map(i128::from).sum::<i128>().max(1);
    let (mut seen, mut told) = (0_i128, 0_i64);
    items
        .iter()
        .map(|item| {
            seen += i128::from(left(item));
            // Rounded down, so that no item gives more than it has.
            let up_to_here = (i128::from(amount) * seen).div_euclid(whole);
            let up_to_here = i64::try_from(up_to_here).unwrap_or(i64::MAX);
            let gross = up_to_here - told;
            told = up_to_here;
            part(item, earlier, gross)
        })
        .collect()
}

fn some(
    items: &[Item],
    earlier: &[Part],
    wished: &[WishedItem],
) -> Result<Vec<Part>, NotRefundable> {
    let mut parts: Vec<Part> = Vec::with_capacity(wished.len());
    for wish in wished {
        let item = items.iter().find(|item| item.id == wish.id);
        let item = item.ok_or_else(|| NotRefundable::UnknownItem(wish.id.clone()))?;
        if parts.iter().any(|part| part.item == item.id) {
            return Err(NotRefundable::NamedTwice(item.id.clone()));
        }
        let left = left_of(item, earlier);
        let gross = match wish.amount {
            None => left,
            Some(amount) if amount < 1 => return Err(NotRefundable::NotPositive),
            Some(amount) if wish.tax_inclusive => amount,
            Some(net) => share(item.gross, net, item.gross - item.tax),
        };
        if gross > left {
            return Err(NotRefundable::TooMuch { left: left.max(0) });
        }
        parts.push(part(item, earlier, gross));
    }
    Ok(parts)
}

/// The same parts for another amount: what really went back.
pub fn rescaled(parts: &[Part], amount: i64) -> Vec<Part> {
    let whole: i64 = parts.iter().map(|part| part.gross).sum();
    let (mut seen, mut told) = (0, 0);
    parts
        .iter()
        .map(|part| {
            seen += part.gross;
            let up_to_here = share(amount, seen, whole);
            let gross = up_to_here - told;
            told = up_to_here;
            Part {
                gross,
                tax: share(part.tax, gross, part.gross),
                ..part.clone()
            }
        })
        .collect()
}

/// The sums of `parts`, per rate as a document states them.
pub fn totals(parts: &[Part], zero: Money) -> Result<Totals, MoneyError> {
    let currency = zero.currency;
    let mut rates: Vec<RateTotal> = Vec::new();
    for part in parts {
        let tax = Money::new(part.tax, currency);
        let net = Money::new(part.gross, currency).checked_sub(tax)?;
        match rates.iter_mut().find(|known| known.rate == part.rate) {
            Some(known) => {
                known.net = known.net.checked_add(net)?;
                known.tax = known.tax.checked_add(tax)?;
            }
            None => rates.push(RateTotal {
                rate: part.rate,
                net,
                tax,
            }),
        }
    }
    rates.sort_by_key(|total| total.rate);
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
mod tests;
