//! The pages of merchants that customers are offered to go back to.

use url::Url;

use crate::config::Settings;
use crate::domain::Scope;

/// Checks a `return_url`: https, without user info, on one of the business's `return_hosts`
/// where it names some. On a host that itself is on loopback, plain http to loopback is fine.
/// The error is what follows the field's name.
pub fn check(settings: &Settings, scope: &Scope, url: &Url) -> Result<(), &'static str> {
    let local = settings.server.on_loopback()
        && url.scheme() == "http"
        && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !local {
        return Err("must be https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not name a user");
    }
    let hosts = settings
        .businesses
        .get(&scope.business)
        .map_or(&[][..], |business| &business.return_hosts);
    let known = url
        .host_str()
        .is_some_and(|host| hosts.iter().any(|known| known == host));
    if !hosts.is_empty() && !known {
        return Err("names a host that is not in the business's return_hosts");
    }
    Ok(())
}
