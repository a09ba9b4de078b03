//! The same page without the engine: an axum handler, two queries, one template in one language.
//! What somebody would write who needed this page and no other.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Html;
use axum::routing::get;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::{Environment, context};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::net::TcpListener;
use vestibule::cx::Clock;
use vestibule::store::Store;

use crate::host::Host;

/// The variable that says where to listen.
pub(crate) const ADDRESS: &str = "FIGURES_ADDRESS";

const HOUR_US: i64 = 60 * 60 * 1_000_000;
const DAY_US: i64 = 24 * HOUR_US;

const SESSION: &str = "SELECT sessions.business_id, sessions.mode, sessions.customer_id, \
    sessions.last_used_at, sessions.ends_at, customers.name FROM sessions \
    JOIN customers ON customers.id = sessions.customer_id \
    WHERE sessions.token_hash = $1 AND sessions.ended_at IS NULL";
const SUBSCRIPTIONS: &str = "SELECT subscriptions.id, subscriptions.quantity, \
    subscriptions.unit_minor, subscriptions.interval_unit, subscriptions.state, \
    subscriptions.period_end, products.name AS product, payment_methods.last4 \
    FROM subscriptions JOIN products ON products.id = subscriptions.product_id \
    LEFT JOIN payment_methods ON payment_methods.id = subscriptions.method_id \
    WHERE subscriptions.business_id = $1 AND subscriptions.mode = $2 \
    AND subscriptions.customer_id = $3 \
    ORDER BY subscriptions.created_at DESC, subscriptions.id DESC LIMIT 21";

#[derive(sqlx::FromRow)]
struct Session {
    business_id: String,
    mode: String,
    customer_id: String,
    last_used_at: i64,
    ends_at: i64,
    name: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    quantity: i64,
    unit_minor: i64,
    interval_unit: String,
    state: String,
    period_end: i64,
    product: String,
    last4: Option<String>,
}

#[derive(Serialize)]
struct Card {
    id: String,
    product: String,
    price: String,
    unit: String,
    state: String,
    at: String,
    date: String,
    days: i64,
    last4: Option<String>,
}

struct App {
    pool: SqlitePool,
    templates: Environment<'static>,
    filler: String,
    clock: Clock,
}

/// Serves the page of `database`, made as large as `size`, until killed.
pub(crate) fn serve(database: &Path, size: usize) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // As the host opens it.
        let options = SqliteConnectOptions::new()
            .filename(database)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new()
            .max_connections(Store::useful_readers())
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        let mut templates = Environment::new();
        templates.add_template("bare.html", include_str!("bare_page.html"))?;
        let mut app = App {
            pool,
            templates,
            filler: String::new(),
            clock: Clock::default(),
        };
        let (token, _): (String, i64) =
            sqlx::query_as("SELECT token_hash, ends_at FROM sessions ORDER BY id LIMIT 1")
                .fetch_one(&app.pool)
                .await?;
        let page = page(&app, &token)
            .await
            .map_err(|status| anyhow::anyhow!("the bare page answers {status}"))?;
        app.filler = " ".repeat(size.saturating_sub(page.len()));
        let address = std::env::var(ADDRESS).context("no address to listen on")?;
        let listener = TcpListener::bind(address).await?;
        let router = Router::new()
            .route("/", get(|| async { "ready" }))
            .route(&Host::subscriptions(), get(subscriptions))
            .with_state(Arc::new(app));
        axum::serve(listener, router).await?;
        Ok(())
    })
}

async fn subscriptions(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Html<String>, StatusCode> {
    let cookies = headers.get(COOKIE).and_then(|value| value.to_str().ok());
    let token = cookies
        .and_then(|cookies| cookies.split("; ").find_map(|pair| pair.split_once('=')))
        .map(|(_, token)| token)
        .ok_or(StatusCode::UNAUTHORIZED)?;
    let hash = HEXLOWER.encode(&Sha256::digest(token.as_bytes()));
    page(&app, &hash).await.map(Html)
}

async fn page(app: &App, hash: &str) -> Result<String, StatusCode> {
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    let session: Option<Session> = sqlx::query_as(SESSION)
        .bind(hash)
        .fetch_optional(&app.pool)
        .await
        .map_err(failed)?;
    let now = app.clock.now().as_microsecond();
    let session = session
        .filter(|session| session.ends_at > now && now - session.last_used_at < HOUR_US)
        .ok_or(StatusCode::UNAUTHORIZED)?;
    let rows: Vec<Row> = sqlx::query_as(SUBSCRIPTIONS)
        .bind(&session.business_id)
        .bind(&session.mode)
        .bind(&session.customer_id)
        .fetch_all(&app.pool)
        .await
        .map_err(failed)?;
    let cards = rows.into_iter().map(|row| card(row, now));
    let cards: Option<Vec<Card>> = cards.collect();
    let cards = cards.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    let template = app
        .templates
        .get_template("bare.html")
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let base = format!("/{}/{}", session.mode, session.business_id);
    template
        .render(context! {
            base => base,
            name => session.name,
            cards => minijinja::value::Serde(&cards),
            filler => app.filler.as_str(),
        })
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

fn card(row: Row, now: i64) -> Option<Card> {
    let at = Timestamp::from_microsecond(row.period_end).ok()?;
    let minor = row.unit_minor * row.quantity;
    Some(Card {
        id: row.id,
        product: row.product,
        price: format!("€{}.{:02}", minor / 100, minor % 100),
        unit: row.interval_unit,
        state: row.state,
        at: at.to_string(),
        date: at.to_zoned(TimeZone::UTC).strftime("%-d %B %Y").to_string(),
        days: (row.period_end - now) / DAY_US,
        last4: row.last4,
    })
}
