//! `[themes]`: where themes are found.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where themes are found.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Themes {
    /// The folder that holds one folder per theme.
    pub dir: PathBuf,
}

impl Default for Themes {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("themes"),
        }
    }
}

impl Themes {
    pub(super) fn settle(&mut self, root: &Path) {
        self.dir = root.join(&self.dir);
    }
}
