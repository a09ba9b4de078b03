//! License keys, for the merchant and for the programs that carry them.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use vestibule::domain::Scope;
use vestibule::domain::license::License;

use super::{Answer, Api};
use crate::support::world::World;

/// A call without an API key, at the address of test mode.
async fn public(api: &Api, path: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/test/api/licenses/{path}"))
        .header("host", "127.0.0.1:8080")
        .body(Body::from(body.to_string()));
    api.send(request.unwrap()).await
}

async fn license(world: &World) -> License {
    let (customer, product) = (world.customer().await, world.product().await);
    let license = License {
        id: world.cx.new_id(),
        scope: world.scope.clone(),
        customer: customer.id,
        product: product.id,
        subscription: None,
        payment: None,
        key: "AAAAA-BBBBB".to_owned(),
        activations_limit: Some(1),
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

#[tokio::test]
async fn a_key_is_activated_checked_and_given_back() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let license = license(&world).await;
        let key = &license.key;
        let body = json!({ "license_key": key, "name": "Laptop" });
        let made = public(&api, "activate", &body).await;
        assert_eq!(made.status.as_u16(), 201);
        let made = made.ok();
        assert_eq!(made["product"]["name"], "Lumen Pro");
        let full = public(&api, "activate", &body).await;
        full.refuses(422, "LICENSE_KEY_LIMIT_REACHED", "devices");
        let instance = made["id"].as_str().unwrap();
        let body = json!({ "license_key": key, "license_key_instance_id": instance });
        let valid = public(&api, "validate", &body).await.ok();
        assert_eq!(valid, json!({ "valid": true }));
        let read = api.get(&format!("/license_keys/{}", license.id)).await.ok();
        assert_eq!(read["instances_count"], 1);
        assert_eq!(read["status"], "active");
        let listed = api.get("/license_key_instances").await.ok();
        assert_eq!(listed["items"][0]["name"], "Laptop");
        let expired = api.get("/license_keys?status=expired").await.ok();
        assert_eq!(expired, json!({ "items": [] }));
        let gone = public(&api, "deactivate", &body).await;
        assert_eq!((gone.status.as_u16(), gone.body.len()), (200, 0));
        public(&api, "deactivate", &body)
            .await
            .refuses(403, "FORBIDDEN", "instance");
        let valid = public(&api, "validate", &body).await.ok();
        assert_eq!(valid, json!({ "valid": false }));
    }
}

#[tokio::test]
async fn a_device_learns_of_its_customer_neither_remarks_nor_telephone_number() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let license = license(&world).await;
        let known = json!({ "phone_number": "+49301234567", "metadata": { "note": "pays late" } });
        let path = format!("/customers/{}", license.customer);
        api.patch(&path, known.clone()).await.ok();
        let body = json!({ "license_key": license.key, "name": "Laptop" });
        let made = public(&api, "activate", &body).await.ok();
        assert_eq!(made["customer"]["email"], "alex@customer.example");
        assert_eq!(made["customer"]["metadata"], json!({}));
        assert_eq!(made["customer"]["phone_number"], json!(null));
        assert!(made["customer"].get("phone_number").is_some(), "{made}");
        let leave = json!({ "license_key": license.key, "license_key_instance_id": made["id"] });
        let left = public(&api, "deactivate", &leave).await;
        assert_eq!(left.status.as_u16(), 200);
        let made = api.post("/licenses/activate", body).await.ok();
        for key in ["phone_number", "metadata"] {
            assert_eq!(
                made["customer"][key], known[key],
                "the merchant's own server"
            );
        }
    }
}

#[tokio::test]
async fn without_a_key_of_the_api_only_live_mode_answers_and_not_too_often() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let license = license(&world).await;
    let body = json!({ "license_key": license.key });
    let with_key = api.post("/licenses/validate", body.clone()).await.ok();
    assert_eq!(with_key, json!({ "valid": true }));
    let mut last = 200;
    for _ in 0..100 {
        let request = Request::post("/api/licenses/validate").header("host", "127.0.0.1:8080");
        let answer = api
            .send(request.body(Body::from(body.to_string())).unwrap())
            .await;
        last = answer.status.as_u16();
        if last == 200 {
            assert_eq!(answer.json(), json!({ "valid": false }));
        }
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn with_a_key_of_the_api_only_its_own_business_answers() {
    for world in World::each().await {
        let own = Api::of(&world).await;
        let license = license(&world).await;
        let harbour = Scope::new("bus_harbour".parse().unwrap(), world.scope.mode);
        let foreign = Api::with(&world.cx, &harbour, true).await;
        let body = json!({ "license_key": license.key, "name": "Laptop" });
        let valid = foreign.post("/licenses/validate", body.clone()).await.ok();
        assert_eq!(valid, json!({ "valid": false }));
        let refused = foreign.post("/licenses/activate", body.clone()).await;
        refused.refuses(404, "LICENSE_KEY_NOT_FOUND", "license key");
        let live = Scope::new(world.scope.business.clone(), vestibule::domain::Mode::Live);
        let live = Api::with(&world.cx, &live, true).await;
        let valid = live.post("/licenses/validate", body.clone()).await.ok();
        assert_eq!(valid, json!({ "valid": false }));
        let made = own.post("/licenses/activate", body.clone()).await.ok();
        let leave = json!({ "license_key": license.key, "license_key_instance_id": made["id"] });
        let refused = foreign.post("/licenses/deactivate", leave).await;
        refused.refuses(404, "LICENSE_KEY_NOT_FOUND", "license key");

        let nobody = Api {
            key: "vst_nonsense".to_owned(),
            ..own
        };
        for call in ["validate", "activate"] {
            let refused = nobody
                .post(&format!("/licenses/{call}"), body.clone())
                .await;
            refused.refuses(401, "UNAUTHORIZED", "API key");
        }
    }
}

#[tokio::test]
async fn at_the_host_of_a_portals_own_its_keys_are_known_without_an_api_key() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let license = license(&world).await;
    let mut settings = (**world.cx.settings.load()).clone();
    for business in settings.businesses.values_mut() {
        business.test.host = Some("https://rehearsal.lumen.example".parse().unwrap());
        business.live.host = Some("https://billing.lumen.example".parse().unwrap());
    }
    world.cx.settings.store(std::sync::Arc::new(settings));
    let ask = async |host: &str, path: &str| {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", host)
            .body(Body::from(
                json!({ "license_key": license.key }).to_string(),
            ));
        api.send(request.unwrap()).await
    };
    let validate = "/api/licenses/validate";
    for (host, valid) in [
        ("rehearsal.lumen.example", true),
        ("billing.lumen.example", false),
        ("127.0.0.1:8080", false),
    ] {
        let answer = ask(host, validate).await.ok();
        assert_eq!(answer["valid"], valid, "{host}");
    }
    // The rest of the API is not there.
    let other = ask("rehearsal.lumen.example", "/api/customers").await;
    assert_ne!(other.status.as_u16(), 200);
    assert_ne!(other.status.as_u16(), 401, "it is a path of the portal");
}
