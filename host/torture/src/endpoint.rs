//! The merchant's endpoint: takes every delivery whose signature is right, and counts by id. As
//! endpoints do, it is out of order at times: it hangs up, answers 500 with or without having
//! taken what came, or answers too late.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::serve::Listener;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::net::{TcpListener, TcpStream};

use crate::place::ENDPOINT_SECRET;

/// Longer than the hosts wait for an answer.
const TOO_LATE: Duration = Duration::from_secs(2);

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

/// What the endpoint does with a connection or a delivery.
enum Mood {
    Fine,
    /// Cuts the line before anything was read.
    HangUp,
    /// 500, and nothing was taken.
    Broken,
    /// 500 although it was taken.
    BrokenAfter,
    /// Taken, and answered when nobody waits any more.
    Slow,
}

/// The endpoint, listening.
pub(crate) struct Endpoint {
    url: String,
    desk: Arc<Desk>,
}

struct Desk {
    received: Mutex<Received>,
    chance: Mutex<StdRng>,
    calm: AtomicBool,
    failed: AtomicU64,
}

impl Endpoint {
    pub(crate) async fn start(seed: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/events", listener.local_addr()?);
        let desk = Arc::new(Desk {
            received: Mutex::default(),
            chance: Mutex::new(StdRng::seed_from_u64(seed ^ 0x6_0000)),
            calm: AtomicBool::new(false),
            failed: AtomicU64::new(0),
        });
        let router = Router::new()
            .route("/events", post(take))
            .with_state(Arc::clone(&desk));
        let line = Line {
            listener,
            desk: Arc::clone(&desk),
        };
        tokio::spawn(async move { axum::serve(line, router).await });
        Ok(Self { url, desk })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Out of order no more.
    pub(crate) fn calm_down(&self) {
        self.desk.calm.store(true, Ordering::Relaxed);
    }

    /// Everything that came, once for each id.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        let received = lock(&self.desk.received);
        received.by_id.values().cloned().collect()
    }

    /// How many came that were not signed as they should be.
    pub(crate) fn forged(&self) -> u64 {
        lock(&self.desk.received).forged
    }

    /// How often it was out of order when something came.
    pub(crate) fn failed(&self) -> u64 {
        self.desk.failed.load(Ordering::Relaxed)
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// How it is at this moment: hanging up is for connections, the rest for deliveries.
    fn mood(&self, of_line: bool) -> Mood {
        if self.calm.load(Ordering::Relaxed) {
            return Mood::Fine;
        }
        let drawn = lock(&self.chance).random_range(0..100);
        let mood = match (of_line, drawn) {
            (true, 0..4) => Mood::HangUp,
            (false, 0..5) => Mood::Broken,
            (false, 5..9) => Mood::BrokenAfter,
            (false, 9..11) => Mood::Slow,
            _ => return Mood::Fine,
        };
        self.failed.fetch_add(1, Ordering::Relaxed);
        mood
    }
}

/// Takes connections, and cuts some of them at once.
struct Line {
    listener: TcpListener,
    desk: Arc<Desk>,
}

impl Listener for Line {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            let taken = Listener::accept(&mut self.listener).await;
            if !matches!(self.desk.mood(true), Mood::HangUp) {
                return taken;
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(delivery) = read(&headers, &body) else {
        lock(&desk.received).forged += 1;
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mood = desk.mood(false);
    if !matches!(mood, Mood::Broken) {
        let mut received = lock(&desk.received);
        let known = received
            .by_id
            .entry(delivery.id.clone())
            .or_insert(delivery);
        known.times += 1;
    }
    let status = match mood {
        Mood::Broken | Mood::BrokenAfter => StatusCode::INTERNAL_SERVER_ERROR,
        Mood::Slow => {
            tokio::time::sleep(TOO_LATE).await;
            StatusCode::OK
        }
        Mood::Fine | Mood::HangUp => StatusCode::OK,
    };
    // A line for each delivery, so that many are there to be cut.
    (status, [(header::CONNECTION, "close")]).into_response()
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
    // A payment names its subscription, too, a refund its payment, and a key both.
    let object = named
        .iter()
        .filter(|name| match kind.split('.').next() {
            Some("payment") => **name != "subscription_id",
            Some("refund") => **name == "refund_id",
            Some("dispute") => **name == "dispute_id",
            Some("license_key") => **name == "id",
            _ => true,
        })
        .find_map(|name| data[*name].as_str())?;
    Some(Delivery {
        id: headers.get("webhook-id")?.to_str().ok()?.to_owned(),
        object: object.to_owned(),
        kind,
        times: 0,
    })
}
