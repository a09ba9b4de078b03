//! Deliveries: what is signed, how often, and where to.

use jiff::SignedDuration;
use serde_json::Value;
use standardwebhooks::Webhook;

use super::endpoint::Endpoint;
use super::{SECRET, Workplace, eventually, tell};
use crate::support::sample::subscribed;
use crate::support::{databases, sqlite};

/// Dodo's waits after each failure, in seconds.
const WAITS: [i64; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_is_signed_and_tells_the_state_at_delivery() {
    for database in databases().await {
        let endpoint = Endpoint::start().await;
        let place = Workplace::new(database, &endpoint.url);
        let mut subscription = subscribed(&place.database.store).await;
        let writer = place.open().await;
        let event = tell(&writer, "subscription.active", subscription.id.as_str()).await;
        let mut tx = writer.store.begin().await.unwrap();
        subscription.quantity = 3;
        tx.save_subscription(&mut subscription).await.unwrap();
        tx.commit().await.unwrap();

        let process = place.start().await;
        eventually("it is told", async || place.jobs().await.is_empty()).await;
        let deliveries = endpoint.deliveries();
        let [delivery] = &deliveries[..] else {
            panic!("{} deliveries", deliveries.len())
        };
        assert_eq!(delivery.id(), event.as_str());
        Webhook::new(SECRET)
            .unwrap()
            .verify(&delivery.body, &delivery.headers)
            .unwrap();
        let forged = Webhook::new("whsec_b3RoZXI=").unwrap();
        assert!(forged.verify(&delivery.body, &delivery.headers).is_err());

        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(body["type"], "subscription.active");
        assert_eq!(body["business_id"], "bus_lumen");
        assert_eq!(body["data"]["payload_type"], "Subscription");
        assert_eq!(body["data"]["subscription_id"], subscription.id.as_str());
        assert_eq!(
            body["data"]["quantity"], 3,
            "the state at delivery, not at the event"
        );
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_endpoint_is_tried_eight_times_on_the_schedule_under_one_id() {
    let endpoint = Endpoint::start().await;
    endpoint.answer(500);
    let place = Workplace::new(sqlite().await, &endpoint.url);
    let subscription = subscribed(&place.database.store).await;
    let process = place.start().await;
    let event = tell(&process.cx, "subscription.active", subscription.id.as_str()).await;
    for (failures, wait) in (1_i64..).zip(WAITS) {
        eventually("it is tried", async || {
            let jobs = place.jobs().await;
            jobs[0].attempts == failures && jobs[0].state == "queued"
        })
        .await;
        let job = &place.jobs().await[0];
        let left = job.run_at.duration_since(process.cx.now()).as_secs();
        assert!(
            (wait - 4..=wait).contains(&left),
            "{failures}: {left} s instead of {wait} s"
        );
        assert_eq!(job.last_error.as_deref(), Some("the endpoint answered 500"));
        place.advance(SignedDuration::from_secs(wait));
    }
    eventually("it is given up", async || {
        place.jobs().await[0].state == "failed"
    })
    .await;
    let deliveries = endpoint.deliveries();
    assert_eq!(deliveries.len(), 8);
    assert!(
        deliveries
            .iter()
            .all(|delivery| delivery.id() == event.as_str())
    );
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_no_acknowledgement_and_is_not_followed() {
    let endpoint = Endpoint::start().await;
    endpoint.answer(307);
    let place = Workplace::new(sqlite().await, &endpoint.url);
    let subscription = subscribed(&place.database.store).await;
    let process = place.start().await;
    tell(&process.cx, "subscription.active", subscription.id.as_str()).await;
    eventually("it is tried", async || {
        place.jobs().await[0].last_error.is_some()
    })
    .await;
    let error = place.jobs().await[0].last_error.clone();
    assert_eq!(error.as_deref(), Some("the endpoint answered 307"));
    assert_eq!(endpoint.deliveries().len(), 1);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_in_a_private_network_is_not_reached() {
    let place = Workplace::new(sqlite().await, "https://10.1.2.3/events");
    let subscription = subscribed(&place.database.store).await;
    let process = place.start().await;
    tell(&process.cx, "subscription.active", subscription.id.as_str()).await;
    eventually("it is tried", async || {
        place.jobs().await[0].last_error.is_some()
    })
    .await;
    let error = place.jobs().await[0].last_error.clone().unwrap();
    assert!(error.contains("private network"), "{error}");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_types_that_the_endpoint_wants_are_delivered() {
    let endpoint = Endpoint::start().await;
    let filter = "filter_types = [\"subscription.active\"]";
    let place = Workplace::telling(sqlite().await, &endpoint.url, filter);
    let subscription = subscribed(&place.database.store).await;
    let writer = place.open().await;
    let object = subscription.id.as_str();
    tell(&writer, "subscription.past_due", object).await;
    let wanted = tell(&writer, "subscription.active", object).await;
    let process = place.start().await;
    eventually("both are done", async || place.jobs().await.is_empty()).await;
    let ids: Vec<String> = endpoint
        .deliveries()
        .iter()
        .map(|delivery| delivery.id().to_owned())
        .collect();
    assert_eq!(ids, [wanted.as_str()]);
    process.stop().await;
}
