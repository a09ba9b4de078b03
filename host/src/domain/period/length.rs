//! Which of two intervals is the longer one, though months differ.

use jiff::Span;

use super::{Interval, Unit};

impl Interval {
    /// Whether it is over before `other` is, at least on some days on which both may begin: 30 days
    /// are over before a month in January, and not in February.
    pub fn may_end_before(self, other: Self) -> bool {
        match (self.length(), other.length()) {
            (Length::Days(days), Length::Days(others)) => days < others,
            (Length::Months(months), Length::Months(others)) => months < others,
            (Length::Days(days), Length::Months(months)) => {
                days_of_months(months).is_none_or(|(_, longest)| days < longest)
            }
            (Length::Months(months), Length::Days(days)) => {
                days_of_months(months).is_some_and(|(shortest, _)| shortest < days)
            }
        }
    }

    const fn length(self) -> Length {
        let count = self.count as i64;
        match self.unit {
            Unit::Day => Length::Days(count),
            Unit::Week => Length::Days(7 * count),
            Unit::Month => Length::Months(count),
            Unit::Year => Length::Months(12 * count),
        }
    }
}

/// What intervals are counted in: a month has no number of days.
enum Length {
    Days(i64),
    Months(i64),
}

/// The fewest and the most days of so many months in a row; none beyond the calendar.
fn days_of_months(months: i64) -> Option<(i64, i64)> {
    const LEAP_CYCLE: i64 = 4 * 12;
    let first = jiff::civil::date(2024, 1, 1);
    let after = |months| first.checked_add(Span::new().try_months(months).ok()?).ok();
    let lengths = (0..LEAP_CYCLE).map(|start| {
        let whole = after(start + months)?.since(after(start)?).ok()?;
        Some(i64::from(whole.get_days()))
    });
    let lengths = lengths.collect::<Option<Vec<_>>>()?;
    Some((*lengths.iter().min()?, *lengths.iter().max()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_compared_with_an_interval_on_the_days_that_are_worst_for_it() {
        let every = |count, unit| Interval { unit, count };
        let ends_early = |term: Interval, interval| term.may_end_before(interval);
        let month = every(1, Unit::Month);
        assert!(ends_early(every(30, Unit::Day), month));
        assert!(!ends_early(every(31, Unit::Day), month));
        assert!(!ends_early(month, every(4, Unit::Week)));
        assert!(ends_early(month, every(29, Unit::Day)), "in February");
        assert!(ends_early(every(2, Unit::Month), every(60, Unit::Day)));
        assert!(ends_early(every(365, Unit::Day), every(1, Unit::Year)));
        assert!(!ends_early(every(366, Unit::Day), every(1, Unit::Year)));
        assert!(!ends_early(every(12, Unit::Month), every(1, Unit::Year)));
        assert!(ends_early(every(11, Unit::Month), every(1, Unit::Year)));
        assert!(ends_early(every(1, Unit::Week), every(8, Unit::Day)));
        assert!(!ends_early(every(1, Unit::Week), every(7, Unit::Day)));
    }
}
