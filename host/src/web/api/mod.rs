//! The merchant API, under `/api`: Dodo's paths and shapes. Paths here have no `/api` in front.

use axum::Router;

use super::Web;

pub(super) fn router() -> Router<Web> {
    Router::new()
}
