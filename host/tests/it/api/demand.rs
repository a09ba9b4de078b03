//! Subscriptions on demand as Dodo's SDKs make and charge them.

use serde_json::json;
use vestibule::domain::subscription::SubscriptionState;

use super::methods::Rows;
use super::{Api, subscription};
use crate::support::world::World;

impl Rows {
    async fn on_demand(world: &World, state: SubscriptionState) -> Self {
        let mut rows = Self::of(world, state).await;
        let mut tx = world.cx.store.begin().await.unwrap();
        rows.subscription.on_demand = true;
        rows.subscription.method = Some(rows.method.clone());
        tx.save_subscription(&mut rows.subscription).await.unwrap();
        tx.commit().await.unwrap();
        rows
    }
}

#[tokio::test]
async fn a_subscription_on_demand_is_made_and_says_so() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let (customer, product) = (api.customer().await, api.product().await);
        let mut body = subscription(&customer, &product);
        body["on_demand"] = json!({ "mandate_only": false, "product_price": 500 });
        let made = api.post("/subscriptions", body.clone()).await.ok();
        let payment = format!("/payments/{}", made["payment_id"].as_str().unwrap());
        assert_eq!(api.get(&payment).await.ok()["total_amount"], 500);
        let path = format!(
            "/subscriptions/{}",
            made["subscription_id"].as_str().unwrap()
        );
        assert_eq!(api.get(&path).await.ok()["on_demand"], true);

        body["on_demand"] = json!({ "mandate_only": true });
        let made = api.post("/subscriptions", body.clone()).await.ok();
        let payment = format!("/payments/{}", made["payment_id"].as_str().unwrap());
        assert_eq!(api.get(&payment).await.ok()["total_amount"], 0);

        body["on_demand"] = json!({ "mandate_only": false, "product_currency": "USD" });
        let refused = api.post("/subscriptions", body).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", "currency");
    }
}

#[tokio::test]
async fn a_charge_answers_its_payment_and_a_repeat_the_same_one() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let rows = Rows::on_demand(&world, SubscriptionState::Active).await;
        let path = format!("/subscriptions/{}/charge", rows.subscription.id);
        // The method is none of the processor's, so that this one fails and holds.
        let body = json!({ "product_price": 700, "product_description": "Calls" });
        let first = api.post(&path, body.clone()).await.ok();
        let retry = ("x-stainless-retry-count", "1");
        let again = api
            .post_as(&path, body.clone(), retry.0, retry.1)
            .await
            .ok();
        assert_eq!(again["payment_id"], first["payment_id"]);
        let refused = api.post(&path, body).await;
        assert_eq!(refused.status.as_u16(), 409, "{}", refused.json());
        assert_eq!(refused.headers["x-should-retry"], "false");
        let nothing = api.post(&path, json!({ "product_price": 0 })).await;
        nothing.refuses(422, "INVALID_REQUEST_BODY", "product_price");
        assert!(world.charged().await.is_empty());
    }
}

#[tokio::test]
async fn what_is_not_active_or_not_on_demand_is_refused_for_good() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let body = json!({ "product_price": 700 });
    let by_period = Rows::of(&world, SubscriptionState::Active).await;
    let path = format!("/subscriptions/{}/charge", by_period.subscription.id);
    let refused = api.post(&path, body.clone()).await;
    refused.refuses(409, "SUBSCRIPTION_NOT_ON_DEMAND", "not on demand");
    let since = world.cx.now();
    for state in [
        SubscriptionState::Pending,
        SubscriptionState::PastDue { until: since },
        SubscriptionState::Paused { since },
        SubscriptionState::Cancelled { at: since },
    ] {
        let rows = Rows::on_demand(&world, state).await;
        let path = format!("/subscriptions/{}/charge", rows.subscription.id);
        let refused = api.post(&path, body.clone()).await;
        refused.refuses(409, "SUBSCRIPTION_INACTIVE", "state");
        assert_eq!(refused.headers["x-should-retry"], "false");
    }
    assert!(world.charged().await.is_empty());
}

#[tokio::test]
async fn on_demand_can_be_given_up_for_renewals() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let rows = Rows::on_demand(&world, SubscriptionState::Active).await;
        let path = format!("/subscriptions/{}", rows.subscription.id);
        let date = "2099-01-02T03:04:05Z";
        let body = json!({ "disable_on_demand": { "next_billing_date": date } });
        let changed = api.patch(&path, body.clone()).await.ok();
        assert_eq!(changed["on_demand"], false);
        assert_eq!(changed["next_billing_date"], date);
        let refused = api.patch(&path, body).await;
        refused.refuses(409, "SUBSCRIPTION_NOT_ON_DEMAND", "not on demand");
    }
}
