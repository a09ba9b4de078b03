//! How much of a lane the work of one business takes: so little that a gateway or a branding that
//! hangs leaves room for all others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::Scope;

/// What is under way of each business and mode.
pub(super) struct Shares {
    most: u32,
    under_way: Mutex<HashMap<Scope, u32>>,
    freed: Notify,
}

/// One job under way, until it is dropped.
pub(super) struct Share {
    of: Arc<Shares>,
    scope: Scope,
}

impl Shares {
    /// Businesses with `most` under way have enough.
    pub(super) fn of(most: u32) -> Arc<Self> {
        Arc::new(Self {
            most,
            under_way: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// One more of `scope` is under way.
    pub(super) fn take(self: &Arc<Self>, scope: &Scope) -> Share {
        *self.lock().entry(scope.clone()).or_default() += 1;
        Share {
            of: Arc::clone(self),
            scope: scope.clone(),
        }
    }

    /// Those that have enough.
    pub(super) fn full(&self) -> Vec<Scope> {
        let under_way = self.lock();
        let full = under_way.iter().filter(|(_, count)| **count >= self.most);
        full.map(|(scope, _)| scope.clone()).collect()
    }

    /// Waits until one has less under way than before the last answer.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Scope, u32>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut under_way = self.of.lock();
        if let Some(count) = under_way.get_mut(&self.scope) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.scope);
            }
        }
        self.of.freed.notify_one();
    }
}
