//! The customer portal. Paths here have no business and no mode in front: the surface has taken
//! them off.

use axum::Router;

use super::Web;
use crate::themes::Registered;

pub(super) fn router() -> Router<Web> {
    Router::new()
}

/// The pages of the portal, for checks of themes.
pub(super) fn registered() -> Vec<Registered> {
    Vec::new()
}
