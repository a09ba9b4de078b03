//! Where looks are kept: a shelf for each business and mode. One that has many makes room among
//! its own; where there is too much in all, the one that has most gives way.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Kept, LookKey};
use crate::domain::Scope;

/// Bytes of the looks of one business and mode.
pub(super) const MOST: usize = 8 << 20;
/// Bytes of all looks.
pub(super) const MOST_IN_ALL: usize = 64 << 20;
/// What a look takes besides what is in it, and never less, in bytes.
pub(super) const LEAST: usize = 2 << 10;

/// All that is kept.
#[derive(Default)]
pub(super) struct Shelves {
    shelves: HashMap<Scope, Shelf>,
    bytes: usize,
}

/// What is kept for one business and mode.
#[derive(Default)]
struct Shelf {
    looks: HashMap<LookKey, Kept>,
    bytes: usize,
}

impl Shelves {
    pub(super) fn get(&self, key: &LookKey) -> Option<&Kept> {
        self.shelves.get(&key.context.scope)?.looks.get(key)
    }

    /// Keeps what is there for `key` now, and lets others go where that is too much.
    pub(super) fn put(&mut self, key: &LookKey, kept: Kept, now: Timestamp) {
        let scope = &key.context.scope;
        let shelf = self.shelves.entry(scope.clone()).or_default();
        self.bytes -= shelf.bytes;
        shelf.bytes += bytes(&kept);
        if let Some(before) = shelf.looks.insert(key.clone(), kept) {
            shelf.bytes -= bytes(&before);
        }
        if shelf.bytes > MOST {
            shelf.forget_old(key, now);
        }
        while shelf.bytes > MOST && shelf.forget_one(key) {}
        self.bytes += shelf.bytes;
        self.make_room(key);
    }

    fn make_room(&mut self, newest: &LookKey) {
        while self.bytes > MOST_IN_ALL {
            let greatest = self.shelves.iter_mut().max_by_key(|(_, shelf)| shelf.bytes);
            let Some((scope, shelf)) = greatest else {
                return;
            };
            let before = shelf.bytes;
            if !shelf.forget_one(newest) {
                return;
            }
            self.bytes -= before - shelf.bytes;
            if shelf.looks.is_empty() {
                let scope = scope.clone();
                self.shelves.remove(&scope);
            }
        }
    }

    /// How many looks are kept for `scope`, and how many bytes they take.
    #[cfg(test)]
    pub(super) fn of(&self, scope: &Scope) -> (usize, usize) {
        let shelf = self.shelves.get(scope);
        shelf.map_or((0, 0), |shelf| (shelf.looks.len(), shelf.bytes))
    }

    /// The bytes of all looks.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Shelf {
    /// Forgets what is not fresh. What is being made stays, and so does the newest.
    fn forget_old(&mut self, newest: &LookKey, now: Timestamp) {
        let mut gone = 0;
        self.looks.retain(|key, kept| {
            let stays = kept.making.is_some() || kept.is_fresh(now) || key == newest;
            gone += if stays { 0 } else { bytes(kept) };
            stays
        });
        self.bytes -= gone;
    }

    /// Forgets the look that would be old first, and says whether there was one.
    fn forget_one(&mut self, newest: &LookKey) -> bool {
        let made = self.looks.iter();
        let made = made.filter(|(key, kept)| kept.making.is_none() && *key != newest);
        let first = made.min_by_key(|(_, kept)| kept.until);
        let Some(key) = first.map(|(key, _)| key.clone()) else {
            return false;
        };
        let gone = self.looks.remove(&key);
        self.bytes -= gone.as_ref().map_or(0, bytes);
        true
    }
}

fn bytes(kept: &Kept) -> usize {
    LEAST + kept.look.as_ref().map_or(0, |look| look.bytes())
}
