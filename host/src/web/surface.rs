//! Which surface a request is for: decided by its host and the start of its path, and by nothing
//! else. Reads the configuration only.

use url::{Host, Position, Url};

use crate::config::Settings;
use crate::domain::id::BusinessId;
use crate::domain::{Mode, Scope};
use crate::flows::address::portal_place;

/// Where a request has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Surface {
    /// The portal of one business in one mode.
    Portal(Portal),
    /// The console.
    Console {
        /// What stands before every path of it.
        base: &'static str,
    },
    /// The merchant API.
    Api {
        /// Whether the address asks for test mode (`/test/api`); a key says it for itself.
        test: bool,
    },
    /// What belongs to no portal: files of themes, health, hosted pages, hooks.
    Host,
}

/// The portal of one business in one mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portal {
    /// Whose.
    pub scope: Scope,
    /// What stands before every path: empty on a host of its own.
    pub base: String,
    /// The path of the static link.
    pub login: String,
}

/// A surface and the rest of the path, starting with "/".
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) surface: Surface,
    pub(super) path: String,
}

/// The paths of the host itself; any other first segment may be a business.
const HOST_PATHS: [&str; 7] = [
    "assets", "healthz", "readyz", "hooks", "pay", "return", "mailbox",
];

/// Where a request with this `Host` and path belongs; none for a host that is not ours.
pub(super) fn place(settings: &Settings, host: &str, path: &str) -> Option<Place> {
    let mut segments = path.splitn(3, '/').skip(1);
    let first = segments.next().unwrap_or_default();
    if matches!(first, "healthz" | "readyz") {
        return Some(on(Surface::Host, path));
    }
    if let Some(scope) = own_host(settings, host) {
        if HOST_PATHS.contains(&first) && first != "mailbox" {
            return Some(on(Surface::Host, path));
        }
        // Programs on customers' machines know the address that the merchant shows them.
        if let Some(rest) = below(path, "/api").filter(|rest| rest.starts_with("/licenses/")) {
            let test = scope.mode == Mode::Test;
            return Some(on(Surface::Api { test }, rest));
        }
        return Some(on(Surface::Portal(portal_at(settings, &scope)), path));
    }
    let server = &settings.server;
    let shared = is_at(&server.public_url, host);
    let console = is_at(server.console_url(), host);
    if !shared && !console {
        return None;
    }
    if console {
        if let Some(rest) = below(path, "/console") {
            return Some(on(Surface::Console { base: "/console" }, rest));
        }
        if !shared {
            // No page of the portal shares an origin with the console.
            return (first == "assets").then(|| on(Surface::Host, path));
        }
    }
    if let Some(rest) = below(path, "/api") {
        return Some(on(Surface::Api { test: false }, rest));
    }
    if let Some(rest) = below(path, "/test/api") {
        return Some(on(Surface::Api { test: true }, rest));
    }
    Some(shared_portal(settings, path).unwrap_or_else(|| on(Surface::Host, path)))
}

/// The portal of `scope`.
pub(super) fn portal_at(settings: &Settings, scope: &Scope) -> Portal {
    let place = portal_place(settings, scope);
    Portal {
        scope: scope.clone(),
        base: place.base,
        login: place.login,
    }
}

/// The host of its own that the portal of `scope` has, if a request for `host` is elsewhere.
pub(super) fn own_host_elsewhere(settings: &Settings, scope: &Scope, host: &str) -> Option<Url> {
    let own = settings.scope(scope)?.host.as_ref()?;
    (!is_at(own, host)).then(|| own.clone())
}

/// Whether `host` is another business's or mode's own, where pages of `scope` have no place.
pub(super) fn is_foreign(settings: &Settings, scope: &Scope, host: &str) -> bool {
    own_host(settings, host).is_some_and(|own| own != *scope)
}

fn on(surface: Surface, path: &str) -> Place {
    let path = if path.is_empty() { "/" } else { path };
    Place {
        surface,
        path: path.to_owned(),
    }
}

/// What follows `prefix`, if the path is it or goes on with a slash.
fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// `[/test]/{business}/…`, and the static link `[/test]/login/{business}`.
fn shared_portal(settings: &Settings, path: &str) -> Option<Place> {
    let (mode, rest) = match below(path, "/test") {
        Some(rest) => (Mode::Test, rest),
        None => (Mode::Live, path),
    };
    let (is_login, rest) = match below(rest, "/login") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.strip_prefix('/')?;
    let (business, inner) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let business: BusinessId = business.parse().ok()?;
    let scope = Scope::new(business, mode);
    // A business without a file may have had one: its pages say what is the matter.
    let own = settings
        .scope(&scope)
        .is_some_and(|mode| mode.host.is_some());
    if own || (is_login && !inner.is_empty()) {
        return None;
    }
    let inner = if is_login { "/login" } else { inner };
    Some(on(Surface::Portal(portal_at(settings, &scope)), inner))
}

/// Whose portal has the host of its own that a request for `host` is at.
pub(super) fn own_host(settings: &Settings, host: &str) -> Option<Scope> {
    let own = settings.businesses.values().find_map(|business| {
        [Mode::Live, Mode::Test].into_iter().find_map(|mode| {
            let url = business.mode(mode).host.as_ref()?;
            is_at(url, host).then(|| Scope::new(business.id.clone(), mode))
        })
    });
    // Customers of a business whose file went away learn that it is unavailable, unless its host
    // is the shared one by now.
    own.or_else(|| {
        let server = &settings.server;
        if is_at(&server.public_url, host) || is_at(server.console_url(), host) {
            return None;
        }
        let mut gone = settings.gone.iter();
        let (_, scope) = gone.find(|(url, _)| is_at(url, host))?;
        Some(scope.clone())
    })
}

/// Whether the `Host` header `host` names the origin `url`. On loopback the names of this
/// machine are one.
fn is_at(url: &Url, host: &str) -> bool {
    if host == &url[Position::BeforeHost..Position::AfterPort] {
        return true;
    }
    let Ok(asked) = Url::parse(&format!("{}://{host}/", url.scheme())) else {
        return false;
    };
    let bare = asked.path() == "/" && asked.username().is_empty() && asked.password().is_none();
    let port = asked.port_or_known_default() == url.port_or_known_default();
    bare && port
        && (asked.host() == url.host() || (is_this_machine(&asked) && is_this_machine(url)))
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        None => false,
    }
}
