//! The addresses of our own pages, built from the configuration and never from a request.

use url::Url;

use crate::config::Settings;
use crate::cx::Cx;
use crate::domain::{Mode, Scope};

/// Where the portal of a business and mode stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalPlace {
    /// Scheme, host and port.
    pub origin: Url,
    /// What stands before every path: empty on a host of its own.
    pub base: String,
    /// The path of the static link.
    pub login: String,
}

/// Where the portal of `scope` stands: on a host of its own, or on the shared one below the
/// business's id.
pub fn portal_place(settings: &Settings, scope: &Scope) -> PortalPlace {
    let own = settings.scope(scope).and_then(|mode| mode.host.as_ref());
    let test = match scope.mode {
        Mode::Live => "",
        Mode::Test => "/test",
    };
    let (base, login) = match own {
        Some(_) => (String::new(), "/login".to_owned()),
        None => (
            format!("{test}/{}", scope.business),
            format!("{test}/login/{}", scope.business),
        ),
    };
    PortalPlace {
        origin: own.unwrap_or(&settings.server.public_url).clone(),
        base,
        login,
    }
}

/// The address of a page of a portal; `path` starts with a slash.
pub fn portal(cx: &Cx, scope: &Scope, path: &str) -> String {
    let place = portal_place(&cx.settings.load(), scope);
    at(place.origin, &format!("{}{path}", place.base))
}

/// The static link: the sign-in page, which never expires.
pub fn static_link(cx: &Cx, scope: &Scope) -> String {
    let place = portal_place(&cx.settings.load(), scope);
    at(place.origin, &place.login)
}

/// The address of a page of the console; `path` starts with a slash.
pub fn console(cx: &Cx, path: &str) -> String {
    let origin = cx.settings.load().server.console_url().clone();
    at(origin, &format!("/console{path}"))
}

/// The page at `path` of `origin`.
pub fn at(mut origin: Url, path: &str) -> String {
    origin.set_path(path);
    origin.into()
}
