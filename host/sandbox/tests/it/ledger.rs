//! The ledger counts what moved money, and nothing else.

use serde_json::json;

use crate::support::{World, charging};

#[tokio::test]
async fn every_success_stands_in_the_ledger_once_and_can_be_paged_through() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    for at in 0..4 {
        let key = format!("k{at}");
        world
            .order(
                "/v1/charges",
                &key,
                &charging(&method, "merchant_recurring"),
            )
            .await;
    }
    let first = world.get("/v1/ledger?limit=2").await;
    assert_eq!(first["data"].as_array().map(Vec::len), Some(2));
    let mut cursor = first["next_cursor"].clone();
    let mut keys: Vec<String> = Vec::new();
    let mut page = first;
    loop {
        for entry in page["data"].as_array().expect("a list") {
            assert_eq!(entry["kind"], "charge");
            assert_eq!(entry["amount"], 2900);
            keys.push(entry["idempotency_key"].as_str().expect("a key").to_owned());
        }
        if cursor.is_null() {
            break;
        }
        page = world
            .get(&format!("/v1/ledger?limit=2&cursor={cursor}"))
            .await;
        cursor = page["next_cursor"].clone();
    }
    assert_eq!(keys, ["saving-4242424242424242", "k0", "k1", "k2", "k3"]);
}

#[tokio::test]
async fn the_ledger_is_read_between_two_moments() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    world
        .order("/v1/charges", "k", &charging(&method, "merchant_recurring"))
        .await;
    let all = world.get("/v1/ledger").await;
    let at = all["data"][1]["at"].as_i64().expect("a moment");
    let before = world.get(&format!("/v1/ledger?to={at}")).await;
    let after = world.get(&format!("/v1/ledger?from={at}")).await;
    assert_eq!(before["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(after["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(after["data"][0]["idempotency_key"], "k");
}

#[tokio::test]
async fn totals_are_charges_less_refunds() {
    let world = World::start().await;
    let charge = world.collect("k").await;
    world.pay(&charge, "4242424242424242").await;
    let refund = json!({ "charge": charge["id"], "amount": { "minor": 900, "currency": "EUR" } });
    world.order("/v1/refunds", "r", &refund).await;
    assert_eq!(
        world.get("/control/ledger").await["totals"],
        json!({ "EUR": 2000 })
    );
}
