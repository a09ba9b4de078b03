//! Changes of plan as Dodo's SDK calls them.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};
use vestibule::domain::id::PaymentId;
use vestibule::domain::payment::CustomerAction;
use vestibule::flows::{Ending, begin, settlement};

use super::{Api, monthly, subscription};
use crate::support::world::World;

impl Api {
    async fn product_at(&self, price: i64) -> String {
        let mut body = monthly();
        body["price"]["price"] = json!(price);
        let made = self.post("/products", body).await.ok();
        made["product_id"].as_str().unwrap().to_owned()
    }

    /// An active subscription; its first payment was really made.
    async fn active(&self, world: &World, product: &str) -> String {
        let customer = self.customer().await;
        let made = self
            .post("/subscriptions", subscription(&customer, product))
            .await
            .ok();
        let payment: PaymentId = made["payment_id"].as_str().unwrap().parse().unwrap();
        let attempt = begin::pay(&world.cx, &world.scope, &payment).await.unwrap();
        let Ending::Action(CustomerAction::Redirect { url }) = &attempt.ending else {
            panic!("no page: {:?}", attempt.ending)
        };
        world.sandbox.pay_by_card(url, "4242424242424242").await;
        let ending = settlement::returned(&world.cx, &world.scope, &payment, &[]).await;
        assert_eq!(ending.unwrap(), Ending::Succeeded);
        made["subscription_id"].as_str().unwrap().to_owned()
    }

    async fn delete_scheduled(&self, path: &str) -> u16 {
        let path = format!("{path}/change-plan/scheduled");
        let request = self.request(Method::DELETE, &path).body(Body::empty());
        self.send(request.unwrap()).await.status.as_u16()
    }
}

fn change(product: &str) -> Value {
    json!({
        "product_id": product, "quantity": 1,
        "proration_billing_mode": "difference_immediately",
    })
}

async fn charged(world: &World) -> Vec<i64> {
    let ledger = world.sandbox.ledger().await;
    let amount = |entry: &Value| entry["amount"].as_i64().unwrap();
    ledger.iter().map(amount).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_tells_what_the_change_then_charges_once_however_often_it_is_sent() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let basic = api.product_at(2_900).await;
        let pro = api.product_at(5_900).await;
        let seats = api.addon(500).await;
        let path = format!("/subscriptions/{}", api.active(&world, &basic).await);
        let mut body = change(&pro);
        body["addons"] = json!([{ "addon_id": seats, "quantity": 2 }]);
        let preview = api
            .post(&format!("{path}/change-plan/preview"), body.clone())
            .await
            .ok();
        let charge = &preview["immediate_charge"];
        assert_eq!(charge["summary"]["total_amount"], 4_000);
        assert_eq!(charge["summary"]["customer_credits"], 0);
        let items = charge["line_items"].as_array().unwrap();
        let kinds: Vec<_> = items
            .iter()
            .map(|item| {
                (
                    item["type"].as_str().unwrap(),
                    item["unit_price"].as_i64().unwrap(),
                )
            })
            .collect();
        let expected = [
            ("subscription", 5_900),
            ("addon", 500),
            ("subscription", -2_900),
        ];
        assert_eq!(kinds, expected);
        assert_eq!(items[1]["id"], json!(seats));
        assert_eq!(items[0].as_object().unwrap().len(), 12);
        assert_eq!(preview["new_plan"]["recurring_pre_tax_amount"], 6_900);
        let untouched = api.get(&path).await.ok();
        assert_eq!(untouched["product_id"], json!(basic));

        body["quote_id"] = preview["quote_id"].clone();
        let change_path = format!("{path}/change-plan");
        let first = api.post(&change_path, body.clone()).await.ok();
        assert_eq!(first.as_object().unwrap().len(), 4);
        let retry = "x-stainless-retry-count";
        let again = api.post_as(&change_path, body, retry, "1").await.ok();
        assert_eq!(again, first);
        assert_eq!(charged(&world).await, [2_900, 4_000]);
        let changed = api.get(&path).await.ok();
        assert_eq!(changed["product_id"], json!(pro));
        assert_eq!(
            changed["addons"],
            json!([{ "addon_id": seats, "quantity": 2 }])
        );
        let payment = first["payment_id"].as_str().unwrap();
        let payment = api.get(&format!("/payments/{payment}")).await.ok();
        assert_eq!(payment["status"], "succeeded");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_change_is_told_blocks_others_and_can_be_taken_back() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let basic = api.product_at(2_900).await;
        let pro = api.product_at(5_900).await;
        let path = format!("/subscriptions/{}", api.active(&world, &basic).await);
        let change_path = format!("{path}/change-plan");
        let mut later = change(&pro);
        later["effective_at"] = json!("next_billing_date");
        let answer = api.post(&change_path, later).await.ok();
        assert_eq!(answer["payment_id"], json!(null));
        let told = api.get(&path).await.ok();
        let scheduled = &told["scheduled_change"];
        assert_eq!(scheduled.as_object().unwrap().len(), 8, "{scheduled}");
        assert_eq!(scheduled["product_id"], json!(pro));
        assert_eq!(scheduled["effective_at"], told["next_billing_date"]);
        let refused = api.post(&change_path, change(&pro)).await;
        refused.refuses(409, "SCHEDULED_PLAN_CHANGE_EXISTS", "");
        assert_eq!(refused.headers["x-should-retry"], "false");
        assert_eq!(api.delete_scheduled(&path).await, 200);
        assert_eq!(api.delete_scheduled(&path).await, 200, "again is fine");
        let told = api.get(&path).await.ok();
        assert_eq!(told["scheduled_change"], json!(null));
        assert_eq!(charged(&world).await, [2_900]);
        api.post(&change_path, change(&pro)).await.ok();
        assert_eq!(charged(&world).await, [2_900, 3_000]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_cannot_be_is_refused_by_name() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let basic = api.product_at(2_900).await;
    let path = format!("/subscriptions/{}", api.active(&world, &basic).await);
    let change_path = format!("{path}/change-plan");
    for (field, wrong) in [
        ("quantity", json!(0)),
        ("proration_billing_mode", json!("by_weight")),
        ("effective_at", json!("tomorrow")),
        ("collect_via_payment_link", json!(true)),
        ("discount_code", json!("NOTHING")),
    ] {
        let mut body = change(&basic);
        body[field] = wrong;
        let refused = api.post(&change_path, body).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", field);
    }
    let mut body = change(&basic);
    body["quote_id"] = json!("1.old");
    let refused = api.post(&change_path, body).await;
    refused.refuses(409, "CONFLICT", "look again");
    api.patch(&path, json!({ "cancel_at_next_billing_date": true }))
        .await
        .ok();
    let refused = api.post(&change_path, change(&basic)).await;
    let code = "PLAN_CHANGE_NOT_ALLOWED_FOR_SCHEDULED_CANCELLATION";
    refused.refuses(409, code, "");
}
