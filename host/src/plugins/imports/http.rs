//! `http.fetch`: whole bodies to granted origins, and to addresses that were checked when
//! they were connected to. A client per plugin, business and mode: connections and TLS
//! sessions are never shared. Says of every failure whether the request may have been sent.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method as HttpMethod, Request as HttpRequest, redirect};
use tokio::time::{Instant, timeout_at};
use url::{Host as UrlHost, Url};

use super::CallState;
use super::resolver::{self, CheckedResolver, Lookup, NoAddress, Refused};
use crate::plugins::addresses;
use crate::plugins::bindings::vestibule::host::http::{
    FetchError, Host, Kv, MaybeSent, Method, NotSent, Request, Response,
};
use crate::plugins::grants::{Origin, Permissions};
use crate::plugins::limits::Limits;
use crate::plugins::line;

/// How long a connection may take; what is not connected by then was not sent.
const CONNECT: Duration = Duration::from_secs(4);

/// Left of a call's time after the last request, so that the guest can still answer.
const RESERVE: Duration = Duration::from_millis(250);

const MOST_HEADERS: usize = 64;

/// Headers that belong to the connection, not to the guest.
const RESERVED: [&str; 10] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "accept-encoding",
];

/// Clients for the classes of origins; each is there when an origin of its class is.
#[derive(Default)]
pub(in crate::plugins) struct HttpClients(BTreeMap<Class, Client>);

/// What may be connected to for an origin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class {
    /// Whether addresses of private networks are granted.
    pub(super) private: bool,
    /// Whether it goes without TLS.
    pub(super) plain: bool,
}

impl HttpClients {
    /// Clients for the permitted origins. The error is a sentence for the operator.
    pub(in crate::plugins) fn new(
        permissions: &Permissions,
        limits: &Limits,
    ) -> Result<Self, String> {
        let mut clients = BTreeMap::new();
        for (origin, private) in &permissions.origins {
            let class = Class::of(origin, *private);
            if let Entry::Vacant(place) = clients.entry(class) {
                place.insert(client(class, limits, resolver::system)?);
            }
        }
        Ok(Self(clients))
    }

    fn of_class(&self, class: Class) -> Option<&Client> {
        self.0.get(&class)
    }
}

impl Class {
    fn of(origin: &Origin, private: bool) -> Self {
        let plain = origin.is_plain();
        Self { private, plain }
    }
}

/// A client for origins of a class, which looks names up by `lookup`.
pub(super) fn client(class: Class, limits: &Limits, lookup: Lookup) -> Result<Client, String> {
    let Class { private, plain } = class;
    let mut builder = Client::builder()
        .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT.min(limits.fetch_deadline))
        .dns_resolver(CheckedResolver {
            private,
            plain,
            lookup,
        });
    if plain {
        // Nothing to verify: a machine without root certificates can still do this.
        builder = builder.tls_certs_only([]);
    }
    builder
        .build()
        .map_err(|error| format!("no HTTPS client: {}", chain(&error)))
}

impl Host for CallState {
    async fn fetch(&mut self, request: Request) -> wasmtime::Result<Result<Response, FetchError>> {
        let prepared = match self.prepare(request)? {
            Ok(prepared) => prepared,
            Err(error) => return Ok(Err(FetchError::NotSent(error))),
        };
        let (origin, begun) = (prepared.origin.clone(), Instant::now());
        let (binding, most) = (Arc::clone(&self.binding), self.limits.fetch_bytes);
        let until = prepared.until;
        let seen = binding.line.as_ref();
        let seen = seen.and_then(|_| prepared.request.try_clone());
        let exchange = async {
            let answer = timeout_at(until, exchange(prepared, most)).await;
            answer.unwrap_or(Err(FetchError::MaybeSent(MaybeSent::Timeout)))
        };
        let line = binding.line.as_deref().zip(seen.as_ref());
        let answer = line::carried(line, exchange).await;
        tracing::debug!(
            plugin = &*self.plugin,
            at = %self.binding.label,
            %origin,
            status = answer.as_ref().ok().map(|response| response.status),
            error = answer.as_ref().err().map(tracing::field::debug),
            duration_ms = begun.elapsed().as_millis(),
            "a plugin's request ended"
        );
        Ok(answer)
    }
}

/// A request that may be sent.
struct Prepared {
    client: Client,
    request: HttpRequest,
    origin: Origin,
    until: Instant,
}

impl CallState {
    /// Checks everything that can be checked before a connection. The outer error traps.
    fn prepare(&mut self, request: Request) -> wasmtime::Result<Result<Prepared, NotSent>> {
        if !self.entered {
            let why = "nothing can be sent before the call has begun";
            return Ok(Err(NotSent::Denied(why.to_owned())));
        }
        let Some(left) = self.fetches_left.checked_sub(1) else {
            let most = self.limits.fetches;
            return Ok(Err(NotSent::Limit(format!("{most} requests per call"))));
        };
        self.fetches_left = left;
        if request.body.as_ref().map_or(0, Vec::len) > self.limits.fetch_bytes {
            let most = self.limits.fetch_bytes;
            return Ok(Err(NotSent::Limit(format!("a body of {most} bytes"))));
        }
        let (url, origin, client) = match self.permitted(&request.url) {
            Ok(permitted) => permitted,
            Err(error) => return Ok(Err(error)),
        };
        let mut outgoing = HttpRequest::new(method(request.method), url);
        if request.headers.len() > MOST_HEADERS {
            return Ok(Err(NotSent::Limit(format!("{MOST_HEADERS} headers"))));
        }
        for header in request.headers {
            let name = match header.name.parse::<HeaderName>() {
                Ok(name) if !is_reserved(&name) => name,
                _ => {
                    let shown: String = header.name.escape_debug().take(64).collect();
                    let why = format!("`{shown}` is not a header that a plugin may send");
                    return Ok(Err(NotSent::Invalid(why)));
                }
            };
            let value = match self.header_value(header.value, &origin)? {
                Ok(Some(value)) => value,
                Ok(None) => {
                    return Ok(Err(NotSent::Invalid(format!(
                        "the value of the header `{name}` is not valid"
                    ))));
                }
                Err(error) => return Ok(Err(error)),
            };
            outgoing.headers_mut().append(name, value);
        }
        *outgoing.body_mut() = request.body.map(Into::into);

        let wished = request.timeout_ms.map(u64::from).map(Duration::from_millis);
        let own = wished.map_or(self.limits.fetch_deadline, |wished| {
            wished.min(self.limits.fetch_deadline)
        });
        let until = (Instant::now() + own).min(self.deadline - RESERVE.min(own));
        if until <= Instant::now() {
            return Ok(Err(NotSent::Limit("no time is left".to_owned())));
        }
        Ok(Ok(Prepared {
            client,
            request: outgoing,
            origin,
            until,
        }))
    }

    /// The parsed URL with its origin and client, if the plugin may go there. An address that
    /// stands in the URL is checked here; one that a name leads to, by the resolver.
    fn permitted(&self, url: &str) -> Result<(Url, Origin, Client), NotSent> {
        let invalid = |why: &str| NotSent::Invalid(why.to_owned());
        let url = Url::parse(url).map_err(|error| NotSent::Invalid(error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(invalid("a URL with user info or a fragment"));
        }
        let origin = Origin::of(&url).ok_or_else(|| invalid("not an http or https URL"))?;
        let Some(&private) = self.binding.permissions.origins.get(&origin) else {
            return Err(NotSent::Denied(format!(
                "{origin} is not permitted to this plugin"
            )));
        };
        let literal = match url.host() {
            Some(UrlHost::Ipv4(ip)) => Some(ip.into()),
            Some(UrlHost::Ipv6(ip)) => Some(ip.into()),
            Some(UrlHost::Domain(_)) | None => None,
        };
        let class = Class::of(&origin, private);
        let refusal = literal.and_then(|ip| addresses::refusal_of(ip, private, class.plain));
        if let Some(why) = refusal {
            return Err(NotSent::Denied(format!("{origin}: {why}")));
        }
        let client = self.binding.http.of_class(class);
        let client = client.expect("there is a client for every class of permitted origins");
        Ok((url, origin, client.clone()))
    }
}

fn is_reserved(name: &HeaderName) -> bool {
    RESERVED.contains(&name.as_str()) || name.as_str().starts_with("proxy-")
}

fn method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::GET,
        Method::Head => HttpMethod::HEAD,
        Method::Post => HttpMethod::POST,
        Method::Put => HttpMethod::PUT,
        Method::Patch => HttpMethod::PATCH,
        Method::Delete => HttpMethod::DELETE,
    }
}

async fn exchange(prepared: Prepared, most: usize) -> Result<Response, FetchError> {
    let answer = prepared.client.execute(prepared.request).await;
    let mut answer = answer.map_err(|error| failure(&error))?;
    let headers = readable(answer.headers());
    let too_large = FetchError::MaybeSent(MaybeSent::ResponseTooLarge);
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > most {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response {
        status: answer.status().as_u16(),
        headers,
        body,
    })
}

/// The headers that are UTF-8.
fn readable(headers: &HeaderMap) -> Vec<Kv> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = std::str::from_utf8(value.as_bytes()).ok()?.to_owned();
        let name = name.as_str().to_owned();
        Some(Kv { name, value })
    };
    headers.iter().filter_map(text).collect()
}

/// What a failure of the client means. Only what failed before or while connecting was
/// certainly not sent.
fn failure(error: &reqwest::Error) -> FetchError {
    if let Some(refused) = cause::<Refused>(error) {
        return FetchError::NotSent(NotSent::Denied(refused.to_string()));
    }
    if cause::<NoAddress>(error).is_some() {
        return FetchError::NotSent(NotSent::Dns);
    }
    if error.is_connect() {
        return FetchError::NotSent(NotSent::Connect(innermost(error)));
    }
    if error.is_builder() {
        return FetchError::NotSent(NotSent::Invalid(innermost(error)));
    }
    FetchError::MaybeSent(if error.is_timeout() {
        MaybeSent::Timeout
    } else if cause::<std::io::Error>(error).is_some() || error.is_request() {
        MaybeSent::ConnectionLost
    } else {
        MaybeSent::Other(innermost(error))
    })
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

fn cause<E: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// The last cause: the first ones name the URL, which may hold what is not for logs.
fn innermost(error: &reqwest::Error) -> String {
    causes(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn chain(error: &reqwest::Error) -> String {
    let causes: Vec<_> = causes(error).map(ToString::to_string).collect();
    causes.join(": ")
}

#[cfg(test)]
mod tests;
