//! The outermost layer: gives a request its id, places it on a surface, and logs how it ended.
//!
//! What it finds out once is in [`Visit`], which handlers and error pages read.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, HOST, LOCATION, SET_COOKIE, USER_AGENT};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tracing::Instrument as _;

use super::cookies::{Cookies, Purpose};
use super::headers::{self, Sources};
use super::surface::{self, Surface};
use super::{Error, Web};
use crate::config;
use crate::cx;
use crate::domain::card_number;
use crate::domain::id::JobId;

/// A segment of a path that is longer may be a token, and is not logged.
const LONGEST_LOGGED: usize = 36;

/// What is known of a request before anything is looked up.
#[derive(Clone, Debug)]
pub struct Visit {
    /// To quote to support; also the `x-request-id` of the answer.
    pub request_id: String,
    /// Where it arrived.
    pub surface: Surface,
    /// Its path on that surface, starting with "/".
    pub path: String,
    /// The client's address, seen through trusted proxies.
    pub address: IpAddr,
    /// The browser, as it calls itself.
    pub agent: String,
    /// The cookies of this surface.
    pub cookies: Cookies,
    /// The languages the browser asks for.
    pub accept_language: String,
    /// The origin that the request was sent to, which is one of ours.
    pub origin: String,
    /// Allows the host's own script on this page.
    pub(super) nonce: String,
}

impl Visit {
    /// What stands before every path of the surface.
    pub fn base(&self) -> &str {
        match &self.surface {
            Surface::Portal(portal) => &portal.base,
            Surface::Console { base } => base,
            Surface::Api { .. } => "/api",
            Surface::Host => "",
        }
    }

    /// Whether a gateway sends it, or a browser that comes from a gateway's page.
    pub(super) fn is_of_gateway(&self) -> bool {
        let first = self.path.split('/').nth(1);
        self.surface == Surface::Host && matches!(first, Some("hooks" | "return"))
    }

    /// The host that the request was sent to, with its port.
    pub(super) fn host(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, host)| host)
    }

    /// The network that the client is in, as far as it is counted and recorded.
    pub fn network(&self, settings: &config::Login) -> String {
        let bits = match self.address {
            IpAddr::V4(_) => settings.network_v4_bits,
            IpAddr::V6(_) => settings.network_v6_bits,
        };
        ipnet::IpNet::new(self.address, bits).map_or_else(
            |_| self.address.to_string(),
            |network| network.trunc().to_string(),
        )
    }
}

/// The layer.
pub(super) async fn begin(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let started = std::time::Instant::now();
    let request_id = request_id(&web);
    let method = request.method().clone();
    let logged = redacted(request.uri().path());
    let span = tracing::info_span!("web", request.id = request_id, http.path = logged);
    let mut response = async {
        let (visit, known) = visit(&web, &request, request_id.clone());
        let visit = Arc::new(visit);
        if !known {
            return super::error::render(&web, &visit, &Error::misdirected());
        }
        if let Some(mut response) = change_language(&web, &visit, &request) {
            headers::apply(response.headers_mut(), &visit, &Sources::default());
            return response;
        }
        *request.uri_mut() = moved(request.uri(), &visit.path);
        request.extensions_mut().insert(visit);
        next.run(request).await
    }
    .instrument(span.clone())
    .await;
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("x-request-id", id);
    }
    let status = response.status().as_u16();
    let duration_ms = started.elapsed().as_millis();
    span.in_scope(
        || tracing::info!(http.method = %method, http.status = status, duration_ms, "answered"),
    );
    response
}

fn visit(web: &Web, request: &Request, request_id: String) -> (Visit, bool) {
    let settings = web.cx.settings.load();
    let headers = request.headers();
    // HTTP/2 has the authority in the address instead of a header.
    let host = text(headers, &HOST).or_else(|| request.uri().authority().map(Authority::as_str));
    let place = surface::place(&settings, host.unwrap_or_default(), request.uri().path());
    let known = place.is_some();
    let (surface, path) = place.map_or((Surface::Host, "/".to_owned()), |p| (p.surface, p.path));
    let scheme = settings.server.public_url.scheme();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
    let visit = Visit {
        request_id,
        cookies: Cookies::read(headers, &surface, scheme == "https"),
        origin: format!("{scheme}://{}", host.unwrap_or_default()),
        surface,
        path,
        address: client(&settings.server.trusted_proxies, peer, headers),
        agent: text(headers, &USER_AGENT)
            .filter(|agent| !card_number::is_in(agent))
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect(),
        accept_language: text(headers, &ACCEPT_LANGUAGE)
            .unwrap_or_default()
            .to_owned(),
        nonce: URL_SAFE_NO_PAD.encode(cx::random::<16>()),
    };
    (visit, known)
}

fn request_id(web: &Web) -> String {
    let id: JobId = web.cx.new_id();
    id.as_str().trim_start_matches("job_").to_owned()
}

fn text<'a>(headers: &'a HeaderMap, name: &axum::http::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The path with everything that may be a token or a card's number left out.
fn redacted(path: &str) -> String {
    let segment = |segment| {
        if str::len(segment) > LONGEST_LOGGED || card_number::is_in(segment) {
            "…"
        } else {
            segment
        }
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// The address of a request, moved to `path`; its query stays.
fn moved(uri: &Uri, path: &str) -> Uri {
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    // A part of an address that was parsed is one too.
    target.parse().unwrap_or_else(|_| Uri::from_static("/"))
}

/// The last address of `X-Forwarded-For` that no trusted proxy has.
fn client(trusted: &[ipnet::IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    // A socket for both families sees IPv4 as a part of IPv6.
    let peer = peer.to_canonical();
    if !is_trusted(&peer) {
        return peer;
    }
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut last = peer;
    for entry in forwarded.iter().rev() {
        let Some(address) = forwarded_address(entry) else {
            break;
        };
        last = address;
        if !is_trusted(&address) {
            break;
        }
    }
    last
}

/// An entry of `X-Forwarded-For`: an address, which some proxies write with a port.
fn forwarded_address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(entry).parse().ok();
    let with_port = || Some(entry.parse::<SocketAddr>().ok()?.ip());
    Some(address.or_else(with_port)?.to_canonical())
}

/// `?lang=es` on any page: the choice becomes a cookie, and the page is shown without it.
fn change_language(web: &Web, visit: &Visit, request: &Request) -> Option<Response> {
    if request.method() != Method::GET || matches!(visit.surface, Surface::Api { .. }) {
        return None;
    }
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(request.uri().query()?.as_bytes())
            .into_owned()
            .collect();
    let wish = &query.iter().find(|(name, _)| name == "lang")?.1;
    let languages = web.themes.theme(crate::themes::DEFAULT).languages();
    let language = languages.iter().find(|language| *language == wish)?;
    let rest: Vec<&(String, String)> = query.iter().filter(|(name, _)| name != "lang").collect();
    let mut target = request.uri().path().to_owned();
    // "//host" would lead away, and browsers read "/\\host" as that.
    if target.starts_with("//") || target.starts_with("/\\") {
        return None;
    }
    if !rest.is_empty() {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(rest.iter().map(|(n, v)| (n, v)))
            .finish();
        target = format!("{target}?{query}");
    }
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_str(&target).ok()?);
    let age = web.cx.settings.load().login.language_choice;
    let cookie = visit.cookies.keep(Purpose::Language, language, age);
    headers.insert(SET_COOKIE, cookie);
    Some(response)
}
