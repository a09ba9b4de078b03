//! A merchant's endpoint: notes every delivery, and answers as it is told and when it is told.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// One request that arrived.
#[derive(Clone)]
pub(super) struct Delivery {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Delivery {
    pub(super) fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().unwrap()
    }
}

/// Listens until the test ends.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) url: String,
    desk: Arc<Desk>,
}

struct Desk {
    deliveries: Mutex<Vec<Delivery>>,
    status: AtomicU16,
    gate: Semaphore,
}

impl Endpoint {
    /// Answers 200 at once.
    pub(super) async fn start() -> Self {
        Self::with_gate(Semaphore::MAX_PERMITS).await
    }

    /// Answers nothing until [`Endpoint::let_go`].
    pub(super) async fn holding() -> Self {
        Self::with_gate(0).await
    }

    async fn with_gate(permits: usize) -> Self {
        let desk = Arc::new(Desk {
            deliveries: Mutex::default(),
            status: AtomicU16::new(200),
            gate: Semaphore::new(permits),
        });
        let router = axum::Router::new()
            .route("/events", post(take))
            .with_state(Arc::clone(&desk));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, desk }
    }

    pub(super) fn answer(&self, status: u16) {
        self.desk.status.store(status, Ordering::SeqCst);
    }

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> &str {
        self.url.strip_suffix("/events").unwrap()
    }

    pub(super) fn let_go(&self) {
        self.desk.gate.add_permits(1_000);
    }

    pub(super) fn deliveries(&self) -> Vec<Delivery> {
        self.desk.deliveries.lock().unwrap().clone()
    }
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    desk.deliveries
        .lock()
        .unwrap()
        .push(Delivery { headers, body });
    let _pass = desk.gate.acquire().await.unwrap();
    let status = StatusCode::from_u16(desk.status.load(Ordering::SeqCst)).unwrap();
    (status, [("location", "/elsewhere")]).into_response()
}
