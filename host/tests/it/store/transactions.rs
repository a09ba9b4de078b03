//! What a commit promises, and what is left of a transaction that nobody finished.

use std::future::Future as _;
use std::task::{Context, Waker};

use vestibule::domain::Mode;
use vestibule::domain::email::Email;
use vestibule::store::{CustomerFilter, Error, Store};

use crate::support::sample::{customer, id, scope, subscribed};
use crate::support::{Database, databases};

async fn count(store: &Store) -> usize {
    let mut tx = store.read().await.unwrap();
    tx.customers(&scope(), &CustomerFilter::default(), 5_000, 0)
        .await
        .unwrap()
        .len()
}

/// Polls `begin` a few times and drops it, wherever it has got to.
async fn cancelled_begin(store: &Store, polls: usize) {
    let mut begin = Box::pin(store.begin());
    for _ in 0..polls {
        let done = begin
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready();
        if done {
            return;
        }
        // Lets the driver of the database answer.
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_cancelled_begins_leave_no_transaction_behind() {
    for database in databases().await {
        for round in 0..1_000 {
            cancelled_begin(&database.store, 1 + round % 6).await;
            // One that ends properly between two: a thousand half-made connections at once
            // would only show how long the server's queue is.
            drop(database.store.begin().await.unwrap());
        }
        for _ in 0..50 {
            let mut tx = database.store.begin().await.unwrap();
            tx.insert_customer(&customer()).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(
            count(&reopened(&database).await).await,
            50,
            "{}",
            database.name
        );
    }
}

/// The same database through connections of its own, which see only what is committed.
async fn reopened(database: &Database) -> Store {
    database.store.close().await;
    database.reopen().await
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart_and_nothing_else_is() {
    for database in databases().await {
        let kept = customer();
        let mut tx = database.store.begin().await.unwrap();
        tx.insert_customer(&kept).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = database.store.begin().await.unwrap();
        tx.insert_customer(&customer()).await.unwrap();
        drop(tx);

        let store = reopened(&database).await;
        assert_eq!(count(&store).await, 1, "{}", database.name);
        let mut tx = store.read().await.unwrap();
        let found = tx.customer(&scope(), &kept.id).await.unwrap().unwrap();
        assert_eq!(found.name, kept.name);
        assert_eq!(found.created_at, kept.created_at);
    }
}

#[tokio::test]
async fn a_save_over_a_newer_row_is_refused() {
    for database in databases().await {
        let mut first = subscribed(&database.store).await;
        let mut second = first.clone();
        let mut tx = database.store.begin().await.unwrap();
        first.quantity = 2;
        tx.save_subscription(&mut first).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = database.store.begin().await.unwrap();
        second.quantity = 3;
        let refused = tx.save_subscription(&mut second).await;
        assert!(
            matches!(refused, Err(Error::Stale { .. })),
            "{}: {refused:?}",
            database.name
        );
    }
}

#[tokio::test]
async fn another_business_or_mode_sees_nothing() {
    for database in databases().await {
        let kept = customer();
        let mut tx = database.store.begin().await.unwrap();
        tx.insert_customer(&kept).await.unwrap();
        tx.commit().await.unwrap();

        let mut other_mode = scope();
        other_mode.mode = Mode::Live;
        let mut other_business = scope();
        other_business.business = id();
        let email: Email = "amelie@example.com".parse().unwrap();
        let mut tx = database.store.read().await.unwrap();
        for foreign in [other_mode, other_business] {
            assert!(tx.customer(&foreign, &kept.id).await.unwrap().is_none());
            assert!(
                tx.customers_by_email(&foreign, &email)
                    .await
                    .unwrap()
                    .is_empty()
            );
            let all = CustomerFilter::default();
            assert!(
                tx.customers(&foreign, &all, 10, 0)
                    .await
                    .unwrap()
                    .is_empty()
            );
        }
        assert_eq!(
            tx.customers_by_email(&scope(), &email).await.unwrap().len(),
            1
        );
    }
}

#[tokio::test]
async fn a_row_of_one_mode_cannot_belong_to_a_customer_of_another() {
    for database in databases().await {
        let mut subscription = subscribed(&database.store).await;
        subscription.id = id();
        subscription.scope.mode = Mode::Live;
        let mut tx = database.store.begin().await.unwrap();
        let refused = tx.insert_subscription(&subscription).await;
        assert!(refused.is_err(), "{}", database.name);
    }
}
