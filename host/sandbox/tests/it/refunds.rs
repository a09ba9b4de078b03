//! Giving money back.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn no_more_is_given_back_than_was_taken() {
    let world = World::start().await;
    let charge = world.collect("k").await;
    let refund = json!({ "charge": charge["id"], "amount": { "minor": 2000, "currency": "EUR" } });
    let (status, _) = world.order("/v1/refunds", "early", &refund).await;
    assert_eq!(
        status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "nothing was taken yet"
    );

    world.pay(&charge, "4242424242424242").await;
    let (status, first) = world.order("/v1/refunds", "r1", &refund).await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    assert_eq!(first["status"], "succeeded");
    assert_eq!(world.order("/v1/refunds", "r1", &refund).await.1, first);

    let (status, body) = world.order("/v1/refunds", "r2", &refund).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["error"]["code"], "amount");

    let (_, rest) = world
        .order("/v1/refunds", "r3", &json!({ "charge": charge["id"] }))
        .await;
    assert_eq!(rest["amount"], json!({ "minor": 900, "currency": "EUR" }));
    assert_eq!(world.charge(&charge).await["refunded"], 2900);
    assert_eq!(
        world.get("/v1/refunds?key=r3").await["data"][0]["id"],
        rest["id"]
    );
    assert_eq!(world.get("/v1/refunds?key=r2").await["data"], json!([]));
    assert_eq!(world.ledger_count().await, 3);
}

#[tokio::test]
async fn a_refund_to_an_account_is_under_way_first_and_may_fail() {
    let world = World::start().await;
    world
        .control("/control/debits", json!({ "delay_ms": null }))
        .await;
    let charge = world.collect("k").await;
    world
        .fill(
            &charge,
            &[("with", "debit"), ("iban", "DE89370400440532013000")],
        )
        .await;
    let id = charge["id"].as_str().expect("an id");
    world
        .post(&format!("/control/charges/{id}/settle"), json!({}))
        .await;

    let order = json!({ "charge": id });
    let (_, refund) = world.order("/v1/refunds", "r1", &order).await;
    assert_eq!(refund["status"], "processing");
    let failing = refund["id"].as_str().expect("an id");
    let (_, refund) = world
        .post(&format!("/control/refunds/{failing}/fail"), json!({}))
        .await;
    assert_eq!(refund["status"], "failed");
    assert_eq!(world.ledger_count().await, 1);

    let (_, refund) = world.order("/v1/refunds", "r2", &order).await;
    let settling = refund["id"].as_str().expect("an id");
    world
        .post(&format!("/control/refunds/{settling}/settle"), json!({}))
        .await;
    assert_eq!(
        world.get(&format!("/v1/refunds/{settling}")).await["status"],
        "succeeded"
    );
    assert_eq!(world.ledger_count().await, 2);
}
