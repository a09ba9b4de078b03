//! The world outside, for tests that move money: the sandbox processor on a port of its own,
//! what a customer does on its pages, and the built gateway component to it.

use axum::http::StatusCode;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use url::Url;
use vestibule_sandbox::{AccountOptions, Options, Running};

/// The secret key of the processor's account.
pub(crate) const API_KEY: &str = "sk_sandbox_tests";
/// The secret that signs the account's webhooks.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_dGhpcyBpcyBhIHNlY3JldCBvZiB0ZXN0cyBvbmx5";

/// A processor with its own database, ledger and faults.
pub(crate) struct Sandbox {
    running: Running,
    client: Client,
    _dir: tempfile::TempDir,
}

impl Sandbox {
    /// Starts one on a free port. Its webhooks go to `webhook_url`, if there is one.
    pub(crate) async fn start(webhook_url: Option<Url>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let account = AccountOptions {
            name: "Example Shop".to_owned(),
            api_key: API_KEY.into(),
            webhook_secret: webhook_url.is_some().then(|| WEBHOOK_SECRET.into()),
            webhook_url,
        };
        let options = Options::local(dir.path().join("processor.db"), account);
        let running = vestibule_sandbox::start(options).await.unwrap();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            running,
            client,
            _dir: dir,
        }
    }

    /// Its address without a path, as a gateway's `base_url` and grant name it.
    pub(crate) fn origin(&self) -> String {
        self.running.url().origin().ascii_serialization()
    }

    /// Answers what is under way and ends, so that nobody answers at its address any more.
    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }

    /// Asks its control API or its API.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = self.running.url().join(path).unwrap();
        let mut request = self.client.request(method, url).bearer_auth(API_KEY);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.status()
        );
        let bytes = response.bytes().await.unwrap();
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    }

    /// The same where a refusal is an answer like any other: none.
    pub(crate) async fn try_call(&self, path: &str, body: Option<Value>) -> Option<Value> {
        let url = self.running.url().join(path).unwrap();
        let request = self.client.post(url).bearer_auth(API_KEY);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.unwrap();
        if !response.status().is_success() {
            return None;
        }
        let bytes = response.bytes().await.unwrap();
        Some(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Orders something under a key, as a caller of the API does.
    pub(crate) async fn order(&self, path: &str, key: &str, body: Value) {
        let url = self.running.url().join(path).unwrap();
        let request = self.client.post(url).bearer_auth(API_KEY).json(&body);
        let response = request.header("idempotency-key", key).send().await.unwrap();
        assert!(response.status().is_success(), "{path}");
    }

    /// Sets a fault: see `host/sandbox/README.md`.
    pub(crate) async fn fault(&self, fault: Value) {
        self.call(Method::POST, "/control/faults", Some(fault))
            .await;
    }

    /// Every movement of money, oldest first.
    pub(crate) async fn ledger(&self) -> Vec<Value> {
        let ledger = self.call(Method::GET, "/control/ledger", None).await;
        ledger["data"].as_array().unwrap().clone()
    }

    /// Lets bank debits end only when they are told to.
    pub(crate) async fn hold_debits(&self) {
        let body = json!({ "delay_ms": null });
        self.call(Method::PUT, "/control/debits", Some(body)).await;
    }

    /// Types a card on the hosted page; answers where the browser is sent.
    pub(crate) async fn pay_by_card(&self, page: &str, number: &str) -> String {
        sent(self.try_card(page, number).await, page)
    }

    /// The same on a page that may be over: whatever it says is fine.
    pub(crate) async fn try_card(&self, page: &str, number: &str) -> Option<String> {
        let fields = [
            ("with", "card"),
            ("number", number),
            ("expiry", "12 / 34"),
            ("cvc", "123"),
            ("holder", "Alex Example"),
        ];
        self.submit(page, &fields).await
    }

    /// Types a bank account on the hosted page; answers where the browser is sent.
    pub(crate) async fn pay_by_debit(&self, page: &str, iban: &str) -> String {
        sent(self.try_debit(page, iban).await, page)
    }

    /// The same on a page that may be over.
    pub(crate) async fn try_debit(&self, page: &str, iban: &str) -> Option<String> {
        let fields = [
            ("with", "debit"),
            ("iban", iban),
            ("holder", "Alex Example"),
        ];
        self.submit(page, &fields).await
    }

    /// Presses a button of the bank's page; answers where the browser is sent.
    pub(crate) async fn confirm(&self, page: &str, approve: bool) -> String {
        sent(self.try_to_decide(page, approve).await, page)
    }

    /// The same on a page that may be over.
    pub(crate) async fn try_to_decide(&self, page: &str, approve: bool) -> Option<String> {
        let decision = if approve { "approve" } else { "refuse" };
        self.submit(page, &[("decision", decision)]).await
    }

    /// Sends a form; none when the page leads nowhere.
    async fn submit(&self, page: &str, fields: &[(&str, &str)]) -> Option<String> {
        let url = self.running.url().join(page).unwrap();
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let response: Response = self
            .client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        if response.status() != StatusCode::SEE_OTHER {
            return None;
        }
        let location = response.headers()["location"].to_str().unwrap();
        Some(location.to_owned())
    }
}

/// Where a page that must lead on leads.
fn sent(to: Option<String>, page: &str) -> String {
    to.unwrap_or_else(|| panic!("{page} leads nowhere"))
}

/// A folder that holds the built gateway component as `sandbox.wasm` and nothing else, for a
/// host's plugin folder.
pub(crate) async fn plugin_folder() -> tempfile::TempDir {
    super::plugin::folder(&["sandbox"]).await
}
