//! What a change of plan costs: the time that is left, by the second, rounded line by line. What
//! was paid for that time is taken back line by line as well, at the rate under which it was paid.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::credit::{self, Credit};
use super::money::{Currency, Money, MoneyError};
use super::period::{Interval, Period};
use super::quote::QuoteError;
use super::tax::{self, Line, Role, TaxRate, Totals};
use super::text_enum;

text_enum! {
    /// How a change of plan is billed, in the words of Dodo's `proration_billing_mode`.
    pub enum Mode {
        /// The rest of the period: the new plan for it, less what was paid for it.
        Prorated = "prorated_immediately",
        /// A whole period of the new plan from now on; the rest of the old one is forfeited.
        Full = "full_immediately",
        /// The difference of the prices, however much of the period is left.
        Difference = "difference_immediately",
        /// Nothing; the new price counts from the next period on.
        DoNotBill = "do_not_bill",
    }
}

/// A change to price.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// How it is billed.
    pub mode: Mode,
    /// When it happens (business time).
    pub now: Timestamp,
    /// The period that runs.
    pub running: Period,
    /// What the dates of that period count from.
    pub anchor: Timestamp,
    /// How often the old plan is paid.
    pub old: Interval,
    /// How often the new plan is paid.
    pub new: Interval,
    /// When the agreed term is over: no period runs beyond it.
    pub ends: Option<Timestamp>,
    /// Whether the running period is a trial, in which a change costs nothing. Where a period is
    /// unpaid for another reason, the new plan has its whole price.
    pub is_trial: bool,
    /// What was paid for the running period; empty in a trial.
    pub paid: &'a [Line],
    /// One whole period of the new plan, with its discounts.
    pub plan: &'a [Line],
    /// The currency of every line.
    pub currency: Currency,
}

/// A part of a whole, at most 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Seconds of the part.
    pub of: i64,
    /// Seconds of the whole, at least 1.
    pub whole: i64,
}

/// What a change costs, and what follows from it.
#[derive(Clone, Debug)]
pub struct Proration {
    /// The new plan, what is taken back, and what is kept as credit. Their sum is never negative.
    pub lines: Vec<Line>,
    /// The sums.
    pub totals: Totals,
    /// What the subscription has in hand afterwards, besides what it had.
    pub kept: Vec<Credit>,
    /// How much of a whole period the lines of the new plan are for.
    pub part: Part,
    /// The period after the change.
    pub period: Period,
    /// What dates count from after the change.
    pub anchor: Timestamp,
}

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

    /// This part of `amount`, half a minor unit rounded away from zero.
    pub fn of(self, amount: Money) -> Money {
        let whole = i128::from(self.whole);
        let product = i128::from(amount.minor) * i128::from(self.of);
        let half = if product < 0 { -whole / 2 } else { whole / 2 };
        let minor = i64::try_from((product + half) / whole).unwrap_or(amount.minor);
        Money { minor, ..amount }
    }
}

/// Prices a change.
pub fn prorate(change: &Change<'_>, zone: &TimeZone) -> Result<Proration, QuoteError> {
    let in_trial = change.is_trial && change.mode != Mode::Full;
    let is_free = change.mode == Mode::DoNotBill || in_trial;
    let same = change.old == change.new;
    if is_free {
        return Ok(Proration {
            lines: Vec::new(),
            totals: tax::totals(change.currency, &[])?,
            kept: Vec::new(),
            part: Part { of: 0, ..Part::ALL },
            period: change.running,
            // Another interval counts from the next date on.
            anchor: if same {
                change.anchor
            } else {
                change.running.end
            },
        });
    }
    let restarts = change.mode == Mode::Full || !same;
    let (whole, anchor) = if restarts {
        let end = change.new.after(change.now, 1, zone)?;
        let start = change.now;
        (Period { start, end }, change.now)
    } else {
        (running_whole(change, zone)?, change.anchor)
    };
    let period = if restarts {
        whole.until(change.ends)
    } else {
        change.running
    };
    let covers = match change.mode {
        Mode::Prorated if !restarts => Period {
            start: change.now.max(period.start),
            end: period.end,
        },
        _ => period,
    };
    let part = Part::within(covers, whole);
    let mut lines = part_of_period(change.plan, part, covers)?;
    if change.mode != Mode::Full {
        lines.extend(unused(change, restarts)?);
    }
    let kept = excess(change.currency, &lines)?;
    for credit in &kept {
        lines.push(credit::line(Role::Kept, credit.amount, credit.rate));
    }
    let totals = tax::totals(change.currency, &lines)?;
    Ok(Proration {
        lines,
        totals,
        kept,
        part,
        period,
        anchor,
    })
}

/// The period that runs as it would be without the end of the term: a last one may be cut.
fn running_whole(change: &Change<'_>, zone: &TimeZone) -> Result<Period, QuoteError> {
    let running = change.running;
    let is_last = change.ends.is_some_and(|ends| ends <= running.end);
    if !is_last {
        return Ok(running);
    }
    let natural = change.old.after(running.start, 1, zone)?;
    let end = natural.max(running.end);
    Ok(Period { end, ..running })
}

/// What `part` of a period costs of which `lines` are the whole, rounded line by line. A discount
/// takes off no more than there is at its rate.
pub fn part_of_period(lines: &[Line], part: Part, covers: Period) -> Result<Vec<Line>, MoneyError> {
    let mut left: BTreeMap<(TaxRate, bool), i64> = BTreeMap::new();
    let mut parts = Vec::with_capacity(lines.len());
    for line in lines {
        let whole = Line {
            share: None,
            period: Some(covers),
            ..line.clone()
        };
        let mut amount = part.of(whole.amount()?);
        let left = left.entry((line.rate, line.tax_inclusive)).or_default();
        if matches!(line.role, Role::Discount { .. }) {
            amount.minor = amount.minor.max(-*left);
        }
        *left = left.saturating_add(amount.minor);
        parts.push(Line {
            share: (!part.is_all()).then_some(amount),
            ..whole
        });
    }
    Ok(parts)
}

/// What was paid for time that is left, taken back: a line for each thing at each rate, without
/// those that earlier changes have taken back already.
fn unused(change: &Change<'_>, restarts: bool) -> Result<Vec<Line>, MoneyError> {
    let mut taken: Vec<Line> = Vec::new();
    for paid in change.paid {
        let Some(period) = paid.period else { continue };
        let (part, covers) = if change.mode == Mode::Difference && !restarts {
            (Part::ALL, Some(period))
        } else {
            let start = change.now.max(period.start);
            let rest = Period { start, ..period };
            // A period that starts anew takes nothing of the old one along.
            (Part::left(period, change.now), (!restarts).then_some(rest))
        };
        let amount = part.of(paid.amount()?);
        let amount = Money {
            minor: -amount.minor,
            ..amount
        };
        let same = |line: &&mut Line| {
            line.description == paid.description
                && line.product == paid.product
                && (line.rate, line.tax_inclusive) == (paid.rate, paid.tax_inclusive)
                && line.period == covers
        };
        match taken.iter_mut().find(same) {
            Some(line) => line.unit = line.unit.checked_add(amount)?,
            None => taken.push(Line {
                product: paid.product.clone(),
                description: paid.description.clone(),
                quantity: 1,
                unit: amount,
                tax_inclusive: paid.tax_inclusive,
                rate: paid.rate,
                period: covers,
                role: Role::Unused,
                share: None,
            }),
        }
    }
    taken.retain(|line| !line.unit.is_zero());
    Ok(taken)
}

/// By how much `lines` fall below zero, at the rates at which they do.
fn excess(currency: Currency, lines: &[Line]) -> Result<Vec<Credit>, MoneyError> {
    let totals = tax::totals(currency, lines)?;
    let mut wanted = totals.gross.minor.min(0).saturating_neg();
    let mut kept = Vec::new();
    for total in &totals.rates {
        let gross = total.net.checked_add(total.tax)?.minor;
        let part = gross.min(0).saturating_neg().min(wanted);
        if part > 0 {
            wanted -= part;
            kept.push(Credit {
                amount: Money::new(part, currency),
                rate: total.rate,
            });
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests;
