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
    pub component_mib: u64,
    /// Wall-clock limit of a gateway call.
    #[serde(deserialize_with = "duration::one")]
    pub gateway_deadline: SignedDuration,
    /// Wall-clock limit of a pages or branding call.
    #[serde(deserialize_with = "duration::one")]
    pub pages_deadline: SignedDuration,
    /// CPU time of one call.
    #[serde(deserialize_with = "duration::one")]
    pub cpu: SignedDuration,
    /// Calls of one plugin that run at once; more wait.
    pub concurrent_calls: u32,
    /// All memories of one instance, in MiB.
    pub memory_mib: u64,
    /// Stack of one instance, in KiB.
    pub stack_kib: u64,
    /// Data that one call may pass through host functions, in KiB.
    pub host_call_kib: u64,
    /// Resource handles one instance may hold.
    pub handles: u32,
    /// Log lines of one call that are kept.
    pub log_lines: u32,
    /// The length of a log line, in bytes; the rest is cut.
    pub log_line_bytes: u32,
}

impl Default for Plugins {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("plugins"),
            cache: PathBuf::from("data/cache/plugins"),
            component_mib: 24,
            gateway_deadline: SignedDuration::from_secs(30),
            pages_deadline: SignedDuration::from_secs(10),
            cpu: SignedDuration::from_secs(1),
            concurrent_calls: 8,
            memory_mib: 64,
            stack_kib: 512,
            host_call_kib: 2048,
            handles: 256,
            log_lines: 64,
            log_line_bytes: 1024,
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
            ("plugins.gateway_deadline", self.gateway_deadline.is_zero()),
            ("plugins.pages_deadline", self.pages_deadline.is_zero()),
            ("plugins.cpu", self.cpu.is_zero()),
            ("plugins.concurrent_calls", self.concurrent_calls == 0),
            ("plugins.memory_mib", self.memory_mib == 0),
            ("plugins.stack_kib", self.stack_kib == 0),
            ("plugins.host_call_kib", self.host_call_kib == 0),
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
