//! Faults on demand: what went wrong for the caller, and what is true all the same.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{KEY, World, charging, until};

/// What is under a key.
async fn found(world: &World, key: &str) -> Vec<Value> {
    world.get(&format!("/v1/charges?key={key}")).await["data"]
        .as_array()
        .expect("a list")
        .clone()
}

#[tokio::test]
async fn after_a_cut_connection_lookup_finds_exactly_one_charge() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let order = charging(&method, "customer_present");
    world
        .fault(json!({ "operation": "charge", "answer": "cut_after" }))
        .await;
    let lost = world
        .send(Method::POST, "/v1/charges", Some("k"), Some(&order))
        .await;
    assert!(lost.is_err(), "the answer must be lost: {lost:?}");
    let charges = found(&world, "k").await;
    assert_eq!(charges.len(), 1);
    assert_eq!(charges[0]["status"], "succeeded");
    let (status, again) = world.order("/v1/charges", "k", &order).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(again["id"], charges[0]["id"]);
    assert_eq!(world.ledger_count().await, 2);
}

#[tokio::test]
async fn a_line_cut_before_the_charge_leaves_nothing_behind() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let order = charging(&method, "customer_present");
    world
        .fault(json!({ "answer": "cut_before", "metadata": {} }))
        .await;
    assert!(
        world
            .send(Method::POST, "/v1/charges", Some("k"), Some(&order))
            .await
            .is_err()
    );
    assert!(found(&world, "k").await.is_empty());
    assert_eq!(world.ledger_count().await, 1);
}

#[tokio::test]
async fn an_error_is_remembered_for_its_key_whether_the_charge_was_made_or_not() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let order = charging(&method, "customer_present");
    for (answer, made) in [("error_before", 0), ("error_after", 1)] {
        world
            .fault(json!({ "operation": "charge", "answer": answer }))
            .await;
        for _ in 0..2 {
            let (status, _) = world.order("/v1/charges", answer, &order).await;
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        }
        assert_eq!(found(&world, answer).await.len(), made, "{answer}");
    }
}

#[tokio::test]
async fn garbage_rate_limits_and_faults_of_other_customers_are_as_asked() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let order = charging(&method, "customer_present");
    world
        .fault(json!({ "customer": "cus_2", "answer": "cut_before", "times": 9 }))
        .await;
    world
        .fault(json!({ "operation": "charge", "answer": "rate_limited", "times": 2 }))
        .await;
    for _ in 0..2 {
        let (status, _) = world.order("/v1/charges", "k", &order).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    }
    world
        .fault(json!({ "operation": "charge", "answer": "garbage" }))
        .await;
    assert_eq!(
        world.order("/v1/charges", "k", &order).await,
        (StatusCode::OK, Value::Null)
    );
    assert_eq!(
        world.order("/v1/charges", "k", &order).await.0,
        StatusCode::CREATED
    );
    assert_eq!(world.ledger_count().await, 2);
    assert_eq!(
        world.get("/control/faults").await["data"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn a_hidden_charge_is_not_found_until_its_time() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let order = charging(&method, "customer_present");
    world
        .fault(json!({ "operation": "charge", "hide_lookup_ms": 400 }))
        .await;
    world.order("/v1/charges", "k", &order).await;
    assert!(found(&world, "k").await.is_empty());
    until("shown", async || {
        (found(&world, "k").await.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_slow_charge_is_made_although_the_caller_went_away() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let order = charging(&method, "customer_present");
    world
        .fault(json!({ "operation": "charge", "delay_before_ms": 300 }))
        .await;
    let started = Instant::now();
    let lost = world
        .client
        .post(world.url("/v1/charges"))
        .bearer_auth(KEY)
        .header("idempotency-key", "k")
        .json(&order)
        .timeout(Duration::from_millis(100))
        .send()
        .await;
    assert!(lost.is_err());
    assert!(started.elapsed() < Duration::from_millis(300));
    until("charged", async || {
        (found(&world, "k").await.len() == 1).then_some(())
    })
    .await;
    assert_eq!(world.ledger_count().await, 2);
}

#[tokio::test]
async fn faults_strike_lookups_and_cancels_too() {
    let world = World::start().await;
    let charge = world.collect("k").await;
    let id = charge["id"].as_str().expect("an id");
    world
        .fault(json!({ "operation": "lookup", "answer": "cut_before" }))
        .await;
    assert!(
        world
            .send(Method::GET, "/v1/charges?key=k", None, None)
            .await
            .is_err()
    );
    assert_eq!(found(&world, "k").await.len(), 1);
    world
        .fault(json!({ "operation": "cancel", "answer": "error_after" }))
        .await;
    let (status, _) = world
        .post(&format!("/v1/charges/{id}/cancel"), json!({}))
        .await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(world.charge(&charge).await["status"], "cancelled");
}
