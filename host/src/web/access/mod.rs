//! Getting into a portal and out of it: the static link, mailed links and codes, choosing an
//! account, signing out, changing the address.

mod account;
mod asked;
mod link;
mod sign_in;

use axum::Router;

use super::Web;
use crate::themes::Registered;

/// The paths stand beside those of the portal.
pub(super) fn router() -> Router<Web> {
    sign_in::router()
        .merge(link::router())
        .merge(account::router())
}

pub(super) fn registered() -> Vec<Registered> {
    [
        sign_in::registered(),
        link::registered(),
        account::registered(),
    ]
    .concat()
}
