//! What an endpoint may be.

use std::net::IpAddr;

use url::{Host, Url};

use super::super::Error;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::event_type::EVENT_TYPES;
use crate::plugins::addresses::refusal;

/// The longest address, in bytes.
const MAX_URL: usize = 2048;
/// The longest remark, in characters.
const MAX_DESCRIPTION: usize = 1000;
/// The longest idempotency key, in bytes.
const MAX_KEY: usize = 255;
/// The most deliveries in a second that a limit may allow.
const MAX_RATE: u32 = 10_000;

fn invalid<T>(field: &'static str, problem: impl Into<String>) -> Result<T, Error> {
    Err(Error::Invalid {
        field,
        problem: problem.into(),
    })
}

/// An address that events may be sent to as far as it can be told without asking anybody. Where
/// its name leads is looked at whenever something is sent.
pub(super) fn url(cx: &Cx, scope: &Scope, text: &str) -> Result<Url, Error> {
    if text.len() > MAX_URL {
        return invalid("url", format!("is longer than {MAX_URL} bytes"));
    }
    let Ok(url) = Url::parse(text) else {
        return invalid("url", "is not an address such as https://example.com/hooks");
    };
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return invalid("url", "is not an https address");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return invalid("url", "holds a name or password; send a header instead");
    }
    let listed = is_listed(cx, scope, &url);
    if url.scheme() != "https" && !listed {
        return invalid("url", "is not https");
    }
    let literal: Option<IpAddr> = match url.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        Some(Host::Domain(_)) | None => None,
    };
    if literal.is_some_and(|address| refusal(address, listed).is_some()) {
        return invalid(
            "url",
            "is an address that is not public; the operator may list its origin in \
             private_endpoints",
        );
    }
    Ok(url)
}

/// Whether the business's file lets this origin be one that is not public.
pub(super) fn is_listed(cx: &Cx, scope: &Scope, url: &Url) -> bool {
    let settings = cx.settings.load();
    let listed = settings.scope(scope).map(|mode| &mode.private_endpoints);
    listed.is_some_and(|listed| listed.iter().any(|known| known.origin() == url.origin()))
}

pub(super) fn description(text: &str) -> Result<(), Error> {
    if text.chars().count() > MAX_DESCRIPTION {
        let problem = format!("is longer than {MAX_DESCRIPTION} characters");
        return invalid("description", problem);
    }
    Ok(())
}

pub(super) fn filter(types: Option<&[String]>) -> Result<(), Error> {
    let unknown = types
        .into_iter()
        .flatten()
        .find(|name| !EVENT_TYPES.contains(&name.as_str()));
    match unknown {
        Some(name) => invalid("filter_types", format!("{name:?} is not a type of event")),
        None => Ok(()),
    }
}

pub(super) fn rate(limit: Option<u32>) -> Result<(), Error> {
    match limit {
        Some(limit) if !(1..=MAX_RATE).contains(&limit) => invalid(
            "rate_limit",
            format!("is a number of deliveries in a second, 1 to {MAX_RATE}"),
        ),
        _ => Ok(()),
    }
}

pub(super) fn key(key: Option<&str>) -> Result<(), Error> {
    match key {
        Some(key) if key.is_empty() || key.len() > MAX_KEY => {
            invalid("idempotency_key", format!("has 1 to {MAX_KEY} bytes"))
        }
        _ => Ok(()),
    }
}
