//! `/webhooks` as Dodo's SDKs call it.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use super::Api;
use crate::support::world::World;

impl Api {
    async fn webhook(&self, body: Value) -> Value {
        self.post("/webhooks", body).await.ok()
    }

    async fn delete(&self, path: &str) -> u16 {
        let request = self.request(Method::DELETE, path).body(Body::empty());
        self.send(request.unwrap()).await.status.as_u16()
    }
}

#[tokio::test]
async fn an_endpoint_is_made_read_changed_and_removed() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let made = api
            .webhook(json!({
                "url": "https://merchant.example.com/hooks?key=1",
                "description": "Production",
                "filter_types": ["payment.succeeded", "subscription.active"],
                "metadata": { "team": "billing", "10": "x" },
                "rate_limit": 50,
            }))
            .await;
        let id = made["id"].as_str().unwrap();
        assert!(id.starts_with("whk_"), "{made}");
        assert_eq!(
            made,
            json!({
                "id": id,
                "created_at": made["created_at"],
                "description": "Production",
                "metadata": { "team": "billing", "10": "x" },
                "updated_at": made["created_at"],
                "url": "https://merchant.example.com/hooks?key=1",
                "disabled": false,
                "filter_types": ["payment.succeeded", "subscription.active"],
                "rate_limit": 50,
            })
        );
        let path = format!("/webhooks/{id}");
        assert_eq!(api.get(&path).await.ok(), made);

        let changes = json!({ "disabled": true, "filter_types": null, "rate_limit": null });
        let changed = api.patch(&path, changes).await.ok();
        assert_eq!(changed["disabled"], true);
        assert_eq!(changed["filter_types"], Value::Null);
        assert_eq!(changed["rate_limit"], Value::Null);
        assert_eq!(changed["url"], made["url"], "what is absent stays");
        assert_eq!(changed["description"], "Production");
        let cleared = json!({ "description": null, "metadata": null, "url": null });
        let cleared = api.patch(&path, cleared).await.ok();
        assert_eq!(cleared["description"], "");
        assert_eq!(cleared["metadata"], json!({}));
        assert_eq!(cleared["url"], made["url"]);

        assert_eq!(api.delete(&path).await, 204);
        api.get(&path).await.refuses(404, "NOT_FOUND", "");
        assert_eq!(api.delete(&path).await, 404);
    }
}

#[tokio::test]
async fn endpoints_are_listed_page_by_page_behind_an_iterator() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let mut made = Vec::new();
        for number in 0..5 {
            let url = format!("https://merchant.example.com/{number}");
            made.push(api.webhook(json!({ "url": url })).await);
        }
        let (mut seen, mut iterator, mut pages) = (Vec::new(), String::new(), 0);
        // As the SDK goes on: while there is an iterator and the page was not empty.
        loop {
            let path = format!("/webhooks?limit=2&iterator={iterator}");
            let page = api.get(&path).await.ok();
            let data = page["data"].as_array().unwrap().clone();
            assert_eq!(page["done"], pages >= 2, "{page}");
            if data.is_empty() {
                break;
            }
            iterator = page["iterator"].as_str().unwrap().to_owned();
            seen.extend(data);
            pages += 1;
        }
        assert_eq!(seen, made);
        let whole = api.get("/webhooks").await.ok();
        assert_eq!(whole["data"].as_array().unwrap().len(), 5);
        assert_eq!(whole["done"], true);
        let wrong = api.get("/webhooks?iterator=cus_1").await;
        wrong.refuses(422, "INVALID_REQUEST_BODY", "iterator");
    }
}

#[tokio::test]
async fn only_a_key_that_may_write_sees_a_secret_and_a_rotation_replaces_it() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let reader = Api::with(&world.cx, &world.scope, false).await;
        let made = api
            .webhook(json!({ "url": "https://merchant.example.com/" }))
            .await;
        let path = format!("/webhooks/{}/secret", made["id"].as_str().unwrap());
        let secret = api.get(&path).await.ok();
        let text = secret["secret"].as_str().unwrap();
        assert!(text.starts_with("whsec_") && text.ends_with('='), "padded");
        assert!(!made.to_string().contains("whsec_"));
        reader.get(&path).await.refuses(403, "FORBIDDEN", "read");

        let rotate = format!("{path}/rotate");
        let first = api.post(&rotate, Value::Null).await.ok();
        assert_ne!(first, secret);
        assert_eq!(api.get(&path).await.ok(), first);
        // The SDK sends it again when it got no answer.
        let again = api
            .post_as(&rotate, Value::Null, "x-stainless-retry-count", "1")
            .await;
        assert_eq!(again.ok(), first);
        let next = api.post(&rotate, json!({ "at_once": true })).await.ok();
        assert_ne!(next, first);
        reader
            .post(&rotate, Value::Null)
            .await
            .refuses(403, "FORBIDDEN", "read");
    }
}

#[tokio::test]
async fn headers_are_added_and_those_that_open_something_are_told_by_name_only() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let made = api
        .webhook(json!({
            "url": "https://merchant.example.com/",
            "headers": { "X-Tenant": "7", "Authorization": "Bearer open-sesame" },
        }))
        .await;
    let path = format!("/webhooks/{}/headers", made["id"].as_str().unwrap());
    let expected = json!({ "headers": { "x-tenant": "7" }, "sensitive": ["authorization"] });
    assert_eq!(api.get(&path).await.ok(), expected);
    let changes = json!({ "headers": { "x-region": "eu", "authorization": null } });
    assert_eq!(api.patch(&path, changes).await.status.as_u16(), 204);
    let expected = json!({ "headers": { "x-region": "eu", "x-tenant": "7" }, "sensitive": [] });
    assert_eq!(api.get(&path).await.ok(), expected);
    for name in ["webhook-signature", "Webhook-Id", "content-type", "Host"] {
        let refused = api.patch(&path, json!({ "headers": { name: "x" } })).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", "is set by the host");
    }
}

#[tokio::test]
async fn an_endpoint_is_made_once_however_often_the_call_comes() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let body = json!({ "url": "https://merchant.example.com/", "idempotency_key": "setup-1" });
        let made = api.webhook(body.clone()).await;
        assert_eq!(api.webhook(body).await, made);
        let other = json!({ "url": "https://merchant.example.com/2" });
        let blind = api.webhook(other.clone()).await;
        let again = api
            .post_as("/webhooks", other, "x-stainless-retry-count", "1")
            .await;
        assert_eq!(again.ok(), blind);
        let listed = api.get("/webhooks").await.ok();
        assert_eq!(listed["data"], json!([made, blind]));
    }
}

#[tokio::test]
async fn an_address_that_is_not_public_or_not_https_is_refused() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let made = api
        .webhook(json!({ "url": "https://merchant.example.com/" }))
        .await;
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    for (url, why) in [
        ("https://127.0.0.1/hooks", "not public"),
        ("https://10.0.0.1/hooks", "not public"),
        ("https://192.168.0.1:8443/", "not public"),
        ("https://2130706433/", "not public"),
        ("https://0x7f.1/", "not public"),
        ("https://[::1]/", "not public"),
        ("https://[::ffff:10.0.0.1]/", "not public"),
        ("https://[fd00::1]/", "not public"),
        ("https://169.254.169.254/latest/meta-data", "not public"),
        ("http://merchant.example.com/", "not https"),
        ("ftp://merchant.example.com/", "not an https"),
        (
            "https://user:pass@merchant.example.com/",
            "name or password",
        ),
        ("merchant.example.com", "not an address"),
        ("", "not an address"),
    ] {
        let refused = api.post("/webhooks", json!({ "url": url })).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", why);
        let refused = api.patch(&path, json!({ "url": url })).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", why);
    }
    for (body, field) in [
        (json!({ "filter_types": ["payment.done"] }), "filter_types"),
        (json!({ "rate_limit": 0 }), "rate_limit"),
        (json!({ "rate_limit": -1 }), "rate_limit"),
        (json!({ "description": "x".repeat(1001) }), "description"),
    ] {
        let refused = api.patch(&path, body).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", field);
    }
    assert_eq!(api.get(&path).await.ok(), made);
}
