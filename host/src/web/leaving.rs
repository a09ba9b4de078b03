//! The way to a gateway's own page. Browsers apply `form-action` to redirects after a form, so
//! the pages with such a form name the origins that the gateway declares and the operator granted,
//! and any other address that may be shown is reached by a link.

use axum::response::Response;
use url::Url;

use super::{Sources, Web};
use crate::domain::Scope;

/// The origins of pages that the gateways of `scope` declare and may send customers to.
fn origins(web: &Web, scope: &Scope) -> Vec<String> {
    let settings = web.cx.settings.load();
    let gateways = settings.scope(scope).map(|mode| mode.gateways.keys());
    gateways
        .into_iter()
        .flatten()
        .filter_map(|name| web.cx.plugins.gateway(scope, name).ok())
        .flat_map(|gateway| gateway.description().browser_origins)
        .collect()
}

/// Lets the forms of a page end at the gateways of `scope`.
pub(super) fn allow(web: &Web, scope: &Scope, mut response: Response) -> Response {
    response.extensions_mut().insert(Sources {
        forms: origins(web, scope),
        ..Sources::default()
    });
    response
}

/// Whether a form may be answered with a redirect to `url`.
pub(super) fn is_allowed(web: &Web, scope: &Scope, url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let origin = url.origin().ascii_serialization();
    origins(web, scope).contains(&origin)
}
