//! The console: what a merchant's staff see and do.

use axum::Router;

use super::Web;
use crate::themes::Registered;

pub(super) fn router() -> Router<Web> {
    Router::new()
}

/// The pages of the console, for checks of themes.
pub(super) fn registered() -> Vec<Registered> {
    Vec::new()
}
