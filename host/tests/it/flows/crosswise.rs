//! Two who need the same rows on Postgres: they take them in one order, and so the second waits for
//! the first, and finds what that has made of them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};
use vestibule::domain::id::SubscriptionId;
use vestibule::flows::begin::NewPurchase;
use vestibule::flows::endpoint::NewEndpoint;
use vestibule::flows::plan_change::Wish;
use vestibule::flows::{AttemptOf, Ending, Error, Refused, begin, endpoint};

use super::plan_changes::to;
use super::{DECLINED, GOOD, extras, page};
use crate::support::world::{World, buyer};

/// Comes back when `count` sessions of the database wait for a lock.
pub(super) async fn wait_for(observer: &mut PgConnection, count: i64) {
    const WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let waiting: i64 = sqlx::query_scalar(WAITING)
            .fetch_one(&mut *observer)
            .await
            .unwrap();
        if waiting == count {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{waiting} wait instead of {count}"
        );
        tokio::task::yield_now().await;
    }
}

/// One who sees who waits, and one who holds these rows of a table until it commits.
async fn holding(world: &World, which: &str, table: &str) -> (PgConnection, PgConnection) {
    let observer = PgConnection::connect(&world.url).await.unwrap();
    let mut holder = PgConnection::connect(&world.url).await.unwrap();
    holder.execute("BEGIN").await.unwrap();
    let rows = format!("SELECT id FROM {table} WHERE {which} FOR UPDATE");
    let rows = sqlx::AssertSqlSafe(rows);
    sqlx::query(rows).execute(&mut holder).await.unwrap();
    (observer, holder)
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_exchange_their_codes_wait_for_each_other_and_not_for_ever() {
    let world = World::postgres().await;
    let pro = world.product_at(5_900, true).await;
    world.code("FIRST", 1_000, None).await;
    world.code("SECOND", 1_000, None).await;
    let wish = |code: &str, replaces_scheduled| Wish {
        codes: Some(vec![code.to_owned()]),
        at_next_date: true,
        replaces_scheduled,
        ..to(&pro)
    };
    let (one, other) = (
        world.paying(2_900, GOOD).await,
        world.paying(2_900, GOOD).await,
    );
    world.switch(&one, wish("FIRST", false)).await;
    world.switch(&other, wish("SECOND", false)).await;

    let (mut observer, mut holder) = holding(&world, "code = 'FIRST'", "discounts").await;
    let change =
        async |id: &SubscriptionId, code: &str| world.try_to_change(id, wish(code, true)).await;
    let then = async {
        wait_for(&mut observer, 1).await;
        let last = async {
            wait_for(&mut observer, 2).await;
            holder.execute("COMMIT").await.unwrap();
        };
        tokio::join!(change(&one, "SECOND"), last).0
    };
    let (of_other, of_one) = tokio::join!(change(&other, "FIRST"), then);
    assert!(of_other.is_ok(), "{of_other:?}");
    assert!(of_one.is_ok(), "{of_one:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_are_given_back_in_the_order_in_which_they_are_redeemed() {
    let world = World::postgres().await;
    let customer = world.customer().await;
    let now = world.cx.now();
    let mut discounts = [
        extras::percent(&world, "ONE", 1_000, None),
        extras::percent(&world, "TWO", 1_000, None),
    ];
    discounts.sort_by(|one, other| other.id.cmp(&one.id));
    let mut tx = world.cx.store.begin().await.unwrap();
    for discount in &discounts {
        tx.insert_discount(discount).await.unwrap();
        tx.use_discount(discount, &customer.id, "cause", now)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let [second, first] = discounts;

    let mut observer = PgConnection::connect(&world.url).await.unwrap();
    let mut redeems = world.cx.store.begin().await.unwrap();
    redeems
        .lock_discount(&world.scope, &first.id)
        .await
        .unwrap();
    let gives_back = async {
        let mut tx = world.cx.store.begin().await?;
        tx.give_discounts_back(&world.scope, "cause").await?;
        tx.commit().await
    };
    let goes_on = async {
        wait_for(&mut observer, 1).await;
        redeems.lock_discount(&world.scope, &second.id).await?;
        redeems.commit().await
    };
    let (back, redeemed) = tokio::join!(gives_back, goes_on);
    assert!(back.is_ok(), "{back:?}");
    assert!(redeemed.is_ok(), "{redeemed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_locked_in_one_order_however_they_are_named() {
    let world = World::postgres().await;
    let product = world.product_at(2_900, true).await;
    world.code("FIRST", 1_000, None).await;
    world.code("SECOND", 1_000, None).await;
    let (mut observer, mut holder) = holding(&world, "code = 'SECOND'", "discounts").await;
    let begin = async |codes: [&str; 2]| {
        let codes = codes.map(str::to_owned).to_vec();
        let wish = extras::Wish {
            codes,
            ..extras::Wish::default()
        };
        world.try_to_begin(&product, wish).await
    };
    let then = async {
        wait_for(&mut observer, 1).await;
        let last = async {
            wait_for(&mut observer, 2).await;
            holder.execute("COMMIT").await.unwrap();
        };
        tokio::join!(begin(["FIRST", "SECOND"]), last).0
    };
    let (one, other) = tokio::join!(begin(["SECOND", "FIRST"]), then);
    assert!(one.is_ok(), "{one:?}");
    assert!(other.is_ok(), "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_that_comes_just_after_a_trials_page_has_ended_asks_for_no_method() {
    let world = World::postgres().await;
    let begun = world.pending_with_trial(14).await;
    let (first, id) = (begun.payment.id, begun.subscription.unwrap().id);
    let (mut observer, mut holder) = holding(&world, "state = 'pending'", "subscriptions").await;
    let (cx, scope) = (&world.cx, &world.scope);
    let then = async {
        wait_for(&mut observer, 1).await;
        let last = async {
            wait_for(&mut observer, 2).await;
            holder.execute("COMMIT").await.unwrap();
        };
        tokio::join!(begin::pay(cx, scope, &first), last).0
    };
    let (expired, pressed) = tokio::join!(begin::expire(cx, scope, &first), then);
    expired.unwrap();
    assert_eq!(world.subscription(&id).await.state.name(), "failed");
    assert!(
        matches!(pressed, Err(Error::Refused(Refused::State))),
        "{pressed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tries_at_one_purchase_that_succeed_at_once_settle_it_once_and_bring_one_key() {
    let world = World::postgres().await;
    let (cx, scope) = (&world.cx, &world.scope);
    let mut product = world.product_at(2_900, true).await;
    product.id = cx.new_id();
    product.recurring = None;
    world.add_product(&product).await;
    let customer = world.customer().await.id;
    let purchase = NewPurchase {
        payment: cx.new_id(),
        customer: customer.clone(),
        items: vec![(product.id, 1)],
        buyer: buyer(),
        metadata: "{}".to_owned(),
        return_url: None,
    };
    let begun = begin::create_purchase(cx, scope, purchase).await.unwrap();
    let pay = || begin::pay(cx, scope, &begun.payment.id);
    let first = pay().await.unwrap();
    let ending = world.give_card(&first, DECLINED).await;
    assert!(matches!(ending, Ending::Declined(_)), "{ending:?}");
    let second = pay().await.unwrap();
    world.sandbox.pay_by_card(page(&second.ending), GOOD).await;
    let mut late = world.processors_word_on(&first).await;
    late["status"] = json!("succeeded");
    late["decline"] = Value::Null;

    // Both have read the debt as open, or one waits until the other is done.
    let (mut observer, mut holder) = holding(&world, "kind = 'purchase'", "debts").await;
    let goes_on = async {
        wait_for(&mut observer, 2).await;
        holder.execute("COMMIT").await.unwrap();
    };
    let both = async { tokio::join!(world.hear("evt_late", &late), world.come_back(&second)) };
    tokio::join!(both, goes_on);

    let mut tx = cx.store.read().await.unwrap();
    let mut unapplied = 0;
    for attempt in [&first, &second] {
        let AttemptOf::Payment(id) = &attempt.of else {
            panic!("not a payment")
        };
        let payment = tx.payment(scope, id).await.unwrap().unwrap();
        assert_eq!(payment.state.name(), "succeeded");
        unapplied += u32::from(payment.unapplied);
    }
    assert_eq!(unapplied, 1, "one of them settled nothing");
    let keys = tx.licenses(scope, Some(&customer), None, None, 10, 0).await;
    assert_eq!(keys.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_make_the_last_endpoint_at_once_make_one() {
    let world = World::postgres().await;
    let (cx, scope) = (&world.cx, &world.scope);
    let make = async || {
        let new = NewEndpoint {
            id: cx.new_id(),
            url: "https://hooks.example.com/lumen".to_owned(),
            description: String::new(),
            metadata: "{}".to_owned(),
            disabled: false,
            filter_types: None,
            headers: BTreeMap::new(),
            rate_limit: None,
            idempotency_key: None,
        };
        endpoint::create(cx, scope, new).await
    };
    for _ in 0..49 {
        make().await.unwrap();
    }
    // Everybody may count them, and nobody can make one.
    let mut observer = PgConnection::connect(&world.url).await.unwrap();
    let mut holder = PgConnection::connect(&world.url).await.unwrap();
    holder.execute("BEGIN").await.unwrap();
    let lock = "LOCK TABLE webhook_endpoints IN EXCLUSIVE MODE";
    holder.execute(lock).await.unwrap();
    let goes_on = async {
        wait_for(&mut observer, 2).await;
        holder.execute("COMMIT").await.unwrap();
    };
    let (one, other, ()) = tokio::join!(make(), make(), goes_on);
    assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
    let mut tx = cx.store.read().await.unwrap();
    let all = endpoint::list(cx, &mut tx, scope, None, 100).await.unwrap();
    assert_eq!(all.len(), 50);
}
