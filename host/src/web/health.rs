//! Whether this process lives, and whether it can serve.

use axum::extract::State;
use axum::http::StatusCode;

use super::{Error, Web};

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers and its schema is up to date.
pub(super) async fn ready(State(web): State<Web>) -> Result<&'static str, Error> {
    let unready = |error| Error::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready").because(error);
    if web.cx.store.is_migrated().await.map_err(unready)? {
        Ok("ready\n")
    } else {
        Err(Error::new(StatusCode::SERVICE_UNAVAILABLE, "not_migrated"))
    }
}
