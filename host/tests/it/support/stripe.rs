//! A processor that speaks Stripe: localstripe in a process of its own, with the line in front
//! of it (`host/tests/stripe`) that has what localstripe lacks.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The secret key of the account.
pub(crate) const API_KEY: &str = "sk_test_tests";
/// The secret that signs the account's webhooks.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_tests_only";

/// A running processor. It ends with the test.
pub(crate) struct Stripe {
    url: String,
    client: Client,
    child: Child,
}

impl Stripe {
    /// Starts one on a free port, and waits until it answers.
    pub(crate) async fn start() -> Self {
        // main does this for the binary.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stripe/processor.py");
        let mut child = Command::new(python())
            .args([program, "--api-key", API_KEY])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("`cargo xtask test` makes the Python that this needs");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap();
        let line = line.expect("the Python of `cargo xtask test` has localstripe");
        let told: Value = serde_json::from_str(&line).unwrap();
        Self {
            url: told["listening"].as_str().unwrap().to_owned(),
            client: Client::builder().no_proxy().build().unwrap(),
            child,
        }
    }

    /// Its address without a path, as a gateway's `base_url` and grant name it.
    pub(crate) fn origin(&self) -> String {
        self.url.clone()
    }

    /// Ends it, so that nobody answers at its address any more.
    pub(crate) async fn stop(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks something of it; what it answers, of any status.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.url);
        let mut request = self.client.request(method, url).bearer_auth(API_KEY);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let bytes = request.send().await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    }

    /// Decides how it behaves: `faults`, `decline_code`, `remembers`, `search_knows`.
    pub(crate) async fn control(&self, told: Value) {
        self.call(Method::POST, "/line/control", Some(told)).await;
    }

    /// Lets the next request of this method and path fail in a chosen way.
    pub(crate) async fn fault(&self, at: &str, answer: &str) {
        let fault = json!({ "at": at, "answer": answer, "times": 1 });
        self.control(json!({ "faults": [fault] })).await;
    }

    /// Gives a card on the page; answers where the browser is sent, or the error shown.
    pub(crate) async fn give_card(&self, page: &str, number: &str) -> Result<String, String> {
        self.give(page, json!({ "number": number })).await
    }

    /// Gives a bank account on the page.
    pub(crate) async fn give_account(&self, page: &str, iban: &str) -> Result<String, String> {
        self.give(page, json!({ "iban": iban })).await
    }

    async fn give(&self, page: &str, given: Value) -> Result<String, String> {
        let path = page.strip_prefix(&self.url).unwrap();
        let mut step = self
            .call(Method::POST, &format!("{path}/give"), Some(given))
            .await;
        if let Some(intent) = step["intent"].as_str() {
            self.confirm(&format!("{}/confirm/{intent}", self.url), true)
                .await;
            let finish = format!("{path}/finish");
            step = self.call(Method::POST, &finish, None).await;
        }
        match step["to"].as_str() {
            Some(to) => Ok(to.to_owned()),
            None => Err(step["error"].as_str().unwrap().to_owned()),
        }
    }

    /// Presses a button of the bank's page.
    pub(crate) async fn confirm(&self, page: &str, success: bool) {
        let path = page.strip_prefix(&self.url).unwrap();
        let body = json!({ "success": success });
        self.call(Method::POST, path, Some(body)).await;
    }

    /// Sends its webhooks there.
    pub(crate) async fn notify(&self, url: &str) {
        let body = json!({ "url": url, "secret": WEBHOOK_SECRET });
        self.call(Method::POST, "/_config/webhooks/tests", Some(body))
            .await;
    }

    /// Every movement of money, newest first.
    pub(crate) async fn movements(&self) -> Vec<Value> {
        let path = "/v1/balance_transactions?limit=1000";
        let listed = self.call(Method::GET, path, None).await;
        listed["data"].as_array().unwrap().clone()
    }
}

/// The Python of `cargo xtask test`: it says where, and keeps it where it always does.
fn python() -> PathBuf {
    if let Some(said) = std::env::var_os("VESTIBULE_PYTHON") {
        return said.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache =
        cache.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"));
    cache.join("vestibule/python/bin/python")
}
