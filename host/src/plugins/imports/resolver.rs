//! From a host's name to addresses that may be connected to. What is checked is what is connected
//! to: nobody asks for the name a second time, and a name that answers otherwise when the next
//! connection is made is checked again then.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::plugins::addresses;

/// Asks for the addresses of a name.
pub(super) type Lookup = fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// Resolves names and keeps only addresses that may be reached.
pub(super) struct CheckedResolver {
    pub(super) private: bool,
    /// Whether what is sent there goes without TLS.
    pub(super) plain: bool,
    pub(super) lookup: Lookup,
}

/// As this machine resolves names.
pub(super) fn system(name: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    Box::pin(async move {
        let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
        Ok(found.collect())
    })
}

/// Every address of a name was refused.
#[derive(Debug)]
pub(super) struct Refused(&'static str);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Refused {}

/// The name has no address.
#[derive(Debug)]
pub(super) struct NoAddress;

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name has no address")
    }
}

impl std::error::Error for NoAddress {}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (private, plain, lookup) = (self.private, self.plain, self.lookup);
        Box::pin(async move {
            let found = lookup(name.as_str().to_owned())
                .await
                .map_err(|_| NoAddress)?;
            let mut refused = None;
            let mut allowed: Vec<SocketAddr> = Vec::new();
            for address in found {
                match addresses::refusal_of(address.ip(), private, plain) {
                    None => allowed.push(address),
                    Some(why) => refused = Some(why),
                }
            }
            match refused {
                Some(why) if allowed.is_empty() => Err(Refused(why).into()),
                None if allowed.is_empty() => Err(NoAddress.into()),
                Some(_) | None => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests;
