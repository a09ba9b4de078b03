//! What the API refuses, in which words, and what it lets pass.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use vestibule::domain::period::Unit;

use super::{Answer, Api, monthly, subscription};
use crate::support::world::World;

/// A call without an API key.
async fn keyless(api: &Api, method: &str, path: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api{path}"))
        .header("host", "127.0.0.1:8080");
    api.send(request.body(Body::empty()).unwrap()).await
}

fn once() -> Value {
    json!({
        "name": "Book",
        "tax_category": "e_book",
        "price": { "type": "one_time_price", "currency": "EUR", "price": 900 },
    })
}

#[tokio::test]
async fn without_a_key_nothing_is_said_about_path_and_query() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    for (method, path) in [
        (
            "POST",
            "/customers/nobody/customer-portal/session?send_email=perhaps",
        ),
        ("GET", "/invoices/payments/nothing"),
        ("GET", "/payments/nothing"),
    ] {
        keyless(&api, method, path)
            .await
            .refuses(401, "UNAUTHORIZED", "API key");
    }
    api.get("/nothing").await.refuses(404, "NOT_FOUND", "");
}

#[tokio::test]
async fn every_wrong_field_of_a_creation_is_refused_by_its_name() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let (customer, product) = (api.customer().await, api.product().await);
    let purchase = json!({
        "billing": { "country": "DE" },
        "customer": { "customer_id": customer },
        "product_cart": [{ "product_id": product, "quantity": 1 }],
    });
    for (path, body, field, wrong, part) in [
        (
            "/subscriptions",
            subscription(&customer, &product),
            "billing",
            json!("DE"),
            "billing: ",
        ),
        (
            "/subscriptions",
            subscription(&customer, &product),
            "billing",
            json!({ "country": 49 }),
            "billing.country: ",
        ),
        (
            "/subscriptions",
            subscription(&customer, &product),
            "customer",
            json!({ "email": "x" }),
            "customer.email: ",
        ),
        (
            "/subscriptions",
            subscription(&customer, &product),
            "quantity",
            json!("1"),
            "quantity: ",
        ),
        (
            "/subscriptions",
            subscription(&customer, &product),
            "trial_period_days",
            json!(10_001),
            "trial_period_days: ",
        ),
        (
            "/subscriptions",
            subscription(&customer, &product),
            "addons",
            json!([{}]),
            "addons[0]: ",
        ),
        (
            "/payments",
            purchase.clone(),
            "product_cart",
            json!([{ "product_id": product, "quantity": "two" }]),
            "product_cart[0].quantity: ",
        ),
        (
            "/payments",
            purchase.clone(),
            "metadata",
            json!({ "a": {} }),
            "metadata",
        ),
        ("/payments", purchase, "customer", json!(null), "customer: "),
    ] {
        let mut body = body;
        body[field] = wrong;
        api.post(path, body)
            .await
            .refuses(422, "INVALID_REQUEST_BODY", part);
    }
}

#[tokio::test]
async fn a_product_whose_keys_could_be_active_nowhere_is_refused() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    for most in [0, 2_147_483_648_u32, u32::MAX] {
        let mut body = monthly();
        body["license_key_activations_limit"] = json!(most);
        api.post("/products", body).await.refuses(
            422,
            "INVALID_REQUEST_BODY",
            "license_key_activations_limit: must be 1 to 2147483647",
        );
    }
}

#[tokio::test]
async fn what_a_product_cannot_come_with_is_refused_by_name() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    for (field, wish) in [
        ("entitlements", json!([{ "entitlement_id": "ent_1" }])),
        ("credit_entitlements", json!([{}])),
        ("addons", json!(["adn_1"])),
        ("digital_product_delivery", json!({ "instructions": "…" })),
        ("pricing_mode", json!("by_country")),
    ] {
        let mut body = monthly();
        body[field] = wish;
        let part = format!("{field}: is not supported");
        api.post("/products", body)
            .await
            .refuses(422, "INVALID_REQUEST_BODY", &part);
    }
    let mut body = monthly();
    body["entitlements"] = json!([]);
    body["addons"] = json!(null);
    body["price"]["trial_period_days"] = json!(10_000);
    api.post("/products", body.clone()).await.ok();
    // Withdrawn from ISO 4217 in 2025; its successor is XCG.
    body["price"]["currency"] = json!("ANG");
    api.post("/products", body)
        .await
        .refuses(422, "INVALID_REQUEST_BODY", "price.currency: ");
}

#[tokio::test]
async fn a_list_of_method_types_may_leave_out_nothing_that_is_offered() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let (customer, product) = (api.customer().await, api.product().await);
    let mut body = subscription(&customer, &product);
    for (types, part) in [
        (json!(["klarna"]), Some("cards")),
        (json!(["credit", "debit"]), Some("bank debits")),
        (json!(["credit", "debit", "sepa", "klarna"]), None),
        (json!([]), None),
        (json!(null), None),
    ] {
        body["allowed_payment_method_types"] = types;
        let answer = api.post("/subscriptions", body.clone()).await;
        match part {
            Some(part) => {
                answer.refuses(
                    422,
                    "INVALID_REQUEST_BODY",
                    "allowed_payment_method_types: ",
                );
                answer.refuses(422, "INVALID_REQUEST_BODY", part);
            }
            None => drop(answer.ok()),
        }
    }
}

#[tokio::test]
async fn a_filter_for_what_is_not_here_finds_nothing_and_an_empty_one_is_none() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let (customer, product) = (api.customer().await, api.product().await);
    let body = subscription(&customer, &product);
    api.post("/subscriptions", body).await.ok();
    for path in ["/products", "/subscriptions", "/payments"] {
        for (query, expected) in [
            ("brand_id=bus_other", 0),
            ("brand_id=bus_lumen", 1),
            ("brand_id=&customer_id=&recurring=&status=&page_size=", 1),
        ] {
            let found = api.get(&format!("{path}?{query}")).await.ok();
            let items = found["items"].as_array().unwrap();
            assert_eq!(items.len(), expected, "{path}?{query}");
        }
    }
}

#[tokio::test]
async fn a_sale_of_nothing_is_refused_and_an_amount_without_a_choice_is_ignored() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let customer = api.customer().await;
    for (price, expected) in [(900, 200), (0, 422)] {
        let mut product = once();
        product["price"]["price"] = json!(price);
        let product = api.post("/products", product).await.ok();
        let body = json!({
            "billing": { "country": "US" },
            "customer": { "customer_id": customer },
            "product_cart": [{ "product_id": product["product_id"], "quantity": 2, "amount": 5 }],
        });
        let answer = api.post("/payments", body).await;
        assert_eq!(answer.status.as_u16(), expected);
        if expected == 200 {
            assert_eq!(answer.ok()["total_amount"], 1800);
        } else {
            answer.refuses(422, "INVALID_REQUEST_BODY", "product_cart: ");
        }
    }
}

#[tokio::test]
async fn a_sale_that_is_refused_leaves_no_new_customer_behind() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let (recurring, once) = (
        api.product().await,
        api.post("/products", once()).await.ok(),
    );
    let once = once["product_id"].as_str().unwrap();
    let body = |product: &str, more: Value| {
        let mut body = subscription("", product);
        body["customer"] = json!({ "email": "new@customer.example", "name": "New" });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    for (path, sale) in [
        ("/subscriptions", body(once, json!({}))),
        (
            "/subscriptions",
            body(&recurring, json!({ "discount_codes": ["NOSUCHCODE"] })),
        ),
        (
            "/payments",
            body(
                "",
                json!({ "product_cart": [{ "product_id": recurring, "quantity": 1 }] }),
            ),
        ),
    ] {
        let refused = api.post(path, sale).await;
        assert!(refused.status.is_client_error(), "{path}");
        let known = api.get("/customers?email=new@customer.example").await.ok();
        assert_eq!(known["items"], json!([]), "{path}");
    }
    let sale = body(&recurring, json!({}));
    let made = api.post("/subscriptions", sale.clone()).await.ok();
    let again = api.post("/subscriptions", sale).await.ok();
    assert_eq!(
        made["customer"]["customer_id"], again["customer"]["customer_id"],
        "the newest one with this address buys"
    );
    let known = api.get("/customers?email=new@customer.example").await.ok();
    assert_eq!(known["items"].as_array().unwrap().len(), 1);
    let strong = body(&recurring, json!({ "force_3ds": true }));
    let refused = api.post("/subscriptions", strong).await;
    refused.refuses(422, "INVALID_REQUEST_BODY", "force_3ds");
}

#[tokio::test]
async fn more_products_bought_once_than_one_page_takes_are_refused_and_not_left_out() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let (customer, product) = (api.customer().await, api.product().await);
    let book = api.post("/products", once()).await.ok();
    let mut body = subscription(&customer, &product);
    let item = json!({ "product_id": book["product_id"], "quantity": 1 });
    body["one_time_product_cart"] = Value::from(vec![item; 101]);
    let refused = api.post("/subscriptions", body).await;
    refused.refuses(
        422,
        "INVALID_REQUEST_BODY",
        "one_time_product_cart: at most 100",
    );
}

#[tokio::test]
async fn a_product_whose_term_is_over_before_its_first_interval_is_neither_made_nor_sold() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    for (count, unit, is_made) in [
        (3, "Week", false),
        (30, "Day", false),
        (31, "Day", true),
        (1, "Month", true),
    ] {
        let mut body = monthly();
        body["price"]["subscription_period_count"] = json!(count);
        body["price"]["subscription_period_interval"] = json!(unit);
        let answer = api.post("/products", body).await;
        if is_made {
            answer.ok();
        } else {
            let part = "price.subscription_period_count: gives a term";
            answer.refuses(422, "INVALID_REQUEST_BODY", part);
        }
    }
    // One that was made before that was checked.
    let mut product = world.product().await;
    product.id = world.cx.new_id();
    let recurring = product.recurring.as_mut().unwrap();
    (recurring.term.unit, recurring.term.count) = (Unit::Week, 3);
    let mut tx = world.cx.store.begin().await.unwrap();
    tx.insert_product(&product).await.unwrap();
    tx.commit().await.unwrap();
    let customer = api.customer().await;
    let wish = subscription(&customer, product.id.as_str());
    let part = "product_id: the product's term";
    api.post("/subscriptions", wish.clone())
        .await
        .refuses(422, "INVALID_REQUEST_BODY", part);
    // On demand nothing is sold by the period.
    let mut wish = wish;
    wish["on_demand"] = json!({ "mandate_only": true });
    api.post("/subscriptions", wish).await.ok();
}
