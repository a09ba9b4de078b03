//! `[plugins]`: where components are found and what one call may use up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::Deserialize;

use super::duration;
use super::problem::Problem;
use super::source::Source;
use crate::plugins::config::{Kind, MIB, Signer, most_calls};

/// Where components are found and what one call may use up. A plugin's manifest may lower a
/// limit, never raise it.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plugins {
    /// The folder whose `*.wasm` files are loaded, not recursively.
    pub dir: PathBuf,
    /// Machine code of compiled components; must be writable by the host alone.
    pub cache: PathBuf,
    /// The last good version of each file, for a restart over a bad one; of this folder alone.
    pub kept: PathBuf,
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
    /// Calls of one plugin that run at once for one business and mode; more wait.
    pub calls_at_once: usize,
    /// Calls of all plugins that run at once; a quarter of them is for those who have none.
    pub calls_in_all: usize,
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
    /// After so many failures in a row a plugin is left out where the portal can do without it.
    pub breaker_failures: u32,
    /// If all of them came within this time.
    #[serde(deserialize_with = "duration::one")]
    pub breaker_within: SignedDuration,
    /// For so long at first; each try that fails doubles it.
    #[serde(deserialize_with = "duration::one")]
    pub breaker_first: SignedDuration,
    /// And for no longer than this.
    #[serde(deserialize_with = "duration::one")]
    pub breaker_longest: SignedDuration,
    /// How often a process writes down how its plugins stand, for `vestibule plugin list`.
    #[serde(deserialize_with = "duration::one")]
    pub report_every: SignedDuration,
    /// Kinds of plugins that are loaded only with a signature by one of the signers.
    pub signed: BTreeSet<Kind>,
    /// Public keys of minisign whose signatures are believed, by names of the operator's choice.
    pub signers: BTreeMap<String, String>,
}

impl Default for Plugins {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("plugins"),
            cache: PathBuf::from("data/cache/plugins"),
            kept: PathBuf::from("data/plugins"),
            component_mib: 24,
            compile: SignedDuration::from_mins(2),
            deadline: SignedDuration::from_secs(30),
            cpu: SignedDuration::from_secs(1),
            calls_at_once: 8,
            calls_in_all: 128,
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
            breaker_failures: 3,
            breaker_within: SignedDuration::from_mins(5),
            breaker_first: SignedDuration::from_secs(10),
            breaker_longest: SignedDuration::from_mins(10),
            report_every: SignedDuration::from_secs(10),
            signed: BTreeSet::new(),
            signers: BTreeMap::new(),
        }
    }
}

impl Plugins {
    pub(super) fn settle(&mut self, root: &Path) {
        self.dir = root.join(&self.dir);
        self.cache = root.join(&self.cache);
        self.kept = root.join(&self.kept);
    }

    pub(super) fn check(&self, source: &Source, problems: &mut Vec<Problem>) {
        for (key, is_zero) in [
            ("plugins.component_mib", self.component_mib == 0),
            ("plugins.compile", self.compile.is_zero()),
            ("plugins.deadline", self.deadline.is_zero()),
            ("plugins.cpu", self.cpu.is_zero()),
            ("plugins.calls_at_once", self.calls_at_once == 0),
            ("plugins.calls_in_all", self.calls_in_all == 0),
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
        let most = most_calls(self.memory_mib.saturating_mul(MIB));
        if self.calls_in_all > most {
            problems.push(source.problem(
                "plugins.calls_in_all",
                format!(
                    "is {}, and with plugins.memory_mib = {} a process has room for {most}",
                    self.calls_in_all, self.memory_mib
                ),
                "Lower one of the two.",
            ));
        }
        for (name, key) in &self.signers {
            if let Err(error) = Signer::parse(key) {
                problems.push(source.problem(
                    format!("plugins.signers.{name}"),
                    error.to_string(),
                    "`vestibule key signer` makes one, and says what to write here.",
                ));
            }
        }
        if self.signers.is_empty() && !self.signed.is_empty() {
            problems.push(source.problem(
                "plugins.signed",
                "asks for signatures, and there is nobody whose signature is believed",
                "Name a public key under [plugins.signers].",
            ));
        }
        if !self.report_every.is_positive() {
            problems.push(source.problem(
                "plugins.report_every",
                "is zero",
                "Remove the key to get the default.",
            ));
        }
    }
}
