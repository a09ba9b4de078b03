//! What one rendering may make. Fuel counts steps, and one step of a function can write its
//! arguments twice; so what functions take and make is counted in bytes.

use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::Error;

use super::functions::invalid;

/// What a call costs besides the bytes that it takes and makes: so that no template makes more than
/// some thousands of them.
const CALL: usize = 256;

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

    /// Takes what a call costs that took or made so many bytes; an error when that is not left, and
    /// from then on.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), Error> {
        let bytes = bytes.saturating_add(CALL);
        let take = |left: usize| Some(left.saturating_sub(bytes));
        let before = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if before.is_ok_and(|left| left > bytes) {
            return Ok(());
        }
        let most = self.most >> 10;
        Err(invalid(format!(
            "its functions, pieces and filters take and make more than {most} KiB"
        )))
    }
}
