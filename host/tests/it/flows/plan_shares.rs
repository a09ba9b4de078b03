//! What a change of plan takes back of what was paid: the part that is left of the period as it
//! runs, however its dates were moved, and of each line what did not go back.

use jiff::SignedDuration;
use vestibule::domain::id::{PaymentId, ProductId, SubscriptionId};
use vestibule::domain::period::{Interval, Unit};
use vestibule::domain::product::Product;
use vestibule::domain::proration::Mode;
use vestibule::domain::refund::parts::{Wish, WishedItem};
use vestibule::domain::tax::Role;
use vestibule::flows::begin::OnDemand;
use vestibule::flows::details::{self, Changes};
use vestibule::flows::pause::{self, Pause};
use vestibule::flows::plan_change::{Preview, Wish as Plan};
use vestibule::flows::{Choice, Ending, schedule};

use super::GOOD;
use super::extras;
use super::plan_changes::to;
use crate::support::world::World;

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

impl World {
    async fn move_next_date(&self, id: &SubscriptionId, after: SignedDuration) {
        let date = self.cx.now() + after;
        schedule::set_next_billing_date(&self.cx, &self.scope, id, date)
            .await
            .unwrap();
    }

    async fn pause_for(&self, id: &SubscriptionId, time: SignedDuration) {
        let (cx, scope) = (&self.cx, &self.scope);
        pause::start(cx, scope, id, Pause::default()).await.unwrap();
        self.wait(time);
        pause::resume(cx, scope, id).await.unwrap();
    }

    /// The plan for 29.00 and a set-up for 20.00, paid together.
    async fn with_a_set_up(&self) -> (SubscriptionId, PaymentId, ProductId) {
        let product = self.product_at(2_900, true).await;
        let mut once = self.product_at(2_000, true).await;
        once.id = self.cx.new_id();
        once.recurring = None;
        self.add_product(&once).await;
        let wish = extras::Wish {
            once: vec![(once.id.clone(), 1)],
            ..extras::Wish::default()
        };
        let id = self.begun(&product, wish).await;
        let payment = self.settled_by(&id).await;
        (id, payment, product.id)
    }

    /// The payment of the newest period.
    async fn settled_by(&self, id: &SubscriptionId) -> PaymentId {
        let mut tx = self.cx.store.read().await.unwrap();
        let debts = tx.settled_debts_of(&self.scope, id).await.unwrap();
        debts[0].settled_by.clone().unwrap()
    }

    async fn refund_item(&self, payment: &PaymentId, item: &str) {
        let item = WishedItem {
            id: item.to_owned(),
            amount: None,
            tax_inclusive: true,
        };
        self.refund(payment, Wish::Items(vec![item])).await.unwrap();
    }

    async fn yearly_at(&self, minor: i64) -> Product {
        let mut product = self.product_at(minor, true).await;
        product.id = self.cx.new_id();
        product.recurring.as_mut().unwrap().interval = Interval {
            unit: Unit::Year,
            count: 1,
        };
        self.add_product(&product).await;
        product
    }

    async fn unused(&self, id: &SubscriptionId, product: &Product) -> Vec<i64> {
        taken_back(&self.preview(id, &to(product)).await)
    }
}

/// What a change takes back, line by line.
fn taken_back(seen: &Preview) -> Vec<i64> {
    let unused = seen.lines.iter().filter(|line| line.role == Role::Unused);
    unused.map(|line| line.unit.minor).collect()
}

fn amounts(seen: &Preview) -> Vec<i64> {
    let lines = seen.lines.iter();
    lines.map(|line| line.amount().unwrap().minor).collect()
}

/// Whether the amounts are the same but for the minutes that a test takes: a cent for each few.
fn near(seen: &[i64], expected: &[i64]) {
    let is_near = |(seen, expected): (&i64, &i64)| (seen - expected).abs() <= 5;
    let all = seen.iter().zip(expected).all(is_near);
    assert!(seen.len() == expected.len() && all, "{seen:?} {expected:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_billing_date_was_moved_an_equally_dear_plan_costs_nothing() {
    for world in World::each().await {
        let (same, dear) = (
            world.product_at(2_900, true).await,
            world.product_at(5_900, true).await,
        );
        // Brought forward to nine days after the beginning, and put off to fifty-nine.
        for (date, passed, left) in [(9, 4, (5, 9)), (59, 45, (14, 59))] {
            let id = world.paying(2_900, GOOD).await;
            world.move_next_date(&id, days(date)).await;
            world.wait(days(passed));
            let part = |minor: i64| (minor * left.0 * 2 + left.1) / (left.1 * 2);
            let seen = world.preview(&id, &to(&same)).await;
            assert_eq!((seen.totals.gross.minor, seen.credit), (0, 0), "{date}");
            near(&amounts(&seen), &[part(2_900), -part(2_900)]);
            let before = world.charged().await.len();
            let seen = world.preview(&id, &to(&dear)).await;
            let price = part(5_900) - part(2_900);
            near(&[seen.totals.gross.minor], &[price]);
            world.switch(&id, to(&dear)).await;
            near(&world.charged().await[before..], &[price]);
            assert_eq!(world.subscription(&id).await.product, dear.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_month_is_no_part_of_a_year_after_a_change_without_a_bill() {
    for world in World::each().await {
        let id = world.paying(3_000, GOOD).await;
        let (yearly, dear) = (world.yearly_at(36_500).await, world.yearly_at(73_000).await);
        let monthly = world.product_at(6_000, true).await;
        world.wait_half(&id).await;
        let before = world.subscription(&id).await.period;
        let unbilled = Plan {
            mode: Mode::DoNotBill,
            ..to(&yearly)
        };
        world.switch(&id, unbilled).await;
        assert_eq!(world.subscription(&id).await.period, before);
        assert_eq!(world.charged().await, [3_000]);
        world.pause_for(&id, days(3)).await;
        // Another year is paid for whole from now on, and another month for what is left of this.
        let seen = world.preview(&id, &to(&dear)).await;
        near(&amounts(&seen), &[73_000, -1_500]);
        let seen = world.preview(&id, &to(&monthly)).await;
        near(&amounts(&seen), &[3_000, -1_500]);

        let month = world.subscription(&id).await.period;
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await, [3_000, 36_500]);
        let year = world.subscription(&id).await.period;
        assert_eq!(year.start, month.end);
        assert!(year.end.duration_since(year.start) >= days(365));
        world.wait_half(&id).await;
        let seen = world.preview(&id, &to(&dear)).await;
        near(&amounts(&seen), &[36_500, -18_250]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn until_the_first_date_after_charges_on_demand_a_change_costs_nothing() {
    for world in World::each().await {
        let id = world.on_demand(OnDemand::Mandate, GOOD).await;
        let changes = Changes {
            renew_from: Some(world.cx.now() + days(3)),
            ..Changes::default()
        };
        details::update(&world.cx, &world.scope, &id, changes, false)
            .await
            .unwrap();
        let pro = world.product_at(5_900, true).await;
        world.wait(days(1));
        let seen = world.preview(&id, &to(&pro)).await;
        assert!(seen.lines.is_empty(), "{:?}", seen.lines);
        world.switch(&id, to(&pro)).await;
        assert!(world.charged().await.is_empty());
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await, [5_900], "from the date on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_there_and_back_after_a_pause_costs_what_it_costs_without_one() {
    for world in World::each().await {
        let basic = world.product_at(2_900, true).await;
        let pro = world.product_at(5_900, true).await;
        for paused in [true, false] {
            let id = world.begun(&basic, extras::Wish::default()).await;
            let left = async || {
                let end = world.subscription(&id).await.period.end;
                end.as_second() - world.cx.now().as_second()
            };
            let whole = left().await;
            world.wait(days(4));
            if paused {
                world.pause_for(&id, days(10)).await;
            }
            world.wait(days(5));
            let then = left().await;
            let used = whole - then - 9 * 86_400;
            assert!(
                (0..3_600).contains(&used),
                "a pause uses nothing up: {used}"
            );
            let part = |minor: i64, of: i64, whole: i64| (minor * of * 2 + whole) / (whole * 2);
            let there = world.preview(&id, &to(&pro)).await;
            let (of_pro, of_basic) = (part(5_900, then, whole), part(2_900, then, whole));
            near(&amounts(&there), &[of_pro, -of_basic]);
            world.switch(&id, to(&pro)).await;
            world.wait(days(5));
            let now = left().await;
            let (new, old) = (part(2_900, now, whole), part(of_pro, now, then));
            let back = world.preview(&id, &to(&basic)).await;
            near(&amounts(&back), &[new, -old, old - new]);
            near(&[back.credit], &[old - new]);
            world.switch(&id, to(&basic)).await;
            near(&[world.credit(&id).await], &[old - new]);
            // There and back within one instant: what it costs is what comes back.
            world.switch(&id, to(&pro)).await;
            world.switch(&id, to(&basic)).await;
            let again = world.preview(&id, &to(&pro)).await;
            near(&amounts(&again)[..2], &[part(5_900, now, whole), -new]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_of_one_line_is_no_matter_of_the_others() {
    for world in World::each().await {
        let pro = world.product_at(5_900, true).await;
        let (id, payment, _) = world.with_a_set_up().await;
        let once = {
            let mut tx = world.cx.store.read().await.unwrap();
            let debts = tx.debts_of_payment(&payment).await.unwrap();
            debts[1].lines[0].product.clone().unwrap()
        };
        world.wait_half(&id).await;
        let before = world.preview(&id, &to(&pro)).await;
        near(&taken_back(&before), &[-1_450]);
        world.refund_item(&payment, once.as_str()).await;
        assert_eq!(world.given_back().await, [2_000]);
        let after = world.preview(&id, &to(&pro)).await;
        near(&amounts(&after), &amounts(&before));

        let (id, payment, product) = world.with_a_set_up().await;
        world.wait_half(&id).await;
        world.refund_item(&payment, product.as_str()).await;
        let after = world.preview(&id, &to(&pro)).await;
        assert!(taken_back(&after).is_empty(), "it went back");
        near(&[after.totals.gross.minor], &[2_950]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_charge_went_back_leaves_what_was_paid_before() {
    let world = World::sqlite().await;
    let (basic, pro) = (
        world.product_at(2_900, true).await,
        world.product_at(5_900, true).await,
    );
    let id = world.begun(&basic, extras::Wish::default()).await;
    world.wait_half(&id).await;
    let payment = world.switch(&id, to(&pro)).await.change.payment.unwrap();
    near(&world.unused(&id, &basic).await, &[-2_950]);
    world.refund(&payment, Wish::Rest).await.unwrap();
    near(&world.unused(&id, &basic).await, &[-1_450]);
}

#[tokio::test(flavor = "multi_thread")]
async fn credit_that_a_refunded_period_had_used_up_is_neither_lost_nor_given_twice() {
    for world in World::each().await {
        let id = world.paying(10_000, GOOD).await;
        let (basic, pro) = (
            world.product_at(2_900, true).await,
            world.product_at(5_900, true).await,
        );
        world.wait_half(&id).await;
        world.switch(&id, to(&basic)).await;
        world.wait_and_renew(&id).await;
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await, [10_000, 2_250]);
        world.wait_half(&id).await;
        near(&world.unused(&id, &pro).await, &[-1_450]);
        let payment = world.settled_by(&id).await;
        world.refund(&payment, Wish::Rest).await.unwrap();
        assert_eq!(world.given_back().await, [2_250]);
        assert_eq!(world.credit(&id).await, 0, "the period goes on for it");
        near(&world.unused(&id, &pro).await, &[-325]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_period_that_is_paid_again_is_not_the_price_of_the_one_that_runs() {
    for world in World::each().await {
        let (basic, pro) = (
            world.product_at(2_900, true).await,
            world.product_at(5_900, true).await,
        );
        world.code("HALF", 5_000, Some(1)).await;
        for is_overturned in [false, true] {
            let wish = extras::Wish {
                codes: vec!["HALF".to_owned()],
                ..extras::Wish::default()
            };
            let id = world.begun(&basic, wish).await;
            let first = world.settled_by(&id).await;
            world.wait_and_renew(&id).await;
            world.wait_half(&id).await;
            let before = world.preview(&id, &to(&pro)).await;
            near(&taken_back(&before), &[-1_450]);
            let lost = world.lose(&first).await;
            assert_eq!(world.dues(&id).await, [1_450]);
            world.wait(SignedDuration::from_secs(1));
            if is_overturned {
                world.overturn(&lost).await;
            } else {
                let back = world.reactivate(&id, Choice::New).await;
                assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
            }
            assert!(world.is_active(&id).await);
            let after = world.preview(&id, &to(&pro)).await;
            near(&taken_back(&after), &[-1_450]);
        }
    }
}
