//! The merchant API through the whole router, on both databases.

mod demand;
mod extras;
mod license_keys;
mod licenses;
mod limits;
mod methods;
mod patches;
mod pauses;
mod plan_changes;
mod refunds;
mod refusals;
mod repeats;
mod resources;
mod spelling;
mod test_clock;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vestibule::cx::Cx;
use vestibule::domain::Scope;
use vestibule::flows::api_key;
use vestibule::invoices::Invoices;
use vestibule::themes::Themes;
use vestibule::web::{self, Web};

use crate::support::world::World;

/// A merchant's backend with a key of its own.
struct Api {
    router: Router,
    key: String,
}

/// What the host answered.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body of an answer that must be a success.
    fn ok(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        assert!(self.status.is_success(), "{}: {text}", self.status);
        self.json()
    }

    /// Status, code and whether the message holds `part`.
    fn refuses(&self, status: u16, code: &str, part: &str) {
        let error = self.json();
        assert_eq!(self.status.as_u16(), status, "{error}");
        assert_eq!(error["code"], code, "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(part), "{message}");
    }
}

impl Api {
    async fn of(world: &World) -> Self {
        Self::with(&world.cx, &world.scope, true).await
    }

    async fn with(cx: &Cx, scope: &Scope, write: bool) -> Self {
        let (_, key) = api_key::create(cx, scope, "tests", write).await.unwrap();
        let themes = concat!(env!("CARGO_MANIFEST_DIR"), "/../themes");
        let themes = Arc::new(Themes::load(themes.as_ref()).unwrap());
        let web = Web {
            cx: cx.clone(),
            invoices: Invoices::new(Arc::clone(&themes)),
            themes,
        };
        Self {
            router: web::router(web),
            key: key.expose_secret().to_owned(),
        }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("/api{path}"))
            .header("host", "127.0.0.1:8080")
            .header("authorization", format!("Bearer {}", self.key))
    }

    async fn get(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).body(Body::empty());
        self.send(request.unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_as(path, body, "x-stainless-retry-count", "0")
            .await
    }

    /// A POST with one more header.
    async fn post_as(&self, path: &str, body: Value, name: &str, value: &str) -> Answer {
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let request = self.request(Method::POST, path).header(name, value);
        self.send(request.body(body).unwrap()).await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        let request = self.request(Method::PATCH, path);
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    async fn customer(&self) -> String {
        let body = json!({ "email": "alex@customer.example", "name": "Alex" });
        let made = self.post("/customers", body).await.ok();
        made["customer_id"].as_str().unwrap().to_owned()
    }

    async fn product(&self) -> String {
        let made = self.post("/products", monthly()).await.ok();
        made["product_id"].as_str().unwrap().to_owned()
    }
}

/// 29.00 € a month with a license key for two devices.
fn monthly() -> Value {
    json!({
        "name": "Lumen Pro",
        "tax_category": "saas",
        "license_key_enabled": true,
        "license_key_activations_limit": 2,
        "price": {
            "type": "recurring_price", "currency": "EUR", "price": 2900, "discount": 0,
            "purchasing_power_parity": false, "tax_inclusive": true,
            "payment_frequency_count": 1, "payment_frequency_interval": "Month",
            "subscription_period_count": 10, "subscription_period_interval": "Year",
        },
    })
}

/// The body of a new subscription.
fn subscription(customer: &str, product: &str) -> Value {
    json!({
        "billing": { "country": "DE", "city": "Berlin" },
        "customer": { "customer_id": customer },
        "product_id": product,
        "quantity": 1,
        "payment_link": true,
        "metadata": { "plan": "pro", "10": 1 },
    })
}
