//! The same call twice, as SDKs send it after a lost answer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vestibule::domain::id::CustomerId;

use super::{Api, subscription};
use crate::support::world::World;

#[tokio::test]
async fn a_blind_repeat_joins_the_first_call_even_in_another_process() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let (customer, product) = (api.customer().await, api.product().await);
        let body = subscription(&customer, &product);
        let first = api.post("/subscriptions", body.clone()).await.ok();
        // The process died before it could answer; the SDK asks another one.
        let process = world.process().await;
        let other = Api {
            key: api.key.clone(),
            ..Api::with(&process, &world.scope, true).await
        };
        let path = "/subscriptions";
        let retried = other
            .post_as(path, body.clone(), "x-stainless-retry-count", "1")
            .await
            .ok();
        assert_eq!(retried, first);
        let fresh = api.post(path, body).await.ok();
        assert_ne!(fresh["subscription_id"], first["subscription_id"]);
        let listed = api.get(path).await.ok();
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn repeats_at_the_same_time_make_one_customer() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let body = json!({ "email": "a@customer.example", "name": "A" });
        let calls =
            (0..10).map(|_| api.post_as("/customers", body.clone(), "idempotency-key", "one"));
        let answers = futures_util::future::join_all(calls).await;
        let first = answers[0].ok();
        assert!(answers.iter().all(|answer| answer.ok() == first));
        let listed = api.get("/customers").await.ok();
        assert_eq!(listed, json!({ "items": [first] }));
    }
}

#[tokio::test]
async fn an_idempotency_key_with_another_body_is_refused() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let body = |name| json!({ "email": "a@customer.example", "name": name });
    let key = ("idempotency-key", "k1");
    api.post_as("/customers", body("A"), key.0, key.1)
        .await
        .ok();
    let other = api.post_as("/customers", body("B"), key.0, key.1).await;
    other.refuses(422, "INVALID_REQUEST_BODY", "Idempotency-Key");
    world.cx.clock.advance(jiff::SignedDuration::from_hours(25));
    api.post_as("/customers", body("B"), key.0, key.1)
        .await
        .ok();
}

#[tokio::test]
async fn a_repeat_of_a_call_that_failed_starts_at_once() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let nobody: CustomerId = world.cx.new_id();
        let path = format!("/customers/{nobody}/customer-portal/session");
        let began = Instant::now();
        for retry in ["0", "1", "2"] {
            api.post_as(&path, Value::Null, "x-stainless-retry-count", retry)
                .await
                .refuses(404, "NOT_FOUND", "customer");
        }
        let calls = (0..5).map(|_| api.post_as(&path, Value::Null, "idempotency-key", "one"));
        for answer in futures_util::future::join_all(calls).await {
            answer.refuses(404, "NOT_FOUND", "customer");
        }
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "nobody waits in vain"
        );
    }
}
