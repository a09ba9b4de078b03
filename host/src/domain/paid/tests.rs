//! What is unused of a period, over whole lives of one: dates that are moved, pauses, changes of
//! plan and refunds.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::super::credit;
use super::super::money::Currency;
use super::super::period::{Interval, Period, Unit};
use super::super::proration::{Change, Mode, Proration, part_of_period, prorate};
use super::super::tax::{self, TaxRate};
use super::*;

const DAY: i64 = 86_400;

fn eur() -> Currency {
    "EUR".parse().expect("a currency")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn days(start: i64, end: i64) -> Period {
    Period {
        start: at(start * DAY),
        end: at(end * DAY),
    }
}

/// One whole period of a plan at 19 %.
fn plan(name: &str, minor: i64, tax_inclusive: bool) -> Vec<Line> {
    vec![Line {
        product: None,
        description: name.to_owned(),
        quantity: 1,
        unit: Money::new(minor, eur()),
        tax_inclusive,
        rate: TaxRate(190_000),
        period: None,
        role: Role::Product,
        share: None,
        part: None,
    }]
}

/// A subscription in one period.
#[derive(Clone, Debug)]
struct Life {
    running: Period,
    now: i64,
    plan: Vec<Line>,
    /// The newest first.
    purchases: Vec<Purchase>,
}

impl Life {
    /// A period of which `part` was sold, cut by the end of the term where that is not all of it.
    fn of(plan: Vec<Line>, running: Period, part: Part) -> Self {
        let lines = part_of_period(&plan, part, running).expect("it fits");
        let bought = Purchase {
            lines,
            gone: Vec::new(),
            starts: true,
        };
        Self {
            running,
            now: running.start.as_second(),
            plan,
            purchases: vec![bought],
        }
    }

    fn priced(&self, plan: &[Line], mode: Mode) -> Proration {
        let paid = Paid::of(&self.purchases).expect("it fits");
        let month = Interval {
            unit: Unit::Month,
            count: 1,
        };
        let change = Change {
            mode,
            now: at(self.now),
            running: self.running,
            anchor: self.running.end,
            old: month,
            new: month,
            ends: Some(self.running.end),
            is_trial: false,
            paid: paid.as_ref(),
            plan,
            currency: eur(),
        };
        prorate(&change, &TimeZone::UTC).expect("a price")
    }

    fn change(&mut self, plan: Vec<Line>, mode: Mode) -> Proration {
        let priced = self.priced(&plan, mode);
        let bought = Purchase {
            lines: priced.lines.clone(),
            gone: Vec::new(),
            starts: false,
        };
        self.purchases.insert(0, bought);
        self.plan = plan;
        priced
    }

    fn wait(&mut self, seconds: i64) {
        self.now = (self.now + seconds).min(self.running.end.as_second() - 1);
    }

    fn pause(&mut self, seconds: i64) {
        let later = |at_: Timestamp| at(at_.as_second() + seconds);
        self.running = Period {
            start: later(self.running.start),
            end: later(self.running.end),
        };
        self.now += seconds;
    }

    /// Moves the next date to so many seconds from now.
    fn move_to(&mut self, seconds: i64) {
        self.running.end = at(self.now + seconds.max(1));
    }
}

/// What a change costs, less what it leaves as credit.
fn net(priced: &Proration) -> i64 {
    let kept: i64 = priced.kept.iter().map(|credit| credit.amount.minor).sum();
    priced.totals.gross.minor - kept
}

#[test]
fn after_the_date_was_moved_a_change_to_an_equal_price_costs_nothing() {
    for (moved, day, expected) in [(9, 4, 1_611), (59, 45, 688)] {
        let mut life = Life::of(plan("A", 2_900, true), days(0, 30), Part::ALL);
        life.move_to(moved * DAY);
        life.wait(day * DAY);
        let priced = life.priced(&plan("B", 2_900, true), Mode::Prorated);
        assert_eq!((net(&priced), priced.totals.gross.minor), (0, 0));
        let new = priced.lines[0].amount().expect("an amount").minor;
        assert_eq!(new, expected, "what is left, of the period as it runs");
    }
}

#[test]
fn a_pause_before_a_change_changes_nothing_about_the_next_one() {
    let (basic, pro) = (plan("A", 2_900, true), plan("B", 5_900, true));
    let steps = |paused: bool| {
        let mut life = Life::of(basic.clone(), days(0, 30), Part::ALL);
        life.wait(4 * DAY);
        if paused {
            life.pause(10 * DAY);
        }
        life.wait(5 * DAY);
        let there = life.change(pro.clone(), Mode::Prorated);
        life.wait(5 * DAY);
        let back = life.change(basic.clone(), Mode::Prorated);
        let amounts = |of: &Proration| -> Vec<i64> {
            let lines = of.lines.iter();
            lines
                .map(|line| line.amount().expect("an amount").minor)
                .collect()
        };
        (amounts(&there), amounts(&back))
    };
    assert_eq!(steps(true), steps(false));
    // 16 of 30 days of 29.00 for as much of 59.00, credit for the difference.
    assert_eq!(steps(true).1, [1_547, -3_147, 1_600]);
}

#[test]
fn a_cut_period_stays_the_part_that_it_was_sold_as_however_long_a_month_is_later() {
    let part = Part { of: 10, whole: 31 };
    let mut life = Life::of(plan("A", 3_100, true), days(9, 19), part);
    life.wait(5 * DAY);
    // On into February.
    life.pause(30 * DAY);
    assert_eq!(
        net(&life.priced(&plan("B", 3_100, true), Mode::Prorated)),
        0
    );
    let dearer = life.priced(&plan("B", 6_200, true), Mode::Prorated);
    assert_eq!(net(&dearer), 500, "five days of 1.00 more");
}

#[test]
fn what_went_back_of_a_line_is_not_taken_back_again_and_other_lines_are() {
    let mut life = Life::of(plan("A", 3_000, false), days(0, 30), Part::ALL);
    let seats = plan("Seats", 600, false).remove(0);
    life.purchases[0].lines.push(seats);
    life.wait(15 * DAY);
    let free = plan("B", 0, false);
    let taken = |life: &Life| {
        let priced = life.priced(&free, Mode::Prorated);
        let lines = priced.lines.into_iter();
        let unused = lines.filter(|line| line.role == Role::Unused);
        unused
            .map(|line| (line.description, line.unit.minor))
            .collect::<Vec<_>>()
    };
    let line = |name: &str, minor| (name.to_owned(), minor);
    assert_eq!(taken(&life), [line("A", -1_500), line("Seats", -300)]);
    life.purchases[0].gone = vec![0, 600];
    assert_eq!(taken(&life), [line("A", -1_500)]);
    life.purchases[0].gone = vec![1_000, 600];
    assert_eq!(taken(&life), [line("A", -1_000)]);
    life.purchases[0].gone = vec![3_000, 600];
    assert_eq!(taken(&life), []);
}

#[test]
fn what_a_change_took_back_is_paid_again_where_its_money_went_back() {
    let mut life = Life::of(plan("A", 3_000, true), days(0, 30), Part::ALL);
    life.wait(10 * DAY);
    let change = life.change(plan("B", 6_000, true), Mode::Prorated);
    assert_eq!(net(&change), 2_000);
    // All of it went back: 40.00 of B, less 20.00 of A.
    life.purchases[0].gone = vec![4_000, -2_000];
    life.wait(10 * DAY);
    let back = life.priced(&plan("Free", 0, true), Mode::Prorated);
    assert_eq!(net(&back), -1_000, "ten days of A");
    let all = life.priced(&plan("Free", 0, true), Mode::Difference);
    assert_eq!(net(&all), -3_000, "all of A");
}

#[test]
fn credit_that_paid_for_a_period_has_paid_for_it_when_the_money_beside_it_went_back() {
    let mut life = Life::of(plan("A", 2_900, true), days(0, 30), Part::ALL);
    let used = credit::line(Role::Credit, Money::new(-650, eur()), TaxRate(190_000));
    life.purchases[0].lines.push(used);
    life.wait(15 * DAY);
    // Nothing of the 22.50 went back, half of it, and all of it.
    for (gone, left) in [
        (vec![], 1_450),
        (vec![1_450, -325], 888),
        (vec![2_900, -650], 325),
    ] {
        life.purchases[0].gone = gone;
        let priced = life.priced(&plan("Free", 0, true), Mode::Prorated);
        assert_eq!(net(&priced), -left);
        let unused = priced.lines.iter().filter(|line| line.role == Role::Unused);
        let names: Vec<_> = unused.map(|line| line.description.as_str()).collect();
        assert_eq!(names, ["A"]);
        let all = life.priced(&plan("Free", 0, true), Mode::Difference);
        assert!((net(&all) + 2 * left).abs() <= 1);
    }
}

#[test]
fn the_difference_of_prices_is_to_all_that_was_paid_for_the_period() {
    let mut life = Life::of(plan("A", 3_000, true), days(0, 30), Part::ALL);
    life.wait(10 * DAY);
    assert_eq!(
        net(&life.change(plan("B", 6_000, true), Mode::Prorated)),
        2_000
    );
    life.wait(10 * DAY);
    let team = plan("C", 9_000, true);
    assert_eq!(net(&life.change(team, Mode::Difference)), 4_000);
    life.wait(5 * DAY);
    let back = life.priced(&plan("Free", 0, true), Mode::Prorated);
    assert_eq!(net(&back), -1_500, "five days of 90.00");
}

/// What can happen in a period.
#[derive(Clone, Debug)]
enum Step {
    Wait(i64),
    Pause(i64),
    MoveTo(i64),
    Change(i64, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..20 * DAY).prop_map(Step::Wait),
        (0..90 * DAY).prop_map(Step::Pause),
        (1..90 * DAY).prop_map(Step::MoveTo),
        (0_i64..1_000_000, any::<bool>()).prop_map(|(to, whole)| Step::Change(to, whole)),
    ]
}

proptest! {
    #[test]
    fn whatever_happened_an_equal_price_costs_nothing_and_no_credit_comes_of_nothing(
        price in 0_i64..1_000_000,
        inclusive in any::<bool>(),
        sold in prop_oneof![Just(30), 1_i64..30],
        steps in prop::collection::vec(step(), 0..8),
        mode in prop::sample::select(vec![Mode::Prorated, Mode::Difference]),
    ) {
        let part = Part { of: sold, whole: 30 };
        let mut life = Life::of(plan("First", price, inclusive), days(0, sold), part);
        let mut paid = tax::totals(eur(), &life.purchases[0].lines).expect("sums").gross.minor;
        // A cent for each rounding.
        let mut cents = 2;
        let mut whole = true;
        for (place, one) in steps.into_iter().enumerate() {
            match one {
                Step::Wait(seconds) => life.wait(seconds),
                Step::Pause(seconds) => life.pause(seconds),
                Step::MoveTo(seconds) => life.move_to(seconds),
                Step::Change(to, difference) => {
                    let mode = if difference { Mode::Difference } else { Mode::Prorated };
                    let next = plan(&format!("Plan {place}"), to, inclusive);
                    paid += net(&life.change(next, mode));
                    whole = difference;
                    cents += 4;
                }
            }
        }
        prop_assert!(paid >= -cents, "never more credit than was paid: {}", paid);
        let equal = Line { description: "Equal".to_owned(), ..life.plan[0].clone() };
        // All that was paid for the period is the price of the plan only where all of it was asked.
        if mode == Mode::Prorated || whole {
            let cost = net(&life.priced(std::slice::from_ref(&equal), mode));
            prop_assert!(cost.abs() <= 3, "{} {:?}", cost, life);
        }
        // What is shown is what is charged: the same question has the same answer.
        let shown = life.priced(std::slice::from_ref(&equal), mode);
        prop_assert_eq!(shown.lines, life.change(vec![equal], mode).lines);
    }
}
