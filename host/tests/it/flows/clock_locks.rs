//! A test clock that moves beside those who order work by it, on Postgres: each waits for the other,
//! and never both for one another.

use jiff::SignedDuration;
use sqlx::{Connection as _, PgConnection};
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::pause::{self, Pause, Settlement};
use vestibule::flows::plan_change::Wish;
use vestibule::flows::{cancellation, test_clock};
use vestibule::store::{Tx, Work};

use super::crosswise::wait_for;
use super::disputes::decided;
use super::extras::euros;
use super::plan_changes::to;
use super::refunds::deliver;
use super::{DECLINED_AT_RENEWAL, GOOD};
use crate::support::world::World;

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl World {
    /// Whoever has locked something in `tx` moves the clock as soon as somebody waits for that.
    async fn moves_the_clock_beside(&self, mut tx: Tx) {
        let mut observer = PgConnection::connect(&self.url).await.unwrap();
        wait_for(&mut observer, 1).await;
        let clock = tx.hold_clock(&self.scope).await.unwrap();
        let ahead = clock.offset_us + 1_000_000;
        tx.move_clock(&self.scope, ahead).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_never_moved_waits_for_work_that_is_being_ordered_by_it() {
    let world = World::postgres().await;
    let (cx, scope) = (&world.cx, &world.scope);
    let now = cx.now();
    let renew = Work::Renew {
        subscription: cx.new_id(),
    };
    let mut tx = cx.store.begin().await.unwrap();
    cx.order_at_business_time(&mut tx, scope, &renew, now + DAY * 30)
        .await
        .unwrap();
    let (own, of) = (cx.clone(), scope.clone());
    let advance = tokio::spawn(async move { test_clock::advance(&own, &of, now + DAY * 60).await });
    let mut observer = PgConnection::connect(&world.url).await.unwrap();
    wait_for(&mut observer, 1).await;
    tx.commit().await.unwrap();
    let clock = advance.await.unwrap().unwrap();
    assert_eq!(clock.target, Some(now + DAY * 60));
    let sooner = test_clock::advance(cx, scope, now + DAY * 59).await;
    assert!(sooner.is_err(), "what was promised stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_work_back_and_orders_other_work_is_not_refused_while_the_clock_moves() {
    let world = World::postgres().await;
    let id = world.active(GOOD).await;
    let (cx, scope) = (&world.cx, &world.scope);
    let now = test_clock::read(cx, scope).await.unwrap().now;
    test_clock::advance(cx, scope, now + DAY).await.unwrap();
    let renew = Work::Renew { subscription: id };
    let mut tx = cx.store.begin().await.unwrap();
    tx.cancel_job(scope, &renew.unique_key().unwrap())
        .await
        .unwrap();
    let (own, of) = (cx.clone(), scope.clone());
    let step = tokio::spawn(async move { test_clock::step(&own, &of).await });
    let mut observer = PgConnection::connect(&world.url).await.unwrap();
    wait_for(&mut observer, 1).await;
    cx.order_at_business_time(&mut tx, scope, &renew, now + DAY * 30)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    step.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hears_of_a_loss_waits_for_the_clock_before_work_is_dated() {
    let world = World::postgres().await;
    let (id, payment) = world.paid().await;
    let opened = world.contest(&payment).await;
    let lost = world.control(&format!("{}/lose", decided(&opened))).await;
    let mut tx = world.cx.store.begin().await.unwrap();
    tx.hold_clock(&world.scope).await.unwrap();
    let heard = deliver(&world, "dispute.lost", &lost);
    tokio::join!(heard, world.moves_the_clock_beside(tx));
    assert!(world.is_reversed(&id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_waits_for_its_method_before_the_clock() {
    let world = World::postgres().await;
    let id = world.on_hold().await;
    world.wait(DAY * 3);
    let method = world.subscription(&id).await.method.unwrap();
    let mut tx = world.cx.store.begin().await.unwrap();
    tx.lock_method(&world.scope, &method).await.unwrap();
    tokio::join!(world.retry(&id), world.moves_the_clock_beside(tx));
    assert_eq!(world.declines().await, 2, "it was tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_waits_for_the_codes_that_it_gives_back_before_the_clock() {
    let world = World::postgres().await;
    let id = world.paying(2_900, DECLINED_AT_RENEWAL).await;
    let pro = world.product_at(5_900, true).await;
    let code = world.code("LESS", 1_000, None).await;
    let wish = Wish {
        codes: Some(vec!["LESS".to_owned()]),
        at_next_date: true,
        ..to(&pro)
    };
    world.switch(&id, wish).await;
    let (cx, scope) = (&world.cx, &world.scope);
    let used = Pause {
        resume_at: None,
        settlement: Some(Settlement {
            payment: cx.new_id(),
            price: euros(700),
            description: None,
        }),
    };
    pause::start(cx, scope, &id, used).await.unwrap();
    assert!(world.is_queued("retry:").await);
    let mut tx = cx.store.begin().await.unwrap();
    tx.hold_discounts(scope, vec![code]).await.unwrap();
    let end = cancellation::now(cx, scope, &id, Cancellation::default());
    let (ended, ()) = tokio::join!(end, world.moves_the_clock_beside(tx));
    assert_eq!(ended.unwrap().state.name(), "cancelled");
}
