//! What signs an endpoint's deliveries, and its headers: sealed with the host's key while they
//! stand in the database.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::Error;
use crate::config::NONCE;
use crate::cx::{Cx, random};
use crate::domain::endpoint::Endpoint;

/// Old secrets that sign at the same time; one more ends the oldest before its time.
const MOST_OLD: usize = 3;

/// The secrets of an endpoint.
#[derive(Serialize, Deserialize)]
pub(super) struct Signing {
    current: String,
    #[serde(default)]
    old: Vec<Old>,
}

/// A secret that was replaced and signs beside the new one for a while.
#[derive(Serialize, Deserialize)]
struct Old {
    secret: String,
    until: Timestamp,
}

impl Signing {
    pub(super) fn new() -> Self {
        Self {
            current: fresh(),
            old: Vec::new(),
        }
    }

    pub(super) fn of(cx: &Cx, endpoint: &Endpoint) -> Result<Self, Error> {
        unseal(cx, endpoint, "secrets", &endpoint.secrets)
    }

    pub(super) fn seal(&self, cx: &Cx, endpoint: &mut Endpoint) {
        endpoint.secrets = seal(cx, endpoint, "secrets", self);
    }

    pub(super) fn current(&self) -> SecretString {
        SecretString::from(self.current.as_str())
    }

    /// All that sign at `now`, the newest first.
    pub(super) fn at(&self, now: Timestamp) -> Vec<SecretString> {
        let old = self.old.iter().filter(|old| now < old.until);
        std::iter::once(self.current.as_str())
            .chain(old.map(|old| old.secret.as_str()))
            .map(SecretString::from)
            .collect()
    }

    /// With a new secret; the one before signs for `overlap` from `now` on.
    pub(super) fn rotated(self, now: Timestamp, overlap: SignedDuration) -> Self {
        let until = now.saturating_add(overlap).unwrap_or(Timestamp::MAX);
        let replaced = Old {
            secret: self.current,
            until,
        };
        let mut old = vec![replaced];
        // Whoever ends the newest at once means the older ones too.
        let kept = self.old.into_iter().map(|old| Old {
            until: old.until.min(until),
            ..old
        });
        old.extend(kept);
        old.retain(|old| now < old.until);
        old.truncate(MOST_OLD);
        Self {
            current: fresh(),
            old,
        }
    }
}

/// A new secret as Standard Webhooks write them.
fn fresh() -> String {
    format!("whsec_{}", BASE64_STANDARD.encode(random::<32>()))
}

pub(super) fn headers(cx: &Cx, endpoint: &Endpoint) -> Result<BTreeMap<String, String>, Error> {
    unseal(cx, endpoint, "headers", &endpoint.headers)
}

pub(super) fn set_headers(cx: &Cx, endpoint: &mut Endpoint, headers: &BTreeMap<String, String>) {
    endpoint.headers = seal(cx, endpoint, "headers", headers);
}

/// Seals the headers anew of an endpoint that has none: their length tells, even where the key that
/// sealed them is lost.
pub(super) fn renew_no_headers(cx: &Cx, endpoint: &mut Endpoint) {
    let none = seal(cx, endpoint, "headers", &BTreeMap::<String, String>::new());
    if endpoint.headers.len() == none.len() {
        endpoint.headers = none;
    }
}

fn seal<T: Serialize>(cx: &Cx, endpoint: &Endpoint, column: &str, value: &T) -> String {
    let text = serde_json::to_string(value).expect("texts and times are JSON");
    let place = format!("{}.{column}", endpoint.id);
    cx.keys.seal(&place, random::<NONCE>(), &text)
}

fn unseal<T: DeserializeOwned>(
    cx: &Cx,
    endpoint: &Endpoint,
    column: &str,
    sealed: &str,
) -> Result<T, Error> {
    let place = format!("{}.{column}", endpoint.id);
    cx.keys
        .unseal(&place, sealed)
        .and_then(|text| serde_json::from_str(&text).ok())
        .ok_or_else(|| {
            Error::Unavailable(format!(
                "the {column} of {} were sealed with a host key that server.key_file no longer \
                 has; put that key back behind the others, or give the endpoint new {column}",
                endpoint.id
            ))
        })
}
