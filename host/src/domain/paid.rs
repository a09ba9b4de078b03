//! What is paid for the period that runs, and how much of that is unused at a later moment.
//!
//! A period is bought once, and may be bought again in part by each change of plan. Every purchase
//! takes back what was unused until then, so the newest one alone pays for the time that is left.
//! How much is left is told as a part of a whole period, never by dates: a pause and a merchant may
//! move those, and what was bought stays what it was.

use super::money::{Money, MoneyError};
use super::part::Part;
use super::tax::{Line, Role};

/// A purchase of time: a period, or a change of plan within it.
#[derive(Clone, Debug)]
pub struct Purchase {
    /// The lines of its debt.
    pub lines: Vec<Line>,
    /// What went back of each line, or is on its way, in minor units, with or without tax as the
    /// line's price is; nothing where it is shorter.
    pub gone: Vec<i64>,
    /// Whether a period starts with it.
    pub starts: bool,
}

/// What is paid for the period that runs.
#[derive(Clone, Debug)]
pub struct Paid {
    /// How much of a whole period it was sold as: less than all where the end of the term cuts it.
    pub period: Part,
    /// How much of a whole period the newest purchase is for.
    pub part: Part,
    /// What the business has for the newest purchase, less what went back; and what went back of
    /// what it had taken back and of the credit that it used up, which is paid again.
    pub newest: Vec<Line>,
    /// What the business has for all purchases of the period, less what they took back.
    pub all: Vec<Line>,
}

impl Paid {
    /// What `purchases`, the newest first, have paid for the period that the last of them starts;
    /// none when none of them starts one.
    pub fn of(purchases: &[Purchase]) -> Result<Option<Self>, MoneyError> {
        let Some(first) = purchases.iter().position(|one| one.starts) else {
            return Ok(None);
        };
        let (newest, oldest) = (&purchases[0], &purchases[first]);
        let mut all = Vec::new();
        for purchase in &purchases[..=first] {
            all.extend(purchase.rest(purchase.starts)?);
        }
        Ok(Some(Self {
            period: oldest.part(),
            part: newest.part(),
            newest: newest.rest(true)?,
            all,
        }))
    }

    /// How much of a whole period is left where `running` is left of the one that runs: never more
    /// than there was at the newest purchase, wherever the dates were moved since.
    #[must_use]
    pub fn left(&self, running: Part) -> Part {
        running.times(self.period).min(self.part)
    }

    /// What is unused of an `amount` of the newest purchase while `left` of a whole period is left.
    #[must_use]
    pub fn unused(&self, amount: Money, left: Part) -> Money {
        left.over(self.part).of(amount)
    }
}

impl Purchase {
    /// How much of a whole period its lines were asked for.
    fn part(&self) -> Part {
        let mut supplies = self.lines.iter().filter(|line| is_supply(line));
        let first = supplies.next().and_then(|line| line.part);
        first.unwrap_or(Part::ALL)
    }

    /// What is paid by it. `alone`, without what it took back of others, as far as that did not go
    /// back in turn. Credit that it used up is in the prices; where a refund lowers those by that
    /// as well, it has paid for them all the same.
    fn rest(&self, alone: bool) -> Result<Vec<Line>, MoneyError> {
        let mut rest = Vec::with_capacity(self.lines.len());
        for (place, line) in self.lines.iter().enumerate() {
            let gone = self.gone.get(place).copied().unwrap_or_default();
            let whole = match line.role {
                Role::Kept => continue,
                Role::Credit if gone == 0 => continue,
                Role::Credit => Money::zero(line.unit.currency),
                Role::Unused if alone => Money::zero(line.unit.currency),
                _ => line.amount()?,
            };
            let left = whole.checked_sub(Money::new(gone, whole.currency))?;
            rest.push(Line {
                share: Some(left),
                ..self.named(line)
            });
        }
        Ok(rest)
    }

    /// `line`, or one of credit with the name of what it has paid for.
    fn named(&self, line: &Line) -> Line {
        let mut named = line.clone();
        let mut supplies = self.lines.iter().filter(|line| is_supply(line));
        if let (Role::Credit, Some(supply)) = (&line.role, supplies.next()) {
            named.product.clone_from(&supply.product);
            named.description.clone_from(&supply.description);
        }
        named
    }
}

/// Whether a line stands for what is supplied, or for a discount on it.
fn is_supply(line: &Line) -> bool {
    matches!(
        line.role,
        Role::Product | Role::Addon { .. } | Role::Discount { .. }
    )
}

#[cfg(test)]
mod tests;
