//! What one rendering may make. Fuel counts steps, and one step of a function can write its
//! arguments twice; so what functions make is counted in bytes.

use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::Error;

use super::functions::invalid;

/// Bytes that may still be made.
pub(super) struct Budget {
    left: AtomicUsize,
    most: usize,
}

impl Budget {
    /// At most so many bytes.
    pub(super) fn of(most: usize) -> Self {
        Self {
            left: AtomicUsize::new(most),
            most,
        }
    }

    /// Takes so many bytes; an error when there are not so many left, and from then on.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), Error> {
        let take = |left: usize| Some(left.saturating_sub(bytes));
        let before = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if before.is_ok_and(|left| left > bytes) {
            return Ok(());
        }
        let most = self.most >> 10;
        Err(invalid(format!(
            "its functions, pieces and filters make more than {most} KiB"
        )))
    }
}
