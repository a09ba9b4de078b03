//! The pages of merchants that customers are offered to go back to.

use url::Url;

use super::input::invalid;
use crate::config::Settings;
use crate::domain::Scope;
use crate::web::Error;

/// Checks a `return_url`: https, without user info, on one of the business's `return_hosts`
/// where it names some. On a host that itself is on loopback, plain http to loopback is fine.
pub(super) fn checked(
    settings: &Settings,
    scope: &Scope,
    text: Option<String>,
) -> Result<Option<Url>, Error> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let url = Url::parse(&text).map_err(|_| invalid("return_url", "is not an absolute address"))?;
    let local = settings.server.on_loopback()
        && url.scheme() == "http"
        && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !local {
        return Err(invalid("return_url", "must be https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("return_url", "must not name a user"));
    }
    let hosts = settings
        .businesses
        .get(&scope.business)
        .map_or(&[][..], |business| &business.return_hosts);
    let known = url
        .host_str()
        .is_some_and(|host| hosts.iter().any(|known| known == host));
    if !hosts.is_empty() && !known {
        return Err(invalid(
            "return_url",
            "names a host that is not in the business's return_hosts",
        ));
    }
    Ok(Some(url))
}
