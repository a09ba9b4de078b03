//! Leases, sharing, draining and giving up.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use vestibule::store::{Lane, MailOrder, Work};

use super::endpoint::{Delivery, Endpoint};
use super::{Workplace, eventually, tell};
use crate::support::sample::{id, scope, subscribed};
use crate::support::{databases, sqlite};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_queue_and_do_each_job_once() {
    for database in databases().await {
        let endpoint = Endpoint::start().await;
        let place = Workplace::new(database, &endpoint.url);
        let subscription = subscribed(&place.database.store).await;
        let writer = place.open().await;
        let (one, two) = (place.start().await, place.start().await);
        for _ in 0..40 {
            tell(&writer, "subscription.active", subscription.id.as_str()).await;
        }
        eventually("all are told", async || place.jobs().await.is_empty()).await;
        let deliveries = endpoint.deliveries();
        let ids: BTreeSet<&str> = deliveries.iter().map(Delivery::id).collect();
        assert_eq!(
            (ids.len(), deliveries.len()),
            (40, 40),
            "{}",
            place.database.name
        );
        one.stop().await;
        two.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_job_of_a_dead_process_is_taken_when_its_lease_ends() {
    for database in databases().await {
        let endpoint = Endpoint::start().await;
        let place = Workplace::new(database, &endpoint.url);
        let subscription = subscribed(&place.database.store).await;
        let dead = place.open().await;
        tell(&dead, "subscription.active", subscription.id.as_str()).await;
        let lease = place.settings.jobs.lease;
        assert_eq!(
            lease,
            SignedDuration::from_mins(2),
            "as ARCHITECTURE.md says"
        );
        let mut tx = dead.store.begin().await.unwrap();
        let until = dead.now() + lease;
        let claimed = tx
            .claim_jobs(Lane::Deliveries, dead.now(), (until, "dead"), 10, &[])
            .await
            .unwrap();
        assert_eq!(claimed.len(), 1);
        tx.commit().await.unwrap();

        let heir = place.start().await;
        place.advance(SignedDuration::from_secs(115));
        tell(&heir.cx, "subscription.renewed", subscription.id.as_str()).await;
        eventually("later work is done", async || place.jobs().await.len() == 1).await;
        assert_eq!(endpoint.deliveries().len(), 1, "the lease still holds");
        place.advance(SignedDuration::from_secs(10));
        eventually("it is taken over", async || place.jobs().await.is_empty()).await;
        assert_eq!(endpoint.deliveries().len(), 2);
        heir.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_worker_claims_is_its_own_for_the_lease_of_the_file() {
    for database in databases().await {
        let endpoint = Endpoint::holding().await;
        let mut place = Workplace::new(database, &endpoint.url);
        place.settings.jobs.lease = SignedDuration::from_mins(10);
        // What the dead one has begun ends after everything here.
        place.settings.jobs.webhook_timeout = SignedDuration::from_hours(1);
        let subscription = subscribed(&place.database.store).await;
        let dead = place.start().await;
        let first = tell(&dead.cx, "subscription.active", subscription.id.as_str()).await;
        eventually("it runs", async || !endpoint.deliveries().is_empty()).await;
        dead.worker.abort();

        let heir = place.start().await;
        place.advance(SignedDuration::from_secs(570));
        tell(&heir.cx, "subscription.renewed", subscription.id.as_str()).await;
        eventually("later work runs", async || endpoint.deliveries().len() == 2).await;
        let tries: Vec<_> = place.jobs().await.iter().map(|job| job.attempts).collect();
        assert_eq!(tries, [1, 1], "the lease still holds");
        place.advance(SignedDuration::from_secs(40));
        eventually("it is taken over", async || {
            endpoint.deliveries().len() == 3
        })
        .await;
        assert_eq!(endpoint.deliveries()[2].id(), first.as_str());
        endpoint.let_go();
        heir.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_longer_than_its_lease_stays_with_its_worker() {
    let endpoint = Endpoint::holding().await;
    let mut place = Workplace::new(sqlite().await, &endpoint.url);
    place.settings.jobs.lease = SignedDuration::from_millis(300);
    let subscription = subscribed(&place.database.store).await;
    let (one, two) = (place.start().await, place.start().await);
    tell(&one.cx, "subscription.active", subscription.id.as_str()).await;
    eventually("it runs", async || !endpoint.deliveries().is_empty()).await;
    let started = std::time::Instant::now();
    eventually("four leases pass", async || {
        started.elapsed().as_millis() > 1_200
    })
    .await;
    endpoint.let_go();
    eventually("it is done", async || place.jobs().await.is_empty()).await;
    assert_eq!(endpoint.deliveries().len(), 1);
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_stops_finishes_what_it_has_and_takes_no_more() {
    let endpoint = Endpoint::holding().await;
    let place = Workplace::new(sqlite().await, &endpoint.url);
    let subscription = subscribed(&place.database.store).await;
    let process = place.start().await;
    let writer = process.cx.clone();
    tell(&writer, "subscription.active", subscription.id.as_str()).await;
    eventually("it runs", async || !endpoint.deliveries().is_empty()).await;
    process.stop.cancel();
    let late = tell(&writer, "subscription.renewed", subscription.id.as_str()).await;
    assert!(!process.worker.is_finished());
    endpoint.let_go();
    process.stop().await;

    assert_eq!(endpoint.deliveries().len(), 1);
    let left = place.jobs().await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].state, "queued");
    assert!(
        left[0]
            .unique_key
            .as_deref()
            .unwrap()
            .contains(late.as_str())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_about_nothing_is_given_up_and_shown() {
    let endpoint = Endpoint::start().await;
    let place = Workplace::new(sqlite().await, &endpoint.url);
    let process = place.start().await;
    tell(&process.cx, "subscription.active", "sub_01gone").await;
    let order = MailOrder::PaymentReceived { payment: id() };
    let mut tx = process.cx.store.begin().await.unwrap();
    process
        .cx
        .order(&mut tx, &scope(), &Work::Mail(order))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    eventually("both are given up", async || {
        let jobs = place.jobs().await;
        jobs.len() == 2 && jobs.iter().all(|job| job.state == "failed")
    })
    .await;
    assert!(
        place
            .jobs()
            .await
            .iter()
            .all(|job| job.last_error.is_some())
    );
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_business_whose_file_is_gone_keeps_its_work_without_counting_tries() {
    let endpoint = Endpoint::start().await;
    let mut place = Workplace::new(sqlite().await, &endpoint.url);
    let businesses = std::mem::take(&mut place.settings.businesses);
    let subscription = subscribed(&place.database.store).await;
    let process = place.start().await;
    tell(&process.cx, "subscription.active", subscription.id.as_str()).await;
    for _ in 0..5 {
        eventually("it is parked for later", async || {
            let jobs = place.jobs().await;
            jobs[0].state == "queued" && jobs[0].run_at > process.cx.now()
        })
        .await;
        let job = &place.jobs().await[0];
        assert_eq!((job.attempts, job.last_error.is_some()), (0, true));
        place.advance(SignedDuration::from_mins(6));
    }
    let mut settings = place.settings.clone();
    settings.businesses = businesses;
    process.cx.settings.store(std::sync::Arc::new(settings));
    place.advance(SignedDuration::from_mins(6));
    eventually("it is told", async || place.jobs().await.is_empty()).await;
    assert_eq!(endpoint.deliveries().len(), 1);
    process.stop().await;
}
