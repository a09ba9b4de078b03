//! The merchant's endpoint: takes every delivery whose signature is right, and counts by id.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

use crate::place::ENDPOINT_SECRET;

/// One id, and what came under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) object: String,
    /// How often it came.
    pub(crate) times: u64,
}

#[derive(Default)]
struct Received {
    by_id: BTreeMap<String, Delivery>,
    forged: u64,
}

/// The endpoint, listening.
pub(crate) struct Endpoint {
    url: String,
    received: Arc<Mutex<Received>>,
}

impl Endpoint {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/events", listener.local_addr()?);
        let received = Arc::new(Mutex::new(Received::default()));
        let router = Router::new()
            .route("/events", post(take))
            .with_state(Arc::clone(&received));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, received })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Everything that came, once for each id.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.received).by_id.values().cloned().collect()
    }

    /// How many came that were not signed as they should be.
    pub(crate) fn forged(&self) -> u64 {
        lock(&self.received).forged
    }
}

fn lock(received: &Mutex<Received>) -> std::sync::MutexGuard<'_, Received> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn take(
    State(received): State<Arc<Mutex<Received>>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Some(delivery) = read(&headers, &body) else {
        lock(&received).forged += 1;
        return StatusCode::BAD_REQUEST;
    };
    let mut received = lock(&received);
    let known = received
        .by_id
        .entry(delivery.id.clone())
        .or_insert(delivery);
    known.times += 1;
    StatusCode::OK
}

/// A delivery that is signed as it should be and makes sense.
fn read(headers: &HeaderMap, body: &[u8]) -> Option<Delivery> {
    Webhook::new(ENDPOINT_SECRET)
        .ok()?
        .verify(body, headers)
        .ok()?;
    let event: Value = serde_json::from_slice(body).ok()?;
    let data = &event["data"];
    let named = [
        "payment_id",
        "subscription_id",
        "refund_id",
        "dispute_id",
        "id",
    ];
    let kind = event["type"].as_str()?.to_owned();
    // A payment names its subscription, too.
    let object = named
        .iter()
        .filter(|name| **name != "subscription_id" || !kind.starts_with("payment."))
        .find_map(|name| data[*name].as_str())?;
    Some(Delivery {
        id: headers.get("webhook-id")?.to_str().ok()?.to_owned(),
        object: object.to_owned(),
        kind,
        times: 0,
    })
}
