//! For which time is paid: no period runs beyond the agreed term, a pause moves dates by days of the
//! calendar, and a grace ends with the period for which it is granted.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use vestibule::config::Settings;
use vestibule::domain::credit::Credit;
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::money::Money;
use vestibule::domain::part::Part;
use vestibule::domain::period::{Interval, Period, Unit};
use vestibule::domain::product::{Product, Recurring};
use vestibule::domain::quote::{Quote, ReactivationAnchor};
use vestibule::domain::subscription::SubscriptionState;
use vestibule::domain::tax::TaxRate;
use vestibule::flows::pause::{self, Pause};
use vestibule::flows::{
    Choice, Ending, Error, Refused, plan_change, reactivation, renewal, round, schedule,
};

use super::extras::{Wish, euros};
use super::plan_changes::to;
use super::{DECLINED_AT_RENEWAL, GOOD};
use crate::support::world::World;

const fn every(count: u32, unit: Unit) -> Interval {
    Interval { unit, count }
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

impl World {
    /// A product at `minor`, tax included, that is paid so often and runs so long.
    async fn term(&self, minor: i64, interval: Interval, term: Interval) -> Product {
        let product = Product {
            id: self.cx.new_id(),
            price: euros(minor),
            recurring: Some(Recurring {
                interval,
                term,
                trial_days: 0,
            }),
            ..self.product().await
        };
        self.add_product(&product).await;
        product
    }

    /// A subscription to it, paid with `card`.
    async fn begun_with(&self, product: &Product, card: &str) -> SubscriptionId {
        let begun = self.try_to_begin(product, Wish::default()).await.unwrap();
        let (cx, scope) = (&self.cx, &self.scope);
        let attempt = vestibule::flows::begin::pay(cx, scope, &begun.payment.id).await;
        assert_eq!(
            self.give_card(&attempt.unwrap(), card).await,
            Ending::Succeeded
        );
        begun.subscription.unwrap().id
    }

    pub(super) fn set(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = (**self.cx.settings.load()).clone();
        change(&mut settings);
        self.cx.settings.store(Arc::new(settings));
    }

    fn wait_until(&self, at: Timestamp) {
        self.cx.clock.advance(at.duration_since(self.cx.now()));
    }

    async fn ends(&self, id: &SubscriptionId) -> Timestamp {
        self.subscription(id).await.expires_at.unwrap()
    }

    async fn quote_of(&self, id: &SubscriptionId) -> Quote {
        let quote = reactivation::quote(&self.cx, &self.scope, id).await;
        quote.unwrap().unwrap()
    }
}

/// What `minor` for a month from `start` on, counted from `anchor`, comes to until `end`.
fn part_of_month(minor: i64, anchor: Timestamp, start: Timestamp, end: Timestamp) -> i64 {
    let month = every(1, Unit::Month);
    let whole = month.next_from(anchor, start, &TimeZone::UTC).unwrap();
    let part = Part::within(Period { start, end }, whole);
    assert!(!part.is_all());
    part.of(euros(minor)).minor
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_to_a_longer_interval_is_paid_until_the_term_ends_and_no_longer() {
    for world in World::each().await {
        let (month, year) = (every(1, Unit::Month), every(1, Unit::Year));
        let monthly = world.term(3_000, month, every(2, Unit::Month)).await;
        let yearly = world.term(73_000, year, year).await;
        let id = world.begun_with(&monthly, GOOD).await;
        world.wait_and_renew(&id).await;
        world.wait_half(&id).await;
        let ends = world.ends(&id).await;

        let seen = world.preview(&id, &to(&yearly)).await;
        assert_eq!(seen.changed.period.end, ends, "what is sold runs");
        let start = seen.changed.period.start;
        let whole = Period {
            start,
            end: year.after(start, 1, &TimeZone::UTC).unwrap(),
        };
        let part = Part::within(seen.changed.period, whole);
        let price = part.of(euros(73_000)).minor - 1_500;
        assert_eq!(seen.totals.gross.minor, price);
        assert!(
            (1_000..2_000).contains(&price),
            "half a month of it, less half a month"
        );
        let order = world.order(Some(&seen.quote));
        let (cx, scope) = (&world.cx, &world.scope);
        let made = plan_change::start(cx, scope, &id, to(&yearly), order).await;
        let ending = made.unwrap().ending;
        let after = world.subscription(&id).await;
        assert_eq!((after.period.end, after.expires_at), (ends, Some(ends)));
        assert_eq!(ending, Some(Ending::Succeeded));
        world.wait_until(ends);
        renewal::due(cx, scope, &id).await.unwrap();
        assert_eq!(world.subscription(&id).await.state.name(), "expired");
        assert_eq!(world.charged().await, [3_000, 3_000, price]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_change_in_a_period_that_the_term_cuts_is_prorated_by_the_whole_one() {
    for world in World::each().await {
        let (month, year) = (every(1, Unit::Month), every(1, Unit::Year));
        let monthly = world.term(3_000, month, every(1, Unit::Month)).await;
        let yearly = world.term(365_000, year, year).await;
        let dear = world.term(730_000, year, year).await;
        let id = world.begun_with(&monthly, GOOD).await;
        world.wait_half(&id).await;
        world.switch(&id, to(&yearly)).await;
        world.wait_half(&id).await;
        let running = world.subscription(&id).await.period;
        let seen = world.preview(&id, &to(&dear)).await;
        assert_eq!(seen.changed.period, running, "the same interval stays");
        // About a week of 20.00 a day less a week of 10.00 a day; a whole year's half would be
        // thousands.
        let days = running.end.duration_since(seen.effective_at).as_secs() / 86_400;
        let expected = 1_000 * days;
        let gap = (seen.totals.gross.minor - expected).abs();
        assert!(gap <= 1_100, "{} {expected}", seen.totals.gross.minor);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn coming_back_shortly_before_the_term_ends_costs_what_is_left_by_the_second() {
    for world in World::each().await {
        let product = world
            .term(2_900, every(1, Unit::Month), every(2, Unit::Month))
            .await;
        let id = world.begun_with(&product, DECLINED_AT_RENEWAL).await;
        world.wait_and_renew(&id).await;
        assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
        let ends = world.ends(&id).await;
        world.wait_until(ends - days(4));

        let seen = world.quote_of(&id).await;
        assert_eq!(seen.period.end, ends);
        let price = part_of_month(2_900, seen.anchor, seen.period.start, ends);
        assert_eq!(seen.totals.gross.minor, price);
        assert!((300..450).contains(&price), "four days of about thirty");

        // Minutes later less would be right; what was shown is charged, for as long as it is fresh.
        world.cx.clock.advance(SignedDuration::from_mins(14));
        let (cx, scope) = (&world.cx, &world.scope);
        assert_ne!(world.quote_of(&id).await.id, seen.id);
        let attempt = reactivation::start(cx, scope, &id, Choice::New, &seen.id)
            .await
            .unwrap();
        assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);
        assert_eq!(world.charged().await, [2_900, price]);
        let back = world.subscription(&id).await;
        assert_eq!(back.state, SubscriptionState::Active);
        assert_eq!(back.period.end, ends);
        let invoice = world.invoices(&id).await.remove(1);
        assert_eq!(invoice.totals.gross.minor, price);
        assert_eq!(invoice.lines[0].period.unwrap().end, ends);
        world.wait_until(ends);
        renewal::due(cx, scope, &id).await.unwrap();
        assert_eq!(world.subscription(&id).await.state.name(), "expired");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_falls_by_the_second_goes_stale_and_a_round_agrees_to_it_as_well() {
    let world = World::sqlite().await;
    let product = world
        .term(2_900_000, every(1, Unit::Month), every(2, Unit::Month))
        .await;
    let id = world.begun_with(&product, DECLINED_AT_RENEWAL).await;
    world.wait_and_renew(&id).await;
    let ends = world.ends(&id).await;
    world.wait_until(ends - days(4));
    let (cx, scope) = (&world.cx, &world.scope);
    let seen = world.quote_of(&id).await;
    world.cx.clock.advance(SignedDuration::from_mins(16));
    let started = reactivation::start(cx, scope, &id, Choice::New, &seen.id).await;
    assert!(matches!(started, Err(Error::Refused(Refused::StaleQuote))));

    let customer = world.subscription(&id).await.customer;
    let saved = world.subscription(&id).await.method.unwrap();
    let offer = round::offer(cx, scope, &customer).await.unwrap();
    world.cx.clock.advance(SignedDuration::from_mins(5));
    let (named, choice) = (world.cx.new_id(), Choice::Saved(saved));
    let made = round::start(cx, scope, &customer, &named, choice, &offer.id).await;
    let mut tx = world.cx.store.read().await.unwrap();
    let steps = tx.round_steps(&made.unwrap()).await.unwrap();
    let tried = tx.payment(scope, steps[0].payment.as_ref().unwrap()).await;
    let shown = offer.items[0].1.as_ref().unwrap().totals.gross;
    assert_eq!(tried.unwrap().unwrap().amount, shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_renewal_after_a_hold_that_moved_the_dates_is_for_the_days_that_are_left() {
    for world in World::each().await {
        let product = world
            .term(2_900, every(1, Unit::Month), every(3, Unit::Month))
            .await;
        let id = world.begun_with(&product, DECLINED_AT_RENEWAL).await;
        world.wait_and_renew(&id).await;
        world.cx.clock.advance(days(10));
        let back = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        let ends = world.ends(&id).await;
        world.wait_and_renew(&id).await;
        let subscription = world.subscription(&id).await;
        let last = subscription.period;
        assert_eq!(last.end, ends);
        let price = part_of_month(2_900, subscription.anchor, last.start, ends);
        assert_eq!(world.charged().await, [2_900, 2_900, price]);
        assert!((1_500..2_300).contains(&price), "about twenty days");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credit_that_a_period_cut_short_does_not_need_stays() {
    for world in World::each().await {
        let product = world
            .term(2_900, every(1, Unit::Month), every(2, Unit::Month))
            .await;
        let id = world.begun_with(&product, DECLINED_AT_RENEWAL).await;
        let mut tx = world.cx.store.begin().await.unwrap();
        let locked = tx.lock_subscription(&world.scope, &id).await.unwrap();
        let mut subscription = locked.unwrap();
        subscription.extras.credits.push(Credit {
            amount: euros(1_000),
            rate: TaxRate(190_000),
        });
        tx.save_subscription(&mut subscription).await.unwrap();
        tx.commit().await.unwrap();
        world.wait_and_renew(&id).await;
        assert_eq!(world.dues(&id).await, [1_900]);
        assert_eq!(world.credit(&id).await, 0);

        let ends = world.ends(&id).await;
        world.wait_until(ends - days(4));
        let seen = world.quote_of(&id).await;
        let price = part_of_month(2_900, seen.anchor, seen.period.start, ends);
        assert_eq!(seen.totals.gross.minor, 0, "credit pays all of it");
        let saved = world.subscription(&id).await.method.unwrap();
        world.reactivate(&id, Choice::Saved(saved)).await;
        assert!(world.is_active(&id).await);
        assert_eq!(world.subscription(&id).await.period.end, ends);
        let left = world.credit(&id).await;
        assert!((left - (1_000 - price)).abs() <= 1, "{left} {price}");
        assert_eq!(world.charged().await, [2_900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_over_the_change_of_the_clocks_keeps_the_day_and_the_hour() {
    for world in World::each().await {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        world.set(|settings| {
            for business in settings.businesses.values_mut() {
                business.time_zone = berlin.clone();
            }
        });
        let year = world.cx.now().to_zoned(berlin.clone()).year() + 1;
        let local = |month: i8, day: i8, hour: i8| {
            let clock = jiff::civil::date(year, month, day).at(hour, 0, 0, 0);
            clock.to_zoned(berlin.clone()).unwrap()
        };
        world.wait_until(local(3, 20, 12).timestamp());
        let id = world.active(GOOD).await;
        let (cx, scope) = (&world.cx, &world.scope);
        let date = local(4, 1, 0).timestamp();
        schedule::set_next_billing_date(cx, scope, &id, date)
            .await
            .unwrap();
        let ended = world.ends(&id).await.to_zoned(berlin.clone());
        pause::start(cx, scope, &id, Pause::default())
            .await
            .unwrap();
        // Later in the hour than it began, however long that took.
        world.wait_until(local(4, 20, 12).timestamp() + SignedDuration::from_mins(30));
        pause::resume(cx, scope, &id).await.unwrap();

        let moved = world.subscription(&id).await;
        let clock = moved.period.end.to_zoned(berlin.clone());
        assert_eq!((clock.date(), clock.hour()), (local(5, 2, 0).date(), 0));
        assert_eq!(moved.anchor, moved.period.end);
        let ends = moved.expires_at.unwrap().to_zoned(berlin.clone());
        assert_eq!(ends.date(), ended.date() + 31.days());
        assert_eq!(ends.hour(), ended.hour());
        world.wait_and_renew(&id).await;
        let next = world
            .subscription(&id)
            .await
            .period
            .end
            .to_zoned(berlin.clone());
        assert_eq!((next.date(), next.hour()), (local(6, 2, 0).date(), 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grace_ends_with_the_period_that_is_unpaid() {
    for world in World::each().await {
        world.set(|settings| settings.billing.grace = days(10));
        let product = world
            .term(2_900, every(1, Unit::Week), every(1, Unit::Year))
            .await;
        for is_paid_in_grace in [true, false] {
            let id = world.begun_with(&product, DECLINED_AT_RENEWAL).await;
            let first = world.subscription(&id).await.period;
            world.wait_and_renew(&id).await;
            let week = Period {
                start: first.end,
                end: every(2, Unit::Week)
                    .after(first.start, 1, &TimeZone::UTC)
                    .unwrap(),
            };
            let state = world.subscription(&id).await.state;
            assert_eq!(state, SubscriptionState::PastDue { until: week.end });
            let (cx, scope) = (&world.cx, &world.scope);
            if is_paid_in_grace {
                world.wait_until(week.end - days(1));
                assert_eq!(world.quote_of(&id).await.period, week);
            } else {
                world.wait_until(week.end + days(1));
                renewal::grace_over(cx, scope, &id).await.unwrap();
                let state = world.subscription(&id).await.state;
                assert_eq!(state.name(), "on-hold", "nothing is given away");
            }
            let charged = world.charged().await.len();
            let back = world.reactivate(&id, Choice::New).await;
            assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
            assert_eq!(world.charged().await.len(), charged + 1);
            let paid = world.subscription(&id).await.period;
            assert!(paid.end > world.cx.now());
            assert_eq!(paid == week, is_paid_in_grace);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_the_day_pays_no_more_for_a_cut_period_than_its_part() {
    let world = World::sqlite().await;
    world.set(|settings| settings.billing.reactivation_anchor = ReactivationAnchor::Keep);
    let product = world
        .term(2_900, every(1, Unit::Month), every(6, Unit::Week))
        .await;
    let id = world.begun_with(&product, DECLINED_AT_RENEWAL).await;
    let start = world.subscription(&id).await.period.end;
    world.wait_and_renew(&id).await;
    let ends = world.ends(&id).await;
    let seen = world.quote_of(&id).await;
    assert_eq!(seen.period, Period { start, end: ends });
    let anchor = world.subscription(&id).await.anchor;
    let price = part_of_month(2_900, anchor, start, ends);
    assert_eq!(
        seen.totals.gross,
        Money::new(price, seen.totals.gross.currency)
    );
    // It is the same from day to day.
    world.cx.clock.advance(days(2));
    assert_eq!(world.quote_of(&id).await.id, seen.id);
}
