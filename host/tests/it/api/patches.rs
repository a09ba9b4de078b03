//! `PATCH /subscriptions/{id}`: many wishes in one body.

use jiff::SignedDuration;
use serde_json::{Value, json};
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::subscription::{HoldReason, SubscriptionState};

use super::{Answer, Api, subscription};
use crate::support::world::World;

/// A subscription in `state`, and its path.
async fn made(world: &World, api: &Api, state: SubscriptionState) -> (SubscriptionId, String) {
    let (customer, product) = (api.customer().await, api.product().await);
    let body = subscription(&customer, &product);
    let made = api.post("/subscriptions", body).await.ok();
    let id: SubscriptionId = made["subscription_id"].as_str().unwrap().parse().unwrap();
    let mut tx = world.cx.store.begin().await.unwrap();
    let row = tx.lock_subscription(&world.scope, &id).await.unwrap();
    let mut row = row.unwrap();
    row.state = state;
    tx.save_subscription(&mut row).await.unwrap();
    tx.commit().await.unwrap();
    (id.clone(), format!("/subscriptions/{id}"))
}

/// A PATCH as an SDK sends it after a lost answer.
async fn again(api: &Api, path: &str, body: Value) -> Answer {
    let request = api.request(axum::http::Method::PATCH, path);
    let request = request.header("x-stainless-retry-count", "1");
    api.send(request.body(body.to_string().into()).unwrap())
        .await
}

async fn told(world: &World, id: &SubscriptionId) -> Vec<String> {
    let mut tx = world.cx.store.read().await.unwrap();
    let events = tx.events_of(&world.scope, id.as_str()).await.unwrap();
    events.into_iter().map(|event| event.kind).collect()
}

#[tokio::test]
async fn what_cannot_be_done_as_a_whole_changes_nothing_and_tells_nobody() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let (id, path) = made(&world, &api, SubscriptionState::Active).await;
        let before = api.get(&path).await.ok();
        let past = world.cx.now() - SignedDuration::from_hours(1);
        let wish = |more: Value| {
            let mut body = json!({ "metadata": { "b": 2 }, "tax_id": "DE1" });
            let fields = more.as_object().unwrap().clone();
            body.as_object_mut().unwrap().extend(fields);
            body
        };
        let body = wish(json!({ "next_billing_date": past, "customer_name": "Ada" }));
        api.patch(&path, body)
            .await
            .refuses(422, "INVALID_REQUEST_BODY", "next_billing_date: ");
        let body = wish(json!({ "customer_name": "x".repeat(256) }));
        api.patch(&path, body)
            .await
            .refuses(422, "INVALID_REQUEST_BODY", "customer_name: ");
        assert_eq!(api.get(&path).await.ok(), before);
        assert_eq!(told(&world, &id).await, [""; 0]);

        let body = wish(json!({ "status": "cancelled" }));
        let done = api.patch(&path, body).await.ok();
        assert_eq!(done["metadata"], json!({ "b": 2 }));
        assert_eq!(done["status"], "cancelled");
        let body = json!({ "metadata": { "c": 3 }, "cancel_at_next_billing_date": true });
        api.patch(&path, body)
            .await
            .refuses(409, "SUBSCRIPTION_INACTIVE", "");
        assert_eq!(api.get(&path).await.ok(), done);
    }
}

#[tokio::test]
async fn cancelled_means_now_unless_it_is_to_be_with_the_period() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    for (later, status, scheduled) in [(false, "cancelled", false), (true, "active", true)] {
        let (_, path) = made(&world, &api, SubscriptionState::Active).await;
        let body = json!({ "status": "cancelled", "cancel_at_next_billing_date": later });
        let done = api.patch(&path, body).await.ok();
        assert_eq!(done["status"], status);
        assert_eq!(done["cancel_at_next_billing_date"], scheduled);
    }
}

#[tokio::test]
async fn a_repeat_after_a_lost_answer_is_answered_with_what_was_done() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let on_hold = SubscriptionState::OnHold {
        why: HoldReason::RenewalFailed,
        since: world.cx.now(),
    };
    for (state, body) in [
        (SubscriptionState::Active, json!({ "status": "cancelled" })),
        (
            SubscriptionState::Active,
            json!({ "status": "cancelled", "metadata": { "why": "moved" } }),
        ),
        (
            SubscriptionState::Active,
            json!({ "cancel_at_next_billing_date": true }),
        ),
        (on_hold, json!({ "cancel_at_next_billing_date": true })),
    ] {
        let (id, path) = made(&world, &api, state).await;
        let first = api.patch(&path, body.clone()).await.ok();
        let known = told(&world, &id).await;
        assert_eq!(again(&api, &path, body.clone()).await.ok(), first);
        assert_eq!(told(&world, &id).await, known, "nothing happened again");
        if first["status"] == "cancelled" {
            let fresh = api.patch(&path, body).await;
            fresh.refuses(409, "SUBSCRIPTION_INACTIVE", "");
            assert_eq!(fresh.headers["x-should-retry"], "false");
        }
    }
}

#[tokio::test]
async fn one_body_tells_the_merchant_once() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let (id, path) = made(&world, &api, SubscriptionState::Active).await;
        let later = world.cx.now() + SignedDuration::from_hours(48);
        let all = json!({
            "metadata": { "a": 1 }, "tax_id": "DE1", "next_billing_date": later,
            "cancel_at_next_billing_date": true,
        });
        api.patch(&path, all).await.ok();
        assert_eq!(told(&world, &id).await, ["subscription.updated"]);
        let undo = json!({ "metadata": { "a": 2 }, "cancel_at_next_billing_date": false });
        api.patch(&path, undo).await.ok();
        assert_eq!(told(&world, &id).await, ["subscription.updated"; 2]);
        let date = json!({ "next_billing_date": later + SignedDuration::from_hours(1) });
        api.patch(&path, date).await.ok();
        assert_eq!(told(&world, &id).await, ["subscription.updated"; 3]);
        let end = json!({ "metadata": { "a": 3 }, "status": "cancelled" });
        api.patch(&path, end).await.ok();
        let mut kinds = told(&world, &id).await;
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds, ["subscription.cancelled", "subscription.updated"]);
    }
}

#[tokio::test]
async fn null_clears_the_tax_id_and_an_absent_one_stays() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let (_, path) = made(&world, &api, SubscriptionState::Active).await;
    for (body, expected) in [
        (json!({ "tax_id": "DE123" }), json!("DE123")),
        (json!({ "metadata": {} }), json!("DE123")),
        (json!({ "tax_id": null }), json!(null)),
    ] {
        assert_eq!(api.patch(&path, body).await.ok()["tax_id"], expected);
    }
}
