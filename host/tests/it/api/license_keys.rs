//! License keys as the merchant keeps them: brought from elsewhere, changed, their devices named.

use serde_json::{Value, json};
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::license::License;
use vestibule::domain::{Mode, Scope};

use super::{Api, subscription};
use crate::support::world::World;

/// A key that came with a subscription.
async fn sold(world: &World, subscription: SubscriptionId) -> License {
    let (customer, product) = (world.customer().await, world.product().await);
    let license = License {
        id: world.cx.new_id(),
        scope: world.scope.clone(),
        customer: customer.id,
        product: product.id,
        subscription: Some(subscription),
        payment: None,
        key: "CCCCC-DDDDD".to_owned(),
        activations_limit: None,
        activations: 0,
        disabled: false,
        suspended: false,
        expires_at: None,
        created_at: world.cx.now(),
    };
    let mut tx = world.cx.store.begin().await.unwrap();
    tx.insert_license(&license).await.unwrap();
    tx.commit().await.unwrap();
    license
}

async fn brought(world: &World, key: &str) -> Value {
    let (customer, product) = (world.customer().await, world.product().await);
    json!({ "customer_id": customer.id, "product_id": product.id, "key": key })
}

#[tokio::test]
async fn a_key_that_was_made_elsewhere_is_brought_once_and_works() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let mut body = brought(&world, " OLD-SHOP-1 ").await;
        body["activations_limit"] = json!(1);
        let made = api.post("/license_keys", body.clone()).await.ok();
        assert_eq!(made["key"], "OLD-SHOP-1");
        assert_eq!(made["source"], "import");
        assert_eq!(made["status"], "active");
        assert_eq!(made["instances_count"], 0);
        assert_eq!(made["payment_id"], Value::Null);
        // Another call with the same key is another key, which cannot be.
        body["activations_limit"] = json!(2);
        let again = api.post("/license_keys", body).await;
        again.refuses(409, "CONFLICT", "exists already");
        let device = json!({ "license_key": "OLD-SHOP-1", "name": "Laptop" });
        let active = api.post("/licenses/activate", device.clone()).await.ok();
        assert_eq!(active["license_key_id"], made["id"]);
        let full = api.post("/licenses/activate", device).await;
        full.refuses(422, "LICENSE_KEY_LIMIT_REACHED", "devices");

        let imported = api.get("/license_keys?source=import").await.ok();
        assert_eq!(imported["items"].as_array().unwrap().len(), 1);
        for source in ["auto", "manual"] {
            let others = api.get(&format!("/license_keys?source={source}")).await;
            assert_eq!(others.ok(), json!({ "items": [] }));
        }
    }
}

#[tokio::test]
async fn a_call_that_is_sent_again_brings_the_same_key() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let body = brought(&world, "OLD-SHOP-2").await;
        let call = ("/license_keys", "idempotency-key", "import-7");
        let made = api.post_as(call.0, body.clone(), call.1, call.2).await.ok();
        let again = api.post_as(call.0, body, call.1, call.2).await.ok();
        assert_eq!(made, again);
        let listed = api.get("/license_keys").await.ok();
        assert_eq!(listed, json!({ "items": [made] }));
    }
}

#[tokio::test]
async fn a_key_for_somebody_else_s_customer_or_product_is_refused() {
    for world in World::each().await {
        let live = Scope::new(world.scope.business.clone(), Mode::Live);
        let foreign = Api::with(&world.cx, &live, true).await;
        let body = brought(&world, "OLD-SHOP-3").await;
        let refused = foreign.post("/license_keys", body).await;
        refused.refuses(404, "NOT_FOUND", "customer");
        let api = Api::of(&world).await;
        for key in ["", "  ", "two\nlines"] {
            let body = brought(&world, key).await;
            let refused = api.post("/license_keys", body).await;
            refused.refuses(422, "INVALID_REQUEST_BODY", "key: must have 1 to 255");
        }
    }
}

#[tokio::test]
async fn what_a_key_allows_is_changed_field_by_field() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let body = brought(&world, "OLD-SHOP-4").await;
        let made = api.post("/license_keys", body).await.ok();
        let path = format!("/license_keys/{}", made["id"].as_str().unwrap());
        for name in ["Laptop", "Desk"] {
            let device = json!({ "license_key": "OLD-SHOP-4", "name": name });
            api.post("/licenses/activate", device).await.ok();
        }
        let refused = api.patch(&path, json!({ "activations_limit": 1 })).await;
        let code = "ACTIVATION_LIMIT_LESS_THAN_CURRENT_AMOUNT";
        refused.refuses(422, code, "more devices");
        let zero = api.patch(&path, json!({ "activations_limit": 0 })).await;
        zero.refuses(422, "INVALID_REQUEST_BODY", "activations_limit");

        let limited = api.patch(&path, json!({ "activations_limit": 2 })).await;
        assert_eq!(limited.ok()["activations_limit"], 2);
        let off = api.patch(&path, json!({ "disabled": true })).await.ok();
        assert_eq!(
            (&off["status"], &off["activations_limit"]),
            (&json!("disabled"), &json!(2))
        );
        let shown = json!({ "license_key": "OLD-SHOP-4" });
        let valid = api.post("/licenses/validate", shown.clone()).await.ok();
        assert_eq!(valid, json!({ "valid": false }));
        let on = json!({ "disabled": false, "activations_limit": null });
        let on = api.patch(&path, on).await.ok();
        assert_eq!(
            (&on["status"], &on["activations_limit"]),
            (&json!("active"), &Value::Null)
        );

        let past = json!({ "expires_at": "2020-01-01T00:00:00Z" });
        assert_eq!(api.patch(&path, past).await.ok()["status"], "expired");
        let never = api.patch(&path, json!({ "expires_at": null })).await.ok();
        assert_eq!(never["status"], "active");
        assert_eq!(api.get(&path).await.ok(), never);
    }
}

#[tokio::test]
async fn a_key_of_a_subscription_has_no_end_of_its_own() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let (customer, product) = (api.customer().await, api.product().await);
        let begun = subscription(&customer, &product);
        let begun = api.post("/subscriptions", begun).await.ok();
        let begun = begun["subscription_id"].as_str().unwrap();
        let license = sold(&world, begun.parse().unwrap()).await;
        let path = format!("/license_keys/{}", license.id);
        for end in [json!("2040-01-01T00:00:00Z"), Value::Null] {
            let refused = api.patch(&path, json!({ "expires_at": end })).await;
            let code = "NO_EXPIRY_ON_SUBSCRIPTION_LICENSE_KEYS";
            refused.refuses(422, code, "follows its subscription");
        }
        let off = api.patch(&path, json!({ "disabled": true })).await.ok();
        assert_eq!(
            (&off["status"], &off["source"]),
            (&json!("disabled"), &json!("auto"))
        );
    }
}

#[tokio::test]
async fn a_device_is_given_another_name() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let body = brought(&world, "OLD-SHOP-5").await;
        api.post("/license_keys", body).await.ok();
        let device = json!({ "license_key": "OLD-SHOP-5", "name": "Laptop" });
        let made = api.post("/licenses/activate", device).await.ok();
        let path = format!("/license_key_instances/{}", made["id"].as_str().unwrap());
        let named = api.patch(&path, json!({ "name": " Studio " })).await.ok();
        assert_eq!(named["name"], "Studio");
        assert_eq!(api.get(&path).await.ok(), named);
        let refused = api.patch(&path, json!({ "name": "" })).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", "name");
    }
}
