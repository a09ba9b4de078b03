//! `[themes]`: where themes are found and what rendering may use up.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::Deserialize;

use super::duration;

/// Where themes are found and what rendering may use up.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Themes {
    /// The folder that holds one folder per theme.
    pub dir: PathBuf,
    /// Steps of the template engine for one page.
    pub fuel: u64,
    /// The largest page, in KiB.
    pub output_kib: usize,
    /// How long the trial rendering of a new or changed theme may take.
    #[serde(deserialize_with = "duration::one")]
    pub check_deadline: SignedDuration,
    /// Memory of that trial, in MiB.
    pub check_memory_mib: u64,
}

impl Default for Themes {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("themes"),
            fuel: 1_000_000,
            output_kib: 1024,
            check_deadline: SignedDuration::from_secs(60),
            check_memory_mib: 1024,
        }
    }
}

impl Themes {
    pub(super) fn settle(&mut self, root: &Path) {
        self.dir = root.join(&self.dir);
    }
}
