//! Making, reading, listing and changing what a merchant's backend lives with.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use vestibule::domain::{Mode, Scope};

use super::{Api, monthly, subscription};
use crate::support::world::World;

#[tokio::test]
async fn a_customer_is_made_read_found_and_changed() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let body = r#"{"email":"Ada@Customer.example","name":"Ada","phone_number":"+49 30 1",
            "metadata":{"z":1,"a":true},"a_field_of_tomorrow":{}}"#;
        let request = api
            .request(Method::POST, "/customers")
            .body(Body::from(body));
        let made = api.send(request.unwrap()).await.ok();
        let path = format!("/customers/{}", made["customer_id"].as_str().unwrap());
        assert_eq!(api.get(&path).await.ok(), made);
        assert_eq!(made["blocked_at"], json!(null));
        let text = String::from_utf8(api.get(&path).await.body).unwrap();
        assert!(text.contains(r#""metadata":{"z":1,"a":true}"#), "{text}");
        let found = api.get("/customers?email=ada@customer.example").await.ok();
        assert_eq!(found, json!({ "items": [made] }));
        let end = api.get("/customers?page_number=1&page_size=10").await.ok();
        assert_eq!(end, json!({ "items": [] }));
        let changes = json!({ "name": "Ada L.", "phone_number": null, "email": null });
        let changed = api.patch(&path, changes).await.ok();
        assert_eq!(changed["name"], "Ada L.");
        assert_eq!(changed["phone_number"], json!(null));
        assert_eq!(changed["email"], "Ada@Customer.example");
    }
}

#[tokio::test]
async fn a_wrong_body_is_refused_by_the_name_of_its_field() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let body = json!({ "email": "nobody", "name": "A" });
    let refused = api.post("/customers", body).await;
    refused.refuses(422, "INVALID_REQUEST_BODY", "email: ");
    let refused = api
        .post("/customers", json!({ "email": "a@b.example", "name": 3 }))
        .await;
    refused.refuses(422, "INVALID_REQUEST_BODY", "name: ");
    let request = api
        .request(Method::POST, "/customers")
        .body(Body::from("{"));
    let refused = api.send(request.unwrap()).await;
    refused.refuses(400, "INVALID_REQUEST_BODY", "not JSON");
    let mut usage = monthly();
    usage["price"] = json!({ "type": "usage_based_price", "currency": "EUR" });
    let refused = api.post("/products", usage).await;
    refused.refuses(
        422,
        "INVALID_REQUEST_BODY",
        "usage_based_price is not supported",
    );
    let mut huge = monthly();
    huge["price"]["price"] = json!(i64::MAX);
    let refused = api.post("/products", huge).await;
    refused.refuses(422, "INVALID_REQUEST_BODY", "price.price: ");
    let refused = api.get("/customers?page_size=many").await;
    refused.refuses(422, "INVALID_REQUEST_PARAMETERS", "page_size");
    let refused = api.get("/customers/cus_unknown").await;
    refused.refuses(404, "NOT_FOUND", "");
}

#[tokio::test]
async fn only_a_key_opens_the_api_and_only_its_own_business_and_mode() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let id = api.customer().await;
    let without = Request::get("/api/customers").header("host", "127.0.0.1:8080");
    let answer = api.send(without.body(Body::empty()).unwrap()).await;
    answer.refuses(401, "UNAUTHORIZED", "API key");
    let reader = Api::with(&world.cx, &world.scope, false).await;
    reader.get(&format!("/customers/{id}")).await.ok();
    let body = json!({ "email": "a@customer.example", "name": "A" });
    reader
        .post("/customers", body)
        .await
        .refuses(403, "FORBIDDEN", "only read");
    let live = Scope::new(world.scope.business.clone(), Mode::Live);
    let live = Api::with(&world.cx, &live, true).await;
    live.get(&format!("/customers/{id}"))
        .await
        .refuses(404, "NOT_FOUND", "");
    assert_eq!(live.get("/customers").await.ok(), json!({ "items": [] }));
}

#[tokio::test]
async fn a_subscription_is_made_with_a_page_to_pay_on_and_told_with_every_key() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let (customer, product) = (api.customer().await, api.product().await);
        let made = api
            .post("/subscriptions", subscription(&customer, &product))
            .await
            .ok();
        let link = made["payment_link"].as_str().unwrap();
        assert!(link.starts_with("http://127.0.0.1:8080/pay/"), "{link}");
        let id = made["subscription_id"].as_str().unwrap();
        let whole = api.get(&format!("/subscriptions/{id}")).await.ok();
        assert_eq!(whole["status"], "pending");
        assert_eq!(
            whole["recurring_pre_tax_amount"], 2900,
            "as the price was set"
        );
        assert_eq!(whole["tax_inclusive"], true);
        assert_eq!(whole["metadata"]["plan"], "pro");
        // Dodo's forty, and `resume_at`.
        assert_eq!(whole.as_object().unwrap().len(), 41, "{whole}");
        let listed = api
            .get(&format!("/subscriptions?customer_id={customer}"))
            .await
            .ok();
        let item = &listed["items"][0];
        assert_eq!(item["product_name"], "Lumen Pro");
        let keys: BTreeSet<_> = item.as_object().unwrap().keys().collect();
        assert!(!keys.contains(&"addons".to_owned()) && item["discounts"] == json!([]));
        let nothing = api.get("/subscriptions?status=on_hold").await.ok();
        assert_eq!(nothing, json!({ "items": [] }));

        let payment = made["payment_id"].as_str().unwrap();
        let told = api.get(&format!("/payments/{payment}")).await.ok();
        assert_eq!(told["status"], "requires_payment_method");
        assert_eq!(told["total_amount"], 2900);
        assert_eq!(told["tax"], 463);
        assert_eq!(told["payment_link"], made["payment_link"]);
        assert_eq!(told["billing"]["zipcode"], json!(null));
        assert_eq!(
            (&told["charge_type"], &told["service_periods"]),
            (&json!("new"), &json!([]))
        );
        assert_eq!(told.as_object().unwrap().len(), 46, "{told}");
        for (filter, expected) in [
            (format!("product_id={product}"), 1),
            ("product_id=pdt_other".to_owned(), 0),
            ("status=requires_payment_method".to_owned(), 1),
            ("status=processing".to_owned(), 0),
            ("status=requires_capture".to_owned(), 0),
        ] {
            let listed = api.get(&format!("/payments?{filter}")).await.ok();
            assert_eq!(
                listed["items"].as_array().unwrap().len(),
                expected,
                "{filter}"
            );
        }
        let pdf = api.get(&format!("/invoices/payments/{payment}")).await;
        pdf.refuses(404, "NOT_FOUND", "");
    }
}

#[tokio::test]
async fn a_patch_is_checked_as_a_whole_before_anything_is_done() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let (customer, product) = (api.customer().await, api.product().await);
    let made = api
        .post("/subscriptions", subscription(&customer, &product))
        .await
        .ok();
    let path = format!(
        "/subscriptions/{}",
        made["subscription_id"].as_str().unwrap()
    );
    for (body, part) in [
        (json!({ "pause": true }), "pause: "),
        (
            json!({ "status": "paused", "tax_id": "x" }),
            "without other fields",
        ),
        (json!({ "status": "on_hold" }), "status: "),
        (
            json!({ "cancellation_comment": "bye" }),
            "only for a cancellation",
        ),
        (
            json!({ "metadata": { "a": 1 }, "billing": { "country": "Germany" } }),
            "billing.country",
        ),
    ] {
        api.patch(&path, body)
            .await
            .refuses(422, "INVALID_REQUEST_BODY", part);
    }
    assert_eq!(
        api.get(&path).await.ok()["metadata"],
        json!({ "plan": "pro", "10": 1 })
    );
    let body = json!({ "metadata": { "b": 2 }, "customer_business_name": "Example Ltd" });
    let changed = api.patch(&path, body).await.ok();
    assert_eq!(changed["customer_business_name"], "Example Ltd");
    let body = json!({ "customer_business_name": null });
    assert_eq!(
        api.patch(&path, body).await.ok()["customer_business_name"],
        json!(null)
    );
    let body = json!({ "status": "cancelled", "cancellation_feedback": "unused" });
    let cancelled = api.patch(&path, body.clone()).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled["cancellation_feedback"], "unused");
    let again = api.patch(&path, body).await;
    again.refuses(409, "SUBSCRIPTION_INACTIVE", "");
    assert_eq!(again.headers["x-should-retry"], "false");
}

#[tokio::test]
async fn a_portal_session_needs_no_body_and_no_content_type() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let id = api.customer().await;
    let path = format!("/customers/{id}/customer-portal/session");
    let body = serde_json::Value::Null;
    let made = api.post(&path, body.clone()).await.ok();
    let link = made["link"].as_str().unwrap();
    assert!(
        link.starts_with("http://127.0.0.1:8080/test/bus_lumen/"),
        "{link}"
    );
    let retry = ("x-stainless-retry-count", "1");
    let again = api
        .post_as(&path, body.clone(), retry.0, retry.1)
        .await
        .ok();
    assert_eq!(again, made);
    let bad = format!("{path}?return_url=http://evil.example/");
    api.post(&bad, body)
        .await
        .refuses(422, "INVALID_REQUEST_PARAMETERS", "return_url");
    api.post(&path, json!({})).await.ok();
}
