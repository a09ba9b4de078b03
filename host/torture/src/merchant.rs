//! The merchant's backend: calls the API as Dodo's SDKs do, which send a request again after a
//! broken line, 408, 409, 429 and 5xx, and say that they do.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

/// How often the SDK sends a request again, and how long it waits first.
const REPEATS: u32 = 4;
const WAIT: Duration = Duration::from_millis(150);
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// A client of programs on this machine.
pub(crate) fn client() -> anyhow::Result<Client> {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .context("no client")
}

/// The API with a key.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    base: String,
    key: String,
}

impl Api {
    pub(crate) fn new(door: &str, key: &str) -> anyhow::Result<Self> {
        Ok(Self {
            client: client()?,
            base: format!("{door}/api"),
            key: key.to_owned(),
        })
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.call(Method::PATCH, path, Some(&body)).await
    }

    /// For what answers with nothing but a status.
    pub(crate) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.call(Method::DELETE, path, None).await.map(drop)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let mut repeat = 0;
        loop {
            let mut request = self
                .client
                .request(method.clone(), format!("{}{path}", self.base))
                .bearer_auth(&self.key)
                .header("x-stainless-retry-count", repeat);
            if let Some(body) = body {
                request = request.json(body);
            }
            let why = match request.send().await {
                Ok(answer) => {
                    let status = answer.status();
                    let header = answer.headers().get("x-should-retry");
                    let again = match header.and_then(|value| value.to_str().ok()) {
                        Some(told) => told == "true",
                        None => is_passing(status),
                    };
                    match body_of(answer).await {
                        Ok(body) if status.is_success() => return Ok(body),
                        Ok(body) if !again => bail!("{method} {path}: {status} {body}"),
                        Ok(_) => status.to_string(),
                        Err(error) => error.to_string(),
                    }
                }
                Err(error) => error.to_string(),
            };
            if repeat == REPEATS {
                bail!("{method} {path}: {why}");
            }
            repeat += 1;
            tokio::time::sleep(WAIT * repeat).await;
        }
    }
}

/// The JSON of an answer; null when it is empty.
async fn body_of(answer: reqwest::Response) -> anyhow::Result<Value> {
    let bytes = answer.bytes().await?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_slice(&bytes)?)
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 409 | 429) || status.is_server_error()
}
