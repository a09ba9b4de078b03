//! Posting to a merchant's endpoint: no redirect, no proxy, one deadline, and no address of a
//! private network unless the business's file allows it.

use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::plugins::addresses::refusal;

/// The clients that events are delivered with.
pub(super) struct Endpoints {
    public: reqwest::Client,
    private: reqwest::Client,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            public: client(false),
            private: client(true),
        }
    }
}

impl Endpoints {
    /// Posts `body`; answers the status, or in words why there is none. The words never hold
    /// the address or the body.
    pub(super) async fn post(
        &self,
        url: &Url,
        private: bool,
        headers: HeaderMap,
        body: Vec<u8>,
        deadline: Duration,
    ) -> Result<StatusCode, String> {
        if let Some(why) = literal(url).and_then(|address| refusal(address, private)) {
            return Err(why.to_owned());
        }
        let client = if private { &self.private } else { &self.public };
        let request = client
            .post(url.clone())
            .headers(headers)
            .body(body)
            .timeout(deadline);
        match request.send().await {
            Ok(answer) => Ok(answer.status()),
            Err(error) => Err(in_words(&error)),
        }
    }
}

fn client(private: bool) -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(CheckedNames { private })
        .user_agent(concat!("Vestibule/", env!("CARGO_PKG_VERSION")))
        .pool_max_idle_per_host(4)
        .build()
        .expect("a TLS provider is installed before the first client is built")
}

/// Answers only addresses that may be connected to, so that the check and the connection see
/// the same ones.
struct CheckedNames {
    private: bool,
}

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| refusal(address.ip(), private).is_none())
                .collect();
            if allowed.is_empty() {
                return Err("the name leads to no address that may be reached".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The address that a URL names without asking anybody.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

fn in_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    if error.is_connect() {
        let mut source = error.source();
        while let Some(inner) = source {
            if let Some(error) = inner.downcast_ref::<std::io::Error>() {
                return format!("no connection: {}", error.kind());
            }
            source = inner.source();
        }
        return "no connection".to_owned();
    }
    "the connection broke".to_owned()
}
