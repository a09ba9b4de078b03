//! A processor on a free port with a fresh database, and those who talk to it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;
use vestibule_sandbox::{AccountOptions, Options, Running};

/// The secret key of the account that tests use.
pub(crate) const KEY: &str = "sk_sandbox_tests";
/// The secret that signs its webhooks.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_dGhpcyBpcyBhIHNlY3JldCBvZiB0ZXN0cyBvbmx5";

/// A processor and a client of it.
pub(crate) struct World {
    pub(crate) processor: Running,
    pub(crate) client: Client,
    /// Holds the database until the test ends.
    folder: TempDir,
}

/// What is answered: status and JSON, or null where the answer is no JSON.
pub(crate) type Answer = (StatusCode, Value);

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let account = AccountOptions {
            name: "Example Shop".to_owned(),
            api_key: KEY.into(),
            webhook_url: None,
            webhook_secret: None,
        };
        let mut options = Options::local(folder.path().join("processor.db"), account);
        change(&mut options);
        let processor = vestibule_sandbox::start(options)
            .await
            .expect("a processor");
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            processor,
            client,
            folder,
        }
    }

    pub(crate) fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("processor.db")
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        self.processor.url().join(path).expect("a path")
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.client.request(method, self.url(path)).bearer_auth(KEY);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let bytes = response.bytes().await?;
        Ok((
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        ))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self
            .send(Method::GET, path, None, None)
            .await
            .expect("an answer");
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, None, Some(&body))
            .await
            .expect("an answer")
    }

    pub(crate) async fn order(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(key), Some(body))
            .await
            .expect("an answer")
    }

    /// Sets something to go wrong.
    pub(crate) async fn fault(&self, fault: Value) {
        let (status, body) = self.post("/control/faults", fault).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }

    pub(crate) async fn control(&self, path: &str, body: Value) {
        let answer = self
            .send(Method::PUT, path, None, Some(&body))
            .await
            .expect("an answer");
        assert_eq!(answer.0, StatusCode::NO_CONTENT, "{}", answer.1);
    }

    /// How many charges and refunds moved money.
    pub(crate) async fn ledger_count(&self) -> usize {
        self.get("/control/ledger").await["data"]
            .as_array()
            .expect("a list")
            .len()
    }

    /// Makes a charge whose method is collected on the hosted page.
    pub(crate) async fn collect(&self, key: &str) -> Value {
        let (status, charge) = self.order("/v1/charges", key, &collecting("cus_1")).await;
        assert_eq!(status, StatusCode::CREATED, "{charge}");
        assert_eq!(charge["status"], "requires_action");
        charge
    }

    /// Fills in the hosted page of a charge or a set-up.
    pub(crate) async fn pay(&self, intent: &Value, number: &str) -> Response {
        self.fill(
            intent,
            &[
                ("with", "card"),
                ("number", number),
                ("expiry", "12 / 34"),
                ("cvc", "123"),
            ],
        )
        .await
    }

    pub(crate) async fn fill(&self, intent: &Value, fields: &[(&str, &str)]) -> Response {
        let url = intent["action"]["url"].as_str().expect("a page");
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .append_pair("holder", "Alex Example")
            .finish();
        self.submit(url, body).await
    }

    pub(crate) async fn submit(&self, url: &str, body: String) -> Response {
        self.client
            .post(self.url(url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .expect("a page")
    }

    pub(crate) async fn charge(&self, intent: &Value) -> Value {
        self.get(&format!(
            "/v1/charges/{}",
            intent["id"].as_str().expect("an id")
        ))
        .await
    }

    /// Saves a method on the hosted page by a charge, and says its id.
    pub(crate) async fn saved_method(&self, number: &str) -> String {
        let charge = self.collect(&format!("saving-{number}")).await;
        assert_eq!(
            self.pay(&charge, number).await.status(),
            StatusCode::SEE_OTHER
        );
        let mut charge = self.charge(&charge).await;
        if charge["status"] == "requires_action" {
            let url = charge["action"]["url"].as_str().expect("a page").to_owned();
            self.submit(&url, "decision=approve".to_owned()).await;
            charge = self.charge(&charge).await;
        }
        assert_eq!(charge["status"], "succeeded", "{charge}");
        assert_eq!(charge["method"]["saved"], true);
        charge["method"]["id"].as_str().expect("an id").to_owned()
    }
}

/// An order for 29.00 EUR from a card that the customer enters and that is saved.
pub(crate) fn collecting(customer: &str) -> Value {
    json!({
        "customer": { "reference": customer, "name": "Alex Example" },
        "amount": { "minor": 2900, "currency": "EUR" },
        "source": "collect",
        "initiator": "customer_present",
        "save_method": true,
        "return_url": "https://portal.example.com/return/abc?x=1",
        "description": "Pro plan",
        "metadata": { "payment": "pay_1" },
    })
}

/// An order for 29.00 EUR from a saved method.
pub(crate) fn charging(method: &str, initiator: &str) -> Value {
    json!({
        "customer": { "reference": "cus_1" },
        "amount": { "minor": 2900, "currency": "EUR" },
        "source": { "method": method },
        "initiator": initiator,
        "return_url": "https://portal.example.com/return/abc",
    })
}

/// Asks again and again until something is so.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A receiver of webhooks.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: Url,
    received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    /// How many deliveries are still refused.
    refusals: Arc<Mutex<usize>>,
}

impl Receiver {
    pub(crate) async fn start(refusals: usize) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let receiver = Self {
            url: Url::parse(&format!("http://{address}/hooks")).expect("an address"),
            received: Arc::default(),
            refusals: Arc::new(Mutex::new(refusals)),
        };
        let router = Router::new()
            .route("/hooks", post(receive))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn received(&self) -> Vec<(HeaderMap, Bytes)> {
        self.received.lock().expect("no panic").clone()
    }

    /// The types of the events that came, in the order in which they came.
    pub(crate) fn kinds(&self) -> Vec<String> {
        self.received()
            .iter()
            .map(|(_, body)| {
                let event: Value = serde_json::from_slice(body).expect("JSON");
                event["type"].as_str().expect("a type").to_owned()
            })
            .collect()
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut refusals = receiver.refusals.lock().expect("no panic");
    if *refusals > 0 {
        *refusals -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    receiver
        .received
        .lock()
        .expect("no panic")
        .push((headers, body));
    StatusCode::NO_CONTENT
}
