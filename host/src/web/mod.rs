//! The entries over HTTP: portal, console, merchant API, hosted pages, hooks.
//!
//! A handler takes what it needs as extractors, calls one flow or reads, and answers with a page
//! struct. It begins no write and calls no gateway: flows do, through [`Web::perform`].

mod access;
pub mod api;
mod assets;
mod card_numbers;
pub mod console;
mod cookies;
mod csrf;
mod document;
mod error;
mod fields;
mod gallery;
mod headers;
mod health;
mod hooks;
mod leaving;
mod mailbox;
mod null_bytes;
pub mod paging;
pub mod pay;
pub mod portal;
mod signed_in;
mod surface;
mod visit;
mod visitor;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, Request, State};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use tower::{ServiceBuilder, ServiceExt as _};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;
use tracing::Instrument as _;

use crate::cx::Cx;
use crate::invoices::Invoices;
use crate::themes::{Registered, Themes};

pub use cookies::Cookies;
pub use csrf::Posted;
pub use error::Error;
pub use gallery::router as gallery;
pub use headers::Sources;
pub use signed_in::{Owned, SignedIn};
pub use surface::{Portal, Surface};
pub use visit::Visit;
pub use visitor::Visitor;

/// What every handler can reach.
#[derive(Clone)]
pub struct Web {
    /// The context of flows, acting for nobody yet.
    pub cx: Cx,
    /// The themes.
    pub themes: Arc<Themes>,
    /// The renderer of documents.
    pub invoices: Arc<Invoices>,
}

impl Web {
    /// Runs a flow to its end, whatever becomes of the client: axum drops the handler of a client
    /// that left, and a flow is never cancelled.
    pub async fn perform<T, E>(
        &self,
        flow: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        E: Into<Error> + Send + 'static,
    {
        let running = self.cx.flows.spawn(flow.in_current_span());
        running.await.map_err(Error::internal)?.map_err(Into::into)
    }
}

/// The whole router. A request is first placed on a surface by its host and the start of its
/// path ([`visit::begin`]); each surface then routes the rest of the path.
pub fn router(web: Web) -> Router {
    let settings = web.cx.settings.load();
    let patience = Duration::try_from(settings.server.request_timeout).unwrap_or(Duration::MAX);
    let largest = settings.server.body_kib * 1024;
    drop(settings);

    let surfaces = Surfaces {
        portal: portal::router()
            .merge(access::router())
            .with_state(web.clone()),
        console: console::router().with_state(web.clone()),
        api: api::router().with_state(web.clone()),
        host: host().with_state(web.clone()),
    };
    // The first layer is the outermost.
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(web.clone(), visit::begin))
        .layer(from_fn(headers::secure))
        .layer(from_fn_with_state(web, error::show))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            patience,
        ))
        .layer(DefaultBodyLimit::max(largest))
        .layer(from_fn(card_numbers::refuse))
        .layer(from_fn(null_bytes::refuse));
    Router::new()
        .fallback(dispatch)
        .with_state(surfaces)
        .layer(layers)
}

/// What belongs to no portal: files of themes, health, hosted pages, hooks of gateways.
fn host() -> Router<Web> {
    Router::new()
        .route(
            "/assets/{theme}/{*file}",
            get(assets::show).layer(CompressionLayer::new()),
        )
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .merge(mailbox::router())
        .merge(pay::router())
        .merge(hooks::router())
}

#[derive(Clone)]
struct Surfaces {
    portal: Router,
    console: Router,
    api: Router,
    host: Router,
}

async fn dispatch(
    State(surfaces): State<Surfaces>,
    Extension(visit): Extension<Arc<Visit>>,
    request: Request,
) -> Response {
    let router = match &visit.surface {
        Surface::Portal(_) => surfaces.portal,
        Surface::Console { .. } => surfaces.console,
        Surface::Api { .. } => surfaces.api,
        Surface::Host => surfaces.host,
    };
    router
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {})
}

/// Every page of the host, for checks of themes.
pub fn registered() -> Vec<Registered> {
    [
        access::registered(),
        portal::registered(),
        pay::registered(),
        console::registered(),
        mailbox::registered(),
    ]
    .concat()
}
