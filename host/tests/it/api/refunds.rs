//! `/refunds`, the refunds of a payment, and its documents.

use serde_json::json;
use vestibule::domain::id::PaymentId;
use vestibule::domain::payment::CustomerAction;
use vestibule::flows::{Ending, begin, settlement};

use super::Api;
use crate::support::world::World;

/// Two products bought once: 20.00 € and 3 times 5.00 €; the payment is paid.
async fn bought(world: &World, api: &Api) -> PaymentId {
    let customer = api.customer().await;
    let mut cart = Vec::new();
    for (price, quantity) in [(2000, 1), (500, 3)] {
        let body = json!({
            "name": format!("Pack of {price}"), "tax_category": "saas",
            "license_key_enabled": true,
            "price": { "type": "one_time_price", "currency": "EUR", "price": price,
                "discount": 0, "purchasing_power_parity": false, "tax_inclusive": true },
        });
        let made = api.post("/products", body).await.ok();
        cart.push(json!({ "product_id": made["product_id"], "quantity": quantity }));
    }
    let body = json!({
        "billing": { "country": "DE" }, "customer": { "customer_id": customer },
        "product_cart": cart, "payment_link": true,
    });
    let made = api.post("/payments", body).await.ok();
    let payment: PaymentId = made["payment_id"].as_str().unwrap().parse().unwrap();
    let attempt = begin::pay(&world.cx, &world.scope, &payment).await.unwrap();
    let Ending::Action(CustomerAction::Redirect { url }) = &attempt.ending else {
        panic!("no page: {:?}", attempt.ending)
    };
    world.sandbox.pay_by_card(url, "4242424242424242").await;
    let ended = settlement::returned(&world.cx, &world.scope, &payment, &[]).await;
    assert_eq!(ended.unwrap(), Ending::Succeeded);
    payment
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_and_then_the_rest_are_refunded_as_the_sdk_asks() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let payment = bought(&world, &api).await;
        let lines = api
            .get(&format!("/payments/{payment}/line-items"))
            .await
            .ok();
        assert_eq!(lines["currency"], "EUR");
        let item = &lines["items"][1];
        assert_eq!(
            (item["amount"].as_i64(), item["refundable_amount"].as_i64()),
            (Some(1500), Some(1500))
        );
        assert_eq!(
            lines["items"][0]["tax"].as_i64().unwrap() + item["tax"].as_i64().unwrap(),
            559
        );

        let body = json!({
            "payment_id": payment, "reason": "two packs too many", "metadata": { "ticket": 7 },
            "items": [{ "item_id": item["items_id"], "amount": 1000, "tax_inclusive": true }],
        });
        let refund = api.post("/refunds", body.clone()).await.ok();
        assert_eq!(refund["status"], "succeeded");
        assert_eq!(refund["amount"], 1000);
        assert_eq!(refund["currency"], "EUR");
        assert_eq!(refund["is_partial"], true);
        assert_eq!(refund["reason"], "two packs too many");
        assert_eq!(refund["metadata"], json!({ "ticket": 7 }));
        assert_eq!(refund["brand_id"], refund["business_id"]);
        let id = refund["refund_id"].as_str().unwrap().to_owned();
        assert_eq!(api.get(&format!("/refunds/{id}")).await.ok(), refund);

        // An SDK repeats blindly: nothing goes back a second time.
        let again = api
            .post_as("/refunds", body, "x-stainless-retry-count", "1")
            .await;
        assert_eq!(again.ok()["refund_id"], refund["refund_id"]);

        let seen = api.get(&format!("/payments/{payment}")).await.ok();
        assert_eq!(seen["refund_status"], "partial");
        assert_eq!(seen["refunds"][0]["refund_id"], refund["refund_id"]);
        assert_eq!(seen["disputes"], json!([]));

        let rest = api
            .post("/refunds", json!({ "payment_id": payment }))
            .await
            .ok();
        assert_eq!(
            (&rest["amount"], &rest["is_partial"]),
            (&json!(2500), &json!(true))
        );
        let seen = api.get(&format!("/payments/{payment}")).await.ok();
        assert_eq!(seen["refund_status"], "full");
        let listed = api.get("/payments").await.ok();
        assert_eq!(listed["items"][0]["refund_status"], "full");
        let more = api
            .post(
                "/refunds",
                json!({ "payment_id": payment, "reason": "again" }),
            )
            .await;
        more.refuses(409, "CONFLICT", "nothing of the payment is left");
        assert_eq!(more.headers["x-should-retry"], "false");

        let page = api.get("/refunds?status=succeeded&page_size=1").await.ok();
        assert_eq!(page["items"][0]["refund_id"], rest["refund_id"]);
        assert_eq!(
            api.get("/refunds?status=pending").await.ok()["items"],
            json!([])
        );
        assert_eq!(
            api.get("/refunds?status=review").await.ok()["items"],
            json!([])
        );

        let note = api.get(&format!("/invoices/refunds/{id}")).await;
        assert_eq!(note.headers["content-type"], "application/pdf");
        let bytes = note.body.clone();
        assert!(bytes.starts_with(b"%PDF"));
        let once_more = api.get(&format!("/invoices/refunds/{id}")).await.body;
        assert_eq!(once_more, bytes, "the document is stored once");

        let keys = api.get("/license_keys").await.ok();
        let statuses: Vec<_> = keys["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| &key["status"])
            .collect();
        assert!(
            statuses.iter().all(|status| *status == "expired"),
            "{statuses:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_refunded_is_said_in_words() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let payment = bought(&world, &api).await;
    let ask = async |items| {
        api.post("/refunds", json!({ "payment_id": payment, "items": items }))
            .await
    };
    ask(json!([{ "item_id": "pdt_nothing" }])).await.refuses(
        422,
        "INVALID_REQUEST_BODY",
        "no item `pdt_nothing`",
    );
    ask(json!([{ "item_id": "itm_1", "amount": 0 }]))
        .await
        .refuses(422, "INVALID_REQUEST_BODY", "items");
    let unknown = json!({ "payment_id": "pay_01k9z3v6e8q4w2r7t5y1p0s9d8" });
    api.post("/refunds", unknown)
        .await
        .refuses(404, "NOT_FOUND", "payment");
    let long = json!({ "payment_id": payment, "reason": "x".repeat(3001) });
    api.post("/refunds", long)
        .await
        .refuses(422, "INVALID_REQUEST_BODY", "reason");
    let reader = Api::with(&world.cx, &world.scope, false).await;
    let refused = reader
        .post("/refunds", json!({ "payment_id": payment }))
        .await;
    assert!(refused.status.is_client_error());
}
