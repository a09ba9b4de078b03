//! What a commit promises, and what is left of a transaction that nobody finished.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use vestibule::app;
use vestibule::config::{self, Location};
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

/// Drives `begin` until it has had to wait `waits` times, and drops it there: before a
/// connection is had, while it is looked at, while the database answers to BEGIN.
async fn cancelled<T>(begin: impl Future<Output = T>, waits: usize) {
    let mut begin = pin!(begin);
    let mut left = waits;
    poll_fn(|context| {
        if begin.as_mut().poll(context).is_ready() || left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        Poll::Pending
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_cancelled_begins_leave_no_transaction_behind() {
    for database in databases().await {
        let (store, name) = (&database.store, database.name);
        let mut observer = database.observer().await;
        for round in 0..1_000 {
            let waits = round / 2 % 6;
            // A reader that was left behind would make a writer's transaction read-only.
            if round % 2 == 0 {
                cancelled(store.begin(), waits).await;
            } else {
                cancelled(store.read(), waits).await;
            }
            // At once: the next one that ends properly would tidy up after this one.
            let tidy = observer.sees_no_transaction().await;
            assert!(tidy, "{name}: one was left open after {waits} waits");
        }
        for _ in 0..50 {
            let mut tx = store.begin().await.unwrap();
            let written = tx.insert_customer(&customer()).await;
            assert!(written.is_ok(), "{name}: {written:?}");
            tx.commit().await.unwrap();
        }
        assert_eq!(count(&reopened(&database).await).await, 50, "{name}");
    }
}

#[tokio::test]
async fn no_more_connections_are_opened_than_the_operator_allows() {
    for database in databases().await {
        let url = database.url();
        let location = match url.strip_prefix("sqlite:") {
            Some(path) => Location::Sqlite(path.into()),
            None => Location::Postgres(url.into()),
        };
        let connections = 1;
        let settings = config::Database {
            location,
            connections,
        };
        let store = app::open_store(&settings).await.unwrap();
        let only = store.read().await.unwrap();
        let second = tokio::time::timeout(Duration::from_millis(200), store.read()).await;
        assert!(second.is_err(), "{}", database.name);
        drop(only);
        store.read().await.unwrap();
    }
}

#[tokio::test]
async fn a_host_that_vanished_holds_no_row_for_more_than_a_minute() {
    let database = crate::support::postgres().await;
    for mut tx in [
        database.store.begin().await.unwrap(),
        database.store.read().await.unwrap(),
    ] {
        for (name, limit) in [
            ("idle_in_transaction_session_timeout", "1min"),
            ("lock_timeout", "10s"),
        ] {
            let set = tx.session_setting(name).await.unwrap();
            assert_eq!(set.as_deref(), Some(limit), "{name}");
        }
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
