//! A test clock that moves beside those who order work by it, on Postgres: each waits for the other,
//! and never both for one another.

use jiff::SignedDuration;
use sqlx::{Connection as _, PgConnection};
use vestibule::flows::test_clock;
use vestibule::store::Work;

use super::GOOD;
use super::crosswise::wait_for;
use crate::support::world::World;

const DAY: SignedDuration = SignedDuration::from_hours(24);

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
