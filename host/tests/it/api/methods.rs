//! The method that pays: a page for a new one, a saved one, and removing one.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};
use vestibule::domain::debt::Debt;
use vestibule::domain::id::MethodId;
use vestibule::domain::method::PaymentMethod;
use vestibule::domain::subscription::{HoldReason, Subscription, SubscriptionState};
use vestibule::store::PaymentFilter;

use super::{Answer, Api};
use crate::support::sample;
use crate::support::world::World;

/// What the customer's browser holds on hosted pages.
const BROWSER: &str = "secret-of-a-browser";

/// A subscription and a saved method of its customer.
pub(super) struct Rows {
    pub(super) subscription: Subscription,
    pub(super) method: MethodId,
}

impl Rows {
    fn path(&self) -> String {
        format!(
            "/subscriptions/{}/update-payment-method",
            self.subscription.id
        )
    }

    async fn active(world: &World) -> Self {
        Self::of(world, SubscriptionState::Active).await
    }

    /// On hold with 29.00 € due.
    async fn on_hold(world: &World) -> Self {
        let rows = Self::of(
            world,
            SubscriptionState::OnHold {
                why: HoldReason::RenewalFailed,
                since: world.cx.now(),
            },
        )
        .await;
        let debt = Debt {
            scope: world.scope.clone(),
            ..sample::debt(&rows.subscription, "period")
        };
        let mut tx = world.cx.store.begin().await.unwrap();
        tx.insert_debt(&debt).await.unwrap();
        tx.commit().await.unwrap();
        rows
    }

    pub(super) async fn of(world: &World, state: SubscriptionState) -> Self {
        let (customer, product) = (world.customer().await, world.product().await);
        let now = world.cx.now();
        let method = PaymentMethod {
            id: world.cx.new_id(),
            scope: world.scope.clone(),
            customer: customer.id.clone(),
            gateway: "sandbox".to_owned(),
            reference: "pm_unknown".to_owned(),
            customer_reference: None,
            kind: "card".to_owned(),
            brand: Some("visa".to_owned()),
            last4: Some("4242".to_owned()),
            expiry_month: Some(6),
            expiry_year: Some(2099),
            holder: None,
            country: None,
            funding: None,
            mandate_reference: None,
            network_reference: None,
            created_at: now,
            last_used_at: None,
            refused_at: None,
            is_backup: false,
        };
        let mut subscription = Subscription {
            state,
            ..sample::subscription(&customer.id, &product.id)
        };
        subscription.period.start = now - SignedDuration::from_hours(24);
        subscription.period.end = now + SignedDuration::from_hours(240);
        let mut tx = world.cx.store.begin().await.unwrap();
        tx.keep_method(&method, now).await.unwrap();
        tx.insert_subscription(&subscription).await.unwrap();
        tx.commit().await.unwrap();
        Self {
            subscription,
            method: method.id,
        }
    }

    pub(super) async fn told(&self, world: &World) -> Vec<String> {
        let mut tx = world.cx.store.read().await.unwrap();
        let id = self.subscription.id.as_str();
        let events = tx.events_of(&world.scope, id).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }
}

impl Api {
    /// A request of a customer's browser, without a key.
    async fn browse(&self, world: &World, method: Method, url: &str, fields: &str) -> Answer {
        let path = url.strip_prefix("http://127.0.0.1:8080").unwrap_or(url);
        let csrf = world.cx.keys.sign("csrf", BROWSER.as_bytes());
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8080")
            .header("cookie", format!("vestibule-browser-host={BROWSER}"))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        let body = format!("{fields}&csrf={}", URL_SAFE_NO_PAD.encode(csrf));
        self.send(request.body(Body::from(body)).unwrap()).await
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", text(answer));
    answer.headers["location"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_method_is_given_on_a_page_of_ours_and_a_repeat_answers_the_same_one() {
    for world in World::each().await {
        let (api, rows) = (Api::of(&world).await, Rows::active(&world).await);
        let body = json!({ "type": "new", "return_url": "https://shop.example/thanks" });
        let key = ("idempotency-key", "method-1");
        let made = api
            .post_as(&rows.path(), body.clone(), key.0, key.1)
            .await
            .ok();
        let link = made["payment_link"].as_str().unwrap();
        assert!(
            link.starts_with("http://127.0.0.1:8080/pay/bus_lumen.test.pag_"),
            "{link}"
        );
        assert!(made["expires_on"].is_string());
        assert_eq!(made["payment_id"], Value::Null);
        let again = api
            .post_as(&rows.path(), body.clone(), key.0, key.1)
            .await
            .ok();
        assert_eq!(again, made);
        // The process died before it could answer; an SDK asks another one, without a key.
        let blind = api.post(&rows.path(), body.clone()).await.ok();
        let process = world.process().await;
        let other = Api {
            key: api.key.clone(),
            ..Api::with(&process, &world.scope, true).await
        };
        let retry = ("x-stainless-retry-count", "1");
        let retried = other
            .post_as(&rows.path(), body, retry.0, retry.1)
            .await
            .ok();
        assert_eq!(retried, blind);
        assert_ne!(blind["payment_link"], made["payment_link"]);

        let page = api.browse(&world, Method::GET, link, "").await;
        assert!(
            text(&page).contains("Nothing is charged now."),
            "{}",
            text(&page)
        );
        let gateway = location(&api.browse(&world, Method::POST, link, "").await);
        assert!(gateway.starts_with(&world.sandbox.origin()), "{gateway}");
        let back = world
            .sandbox
            .pay_by_card(&gateway, "4242424242424242")
            .await;
        let result = location(&api.browse(&world, Method::GET, &back, "").await);
        let told = location(&api.browse(&world, Method::GET, &result, "").await);
        assert_eq!(told, link.strip_prefix("http://127.0.0.1:8080").unwrap());
        let told = api.browse(&world, Method::GET, &told, "").await;
        assert!(
            text(&told).contains("Your payment method is changed"),
            "{}",
            text(&told)
        );
        assert!(text(&told).contains("shop.example"));
        let mut tx = world.cx.store.read().await.unwrap();
        let now = tx
            .subscription(&world.scope, &rows.subscription.id)
            .await
            .unwrap()
            .unwrap();
        assert!(now.method.is_some());
        assert_eq!(
            rows.told(&world).await,
            ["subscription.update_payment_method"]
        );
        assert!(world.sandbox.ledger().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_page_what_is_due_is_paid_in_the_same_step() {
    for world in World::each().await {
        let (api, rows) = (Api::of(&world).await, Rows::on_hold(&world).await);
        let body = json!({ "type": "new", "return_url": "https://shop.example/thanks" });
        let made = api.post(&rows.path(), body).await.ok();
        let link = made["payment_link"].as_str().unwrap();
        let page = text(&api.browse(&world, Method::GET, link, "").await);
        let at = page.find("name=\"quote\" value=\"").expect("a quote") + 20;
        let quote = page[at..].split('"').next().unwrap();
        let stale = api
            .browse(&world, Method::POST, link, "quote=another")
            .await;
        assert!(text(&stale).contains("What is due has changed"));

        let press = format!("quote={quote}");
        let gateway = location(&api.browse(&world, Method::POST, link, &press).await);
        let back = world
            .sandbox
            .pay_by_card(&gateway, "4000000000000002")
            .await;
        let result = location(&api.browse(&world, Method::GET, &back, "").await);
        let told = location(&api.browse(&world, Method::GET, &result, "").await);
        let declined = text(&api.browse(&world, Method::GET, &told, "").await);
        assert!(declined.contains("Try again"), "{declined}");

        let gateway = location(&api.browse(&world, Method::POST, link, &press).await);
        let back = world
            .sandbox
            .pay_by_card(&gateway, "4242424242424242")
            .await;
        let result = location(&api.browse(&world, Method::GET, &back, "").await);
        let told = location(&api.browse(&world, Method::GET, &result, "").await);
        let paid = text(&api.browse(&world, Method::GET, &told, "").await);
        assert!(paid.contains("Payment received"), "{paid}");
        let id = &rows.subscription.id;
        let read = api.get(&format!("/subscriptions/{id}")).await.ok();
        assert_eq!(read["status"], "active");
        let mut tx = world.cx.store.read().await.unwrap();
        let filter = PaymentFilter {
            subscription: Some(id.clone()),
            ..PaymentFilter::default()
        };
        let tries = tx.payments(&world.scope, &filter, 9, 0).await.unwrap();
        assert_eq!(tries.len(), 2);
        for payment in tries {
            let back = payment.return_url.as_deref();
            assert_eq!(back, Some("https://shop.example/thanks"));
        }
        drop(tx);
        assert_eq!(world.sandbox.ledger().await.len(), 1);
        // Used up: another press charges nothing.
        location(&api.browse(&world, Method::POST, link, &press).await);
        assert_eq!(world.sandbox.ledger().await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_method_pays_and_a_repeat_starts_nothing_more() {
    for world in World::each().await {
        let (api, rows) = (Api::of(&world).await, Rows::active(&world).await);
        let body = json!({ "type": "existing", "payment_method_id": rows.method });
        let nulls = json!({
            "client_secret": null, "expires_on": null, "payment_id": null, "payment_link": null,
        });
        for retry in ["0", "1", "2"] {
            let retry = ("x-stainless-retry-count", retry);
            let answer = api
                .post_as(&rows.path(), body.clone(), retry.0, retry.1)
                .await;
            assert_eq!(answer.ok(), nulls);
        }
        assert_eq!(
            rows.told(&world).await,
            ["subscription.update_payment_method"]
        );

        let rows = Rows::on_hold(&world).await;
        let body = json!({ "type": "existing", "payment_method_id": rows.method });
        let key = ("idempotency-key", "saved-1");
        let first = api
            .post_as(&rows.path(), body.clone(), key.0, key.1)
            .await
            .ok();
        assert!(first["payment_id"].is_string(), "{first}");
        let again = api.post_as(&rows.path(), body, key.0, key.1).await.ok();
        assert_eq!(again, first);
        let path = format!("/payments?subscription_id={}", rows.subscription.id);
        assert_eq!(
            api.get(&path).await.ok()["items"].as_array().unwrap().len(),
            1
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_change_that_cannot_be_is_refused() {
    for world in World::each().await {
        let (api, rows) = (Api::of(&world).await, Rows::active(&world).await);
        let refused = api.post(
            "/subscriptions/sub_01k/update-payment-method",
            json!({ "type": "new" }),
        );
        refused.await.refuses(404, "NOT_FOUND", "");
        let unknown = json!({ "type": "existing", "payment_method_id": "pm_01k" });
        api.post(&rows.path(), unknown)
            .await
            .refuses(404, "NOT_FOUND", "");
        let other = json!({ "type": "other" });
        api.post(&rows.path(), other)
            .await
            .refuses(422, "INVALID_REQUEST_BODY", "other");
        let nameless = json!({ "type": "existing" });
        api.post(&rows.path(), nameless).await.refuses(
            422,
            "INVALID_REQUEST_BODY",
            "payment_method_id: ",
        );
        let klarna = json!({ "type": "new", "allowed_payment_method_types": ["klarna"] });
        api.post(&rows.path(), klarna).await.refuses(
            422,
            "INVALID_REQUEST_BODY",
            "allowed_payment_method_types: ",
        );
        let id = &rows.subscription.id;
        api.patch(
            &format!("/subscriptions/{id}"),
            json!({ "status": "cancelled" }),
        )
        .await
        .ok();
        let late = api.post(&rows.path(), json!({ "type": "new" })).await;
        late.refuses(409, "SUBSCRIPTION_INACTIVE", "");
        assert_eq!(late.headers["x-should-retry"], "false");
    }
}

#[tokio::test]
async fn a_method_is_removed_once_it_pays_for_nothing() {
    for world in World::each().await {
        let (api, rows) = (Api::of(&world).await, Rows::active(&world).await);
        let customer = &rows.subscription.customer;
        let list = format!("/customers/{customer}/payment-methods");
        let path = format!("{list}/{}", rows.method);
        let body = json!({ "type": "existing", "payment_method_id": rows.method });
        api.post(&rows.path(), body).await.ok();
        let delete = async |path: &str| {
            let request = api.request(Method::DELETE, path).body(Body::empty());
            api.send(request.unwrap()).await
        };
        let used = delete(&path).await;
        let by = format!("the payment method is in use by {}", rows.subscription.id);
        used.refuses(409, "CONFLICT", &by);
        assert_eq!(used.headers["x-should-retry"], "false");
        let stranger = api.customer().await;
        let foreign = format!("/customers/{stranger}/payment-methods/{}", rows.method);
        delete(&foreign).await.refuses(404, "NOT_FOUND", "");
        assert_eq!(
            api.get(&list).await.ok()["items"].as_array().unwrap().len(),
            1
        );

        let id = &rows.subscription.id;
        api.patch(
            &format!("/subscriptions/{id}"),
            json!({ "status": "cancelled" }),
        )
        .await
        .ok();
        for _ in 0..2 {
            let gone = delete(&path).await;
            assert_eq!((gone.status, gone.body.len()), (StatusCode::NO_CONTENT, 0));
        }
        assert_eq!(api.get(&list).await.ok(), json!({ "items": [] }));
        delete(&format!("{list}/pm_01k"))
            .await
            .refuses(404, "NOT_FOUND", "");
    }
}
