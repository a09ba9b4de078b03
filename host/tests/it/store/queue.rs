//! The queue's rows: one order per key, leases that end, and nothing claimed twice.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use jiff::Timestamp;
use vestibule::store::{ClaimedJob, Error, JobClock, Lane, NewJob, Store};

use crate::support::databases;
use crate::support::sample::{at, id, scope};

fn job(key: Option<&str>, due: Timestamp) -> NewJob {
    NewJob {
        id: id(),
        kind: "test",
        payload: "{}".into(),
        unique_key: key.map(String::from),
        clock: JobClock::Host,
        due_at: due,
        run_at: due,
        created_at: at(0),
    }
}

async fn enqueue(store: &Store, jobs: &[NewJob]) {
    let mut tx = store.begin().await.unwrap();
    for job in jobs {
        tx.enqueue(&scope(), job).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn claim(store: &Store, now: Timestamp, lease: &str, limit: u32) -> Vec<ClaimedJob> {
    let mut tx = store.begin().await.unwrap();
    let until = now + jiff::SignedDuration::from_secs(60);
    let claimed = tx
        .claim_jobs(Lane::Work, now, (until, lease), limit, &[])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    claimed
}

#[tokio::test]
async fn workers_that_claim_at_once_share_the_jobs() {
    for database in databases().await {
        let jobs: Vec<NewJob> = (0..100).map(|_| job(None, at(0))).collect();
        enqueue(&database.store, &jobs).await;
        let leases: Vec<String> = (0..20).map(|n| format!("lease-{n}")).collect();
        let claims = leases
            .iter()
            .map(|lease| claim(&database.store, at(1), lease, 7));
        let claimed: Vec<ClaimedJob> = join_all(claims).await.into_iter().flatten().collect();
        let apart: BTreeSet<&str> = claimed.iter().map(|job| job.id.as_str()).collect();
        assert_eq!(
            claimed.len(),
            apart.len(),
            "{}: one job twice",
            database.name
        );
        let rest = claim(&database.store, at(1), "rest", 100).await;
        assert_eq!(claimed.len() + rest.len(), 100, "{}", database.name);
    }
}

#[tokio::test]
async fn only_what_is_due_is_claimed_and_the_next_time_is_known() {
    for database in databases().await {
        let store = &database.store;
        enqueue(store, &[job(None, at(10)), job(None, at(20))]).await;
        assert!(claim(store, at(9), "a", 10).await.is_empty());
        assert_eq!(next(store).await, Some(at(10)));
        assert_eq!(claim(store, at(10), "b", 10).await.len(), 1);
        assert_eq!(next(store).await, Some(at(20)), "the lease ends later");
        assert_eq!(claim(store, at(20), "c", 10).await.len(), 1);
        assert_eq!(next(store).await, Some(at(70)), "a lease ends");
    }
}

async fn next(store: &Store) -> Option<Timestamp> {
    store
        .read()
        .await
        .unwrap()
        .next_job_at(Lane::Work)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_lost_lease_cannot_end_or_extend_the_job() {
    for database in databases().await {
        let store = &database.store;
        enqueue(store, &[job(None, at(0))]).await;
        let dead = claim(store, at(0), "dead", 1).await.remove(0);
        assert!(claim(store, at(59), "early", 1).await.is_empty());
        let heir = claim(store, at(60), "heir", 1).await.remove(0);
        assert_eq!((&heir.id, heir.attempts), (&dead.id, 2));

        let mut tx = store.begin().await.unwrap();
        assert!(!tx.extend_lease(&dead, at(999)).await.unwrap());
        assert!(!tx.job_done(&dead, at(61)).await.unwrap());
        assert!(
            !tx.job_again(&dead, at(61), 1, Some(("late", at(61))))
                .await
                .unwrap()
        );
        assert!(!tx.job_failed(&dead, at(61), "late").await.unwrap());
        assert!(tx.extend_lease(&heir, at(200)).await.unwrap());
        tx.commit().await.unwrap();
        assert!(claim(store, at(199), "greedy", 1).await.is_empty());
        let mut tx = store.begin().await.unwrap();
        assert!(tx.job_done(&heir, at(200)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(next(store).await, None);
    }
}

#[tokio::test]
async fn work_is_queued_once_under_its_key_at_the_newest_time() {
    for database in databases().await {
        let store = &database.store;
        enqueue(
            store,
            &[job(Some("renew:1"), at(50)), job(Some("renew:1"), at(30))],
        )
        .await;
        assert_eq!(next(store).await, Some(at(30)));
        let claimed = claim(store, at(100), "a", 10).await;
        assert_eq!(claimed.len(), 1, "{}", database.name);

        // Ordered again while it runs: kept, and then nothing is put back beside it.
        enqueue(store, &[job(Some("renew:1"), at(200))]).await;
        let mut tx = store.begin().await.unwrap();
        let refused = tx
            .job_again(&claimed[0], at(300), 1, Some(("later", at(101))))
            .await;
        assert!(
            matches!(refused, Err(Error::Conflict(_))),
            "{}: {refused:?}",
            database.name
        );
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.job_done(&claimed[0], at(101)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(next(store).await, Some(at(200)));
    }
}

#[tokio::test]
async fn a_commit_that_orders_work_wakes_a_waiting_worker() {
    for database in databases().await {
        enqueue(&database.store, &[job(None, at(0))]).await;
        database.store.work_ordered(Lane::Work).await;
        let mut tx = database.store.begin().await.unwrap();
        tx.enqueue(&scope(), &job(None, at(0))).await.unwrap();
        drop(tx);
        let rolled_back = database.store.work_ordered(Lane::Work);
        let soon = std::time::Duration::from_millis(50);
        assert!(
            tokio::time::timeout(soon, rolled_back).await.is_err(),
            "{}",
            database.name
        );
    }
}

#[tokio::test]
async fn work_that_is_ordered_for_business_time_moves_with_its_clock_whatever_it_was_before() {
    for database in databases().await {
        let store = &database.store;
        let hour = 3_600;
        enqueue(store, &[job(Some("renew"), at(hour))]).await;
        let again = NewJob {
            clock: JobClock::Business,
            ..job(Some("renew"), at(hour))
        };
        enqueue(store, &[again]).await;
        let mut tx = store.begin().await.unwrap();
        tx.move_clock(&scope(), hour * 1_000_000).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claim(store, at(0), "lease", 10).await.len(), 1);
    }
}

#[tokio::test]
async fn a_clock_waits_for_work_that_is_to_be_tried_again() {
    for database in databases().await {
        let store = &database.store;
        let due = NewJob {
            clock: JobClock::Business,
            ..job(Some("renew"), at(0))
        };
        enqueue(store, &[due]).await;
        let claimed = claim(store, at(1), "lease", 1).await.remove(0);
        let mut tx = store.begin().await.unwrap();
        tx.job_again(&claimed, at(60), 1, None).await.unwrap();
        assert!(tx.is_under_way(&scope(), at(2)).await.unwrap());
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn what_was_given_up_is_kept_while_somebody_can_take_it_up_and_deliveries_are_not() {
    for database in databases().await {
        let store = &database.store;
        let of = |kind| NewJob {
            kind,
            ..job(None, at(0))
        };
        enqueue(store, &[of("renew"), of("mail"), of("deliver-event")]).await;
        let mut tx = store.begin().await.unwrap();
        for lane in Lane::ALL {
            let lease = (at(60), "lease");
            let claimed = tx.claim_jobs(lane, at(0), lease, 9, &[]).await.unwrap();
            assert_eq!(claimed.len(), 1, "{lane:?}");
            assert!(tx.job_failed(&claimed[0], at(1), "in vain").await.unwrap());
        }
        tx.forget_done_jobs(at(1)).await.unwrap();
        assert_eq!(tx.jobs(&scope(), 9).await.unwrap().len(), 3, "not yet");
        tx.forget_done_jobs(at(2)).await.unwrap();
        let left = tx.jobs(&scope(), 9).await.unwrap();
        let mut kinds: Vec<&str> = left.iter().map(|job| job.kind.as_str()).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["mail", "renew"], "{}", database.name);
        tx.commit().await.unwrap();
    }
}
