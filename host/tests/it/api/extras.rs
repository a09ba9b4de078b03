//! Add-ons and discount codes, as Dodo's SDK makes and reads them.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use super::{Answer, Api, subscription};
use crate::support::world::World;

impl Api {
    pub(super) async fn addon(&self, price: i64) -> String {
        let body = json!({
            "name": "Seats", "currency": "EUR", "price": price, "tax_category": "saas",
        });
        let made = self.post("/addons", body).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }

    async fn discount(&self, body: Value) -> Value {
        self.post("/discounts", body).await.ok()
    }

    async fn remove(&self, path: &str) -> Answer {
        let request = self.request(Method::DELETE, path).body(Body::empty());
        self.send(request.unwrap()).await
    }
}

#[tokio::test]
async fn an_addon_is_made_read_listed_and_changed() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let id = api.addon(500).await;
        let path = format!("/addons/{id}");
        let made = api.get(&path).await.ok();
        assert_eq!(made.as_object().unwrap().len(), 10, "{made}");
        assert_eq!(made["description"], json!(null));
        let changes = json!({ "price": 700, "description": "One more person", "name": null });
        let changed = api.patch(&path, changes).await.ok();
        assert_eq!(changed["price"], 700);
        assert_eq!(changed["description"], "One more person");
        assert_eq!(changed["name"], "Seats");
        let cleared = api.patch(&path, json!({ "description": null })).await.ok();
        assert_eq!(cleared["description"], json!(null));
        let listed = api.get("/addons?page_number=0").await.ok();
        assert_eq!(listed, json!({ "items": [cleared] }));
        let refused = api.patch(&path, json!({ "price": -1 })).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", "price: ");
    }
}

#[tokio::test]
async fn a_discount_is_made_found_changed_and_deleted() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let made = api
            .discount(json!({
                "type": "percentage", "amount": 2_500, "code": "spring-26",
                "subscription_cycles": 3, "metadata": { "b": 1, "a": true },
            }))
            .await;
        assert_eq!(made.as_object().unwrap().len(), 18, "{made}");
        assert_eq!(made["code"], "SPRING-26");
        assert_eq!(made["customer_eligibility"], "any");
        let path = format!("/discounts/{}", made["discount_id"].as_str().unwrap());
        assert_eq!(api.get(&path).await.ok(), made);
        let by_code = api.get("/discounts/code/Spring-26").await.ok();
        assert_eq!(by_code, made);
        let random = api
            .discount(json!({ "type": "percentage", "amount": 100 }))
            .await;
        assert_eq!(random["code"].as_str().unwrap().len(), 16);
        let taken = json!({ "type": "percentage", "amount": 1, "code": "SPRING-26" });
        let refused = api.post("/discounts", taken).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", "code: ");

        let changes = json!({ "amount": 5_000, "subscription_cycles": null, "usage_limit": 7 });
        let changed = api.patch(&path, changes).await.ok();
        assert_eq!(changed["amount"], 5_000);
        assert_eq!(changed["subscription_cycles"], json!(null));
        assert_eq!(changed["usage_limit"], 7);
        for (query, count) in [
            ("", 2),
            ("?code=spring-26", 1),
            ("?discount_type=flat", 0),
            ("?active=true", 2),
            ("?active=false", 0),
            ("?product_id=pdt_1", 2),
        ] {
            let found = api.get(&format!("/discounts{query}")).await.ok();
            assert_eq!(found["items"].as_array().unwrap().len(), count, "{query}");
        }
        assert!(api.remove(&path).await.status.is_success());
        assert!(api.remove(&path).await.status.is_success(), "again is fine");
        api.get(&path).await.refuses(404, "NOT_FOUND", "");
        let again = json!({ "type": "percentage", "amount": 1, "code": "SPRING-26" });
        api.discount(again).await;
    }
}

#[tokio::test]
async fn what_a_discount_cannot_be_is_refused_by_the_name_of_its_field() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    for (field, wrong) in [
        ("amount", json!(0)),
        ("amount", json!(10_001)),
        ("type", json!("flat_per_unit")),
        ("code", json!("AB")),
        ("customer_eligibility", json!("specific")),
        ("subscription_cycles", json!(0)),
        ("usage_limit", json!(0)),
        ("restricted_to", json!(["nothing"])),
    ] {
        let mut body = json!({ "type": "percentage", "amount": 100 });
        body[field] = wrong;
        let refused = api.post("/discounts", body).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", field);
    }
    let flat = json!({ "type": "flat", "amount": 1, "currency_options": [{ "currency": "EUR" }] });
    let refused = api.post("/discounts", flat).await;
    refused.refuses(422, "INVALID_REQUEST_BODY", "currency_options");
}

#[tokio::test]
async fn a_subscription_tells_its_addons_and_discounts() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let (customer, product) = (api.customer().await, api.product().await);
        let addon = api.addon(500).await;
        let five = json!([{ "currency": "EUR", "max_amount_possible": 500 }]);
        let flat = json!({
            "type": "flat", "amount": 500, "code": "FIVE", "currency_options": five,
            "subscription_cycles": 2,
        });
        let flat = api.discount(flat).await;
        let mut body = subscription(&customer, &product);
        body["quantity"] = json!(2);
        body["addons"] = json!([{ "addon_id": addon, "quantity": 3 }]);
        body["discount_codes"] = json!(["five"]);
        let made = api.post("/subscriptions", body.clone()).await.ok();
        assert_eq!(made["recurring_pre_tax_amount"], 7_300);
        assert_eq!(
            made["addons"],
            json!([{ "addon_id": addon, "quantity": 3 }])
        );
        assert_eq!(made["discount_id"], flat["discount_id"]);
        let id = made["subscription_id"].as_str().unwrap();
        let whole = api.get(&format!("/subscriptions/{id}")).await.ok();
        assert_eq!(whole["discount_cycles_remaining"], 1);
        let detail = &whole["discounts"][0];
        assert_eq!(detail.as_object().unwrap().len(), 16, "{detail}");
        assert_eq!(
            (
                &detail["position"],
                &detail["cycles_remaining"],
                &detail["times_used"]
            ),
            (&json!(0), &json!(1), &json!(1))
        );
        let listed = api.get("/subscriptions").await.ok();
        assert_eq!(
            listed["items"][0]["discounts"],
            json!([{ "discount_id": flat["discount_id"], "discount_cycles_remaining": 1 }])
        );
        let payment = made["payment_id"].as_str().unwrap();
        let told = api.get(&format!("/payments/{payment}")).await.ok();
        assert_eq!(told["total_amount"], 6_800);

        body["discount_code"] = json!("FIVE");
        let refused = api.post("/subscriptions", body.clone()).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", "discount_code: ");
        body["discount_code"] = json!(null);
        body["addons"] = json!([{ "addon_id": "adn_unknown", "quantity": 1 }]);
        api.post("/subscriptions", body)
            .await
            .refuses(404, "NOT_FOUND", "add-on");
    }
}
