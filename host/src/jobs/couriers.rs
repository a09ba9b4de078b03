//! How many deliveries one process has under way to one endpoint or plugin: so few that a slow or
//! dead one leaves room for all others. What finds no room comes back when there is likely to be
//! some, going by how long it takes to answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::domain::Scope;
use crate::domain::id::{BusinessId, EndpointId};

/// Who is told something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Receiver {
    Endpoint(EndpointId),
    /// A plugin by its name in the business's file.
    Plugin(Scope, String),
    /// All plugins of a business together.
    PluginsOf(BusinessId),
    /// All plugins together.
    Plugins,
}

/// How long a receiver of which nothing is known is thought to take.
const GUESS: SignedDuration = SignedDuration::from_millis(100);
/// The shortest and the longest time until another look for room.
const SHORTEST: SignedDuration = SignedDuration::from_millis(10);
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

/// Those who are being told something.
#[derive(Default)]
pub(super) struct Couriers {
    lines: Mutex<HashMap<Receiver, Line>>,
}

struct Line {
    under_way: u32,
    /// How long it takes to answer.
    typical: SignedDuration,
    /// When the next one that finds no room is to come back.
    next: Timestamp,
}

/// Room for one delivery, until it is dropped.
pub(super) struct Pass {
    couriers: Arc<Couriers>,
    receiver: Receiver,
    /// None where it was not used.
    begun: Option<Instant>,
}

impl Pass {
    /// Gives the room back without having used it.
    pub(super) fn unused(mut self) {
        self.begun = None;
    }
}

impl Couriers {
    /// Room with all of these, each with how many it may have at most, or how long to wait before
    /// asking again.
    pub(super) fn admit_to_all(
        self: &Arc<Self>,
        receivers: &[(Receiver, u32)],
        now: Timestamp,
    ) -> Result<Vec<Pass>, SignedDuration> {
        let mut passes = Vec::with_capacity(receivers.len());
        for (receiver, most) in receivers {
            match self.admit(receiver, *most, now) {
                Ok(pass) => passes.push(pass),
                Err(wait) => {
                    passes.into_iter().for_each(Pass::unused);
                    return Err(wait);
                }
            }
        }
        Ok(passes)
    }

    /// Room for one more beside fewer than `most`, or how long to wait before asking again.
    pub(super) fn admit(
        self: &Arc<Self>,
        receiver: &Receiver,
        most: u32,
        now: Timestamp,
    ) -> Result<Pass, SignedDuration> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(receiver.clone()).or_insert(Line {
            under_way: 0,
            typical: GUESS,
            next: now,
        });
        if line.under_way < most {
            line.under_way += 1;
            return Ok(Pass {
                couriers: Arc::clone(self),
                receiver: receiver.clone(),
                begun: Some(Instant::now()),
            });
        }
        let step = line.typical / i32::try_from(most).unwrap_or(i32::MAX);
        let next = line.next.max(now).saturating_add(step).unwrap_or(now);
        let wait = next.duration_since(now).clamp(SHORTEST, LONGEST);
        line.next = next.min(now.saturating_add(LONGEST).unwrap_or(next));
        Err(wait)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let took = self.begun.map(|begun| begun.elapsed());
        let took = took.map(|took| SignedDuration::try_from(took).unwrap_or(GUESS));
        let mut lines = self
            .couriers
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get_mut(&self.receiver) {
            line.under_way -= 1;
            line.typical = took.map_or(line.typical, |took| (line.typical * 3 + took) / 4);
            if line.under_way == 0 {
                lines.remove(&self.receiver);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id as _;

    #[test]
    fn a_full_endpoint_sends_the_rest_away_one_after_the_other_and_another_has_room() {
        let couriers = Arc::new(Couriers::default());
        let endpoint = |n| {
            let id = EndpointId::from_ulid(ulid::Ulid::from_parts(n, 0));
            Receiver::Endpoint(id)
        };
        let now = Timestamp::from_second(1_800_000_000).expect("in range");
        let admit = |n| couriers.admit(&endpoint(n), 2, now);
        let (one, two) = (admit(1).expect("room"), admit(1).expect("room"));
        let waits: Vec<i128> = (0..3)
            .map(|_| admit(1).err().expect("no room").as_millis())
            .collect();
        assert_eq!(waits, [50, 100, 150], "a guess of 100 ms, two at a time");
        assert!(admit(2).is_ok());
        drop(one);
        assert!(admit(1).is_ok(), "one has ended");
        drop(two);
    }
}
