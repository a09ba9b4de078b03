//! How often may be called: by each API key, and from each network that shows license keys.
//!
//! Calls with a key are counted by each process for itself: the key names who to talk to. Calls
//! with a license key may come from anybody who guesses, so the database counts them for all
//! processes together. A process takes places for several calls at once, so that not every call
//! writes; what it holds back is at most a tenth of the limit.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::run;
use crate::domain::id::ApiKeyId;
use crate::flows::limit;
use crate::web::{Error, Visit, Web};

/// The window of both limits.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// From so many callers on, those of the past are forgotten.
const MANY: usize = 10_000;
/// A process takes this part of a network's calls at once.
const PART: u32 = 10;

/// What this process knows of its callers.
#[derive(Default)]
pub(super) struct Rates {
    keys: Counts<ApiKeyId>,
    networks: Counts<String>,
}

impl Rates {
    /// Counts a call with `key`.
    pub(super) fn count_key(&self, web: &Web, key: &ApiKeyId) -> Result<(), Error> {
        let most = web.cx.settings.load().api.calls_per_minute;
        let now = web.cx.now();
        match self.keys.take(key, now) {
            Taken::One => Ok(()),
            Taken::None(until) if until > now => {
                Err(too_many("with this API key", until.duration_since(now)))
            }
            Taken::None(_) => {
                self.keys
                    .set(key, now, now + MINUTE, most.saturating_sub(1));
                Ok(())
            }
        }
    }

    /// Counts a call with a license key from the visitor's network.
    pub(super) async fn count_network(&self, web: &Web, visit: &Visit) -> Result<(), Error> {
        let settings = web.cx.settings.load_full();
        let network = visit.network(&settings.login);
        let most = settings.api.license_calls_per_minute;
        let now = web.cx.now();
        match self.networks.take(&network, now) {
            Taken::One => return Ok(()),
            Taken::None(until) if until > now => {
                return Err(too_many("from this network", until.duration_since(now)));
            }
            Taken::None(_) => {}
        }
        let places = (most / PART).max(1);
        let (cx, subject) = (web.cx.clone(), format!("licenses:{network}"));
        let taken = run(web, async move {
            limit::take(&cx, &subject, most / places, MINUTE).await
        })
        .await?;
        match taken {
            None => {
                self.networks.set(&network, now, now, places - 1);
                Ok(())
            }
            // Remembered, so that a program gone wild stops writing.
            Some(wait) => {
                self.networks.set(&network, now, now + wait, 0);
                Err(too_many("from this network", wait))
            }
        }
    }
}

fn too_many(whence: &str, wait: SignedDuration) -> Error {
    Error::too_many()
        .saying(format!(
            "too many calls {whence}; wait as long as Retry-After says"
        ))
        .retry_after(wait)
}

/// The calls that each caller may make before this process asks again.
struct Counts<K>(Mutex<HashMap<K, Left>>);

struct Left {
    /// How many.
    calls: u32,
    /// Until when nothing is to be had beyond them.
    until: Timestamp,
    /// When they are forgotten.
    ends: Timestamp,
}

enum Taken {
    One,
    /// There was none, and until then there is none to be had.
    None(Timestamp),
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Eq + Hash + Clone> Counts<K> {
    fn take(&self, caller: &K, now: Timestamp) -> Taken {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(caller).filter(|left| now < left.ends) {
            None => Taken::None(now),
            Some(left) if left.calls == 0 => Taken::None(left.until),
            Some(left) => {
                left.calls -= 1;
                Taken::One
            }
        }
    }

    /// Lets `caller` make `calls` within a minute, and nothing beyond them before `until`.
    fn set(&self, caller: &K, now: Timestamp, until: Timestamp, calls: u32) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MANY {
            counts.retain(|_, left| now < left.ends);
        }
        let ends = now + MINUTE;
        counts.insert(caller.clone(), Left { calls, until, ends });
    }
}
