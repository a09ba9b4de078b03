//! A small payment processor to develop and test Vestibule against: the world outside.
//!
//! It has its own port, its own database and its own truth about what was charged. It shares
//! no code and no table with the portal engine, must never be part of `vestibule serve`, and
//! moves no real money. How to use it is in the crate's `README.md`.

mod account;
mod api;
mod chance;
mod clock;
mod decline;
mod error;
mod faults;
mod instrument;
mod line;
mod money;
mod options;
mod orders;
mod pages;
mod processor;
mod store;
mod webhooks;
mod wire;
mod work;

use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

pub use options::{AccountOptions, Options, OptionsError};

use account::Accounts;
use line::{CuttableListener, Line};
use processor::Processor;
use store::Store;

/// The greatest body of a request.
const LARGEST_BODY: usize = 64 * 1024;
/// How long requests may go on after the processor was told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Why the processor could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The options are no good.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The database cannot be opened.
    #[error("cannot open the database {path}")]
    Database {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: sqlx::Error,
    },
    /// The folder of the database cannot be made.
    #[error("cannot make the folder of {path}")]
    Folder {
        /// The file that should stand in it.
        path: std::path::PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A part of the program is broken.
    #[error("cannot prepare pages and webhooks")]
    Parts(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A processor that runs. Dropping it leaves it running until the runtime ends; use
/// [`Running::stop`].
pub struct Running {
    url: Url,
    stop: CancellationToken,
    done: JoinHandle<()>,
}

impl Running {
    /// Where callers and browsers reach it.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Answers what is under way, then ends.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.done.await {
            tracing::error!(%error, "the processor ended badly");
        }
    }
}

/// Runs the processor until `shutdown` ends. When it listens it says so in one line of JSON
/// on standard output, `{"listening":"http://127.0.0.1:8081/"}`, for programs that start it
/// on port 0.
pub async fn serve(
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), StartError> {
    let running = start(options).await?;
    let line = serde_json::json!({ "listening": running.url });
    // Whoever closed our standard output does not want the line.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
    shutdown.await;
    running.stop().await;
    Ok(())
}

/// Starts the processor and returns when it listens.
pub async fn start(options: Options) -> Result<Running, StartError> {
    let parts = |error: minijinja::Error| StartError::Parts(Box::new(error));
    let accounts = Accounts::new(&options.all_accounts()?, options.debit_delay())?;
    if let Some(folder) = options.database.parent() {
        std::fs::create_dir_all(folder).map_err(|source| StartError::Folder {
            path: options.database.clone(),
            source,
        })?;
    }
    let store = Store::open(&options.database)
        .await
        .map_err(|source| StartError::Database {
            path: options.database.clone(),
            source,
        })?;
    let refused = |source| StartError::Listen {
        address: options.listen,
        source,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let url = Url::parse(&format!("http://{address}/"))
        .map_err(|error| StartError::Parts(Box::new(error)))?;
    let processor = Arc::new(Processor {
        store: Arc::new(store),
        accounts,
        public_url: options.public_url.clone().unwrap_or_else(|| url.clone()),
        key_lifetime: options.key_lifetime(),
        lookup_lag: Duration::from_secs(options.lookup_lag_seconds),
        memory: tokio::sync::RwLock::default(),
        pages: pages::environment().map_err(parts)?,
        shows_front_page: address.ip().is_loopback(),
    });
    let client = webhook_client().map_err(|error| StartError::Parts(Box::new(error)))?;
    let stop = CancellationToken::new();
    let done = tokio::spawn(run(processor, listener, client, stop.clone()));
    Ok(Running { url, stop, done })
}

/// The client that webhooks are sent with. It follows no redirects and asks no proxy of the
/// environment.
fn webhook_client() -> Result<reqwest::Client, reqwest::Error> {
    // Another part of the program may have chosen the same provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent("vestibule-sandbox")
        .build()
}

async fn run(
    processor: Arc<Processor>,
    listener: TcpListener,
    client: reqwest::Client,
    stop: CancellationToken,
) {
    let tasks = TaskTracker::new();
    let clockwork = Arc::clone(&processor);
    let until = stop.clone();
    tasks.spawn(async move { clockwork.run_clockwork(until).await });
    for account in processor.accounts.iter() {
        tasks.spawn(webhooks::deliver(
            Arc::clone(&processor.store),
            Arc::clone(account),
            client.clone(),
            stop.clone(),
        ));
    }
    let router =
        router(Arc::clone(&processor), tasks.clone()).into_make_service_with_connect_info::<Line>();
    let serving = axum::serve(CuttableListener(listener), router)
        .with_graceful_shutdown(stop.clone().cancelled_owned());
    let ended = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        ended = serving => {
            if let Err(error) = ended {
                tracing::error!(%error, "the processor stopped listening");
            }
        }
        () = ended => {}
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    processor.store.close().await;
}

fn router(processor: Arc<Processor>, tasks: TaskTracker) -> Router {
    Router::new()
        .route("/healthz", get(StatusCode::NO_CONTENT))
        .merge(api::router())
        .merge(pages::router())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(processor)
        .layer(middleware::from_fn_with_state(tasks, finish))
}

/// Lets every request come to its end, also when its client has gone: what was begun is
/// booked. Cuts the connection where a fault asks for it.
async fn finish(
    State(tasks): State<TaskTracker>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let answer = tasks
        .spawn(next.run(request))
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "a request ended badly");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        });
    if answer.extensions().get::<api::CutTheLine>().is_some() {
        line.cut();
    }
    answer
}
