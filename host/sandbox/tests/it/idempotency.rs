//! One key, one charge, one answer.

use axum::http::StatusCode;
use reqwest::Method;
use serde_json::json;

use crate::support::{World, charging, collecting};

#[tokio::test]
async fn the_same_order_with_the_same_key_gets_the_same_answer() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let order = charging(&method, "merchant_recurring");
    let first = world.order("/v1/charges", "k", &order).await;
    let second = world.order("/v1/charges", "k", &order).await;
    assert_eq!(first, second);
    assert_eq!(world.ledger_count().await, 2);
}

#[tokio::test]
async fn another_order_with_the_same_key_is_refused() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let mut order = charging(&method, "merchant_recurring");
    world.order("/v1/charges", "k", &order).await;
    order["amount"]["minor"] = json!(3000);
    let (status, body) = world.order("/v1/charges", "k", &order).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["error"]["code"], "idempotency_mismatch");
    assert_eq!(world.ledger_count().await, 2);
}

#[tokio::test]
async fn fifty_equal_orders_at_once_are_one_charge() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let order = charging(&method, "customer_present");
    let answers = tokio::join!(async {
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let request = world
                .client
                .post(world.url("/v1/charges"))
                .bearer_auth(crate::support::KEY)
                .header("idempotency-key", "k")
                .json(&order);
            calls.spawn(async move {
                request
                    .send()
                    .await
                    .expect("an answer")
                    .text()
                    .await
                    .expect("a body")
            });
        }
        calls.join_all().await
    })
    .0;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(world.ledger_count().await, 2);
}

#[tokio::test]
async fn a_forgotten_key_charges_again_and_lookup_shows_both() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let order = charging(&method, "merchant_recurring");
    world.order("/v1/charges", "k", &order).await;
    let (_, body) = world
        .post("/control/forget-keys", json!({ "key": "k" }))
        .await;
    assert_eq!(body["forgotten"], 1);
    world.order("/v1/charges", "k", &order).await;
    let found = world.get("/v1/charges?key=k").await;
    assert_eq!(found["data"].as_array().expect("a list").len(), 2);
    assert_eq!(world.ledger_count().await, 3);
}

#[tokio::test]
async fn a_key_is_forgotten_when_its_lifetime_is_over() {
    let world = World::start_with(|options| options.key_lifetime_seconds = 0).await;
    let order = collecting("cus_1");
    let first = world.order("/v1/charges", "k", &order).await;
    let second = world.order("/v1/charges", "k", &order).await;
    assert_ne!(first.1["id"], second.1["id"]);
}

#[tokio::test]
async fn a_refused_order_leaves_its_key_free() {
    let world = World::start().await;
    let mut order = collecting("cus_1");
    order["amount"]["minor"] = json!(1);
    assert_eq!(
        world.order("/v1/charges", "k", &order).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    order["amount"]["minor"] = json!(2900);
    assert_eq!(
        world.order("/v1/charges", "k", &order).await.0,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn nobody_gets_in_without_the_key_or_with_a_wrong_one() {
    let world = World::start().await;
    for path in ["/v1/charges?key=k", "/v1/info", "/control/ledger"] {
        for bearer in [None, Some("sk_sandbox_wrong"), Some("")] {
            let mut request = world.client.request(Method::GET, world.url(path));
            if let Some(bearer) = bearer {
                request = request.bearer_auth(bearer);
            }
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        }
    }
}

#[tokio::test]
async fn a_request_that_the_line_delivers_twice_charges_twice_only_where_keys_are_ignored() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let order = charging(&method, "merchant_recurring");
    for (honoured, key, entries) in [(true, "k", 2), (false, "l", 4)] {
        let keys = json!({ "honoured": honoured });
        world.control("/control/keys", keys).await;
        let fault = json!({ "operation": "charge", "answer": "twice" });
        world.fault(fault).await;
        world.order("/v1/charges", key, &order).await;
        assert_eq!(world.ledger_count().await, entries);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_twice_moves_money_once_while_keys_are_forgotten() {
    const REQUESTS: usize = 20;
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let order = charging(&method, "merchant_recurring");
    let before = world.ledger_count().await;
    for number in 0..REQUESTS {
        let twice = json!({ "operation": "charge", "answer": "twice" });
        world.fault(twice).await;
        let key = format!("k{number}");
        let forget = || world.post("/control/forget-keys", json!({}));
        tokio::join!(
            world.order("/v1/charges", &key, &order),
            forget(),
            forget(),
            forget(),
            forget(),
        );
    }
    assert_eq!(world.ledger_count().await, before + REQUESTS);
}
