//! On which dates subscriptions are billed: cases that have gone wrong elsewhere, over two years
//! of the test clock. Dates are those of the invoices, in the business's time zone, to the hour.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::period::{Interval, Unit};
use vestibule::domain::product::{Product, Recurring};
use vestibule::flows::{AttemptOf, Ending, begin, settlement, test_clock};

use super::extras::Wish;
use super::test_clock::{Working, arrived};
use super::{GOOD, page};
use crate::support::world::World;

/// A subscription that begins at `at`.
struct Case {
    what: &'static str,
    at: &'static str,
    every: (u32, Unit),
    runs: (u32, Unit),
    trial: u32,
}

const fn case(what: &'static str, at: &'static str, every: (u32, Unit)) -> Case {
    Case {
        what,
        at,
        every,
        runs: (10, Unit::Year),
        trial: 0,
    }
}

/// Two years after the first case.
const END: &str = "2029-03-02T00:00:00Z";

fn interval((count, unit): (u32, Unit)) -> Interval {
    Interval { unit, count }
}

async fn move_to(world: &World, at: Timestamp) {
    let clock = test_clock::read(&world.cx, &world.scope).await.unwrap();
    if clock.now < at {
        test_clock::advance(&world.cx, &world.scope, at)
            .await
            .unwrap();
        arrived(world).await;
    }
}

async fn begin_case(world: &World, case: &Case) -> SubscriptionId {
    let product = Product {
        recurring: Some(Recurring {
            interval: interval(case.every),
            term: interval(case.runs),
            trial_days: 0,
        }),
        id: world.cx.new_id(),
        ..world.product().await
    };
    world.add_product(&product).await;
    let wish = Wish {
        trial: case.trial,
        ..Wish::default()
    };
    let begun = world.try_to_begin(&product, wish).await.unwrap();
    let attempt = begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
    let ending = match &attempt.of {
        AttemptOf::Setup(id) => settlement::setup_returned(&world.cx, &world.scope, id, &[]).await,
        AttemptOf::Payment(id) => settlement::returned(&world.cx, &world.scope, id, &[]).await,
        AttemptOf::Nothing => panic!("nothing was asked"),
    };
    assert_eq!(ending.unwrap(), Ending::Succeeded);
    begun.subscription.unwrap().id
}

/// A row for each case: every date on which a period began that was billed, and how it stands.
async fn table(zone: &str, cases: &[Case]) -> String {
    let world = World::sqlite().await;
    let time_zone = TimeZone::get(zone).unwrap();
    let mut settings = (**world.cx.settings.load()).clone();
    for business in settings.businesses.values_mut() {
        business.time_zone = time_zone.clone();
    }
    world.cx.settings.store(Arc::new(settings));
    let working = Working::start(&world);
    let mut begun = Vec::new();
    for case in cases {
        move_to(&world, case.at.parse().unwrap()).await;
        begun.push(begin_case(&world, case).await);
    }
    move_to(&world, END.parse().unwrap()).await;
    let mut table = format!("{zone}\n");
    for (case, id) in cases.iter().zip(&begun) {
        let subscription = world.subscription(id).await;
        let state = subscription.state.name();
        write!(table, "\n{} ({state})", case.what).unwrap();
        let mut year = 0;
        let mut end = None;
        for invoice in world.invoices(id).await {
            let period = invoice.lines[0].period.unwrap();
            assert!(
                end.is_none_or(|end| end == period.start),
                "no gap, no overlap"
            );
            end = Some(period.end);
            let start = period.start.to_zoned(time_zone.clone());
            if start.year() != year {
                year = start.year();
                write!(table, "\n  {year}:").unwrap();
            }
            write!(table, " {}", start.strftime("%m-%d/%H")).unwrap();
        }
        table.push('\n');
    }
    working.stop().await;
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn no_date_drifts_over_two_years() {
    use Unit::{Day, Month, Week, Year};
    let berlin = [
        case(
            "monthly from 31 January",
            "2027-01-31T10:00:00Z",
            (1, Month),
        ),
        Case {
            trial: 14,
            ..case(
                "monthly after a trial of 14 days",
                "2027-02-01T10:00:00Z",
                (1, Month),
            )
        },
        Case {
            runs: (6, Month),
            ..case("monthly for 6 months", "2027-02-15T10:00:00Z", (1, Month))
        },
        case(
            "monthly at an hour that the clocks skip in March",
            "2027-02-28T01:30:00Z",
            (1, Month),
        ),
        case("every 2 weeks", "2027-03-20T10:00:00Z", (2, Week)),
        case("every 30 days", "2027-03-21T22:30:00Z", (30, Day)),
        case(
            "every 3 months from 1 December, in UTC still November",
            "2027-11-30T23:30:00Z",
            (3, Month),
        ),
        case("yearly from a leap day", "2028-02-29T10:00:00Z", (1, Year)),
        case(
            "monthly from a leap day",
            "2028-02-29T12:00:00Z",
            (1, Month),
        ),
    ];
    let new_york = [
        // Still 31 January there, 1 February in UTC.
        case(
            "monthly from the evening of 31 January",
            "2027-02-01T02:00:00Z",
            (1, Month),
        ),
        case("yearly from 28 February", "2027-02-28T12:00:00Z", (1, Year)),
    ];
    let tables = [
        table("Europe/Berlin", &berlin).await,
        table("America/New_York", &new_york).await,
    ];
    insta::assert_snapshot!(tables.join("\n"));
}
