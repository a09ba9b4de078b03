//! The log of deliveries: every try, those that were cut off too, and sending again.

use jiff::{SignedDuration, Timestamp};
use vestibule::cx::Cx;
use vestibule::domain::endpoint::{Attempt, DeliveryState};
use vestibule::domain::id::{EndpointId, EventId};
use vestibule::flows::delivery::{self, Turn};
use vestibule::flows::endpoint;
use vestibule::store::{DeliveryFilter, Seek};

use super::endpoint::Endpoint;
use super::endpoints::{made, new, place};
use super::{eventually, tell};
use crate::support::sample::{scope, subscribed};
use crate::support::{databases, sqlite};

async fn attempts(cx: &Cx, endpoint: &EndpointId, event: &EventId) -> Vec<Attempt> {
    let mut tx = cx.store.read().await.unwrap();
    tx.attempts(&scope(), endpoint, event).await.unwrap()
}

async fn state(cx: &Cx, endpoint: &EndpointId, event: &EventId) -> Option<DeliveryState> {
    let mut tx = cx.store.read().await.unwrap();
    let delivery = tx.delivery(&scope(), endpoint, event).await.unwrap();
    delivery.map(|delivery| delivery.state)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_try_that_was_cut_off_is_repeated_under_its_id_and_stands_apart_in_the_log() {
    for database in databases().await {
        let receiver = Endpoint::start().await;
        let place = place(database, &receiver, &[]);
        let subscription = subscribed(&place.database.store).await;
        let dead = place.open().await;
        let event = tell(&dead, "subscription.active", subscription.id.as_str()).await;
        let id = EndpointId::of_file(&scope());
        // The process dies between the request and the note of its answer.
        let turn = delivery::begin(&dead, &scope(), &id, &event).await.unwrap();
        assert!(matches!(turn, Turn::Go(_)));

        let heir = place.start().await;
        eventually("it is told", async || place.jobs().await.is_empty()).await;
        assert_eq!(receiver.deliveries()[0].id(), event.as_str());
        let tries = attempts(&heir.cx, &id, &event).await;
        let ends: Vec<Option<u16>> = tries
            .iter()
            .map(|attempt| attempt.end.as_ref().and_then(|end| end.status))
            .collect();
        assert_eq!(ends, [None, Some(200)], "{}", place.database.name);
        assert!(tries[0].end.is_none());
        assert_eq!(
            state(&heir.cx, &id, &event).await,
            Some(DeliveryState::Delivered)
        );
        heir.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_not_sent_again_by_a_job_that_runs_twice() {
    let receiver = Endpoint::start().await;
    let place = place(sqlite().await, &receiver, &[]);
    let subscription = subscribed(&place.database.store).await;
    let process = place.start().await;
    let cx = &process.cx;
    let event = tell(cx, "subscription.active", subscription.id.as_str()).await;
    eventually("it is told", async || place.jobs().await.is_empty()).await;
    let id = EndpointId::of_file(&scope());
    let turn = delivery::begin(cx, &scope(), &id, &event).await.unwrap();
    assert!(matches!(turn, Turn::Over));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_event_and_all_failures_of_a_time_are_sent_again_under_their_ids() {
    for database in databases().await {
        let (of_file, receiver) = (Endpoint::start().await, Endpoint::start().await);
        receiver.answer(503);
        let place = place(database, &of_file, &[&receiver]);
        let subscription = subscribed(&place.database.store).await;
        let process = place.start().await;
        let cx = &process.cx;
        let id = made(cx, new(cx, &receiver.url)).await;
        let since = cx.now();
        let mut events = Vec::new();
        for _ in 0..3 {
            events.push(tell(cx, "subscription.active", subscription.id.as_str()).await);
        }
        for tries in 1..=8 {
            eventually("the next try of each is noted", async || {
                let jobs = place.jobs().await;
                let noted = |state: &str| state == "queued" || state == "failed";
                jobs.len() == 3
                    && jobs
                        .iter()
                        .all(|job| job.attempts == tries && noted(&job.state))
            })
            .await;
            place.advance(SignedDuration::from_hours(10));
        }
        eventually("all are given up", async || {
            let jobs = place.jobs().await;
            jobs.len() == 3 && jobs.iter().all(|job| job.state == "failed")
        })
        .await;
        assert_eq!(receiver.deliveries().len(), 24);
        assert_eq!(
            state(cx, &id, &events[0]).await,
            Some(DeliveryState::Failed)
        );

        receiver.answer(200);
        delivery::replay(cx, &scope(), &id, &events[0])
            .await
            .unwrap();
        eventually("one arrives", async || {
            state(cx, &id, &events[0]).await == Some(DeliveryState::Delivered)
        })
        .await;
        let again = receiver.deliveries().pop().unwrap();
        assert_eq!(again.id(), events[0].as_str());
        assert_eq!(attempts(cx, &id, &events[0]).await.len(), 9);

        let scope = scope();
        let early = delivery::replay_failed(cx, &scope, &id, Timestamp::UNIX_EPOCH, since);
        assert_eq!(early.await.unwrap(), 0);
        let rest = delivery::replay_failed(cx, &scope, &id, since, cx.now());
        assert_eq!(rest.await.unwrap(), 2);
        eventually("the rest arrives", async || {
            receiver.deliveries().len() == 27
        })
        .await;
        // An event of which this endpoint was never told.
        let late = made(cx, new(cx, &receiver.url)).await;
        delivery::replay(cx, &scope, &late, &events[1])
            .await
            .unwrap();
        eventually("it hears the old news", async || {
            receiver.deliveries().len() == 28
        })
        .await;
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_its_way_to_an_endpoint_that_goes_is_dropped() {
    let (of_file, receiver) = (Endpoint::start().await, Endpoint::start().await);
    let place = place(sqlite().await, &of_file, &[&receiver]);
    let subscription = subscribed(&place.database.store).await;
    let writer = place.open().await;
    let id = made(&writer, new(&writer, &receiver.url)).await;
    let event = tell(&writer, "subscription.active", subscription.id.as_str()).await;
    endpoint::delete(&writer, &scope(), &id).await.unwrap();
    let process = place.start().await;
    eventually("the queue is empty", async || place.jobs().await.is_empty()).await;
    assert!(receiver.deliveries().is_empty());
    assert_eq!(of_file.deliveries().len(), 1);
    assert_eq!(
        state(&process.cx, &id, &event).await,
        Some(DeliveryState::Dropped)
    );
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_kept_for_as_long_as_the_file_says() {
    for database in databases().await {
        let receiver = Endpoint::start().await;
        let place = place(database, &receiver, &[]);
        let subscription = subscribed(&place.database.store).await;
        let process = place.start().await;
        let cx = &process.cx;
        let event = tell(cx, "subscription.active", subscription.id.as_str()).await;
        eventually("it is told", async || place.jobs().await.is_empty()).await;
        let id = EndpointId::of_file(&scope());
        let kept = async || {
            delivery::clean_up(cx).await.unwrap();
            let mut tx = cx.store.read().await.unwrap();
            let (scope, all) = (scope(), DeliveryFilter::default());
            let page = tx.deliveries_page(&scope, &id, all, &Seek::Newest, 10);
            (
                page.await.unwrap().rows.len(),
                attempts(cx, &id, &event).await.len(),
            )
        };
        place.advance(SignedDuration::from_hours(29 * 24));
        assert_eq!(kept().await, (1, 1), "{}", place.database.name);
        place.advance(SignedDuration::from_hours(2 * 24));
        assert_eq!(kept().await, (0, 0), "{}", place.database.name);
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_does_not_answer_in_time_is_tried_again() {
    let receiver = Endpoint::holding().await;
    let mut place = place(sqlite().await, &receiver, &[]);
    place.settings.jobs.webhook_timeout = SignedDuration::from_millis(100);
    let subscription = subscribed(&place.database.store).await;
    let process = place.start().await;
    let cx = &process.cx;
    let event = tell(cx, "subscription.active", subscription.id.as_str()).await;
    let id = EndpointId::of_file(&scope());
    eventually("the try has ended", async || {
        let tries = attempts(cx, &id, &event).await;
        tries.first().is_some_and(|first| first.end.is_some())
    })
    .await;
    let end = attempts(cx, &id, &event).await[0].end.clone().unwrap();
    assert_eq!(end.status, None);
    assert_eq!(end.error.as_deref(), Some("no answer in time"));
    assert_eq!(state(cx, &id, &event).await, Some(DeliveryState::Waiting));
    receiver.let_go();
    process.stop().await;
}
