//! How much a plugin may use of the host, per call and at once. The host's figures hold for
//! every plugin; a manifest may only lower them. Pure, but for the memory limiter at the end,
//! which wasmtime asks.

use std::time::Duration;

use serde::Deserialize;
use wasmtime::ResourceLimiter;

use super::breaker::Patience;

/// One mebibyte, in bytes.
pub(crate) const MIB: usize = 1 << 20;

/// The limits of one plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a component file.
    pub component_bytes: usize,
    /// Wall-clock time of compiling it.
    pub compile: Duration,
    /// How long a change of another file waits for one that is compiled while the host serves.
    pub compile_ahead: Duration,
    /// Bytes of all linear memories of one call.
    pub memory_bytes: usize,
    /// Bytes that one host call or one answer may make the host allocate.
    pub transfer_bytes: usize,
    /// Handles and host resources of one call.
    pub handles: usize,
    /// Wall-clock time of one call.
    pub deadline: Duration,
    /// Processor time of one call.
    pub cpu: Duration,
    /// Calls of one plugin that run at the same time for one business and mode.
    pub calls_at_once: usize,
    /// Calls of all plugins that run at the same time.
    pub calls_in_all: usize,
    /// How long a call waits for its turn before it is not executed.
    pub wait: Duration,
    /// Log lines of one call.
    pub log_lines: usize,
    /// Bytes of one log line.
    pub log_line_bytes: usize,
    /// HTTP requests of one call.
    pub fetches: usize,
    /// Wall-clock time of one HTTP request.
    pub fetch_deadline: Duration,
    /// Bytes of the body of one HTTP request or answer.
    pub fetch_bytes: usize,
    /// When a plugin is left out where the portal can do without it.
    pub patience: Patience,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            component_bytes: 24 * MIB,
            compile: Duration::from_mins(2),
            compile_ahead: Duration::from_secs(3),
            memory_bytes: 64 * MIB,
            transfer_bytes: 2 * MIB,
            handles: 256,
            deadline: Duration::from_secs(30),
            cpu: Duration::from_secs(1),
            calls_at_once: 8,
            calls_in_all: 128,
            wait: Duration::from_secs(5),
            log_lines: 64,
            log_line_bytes: 1024,
            fetches: 10,
            fetch_deadline: Duration::from_secs(8),
            fetch_bytes: MIB,
            patience: Patience::default(),
        }
    }
}

/// The `[limits]` of a manifest: what the author knows to be enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnLimits {
    /// Mebibytes of all linear memories of one call.
    pub memory_mib: Option<usize>,
    /// Seconds of wall-clock time of one call.
    pub deadline_seconds: Option<u64>,
    /// Milliseconds of processor time of one call.
    pub cpu_ms: Option<u64>,
    /// Calls at the same time.
    pub calls_at_once: Option<usize>,
    /// HTTP requests of one call.
    pub fetches: Option<usize>,
}

impl Limits {
    /// These limits, lowered where `own` is lower. A wish for more, or for nothing at all,
    /// changes nothing.
    #[must_use]
    pub fn lowered_by(self, own: OwnLimits) -> Self {
        fn lower<T: Ord + Default>(host: T, own: Option<T>) -> T {
            match own {
                Some(own) if own > T::default() => host.min(own),
                _ => host,
            }
        }
        Self {
            memory_bytes: lower(
                self.memory_bytes,
                own.memory_mib.map(|mib| mib.saturating_mul(MIB)),
            ),
            deadline: lower(self.deadline, own.deadline_seconds.map(Duration::from_secs)),
            cpu: lower(self.cpu, own.cpu_ms.map(Duration::from_millis)),
            calls_at_once: lower(self.calls_at_once, own.calls_at_once),
            fetches: lower(self.fetches, own.fetches),
            ..self
        }
    }
}

/// Core instances, tables and memories of one component; every toolchain that was tried
/// stays below.
pub(super) const CORE_INSTANCES: u32 = 50;
pub(super) const TABLES: u32 = 50;
pub(super) const MEMORIES: u32 = 20;
pub(super) const TABLE_ELEMENTS: usize = 20_000;
/// Bytes of the stack of one call, and those that nobody may touch behind each memory.
pub(super) const STACK: usize = 2 * MIB;
pub(super) const GUARD: usize = 64 << 10;

/// Bytes of address space that all calls may take together: an eighth of what a process has.
const MOST_ADDRESSES: u128 = 1 << 44;

/// The most calls at the same time, of `memory_bytes` each, that a process has addresses for: a
/// call may have as many memories and tables as a component may, and each has its own.
pub(crate) fn most_calls(memory_bytes: usize) -> usize {
    let memories = (memory_bytes as u128 + GUARD as u128) * u128::from(MEMORIES);
    let tables = TABLE_ELEMENTS as u128 * size_of::<usize>() as u128 * u128::from(TABLES);
    let most = MOST_ADDRESSES / (memories + tables + STACK as u128);
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// Keeps the sum of all linear memories of a store under its limit. Beyond it the guest
/// traps at once, which reads better than the guest's own failure later.
pub(super) struct MemoryLimiter {
    used: usize,
    limit: usize,
}

impl MemoryLimiter {
    pub(super) fn new(limit: usize) -> Self {
        Self { used: 0, limit }
    }

    /// Bytes of all linear memories.
    pub(super) fn used(&self) -> usize {
        self.used
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        if used > self.limit {
            wasmtime::bail!(
                "it wanted {used} bytes of memory, {} are allowed",
                self.limit
            );
        }
        self.used = used;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS {
            wasmtime::bail!("it wanted a table of {desired} elements");
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_lowers_limits_and_never_raises_them() {
        let host = Limits::default();
        let own = OwnLimits {
            memory_mib: Some(16),
            deadline_seconds: Some(600),
            cpu_ms: Some(200),
            calls_at_once: Some(0),
            fetches: Some(1000),
        };
        let limits = host.lowered_by(own);
        assert_eq!(limits.memory_bytes, 16 * MIB);
        assert_eq!(limits.cpu, Duration::from_millis(200));
        assert_eq!(limits.deadline, host.deadline);
        assert_eq!(limits.calls_at_once, host.calls_at_once);
        assert_eq!(limits.fetches, host.fetches);
    }

    #[test]
    fn the_memories_of_a_store_are_counted_together() {
        let mut limiter = MemoryLimiter::new(3 * MIB);
        assert!(limiter.memory_growing(0, 2 * MIB, None).is_ok());
        assert!(limiter.memory_growing(0, MIB, None).is_ok());
        assert!(limiter.memory_growing(MIB, MIB + 1, None).is_err());
    }
}
