//! `[plugins]`: where components are found and what one call may use up.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::Deserialize;

use super::duration;
use super::problem::Problem;
use super::source::Source;

/// Where components are found and what one call may use up. A plugin's manifest may lower a
/// limit, never raise it.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plugins {
    /// The folder whose `*.wasm` files are loaded, not recursively.
    pub dir: PathBuf,
    /// Machine code of compiled components; must be writable by the host alone.
    pub cache: PathBuf,
    /// The largest component file, in MiB.
    pub component_mib: usize,
    /// Wall-clock time of compiling one; who needs longer is not loaded.
    #[serde(deserialize_with = "duration::one")]
    pub compile: SignedDuration,
    /// Wall-clock time of one call.
    #[serde(deserialize_with = "duration::one")]
    pub deadline: SignedDuration,
    /// Processor time of one call.
    #[serde(deserialize_with = "duration::one")]
    pub cpu: SignedDuration,
    /// Calls of one plugin that run at once; more wait.
    pub calls_at_once: usize,
    /// How long a call waits for its turn before it counts as not executed.
    #[serde(deserialize_with = "duration::one")]
    pub wait: SignedDuration,
    /// All memories of one call, in MiB.
    pub memory_mib: usize,
    /// What one host call or one answer may make the host allocate, in KiB.
    pub transfer_kib: usize,
    /// Handles of one call.
    pub handles: usize,
    /// HTTP requests of one call.
    pub fetches: usize,
    /// Wall-clock time of one HTTP request.
    #[serde(deserialize_with = "duration::one")]
    pub fetch_deadline: SignedDuration,
    /// The body of one HTTP request or answer, in KiB.
    pub fetch_kib: usize,
    /// Log lines of one call that are kept.
    pub log_lines: usize,
    /// The length of a log line, in bytes; the rest is cut.
    pub log_line_bytes: usize,
    /// A look is kept no shorter than this, whatever its branding plugin says.
    #[serde(deserialize_with = "duration::one")]
    pub branding_least: SignedDuration,
    /// And no longer than this.
    #[serde(deserialize_with = "duration::one")]
    pub branding_most: SignedDuration,
    /// How long a customer waits for a page of a plugin.
    #[serde(deserialize_with = "duration::one")]
    pub page_deadline: SignedDuration,
    /// How long a page of the portal waits for a block of a plugin before it is shown without.
    #[serde(deserialize_with = "duration::one")]
    pub block_deadline: SignedDuration,
    /// How long a page waits for a look that was never made before the theme is shown as it is.
    #[serde(deserialize_with = "duration::one")]
    pub branding_wait: SignedDuration,
}

impl Default for Plugins {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("plugins"),
            cache: PathBuf::from("data/cache/plugins"),
            component_mib: 24,
            compile: SignedDuration::from_mins(2),
            deadline: SignedDuration::from_secs(30),
            cpu: SignedDuration::from_secs(1),
            calls_at_once: 8,
            wait: SignedDuration::from_secs(5),
            memory_mib: 64,
            transfer_kib: 2048,
            handles: 256,
            fetches: 10,
            fetch_deadline: SignedDuration::from_secs(8),
            fetch_kib: 1024,
            log_lines: 64,
            log_line_bytes: 1024,
            branding_least: SignedDuration::from_secs(10),
            branding_most: SignedDuration::from_hours(24),
            branding_wait: SignedDuration::from_secs(1),
            page_deadline: SignedDuration::from_secs(10),
            block_deadline: SignedDuration::from_secs(2),
        }
    }
}

impl Plugins {
    pub(super) fn settle(&mut self, root: &Path) {
        self.dir = root.join(&self.dir);
        self.cache = root.join(&self.cache);
    }

    pub(super) fn check(&self, source: &Source, problems: &mut Vec<Problem>) {
        for (key, is_zero) in [
            ("plugins.component_mib", self.component_mib == 0),
            ("plugins.compile", self.compile.is_zero()),
            ("plugins.deadline", self.deadline.is_zero()),
            ("plugins.cpu", self.cpu.is_zero()),
            ("plugins.calls_at_once", self.calls_at_once == 0),
            ("plugins.memory_mib", self.memory_mib == 0),
            ("plugins.transfer_kib", self.transfer_kib == 0),
        ] {
            if is_zero {
                problems.push(source.problem(
                    key,
                    "is zero, so that no plugin could run",
                    "Remove the key to get the default.",
                ));
            }
        }
    }
}
