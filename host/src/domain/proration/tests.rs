//! What changes of plan cost: each mode to the cent, and what holds for all of them.

use proptest::prelude::*;

use super::super::paid::Purchase;
use super::super::period::Unit;
use super::super::tax::TaxRate;
use super::*;

const DAY: i64 = 86_400;
const MONTH: Interval = Interval {
    unit: Unit::Month,
    count: 1,
};
const YEAR: Interval = Interval {
    unit: Unit::Year,
    count: 1,
};

fn eur() -> Currency {
    "EUR".parse().expect("a currency")
}

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(day * DAY).expect("in range")
}

/// Thirty days.
fn running() -> Period {
    Period {
        start: at(0),
        end: at(30),
    }
}

fn line(what: &str, minor: i64, rate: u32, tax_inclusive: bool, period: Option<Period>) -> Line {
    Line {
        product: None,
        description: what.to_owned(),
        quantity: 1,
        unit: Money::new(minor, eur()),
        tax_inclusive,
        rate: TaxRate(rate),
        period,
        role: Role::Product,
        share: None,
        part: None,
    }
}

/// What is paid for the running period by `newest` and, before it, by its own purchase.
fn bought(purchase: &[Line], newest: Option<&[Line]>) -> Paid {
    let one = |lines: &[Line], starts| Purchase {
        lines: lines.to_vec(),
        gone: Vec::new(),
        starts,
    };
    let newest = newest.map(|lines| one(lines, false));
    let all: Vec<_> = newest.into_iter().chain([one(purchase, true)]).collect();
    Paid::of(&all).expect("it fits").expect("a period")
}

fn change<'a>(mode: Mode, day: i64, paid: Option<&'a Paid>, plan: &'a [Line]) -> Change<'a> {
    Change {
        mode,
        now: at(day),
        running: running(),
        anchor: at(0),
        old: MONTH,
        new: MONTH,
        ends: None,
        is_trial: paid.is_none(),
        paid,
        plan,
        currency: eur(),
    }
}

fn price(change: &Change<'_>) -> Proration {
    prorate(change, &TimeZone::UTC).expect("a price")
}

/// Gross, tax and credit of a change from one price to another after ten of thirty days.
fn sums(mode: Mode, from: i64, to: i64, inclusive: bool) -> (i64, i64, i64) {
    let paid = [line("Old", from, 190_000, inclusive, Some(running()))];
    let paid = bought(&paid, None);
    let plan = [line("New", to, 190_000, inclusive, None)];
    let priced = price(&change(mode, 10, Some(&paid), &plan));
    let kept = priced.kept.iter().map(|credit| credit.amount.minor).sum();
    (priced.totals.gross.minor, priced.totals.tax.minor, kept)
}

#[test]
fn each_mode_has_its_price_with_tax_that_is_included_and_tax_that_is_added() {
    for (mode, from, to, inclusive, expected) in [
        (Mode::Prorated, 3_000, 6_000, true, (2_000, 319, 0)),
        (Mode::Prorated, 3_000, 6_000, false, (2_380, 380, 0)),
        (Mode::Difference, 3_000, 6_000, true, (3_000, 479, 0)),
        (Mode::Difference, 3_000, 6_000, false, (3_570, 570, 0)),
        (Mode::Full, 3_000, 6_000, true, (6_000, 958, 0)),
        (Mode::Full, 6_000, 3_000, false, (3_570, 570, 0)),
        (Mode::DoNotBill, 3_000, 6_000, false, (0, 0, 0)),
        (Mode::Prorated, 6_000, 3_000, true, (0, 0, 2_000)),
        (Mode::Prorated, 6_000, 3_000, false, (0, 0, 2_380)),
        (Mode::Difference, 6_000, 3_000, true, (0, 0, 3_000)),
    ] {
        assert_eq!(
            sums(mode, from, to, inclusive),
            expected,
            "{mode} {from} to {to}"
        );
    }
}

#[test]
fn a_trial_is_free_to_change_and_full_starts_the_first_period() {
    let plan = [line("New", 6_000, 0, true, None)];
    let free = price(&change(Mode::Prorated, 10, None, &plan));
    assert!(free.lines.is_empty());
    assert_eq!(free.period, running());
    let full = price(&change(Mode::Full, 10, None, &plan));
    assert_eq!(full.totals.gross.minor, 6_000);
    assert_eq!(full.period.start, at(10));
}

#[test]
fn another_interval_starts_a_whole_period_now_and_takes_the_rest_of_the_old_one_back() {
    let paid = [line("Old", 3_000, 0, true, Some(running()))];
    let paid = bought(&paid, None);
    let plan = [line("New", 30_000, 0, true, None)];
    for mode in [Mode::Prorated, Mode::Difference] {
        let yearly = Change {
            new: YEAR,
            ..change(mode, 10, Some(&paid), &plan)
        };
        let priced = price(&yearly);
        assert_eq!(priced.totals.gross.minor, 28_000);
        assert_eq!((priced.anchor, priced.period.start), (at(10), at(10)));
        assert_eq!(priced.lines[1].period, None, "the old period is over");
    }
}

#[test]
fn what_was_paid_is_taken_back_at_the_rate_under_which_it_was_paid() {
    let paid = [line("Old", 11_900, 190_000, true, Some(running()))];
    let paid = bought(&paid, None);
    let plan = [line("New", 3_000, 160_000, true, None)];
    let priced = price(&change(Mode::Prorated, 15, Some(&paid), &plan));
    // 59.50 come back at 19 %, 15.00 are due at 16 %, and 44.50 stay, at 19 %.
    assert_eq!(priced.totals.gross.minor, 0);
    assert_eq!(priced.kept.len(), 1);
    assert_eq!(priced.kept[0].amount.minor, 4_450);
    assert_eq!(priced.kept[0].rate, TaxRate(190_000));
}

#[test]
fn a_second_change_takes_back_what_the_first_has_left() {
    let first_paid = [line("Basic", 3_000, 0, true, Some(running()))];
    let pro = [line("Pro", 6_000, 0, true, None)];
    let paid = bought(&first_paid, None);
    let first = price(&change(Mode::Prorated, 10, Some(&paid), &pro));
    let paid = bought(&first_paid, Some(&first.lines));
    let basic = [line("Basic", 3_000, 0, true, None)];
    let second = price(&change(Mode::Prorated, 20, Some(&paid), &basic));
    let kept: i64 = second.kept.iter().map(|credit| credit.amount.minor).sum();
    assert_eq!(kept, 1_000, "ten days of the difference");
    let unused: Vec<_> = second
        .lines
        .iter()
        .filter(|line| line.role == Role::Unused)
        .map(|line| (line.description.as_str(), line.unit.minor))
        .collect();
    assert_eq!(unused, [("Pro", -2_000)], "Basic was taken back before");
}

#[test]
fn a_date_that_was_moved_beyond_the_end_of_the_term_sells_nothing_after_it() {
    let paid = [line("Old", 3_000, 0, true, Some(running()))];
    let paid = bought(&paid, None);
    let plan = [line("New", 6_000, 0, true, None)];
    let moved = Change {
        running: Period {
            start: at(0),
            end: at(60),
        },
        anchor: at(60),
        ends: Some(at(40)),
        ..change(Mode::Prorated, 20, Some(&paid), &plan)
    };
    let priced = price(&moved);
    assert_eq!(priced.totals.gross.minor, 1_500, "20 of 40 days are left");
    assert_eq!(priced.lines[0].period.map(|to| to.end), Some(at(40)));
    assert_eq!((priced.period.end, priced.anchor), (at(60), at(60)));
}

proptest! {
    #[test]
    fn a_change_never_costs_less_than_nothing_and_its_parts_are_the_whole(
        paid in prop::collection::vec((0_i64..1_000_000, 0_u32..3), 1..4),
        plan in prop::collection::vec((0_i64..1_000_000, 0_u32..3), 1..4),
        inclusive in any::<bool>(),
        second in 0_i64..30 * DAY,
        mode in prop::sample::select(Mode::ALL.to_vec()),
        longer in any::<bool>(),
    ) {
        let lines = |items: &[(i64, u32)], name: &str, period| -> Vec<Line> {
            let all = items.iter().enumerate();
            all.map(|(n, (minor, rate))| {
                line(&format!("{name} {n}"), *minor, rate * 95_000, inclusive, period)
            })
            .collect()
        };
        let paid = lines(&paid, "Old", Some(running()));
        let plan = lines(&plan, "New", None);
        let all_paid = tax::totals(eur(), &paid).expect("sums").gross.minor;
        let paid = bought(&paid, None);
        let asked = Change {
            now: Timestamp::from_second(second).expect("in range"),
            new: if longer { YEAR } else { MONTH },
            ..change(mode, 0, Some(&paid), &plan)
        };
        let priced = price(&asked);
        prop_assert!(priced.totals.gross.minor >= 0);
        // Kept credit is what the supplies fall below zero, to the cent.
        let supplies: Vec<Line> = priced
            .lines
            .iter()
            .filter(|line| !line.role.is_credit())
            .cloned()
            .collect();
        let before = tax::totals(eur(), &supplies).expect("sums").gross.minor;
        let kept: i64 = priced.kept.iter().map(|credit| credit.amount.minor).sum();
        prop_assert_eq!(before + kept, priced.totals.gross.minor);
        prop_assert!(kept == 0 || priced.totals.gross.minor == 0);
        prop_assert!(priced.kept.iter().all(|credit| credit.amount.minor > 0));
        // One rounding for each line and each rate.
        prop_assert!(kept <= all_paid + 6, "{} of {}", kept, all_paid);
        // The same question has the same answer: what is shown is what is charged.
        prop_assert_eq!(price(&asked).lines, priced.lines);
    }

    #[test]
    fn two_parts_of_a_period_are_all_of_it(minor in -1_000_000_i64..1_000_000, second in 0..30 * DAY) {
        let amount = Money::new(minor, eur());
        let left = Part::left(running(), Timestamp::from_second(second).expect("in range"));
        let used = Part { of: left.whole - left.of, whole: left.whole };
        let sum = left.of(amount).minor + used.of(amount).minor;
        prop_assert!((sum - minor).abs() <= 1);
        prop_assert!(left.of(amount).minor.abs() <= minor.abs());
    }
}
