//! Billing intervals and periods, counted from an anchor in the business's time zone so that
//! a month-end never drifts.

mod length;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::text_enum;

text_enum! {
    /// A calendar unit. The words are those of Dodo's `TimeInterval`.
    pub enum Unit {
        /// Calendar days.
        Day = "Day",
        /// Seven calendar days.
        Week = "Week",
        /// Calendar months; a day that a month lacks becomes its last day.
        Month = "Month",
        /// Calendar years.
        Year = "Year",
    }
}

/// A repeated stretch of calendar time, such as every 3 months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// The unit.
    pub unit: Unit,
    /// How many units, at least 1.
    pub count: u32,
}

/// A stretch of time, end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// First instant of the period.
    pub start: Timestamp,
    /// First instant after the period.
    pub end: Timestamp,
}

impl Period {
    /// As much of it as lies before `end`.
    #[must_use]
    pub fn until(self, end: Option<Timestamp>) -> Self {
        let end = end.map_or(self.end, |end| end.min(self.end).max(self.start));
        Self { end, ..self }
    }
}

/// A date that lies outside the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the date lies outside the calendar")]
pub struct OutOfRange;

impl Interval {
    /// The instant `n` intervals after `anchor`, on the wall clock of `zone`. Counting from
    /// the anchor, and never from the previous date, is what keeps the 31st: 31 January,
    /// 28 February, 31 March.
    pub fn after(
        self,
        anchor: Timestamp,
        n: u32,
        zone: &TimeZone,
    ) -> Result<Timestamp, OutOfRange> {
        let steps = i64::from(self.count)
            .checked_mul(i64::from(n))
            .ok_or(OutOfRange)?;
        let span = match self.unit {
            Unit::Day => Span::new().try_days(steps),
            Unit::Week => Span::new().try_weeks(steps),
            Unit::Month => Span::new().try_months(steps),
            Unit::Year => Span::new().try_years(steps),
        }
        .map_err(|_| OutOfRange)?;
        let there = anchor
            .to_zoned(zone.clone())
            .checked_add(span)
            .map_err(|_| OutOfRange)?;
        Ok(there.timestamp())
    }

    /// The period counted from `anchor` that contains `at`; the first one when `at` lies
    /// before the anchor.
    pub fn containing(
        self,
        anchor: Timestamp,
        at: Timestamp,
        zone: &TimeZone,
    ) -> Result<Period, OutOfRange> {
        let mut n = self.estimate(anchor, at);
        while n > 0 && self.after(anchor, n, zone)? > at {
            n -= 1;
        }
        loop {
            let end = self.after(anchor, n + 1, zone)?;
            if end > at {
                return Ok(Period {
                    start: self.after(anchor, n, zone)?,
                    end,
                });
            }
            n += 1;
        }
    }

    /// The period that follows the instant `start`, the end of the one before. It ends on the
    /// first date of `anchor` that is at least half an interval away: a change of the time zone
    /// moves the dates by hours, and hours are not billed as a period.
    pub fn next_from(
        self,
        anchor: Timestamp,
        start: Timestamp,
        zone: &TimeZone,
    ) -> Result<Period, OutOfRange> {
        let period = self.containing(anchor, start, zone)?;
        let whole = period.end.duration_since(period.start);
        let end = if period.end.duration_since(start) < whole / 2 {
            self.containing(anchor, period.end, zone)?.end
        } else {
            period.end
        };
        Ok(Period { start, end })
    }

    /// About how many intervals fit between the two; never above the true number by more
    /// than the loops of `containing` mend.
    fn estimate(self, anchor: Timestamp, at: Timestamp) -> u32 {
        let days = (at.as_second() - anchor.as_second()) / 86_400;
        let longest = match self.unit {
            Unit::Day => 1,
            Unit::Week => 7,
            Unit::Month => 31,
            Unit::Year => 366,
        };
        u32::try_from(days / (longest * i64::from(self.count.max(1)))).unwrap_or(0)
    }
}

/// `at` moved on the wall clock of `zone` by as much as that clock shows between `from` and `to`:
/// by whole days where those are, however long the days were.
pub fn moved(
    at: Timestamp,
    from: Timestamp,
    to: Timestamp,
    zone: &TimeZone,
) -> Result<Timestamp, OutOfRange> {
    let clock = |at: Timestamp| at.to_zoned(zone.clone()).datetime();
    let there = clock(at)
        .checked_add(clock(to).duration_since(clock(from)))
        .map_err(|_| OutOfRange)?;
    let there = there.to_zoned(zone.clone()).map_err(|_| OutOfRange)?;
    Ok(there.timestamp())
}

/// The instant `count` working days (Monday to Friday) after `at`, on the wall clock of `zone`.
pub fn working_days_after(
    at: Timestamp,
    count: u32,
    zone: &TimeZone,
) -> Result<Timestamp, OutOfRange> {
    let mut day = at.to_zoned(zone.clone());
    let mut left = count;
    while left > 0 {
        day = day.tomorrow().map_err(|_| OutOfRange)?;
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    Ok(day.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_time_zone_never_makes_a_period_of_an_hour() {
        let month = Interval {
            unit: Unit::Month,
            count: 1,
        };
        let zone = |name| TimeZone::get(name).expect("a zone");
        let anchor = at("2026-01-15T09:00:00Z");
        let before = month.next_from(anchor, at("2026-03-15T09:00:00Z"), &zone("Europe/Berlin"));
        let end = before.expect("a period").end;
        assert_eq!(end, at("2026-04-15T08:00:00Z"), "summer time");
        let moved = month
            .next_from(anchor, end, &zone("UTC"))
            .expect("a period");
        assert_eq!(moved.start, end, "nothing is left out or paid twice");
        assert_eq!(moved.end, at("2026-05-15T09:00:00Z"));
    }

    #[test]
    fn a_date_moves_by_days_of_the_wall_clock() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        let by = |date: &str, from: &str, to: &str| {
            let there = moved(at(date), at(from), at(to), &berlin);
            there.expect("in range").to_string()
        };
        // Over the change of the clocks in March: 1 April, 00:00, becomes 2 May, 00:00.
        let (noon_in_march, noon_in_april) = ("2027-03-20T11:00:00Z", "2027-04-20T10:00:00Z");
        assert_eq!(
            by("2027-03-31T22:00:00Z", noon_in_march, noon_in_april),
            "2027-05-01T22:00:00Z"
        );
        // And over that in October: 1 October, 00:00, becomes 1 November, 00:00.
        assert_eq!(
            by(
                "2027-09-30T22:00:00Z",
                "2027-09-20T10:00:00Z",
                "2027-10-21T10:00:00Z"
            ),
            "2027-10-31T23:00:00Z"
        );
        assert_eq!(
            by(
                "2027-06-10T08:00:00Z",
                "2027-06-01T09:15:00Z",
                "2027-06-03T10:15:30Z"
            ),
            "2027-06-12T09:00:30Z"
        );
    }

    #[test]
    fn a_period_ends_where_it_is_cut_and_never_before_it_begins() {
        let month = Period {
            start: at("2027-01-15T00:00:00Z"),
            end: at("2027-02-15T00:00:00Z"),
        };
        let end = |text: &str| month.until(Some(at(text))).end.to_string();
        assert_eq!(end("2027-02-01T00:00:00Z"), "2027-02-01T00:00:00Z");
        assert_eq!(end("2027-03-01T00:00:00Z"), "2027-02-15T00:00:00Z");
        assert_eq!(end("2027-01-01T00:00:00Z"), "2027-01-15T00:00:00Z");
        assert_eq!(month.until(None), month);
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn dates(unit: Unit, count: u32, anchor: &str, zone: &str) -> Vec<String> {
        let zone = TimeZone::get(zone).expect("a zone");
        (0..4)
            .map(|n| {
                let interval = Interval { unit, count };
                interval
                    .after(at(anchor), n, &zone)
                    .expect("in range")
                    .to_string()
            })
            .collect()
    }

    #[test]
    fn month_ends_do_not_drift() {
        assert_eq!(
            dates(Unit::Month, 1, "2027-01-31T09:00:00Z", "UTC"),
            [
                "2027-01-31T09:00:00Z",
                "2027-02-28T09:00:00Z",
                "2027-03-31T09:00:00Z",
                "2027-04-30T09:00:00Z"
            ]
        );
    }

    #[test]
    fn leap_days_return_in_leap_years() {
        assert_eq!(
            dates(Unit::Year, 4, "2028-02-29T00:00:00Z", "UTC")[..2],
            ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]
        );
        assert_eq!(
            dates(Unit::Year, 1, "2028-02-29T00:00:00Z", "UTC")[1],
            "2029-02-28T00:00:00Z"
        );
    }

    #[test]
    fn the_wall_clock_of_the_zone_is_kept_over_a_change_of_the_clocks() {
        assert_eq!(
            dates(Unit::Month, 1, "2027-03-15T08:00:00Z", "Europe/Berlin")[1],
            "2027-04-15T07:00:00Z"
        );
    }

    #[test]
    fn working_days_pass_over_the_weekend_on_the_wall_clock() {
        let after = |from: &str, days| {
            let there = working_days_after(at(from), days, &TimeZone::UTC);
            there.expect("in range").to_string()
        };
        // 2026-11-26 is a Thursday.
        assert_eq!(after("2026-11-26T10:00:00Z", 2), "2026-11-30T10:00:00Z");
        assert_eq!(after("2026-11-28T10:00:00Z", 1), "2026-11-30T10:00:00Z");
        assert_eq!(after("2026-11-23T10:00:00Z", 2), "2026-11-25T10:00:00Z");
        assert_eq!(after("2026-11-23T10:00:00Z", 0), "2026-11-23T10:00:00Z");
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        let spring = working_days_after(at("2027-03-26T10:00:00Z"), 1, &berlin);
        assert_eq!(
            spring.expect("in range").to_string(),
            "2027-03-29T09:00:00Z"
        );
    }

    #[test]
    fn the_period_that_contains_an_instant_is_counted_from_the_anchor() {
        let month = Interval {
            unit: Unit::Month,
            count: 1,
        };
        let period = |now: &str| {
            let p = month.containing(at("2027-01-31T00:00:00Z"), at(now), &TimeZone::UTC);
            let p = p.expect("in range");
            (p.start.to_string(), p.end.to_string())
        };
        let expect = |s: &str, e: &str| (s.to_owned(), e.to_owned());
        assert_eq!(
            period("2027-03-01T00:00:00Z"),
            expect("2027-02-28T00:00:00Z", "2027-03-31T00:00:00Z")
        );
        assert_eq!(
            period("2027-03-31T00:00:00Z"),
            expect("2027-03-31T00:00:00Z", "2027-04-30T00:00:00Z")
        );
        assert_eq!(
            period("2026-01-01T00:00:00Z"),
            expect("2027-01-31T00:00:00Z", "2027-02-28T00:00:00Z")
        );
        assert_eq!(
            period("2031-02-27T12:00:00Z"),
            expect("2031-01-31T00:00:00Z", "2031-02-28T00:00:00Z")
        );
    }
}
