//! What is refused because it is too much, and documents.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use vestibule::domain::invoice::{Invoice, InvoiceState};
use vestibule::domain::payment::{Initiator, Payment, PaymentState};
use vestibule::domain::subscription::Subscription;

use super::{Answer, Api, monthly, subscription};
use crate::support::sample;
use crate::support::world::World;

/// The largest price there is.
const MOST: i64 = 100_000_000_000;

#[tokio::test]
async fn a_sum_beyond_all_measure_is_refused_by_name_and_nothing_is_kept() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let mut dear = monthly();
        dear["price"]["price"] = json!(MOST);
        let monthly = api.post("/products", dear.clone()).await.ok()["product_id"].clone();
        dear["price"] = json!({ "type": "one_time_price", "currency": "EUR", "price": MOST });
        let once = api.post("/products", dear).await.ok()["product_id"].clone();
        let body = |part: Value| {
            let mut body = json!({
                "billing": { "country": "DE" },
                "customer": { "email": "new@customer.example", "name": "New" },
            });
            body.as_object_mut()
                .unwrap()
                .extend(part.as_object().unwrap().clone());
            body
        };
        let subscribe =
            |quantity: Value| body(json!({ "product_id": monthly, "quantity": quantity }));
        let buy = |quantities: &[Value]| {
            let item = |quantity: &Value| json!({ "product_id": once, "quantity": quantity });
            body(json!({ "product_cart": quantities.iter().map(item).collect::<Vec<_>>() }))
        };
        for (path, body, field) in [
            ("/subscriptions", subscribe(json!(2)), "quantity: "),
            ("/subscriptions", subscribe(json!(100_000)), "quantity: "),
            ("/subscriptions", subscribe(json!(100_001)), "quantity: "),
            ("/subscriptions", subscribe(json!(0)), "quantity: "),
            ("/subscriptions", subscribe(json!(-1)), "quantity"),
            ("/subscriptions", subscribe(json!(u64::MAX)), "quantity"),
            ("/payments", buy(&[json!(2)]), "quantity: "),
            ("/payments", buy(&[json!(1), json!(1)]), "product_cart: "),
            ("/payments", buy(&[json!(i64::MAX)]), "product_cart"),
        ] {
            api.post(path, body)
                .await
                .refuses(422, "INVALID_REQUEST_BODY", field);
        }
        for price in [json!(MOST + 1), json!(-1), json!(u64::MAX), json!(1e30)] {
            let mut product = super::monthly();
            product["price"]["price"] = price;
            let refused = api.post("/products", product).await;
            refused.refuses(422, "INVALID_REQUEST_BODY", "price");
        }
        for list in ["/customers", "/subscriptions", "/payments"] {
            assert_eq!(api.get(list).await.ok(), json!({ "items": [] }), "{list}");
        }
        // The gateway, too, has a greatest amount.
        let refused = api.post("/subscriptions", subscribe(json!(1))).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", "product_id: ");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_told_so_by_every_call_that_takes_one() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let customer = api.customer().await;
    for (method, path) in [
        (Method::POST, "/customers"),
        (Method::PATCH, &format!("/customers/{customer}")),
        (Method::POST, "/products"),
        (Method::POST, "/subscriptions"),
        (Method::PATCH, "/subscriptions/sub_01k"),
        (Method::POST, "/subscriptions/sub_01k/update-payment-method"),
        (Method::POST, "/payments"),
        (Method::POST, "/licenses/activate"),
        (Method::POST, "/licenses/deactivate"),
        (Method::POST, "/licenses/validate"),
    ] {
        for body in ["", "{", "name=A", "{} {}", "\u{0}"] {
            let request = api.request(method.clone(), path).body(Body::from(body));
            let answer = api.send(request.unwrap()).await;
            let code = answer.json()["code"].clone();
            assert!(answer.status.is_client_error(), "{path} {body:?}");
            assert_eq!(code, "INVALID_REQUEST_BODY", "{path} {body:?}");
        }
    }
}

#[tokio::test]
async fn one_rule_says_where_customers_may_be_sent_afterwards() {
    let world = World::sqlite().await;
    let api = Api::of(&world).await;
    let (customer, product) = (api.customer().await, api.product().await);
    let begin = async |url: &str| {
        let mut body = subscription(&customer, &product);
        body["return_url"] = json!(url);
        api.post("/subscriptions", body).await
    };
    let enter = async |url: &str| {
        let url: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
        let path = format!("/customers/{customer}/customer-portal/session?return_url={url}");
        api.post(&path, Value::Null).await
    };
    for good in [
        "https://shop.example/a",
        "http://localhost:3000/a",
        "http://127.0.0.1/a",
    ] {
        begin(good).await.ok();
        enter(good).await.ok();
    }
    for bad in [
        "http://shop.example/a",
        "https://me@shop.example/",
        "ftp://localhost/",
        "shop",
    ] {
        let (begun, entered) = (begin(bad).await, enter(bad).await);
        begun.refuses(422, "INVALID_REQUEST_BODY", "return_url: ");
        entered.refuses(422, "INVALID_REQUEST_PARAMETERS", "return_url: ");
        let said = |answer: &Answer| answer.json()["message"].clone();
        assert_eq!(said(&begun), said(&entered), "{bad}");
    }
}

#[tokio::test]
async fn an_invoice_opens_with_a_key_or_a_signature_and_with_nothing_else() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let (customer, product) = (world.customer().await, world.product().await);
        let subscription: Subscription = sample::subscription(&customer.id, &product.id);
        let invoice = Invoice {
            state: InvoiceState::Paid,
            number: Some(1),
            number_text: Some("TEST-LUM-000001".to_owned()),
            issued_at: Some(world.cx.now()),
            ..sample::draft(&subscription)
        };
        let payment = Payment {
            state: PaymentState::Succeeded { at: world.cx.now() },
            sent_at: Some(world.cx.now()),
            invoice: Some(invoice.id.clone()),
            ..sample::payment(&subscription, Initiator::Customer)
        };
        let mut tx = world.cx.store.begin().await.unwrap();
        tx.insert_subscription(&subscription).await.unwrap();
        tx.insert_invoice(&invoice).await.unwrap();
        tx.insert_payment(&payment).await.unwrap();
        tx.commit().await.unwrap();

        let path = format!("/invoices/payments/{}", payment.id);
        let by_key = api.get(&path).await;
        assert_eq!(by_key.headers["content-type"], "application/pdf");
        assert!(by_key.body.starts_with(b"%PDF"));
        let told = api.get(&format!("/payments/{}", payment.id)).await.ok();
        let url = told["invoice_url"].as_str().unwrap().to_owned();
        let open = async |url: &str| {
            let path = url.strip_prefix("http://127.0.0.1:8080").unwrap();
            let request = Request::get(path).header("host", "127.0.0.1:8080");
            api.send(request.body(Body::empty()).unwrap()).await
        };
        let by_signature = open(&url).await;
        assert_eq!(by_signature.status, StatusCode::OK);
        assert_eq!(by_signature.body, by_key.body);
        open(&url.replace("test", "live"))
            .await
            .refuses(404, "NOT_FOUND", "");
        open(&format!("{url}x")).await.refuses(404, "NOT_FOUND", "");
        let bare = url.split('?').next().unwrap();
        open(bare).await.refuses(401, "UNAUTHORIZED", "API key");
        api.get("/invoices/payments/pay_01k")
            .await
            .refuses(404, "NOT_FOUND", "");
    }
}

fn wait(answer: &Answer) -> i64 {
    answer.refuses(429, "TOO_MANY_REQUESTS", "Retry-After");
    answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_key_that_calls_too_often_is_told_when_to_go_on() {
    let world = World::sqlite().await;
    let (api, other) = (Api::of(&world).await, Api::of(&world).await);
    let mut settings = (*world.cx.settings.load_full()).clone();
    settings.api.calls_per_minute = 5;
    world.cx.settings.store(Arc::new(settings));
    for _ in 0..5 {
        api.get("/customers").await.ok();
    }
    let seconds = wait(&api.get("/customers").await);
    assert!((1..=61).contains(&seconds), "{seconds}");
    other.get("/customers").await.ok();
    world.cx.clock.advance(SignedDuration::from_secs(seconds));
    api.get("/customers").await.ok();
}

#[tokio::test]
async fn guesses_at_license_keys_are_limited_over_all_processes() {
    for world in World::each().await {
        let process = world.process().await;
        let apis = [
            Api::of(&world).await,
            Api::with(&process, &world.scope, true).await,
        ];
        let guess = async |api: &Api| {
            let request = Request::post("/api/licenses/validate").header("host", "127.0.0.1:8080");
            let body = json!({ "license_key": "AAAAA" }).to_string();
            api.send(request.body(Body::from(body)).unwrap()).await
        };
        let mut answered = 0;
        let mut refused = [None, None];
        for round in 0..120 {
            let answer = guess(&apis[round % 2]).await;
            if answer.status == StatusCode::OK {
                answered += 1;
            } else {
                refused[round % 2] = Some(wait(&answer));
            }
        }
        assert_eq!(answered, 100);
        let seconds = refused[0].unwrap().max(refused[1].unwrap());
        assert!((1..=61).contains(&seconds), "{seconds}");
        for cx in [&world.cx, &process] {
            cx.clock.advance(SignedDuration::from_secs(seconds));
        }
        for api in &apis {
            assert_eq!(guess(api).await.status, StatusCode::OK);
        }
    }
}
