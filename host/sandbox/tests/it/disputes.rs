//! Banks that take money back.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn a_dispute_takes_its_money_when_it_is_lost_and_only_then() {
    let world = World::start().await;
    let charge = world.collect("k").await;
    world.pay(&charge, "4242424242424242").await;
    let id = charge["id"].as_str().expect("an id");
    let contest = format!("/control/charges/{id}/dispute");
    let (_, first) = world.post(&contest, json!({ "amount": 900 })).await;
    assert_eq!(
        (&first["status"], &first["key"]),
        (&json!("opened"), &json!("k"))
    );
    assert_eq!(world.ledger_count().await, 1);

    // What is contested cannot be given back besides.
    let refund = json!({ "charge": id, "amount": { "minor": 2500, "currency": "EUR" } });
    let (status, _) = world.order("/v1/refunds", "r1", &refund).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);

    let decide = |dispute: &serde_json::Value, how: &str| {
        format!(
            "/control/disputes/{}/{how}",
            dispute["id"].as_str().expect("an id")
        )
    };
    let (_, won) = world.post(&decide(&first, "win"), json!({})).await;
    assert_eq!(won["status"], "won");
    assert_eq!(world.ledger_count().await, 1);
    let (status, _) = world.post(&decide(&first, "lose"), json!({})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "it has ended");

    let (_, second) = world.post(&contest, json!({})).await;
    assert_eq!(second["amount"]["minor"], 2900);
    world.post(&decide(&second, "lose"), json!({})).await;
    let ledger = world.get("/v1/ledger").await;
    let last = &ledger["data"][1];
    assert_eq!(
        (&last["kind"], &last["amount"]),
        (&json!("reversal"), &json!(2900))
    );
    assert_eq!(last["reference"], second["id"]);
    assert_eq!(world.get("/control/ledger").await["totals"]["EUR"], 0);
}

#[tokio::test]
async fn only_a_debit_that_has_succeeded_can_be_returned() {
    let world = World::start().await;
    let card = world.collect("card").await;
    world.pay(&card, "4242424242424242").await;
    let path = format!(
        "/control/charges/{}/return",
        card["id"].as_str().expect("an id")
    );
    let (status, _) = world.post(&path, json!({})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);

    world
        .control("/control/debits", json!({ "delay_ms": null }))
        .await;
    let debit = world.collect("debit").await;
    let fields = [("with", "debit"), ("iban", "DE89370400440532013000")];
    world.fill(&debit, &fields).await;
    let id = debit["id"].as_str().expect("an id");
    let (status, _) = world
        .post(&format!("/control/charges/{id}/return"), json!({}))
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "it is under way");
    world
        .post(&format!("/control/charges/{id}/settle"), json!({}))
        .await;
    let (_, returned) = world
        .post(&format!("/control/charges/{id}/return"), json!({}))
        .await;
    assert_eq!(returned["status"], "returned");
    assert_eq!(world.ledger_count().await, 3);
}

#[tokio::test]
async fn refunds_of_cards_can_be_held_under_way() {
    let world = World::start().await;
    let charge = world.collect("k").await;
    world.pay(&charge, "4242424242424242").await;
    world
        .control("/control/refunds", json!({ "held": true }))
        .await;
    let order = json!({ "charge": charge["id"] });
    let (_, refund) = world.order("/v1/refunds", "r1", &order).await;
    assert_eq!(refund["status"], "processing");
    assert_eq!(world.ledger_count().await, 1);
    let path = format!(
        "/control/refunds/{}/settle",
        refund["id"].as_str().expect("an id")
    );
    world.post(&path, json!({})).await;
    assert_eq!(world.ledger_count().await, 2);
}
