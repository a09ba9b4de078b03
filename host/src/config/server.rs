//! `[server]`: where the host listens and under which addresses the world knows it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use jiff::SignedDuration;
use serde::Deserialize;
use url::{Host, Url};

use super::duration;
use super::problem::Problem;
use super::source::Source;

/// Where the host listens and how it is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port of the one listener.
    pub listen: SocketAddr,
    /// The origin of the shared portal host, the API and gateway hooks, as customers see it. All
    /// links are built from it, never from a request's `Host`.
    pub public_url: Url,
    /// The console's origin. On loopback the console may share `public_url`; elsewhere it has a
    /// host of its own.
    pub console_url: Option<Url>,
    /// Networks of reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The host's keys, one a line; the first signs, all verify. Equal on all processes.
    pub key_file: PathBuf,
    /// Lets live mode use a gateway plugin that is marked `test_only`. Only on loopback.
    pub allow_test_gateway_in_live: bool,
    /// How long one request may take before it is answered with 503.
    #[serde(deserialize_with = "duration::one")]
    pub request_timeout: SignedDuration,
    /// The largest request body, in KiB.
    pub body_kib: usize,
    /// How long requests and jobs may finish after SIGTERM.
    #[serde(deserialize_with = "duration::one")]
    pub drain: SignedDuration,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            public_url: Url::parse("http://127.0.0.1:8080").expect("a URL"),
            console_url: None,
            trusted_proxies: Vec::new(),
            key_file: PathBuf::from("data/host.key"),
            allow_test_gateway_in_live: false,
            request_timeout: SignedDuration::from_secs(60),
            body_kib: 1024,
            drain: SignedDuration::from_secs(30),
        }
    }
}

impl Server {
    /// The origin of the console.
    pub fn console_url(&self) -> &Url {
        self.console_url.as_ref().unwrap_or(&self.public_url)
    }

    /// Whether `public_url` names this machine: a developer's portal, without TLS, where the
    /// surfaces share one host.
    pub fn on_loopback(&self) -> bool {
        is_loopback(&self.public_url)
    }

    pub(super) fn settle(&mut self, root: &Path) {
        self.key_file = root.join(&self.key_file);
    }

    pub(super) fn check(&self, source: &Source, problems: &mut Vec<Problem>) {
        check_origin("server.public_url", &self.public_url, source, problems);
        if let Some(console) = &self.console_url {
            check_origin("server.console_url", console, source, problems);
        }
        if !self.on_loopback() && self.console_url().host() == self.public_url.host() {
            problems.push(source.problem(
                "server.console_url",
                "must have a host of its own when the portal is not on loopback",
                "Give the console another host name, such as https://console.example.com, so that \
                 no page of the portal shares an origin with it.",
            ));
        }
        if self.allow_test_gateway_in_live && !self.listen.ip().is_loopback() {
            problems.push(source.problem(
                "server.allow_test_gateway_in_live",
                "is only allowed while server.listen is a loopback address",
                "Remove the key; a test gateway would give live customers goods for nothing.",
            ));
        }
        if self.body_kib == 0 {
            problems.push(source.problem("server.body_kib", "is 0", "Write at least 1."));
        }
    }
}

/// An origin is a scheme, a host and a port, and plain http is for loopback only.
pub(super) fn check_origin(key: &str, url: &Url, source: &Source, problems: &mut Vec<Problem>) {
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() || !url.has_host() {
        problems.push(source.problem(
            key,
            "is more than an origin",
            "Write scheme, host and port only, such as https://billing.example.com.",
        ));
    }
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(url)) {
        problems.push(source.problem(
            key,
            "is not https",
            "Plain http is accepted for localhost, 127.0.0.1 and [::1] only.",
        ));
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
