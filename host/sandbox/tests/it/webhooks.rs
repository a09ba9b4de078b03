//! News for the merchant: signed, repeated until taken, and as wrong as asked for.

use axum::http::StatusCode;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::support::{Receiver, WEBHOOK_SECRET, World, until};

async fn world_and_receiver(refusals: usize) -> (World, Receiver) {
    let receiver = Receiver::start(refusals).await;
    let url = receiver.url.clone();
    let world = World::start_with(|options| {
        options.accounts[0].webhook_url = Some(url);
        options.accounts[0].webhook_secret = Some(WEBHOOK_SECRET.into());
    })
    .await;
    (world, receiver)
}

#[tokio::test]
async fn each_step_of_a_charge_is_told_and_its_signature_verifies() {
    let (world, receiver) = world_and_receiver(0).await;
    let charge = world.collect("k").await;
    world.pay(&charge, "4242424242424242").await;
    until("two events", async || {
        (receiver.received().len() == 2).then_some(())
    })
    .await;
    assert_eq!(
        receiver.kinds(),
        ["charge.requires_action", "charge.succeeded"]
    );
    let signer = Webhook::new(WEBHOOK_SECRET).expect("a secret");
    for (headers, body) in receiver.received() {
        signer.verify(&body, &headers).expect("a good signature");
        let mut forged = body.to_vec();
        forged[10] ^= 1;
        assert!(signer.verify(&forged, &headers).is_err());
        let event: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(event["id"], headers["webhook-id"].to_str().expect("text"));
        assert_eq!(event["data"]["key"], "k");
    }
}

#[tokio::test]
async fn a_refused_delivery_is_sent_again_with_the_same_id() {
    let (world, receiver) = world_and_receiver(1).await;
    world.collect("k").await;
    until("one event", async || {
        (receiver.received().len() == 1).then_some(())
    })
    .await;
    let listed = until("recorded", async || {
        let listed = world.get("/control/webhooks").await;
        (listed["data"][0]["status"] == "delivered").then_some(listed)
    })
    .await;
    assert_eq!(listed["data"][0]["attempts"], 2);
    assert_eq!(
        listed["data"][0]["event"],
        receiver.received()[0].0["webhook-id"]
            .to_str()
            .expect("text")
    );
}

#[tokio::test]
async fn webhooks_are_repeated_reversed_or_not_made_on_demand() {
    let (world, receiver) = world_and_receiver(0).await;
    world
        .control(
            "/control/webhooks",
            json!({ "departure": "held", "repeats": 1 }),
        )
        .await;
    let charge = world.collect("k").await;
    world.pay(&charge, "4242424242424242").await;
    assert!(receiver.received().is_empty());
    let (status, body) = world
        .post("/control/webhooks/release", json!({ "order": "reversed" }))
        .await;
    assert_eq!((status, &body["released"]), (StatusCode::OK, &json!(4)));
    until("four deliveries", async || {
        (receiver.received().len() == 4).then_some(())
    })
    .await;
    assert_eq!(
        receiver.kinds(),
        [
            "charge.succeeded",
            "charge.succeeded",
            "charge.requires_action",
            "charge.requires_action"
        ]
    );
    let ids: Vec<_> = receiver
        .received()
        .iter()
        .map(|(headers, _)| headers["webhook-id"].clone())
        .collect();
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);

    world
        .control("/control/webhooks", json!({ "departure": "off" }))
        .await;
    world.collect("silent").await;
    assert_eq!(
        world.get("/control/webhooks").await["data"]
            .as_array()
            .map(Vec::len),
        Some(4)
    );
}

#[tokio::test]
async fn whoever_lets_a_delivery_go_gives_it_all_its_tries_again() {
    // More refusals than a delivery has tries.
    let refusals = 12;
    let (world, receiver) = world_and_receiver(refusals).await;
    world.collect("k").await;
    for _ in 0..refusals {
        let (status, _) = world.post("/control/webhooks/release", json!({})).await;
        assert_eq!(status, StatusCode::OK);
        until("it is tried again", async || {
            let listed = world.get("/control/webhooks").await;
            (listed["data"][0]["attempts"] != 0).then_some(())
        })
        .await;
    }
    until("it is delivered after all", async || {
        (receiver.received().len() == 1).then_some(())
    })
    .await;
    let listed = until("nothing waits", async || {
        let listed = world.get("/control/webhooks").await;
        (listed["under_way"] == 0).then_some(listed)
    })
    .await;
    assert_eq!(listed["waiting"], json!([]));
    assert_eq!(listed["data"][0]["status"], "delivered");
}
