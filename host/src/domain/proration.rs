//! What a change of plan costs: the part of a period that is left, by the second, rounded line by
//! line. What is paid for that part is taken back line by line as well, at the rate under which it
//! was paid. Both are the same part, so that a change to an equal price costs nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::credit::{self, Credit};
use super::money::{Currency, Money, MoneyError};
use super::paid::Paid;
use super::part::Part;
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
    /// How often the plan was paid for which that period was sold.
    pub old: Interval,
    /// How often the new plan is paid.
    pub new: Interval,
    /// When the agreed term is over: no period runs beyond it.
    pub ends: Option<Timestamp>,
    /// Whether nothing was ever asked for the running period, so that a change costs nothing in it:
    /// a trial, or the days until one that was charged on demand is paid by the period. Where a
    /// period is unpaid for another reason, the new plan has its whole price.
    pub is_trial: bool,
    /// What was paid for the running period.
    pub paid: Option<&'a Paid>,
    /// One whole period of the new plan, with its discounts.
    pub plan: &'a [Line],
    /// The currency of every line.
    pub currency: Currency,
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
    let (period, covers, part, anchor) = if restarts {
        let end = change.new.after(change.now, 1, zone)?;
        let start = change.now;
        let whole = Period { start, end };
        let period = whole.until(change.ends);
        (period, period, Part::within(period, whole), change.now)
    } else {
        let running = change.running;
        let (covers, part) = match change.mode {
            Mode::Prorated => (rest(change), left(change, zone)?),
            _ => (supplied(change), sold(change, zone)?),
        };
        (running, covers, part, change.anchor)
    };
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

/// What of the running period is supplied: a merchant may have moved its end beyond the end of the
/// term, and nobody has anything of that.
fn supplied(change: &Change<'_>) -> Period {
    change.running.until(change.ends)
}

/// What of the running period is still to come.
fn rest(change: &Change<'_>) -> Period {
    let running = supplied(change);
    Period {
        start: change.now.max(running.start),
        ..running
    }
}

/// How much of a whole period is left of the running one.
fn left(change: &Change<'_>, zone: &TimeZone) -> Result<Part, QuoteError> {
    let running = Part::left(supplied(change), change.now);
    Ok(match change.paid {
        Some(paid) => paid.left(running),
        None => running.times(sold(change, zone)?),
    })
}

/// How much of a whole period the running one was sold as. Of one that was not sold: how much of it
/// the end of the term leaves.
fn sold(change: &Change<'_>, zone: &TimeZone) -> Result<Part, QuoteError> {
    let running = supplied(change);
    let is_last = change.ends.is_some_and(|ends| ends <= running.end);
    match change.paid {
        Some(paid) => Ok(paid.period),
        None if is_last => {
            let natural = change.old.after(running.start, 1, zone)?;
            let end = natural.max(running.end);
            Ok(Part::within(running, Period { end, ..running }))
        }
        None => Ok(Part::ALL),
    }
}

/// What `part` of a period costs of which `lines` are the whole, rounded line by line. A discount
/// takes off no more than there is at its rate.
pub fn part_of_period(lines: &[Line], part: Part, covers: Period) -> Result<Vec<Line>, MoneyError> {
    let mut left: BTreeMap<(TaxRate, bool), i64> = BTreeMap::new();
    let mut parts = Vec::with_capacity(lines.len());
    for line in lines {
        let whole = Line {
            share: None,
            part: None,
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
            part: (!part.is_all()).then_some(part),
            ..whole
        });
    }
    Ok(parts)
}

/// What was paid for time that is left, taken back: a line for each thing at each rate. Where the
/// difference of the prices is asked, all that was paid for the period is.
fn unused(change: &Change<'_>, restarts: bool) -> Result<Vec<Line>, MoneyError> {
    let Some(paid) = change.paid else {
        return Ok(Vec::new());
    };
    let is_all = change.mode == Mode::Difference && !restarts;
    let covers = if is_all {
        supplied(change)
    } else {
        rest(change)
    };
    // A period that starts anew takes nothing of the old one along.
    let covers = (!restarts).then_some(covers);
    let left = paid.left(Part::left(supplied(change), change.now));
    let mut taken: Vec<Line> = Vec::new();
    for one in if is_all { &paid.all } else { &paid.newest } {
        let amount = one.amount()?;
        let amount = if is_all {
            amount
        } else {
            paid.unused(amount, left)
        };
        let amount = Money {
            minor: -amount.minor,
            ..amount
        };
        let same = |line: &&mut Line| {
            line.description == one.description
                && line.product == one.product
                && (line.rate, line.tax_inclusive) == (one.rate, one.tax_inclusive)
        };
        match taken.iter_mut().find(same) {
            Some(line) => line.unit = line.unit.checked_add(amount)?,
            None => taken.push(Line {
                product: one.product.clone(),
                description: one.description.clone(),
                quantity: 1,
                unit: amount,
                tax_inclusive: one.tax_inclusive,
                rate: one.rate,
                period: covers,
                role: Role::Unused,
                share: None,
                part: None,
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
