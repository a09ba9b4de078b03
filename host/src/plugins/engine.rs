//! The one wasmtime engine of the process, its clock of epochs, and the way from the bytes of
//! a component to code. Knows nothing of what guests may import.

use std::time::Duration;

use wasmtime::component::Component;
use wasmtime::{
    Config, Enabled, Engine as Wasmtime, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
};

use super::cache::{CacheError, CodeCache, Content};
use super::limits::{CORE_INSTANCES, GUARD, Limits, MEMORIES, STACK, TABLE_ELEMENTS, TABLES};

#[cfg(test)]
mod tests;

/// Bytes of a memory that stay when its call has ended.
const RESIDENT: usize = 256 << 10;

/// How often the engine's epoch moves: the unit in which processor time is counted.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// Engine and code cache.
pub(super) struct Engine {
    wasmtime: Wasmtime,
    cache: CodeCache,
}

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refused its configuration, or the machine lacks something.
    #[error("the WebAssembly engine does not start")]
    Wasmtime(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The folder of compiled code cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The thread that counts processor time could not start.
    #[error("the thread that counts plugins' processor time does not start")]
    Ticker(#[source] std::io::Error),
}

impl Engine {
    /// Starts the engine, with pooled memory where the machine has the address space.
    pub(super) fn start(limits: &Limits, cache: &std::path::Path) -> Result<Self, EngineError> {
        // Whether there is address space for a pool shows only when one is reserved; a small
        // machine gets memory on demand instead.
        let wasmtime = match Wasmtime::new(&configuration(limits, true)) {
            Ok(wasmtime) => wasmtime,
            Err(error) => {
                tracing::info!(%error, "no pool for plugins; each call gets memory of its own");
                Wasmtime::new(&configuration(limits, false))
                    .map_err(|error| EngineError::Wasmtime(error.into()))?
            }
        };
        let cache = CodeCache::open(cache, &wasmtime)?;
        start_ticker(&wasmtime)?;
        Ok(Self { wasmtime, cache })
    }

    pub(super) fn wasmtime(&self) -> &Wasmtime {
        &self.wasmtime
    }

    /// The code of a component that was compiled before.
    pub(super) fn known(&self, content: &Content) -> Option<Component> {
        self.cache.known(&self.wasmtime, content)
    }

    /// Compiles a component. Takes seconds for large ones: never call it on a thread that
    /// answers requests.
    pub(super) fn compile(
        &self,
        bytes: &[u8],
        content: &Content,
    ) -> Result<Component, wasmtime::Error> {
        self.cache.compile(&self.wasmtime, bytes, content)
    }
}

fn configuration(limits: &Limits, pooled: bool) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // Guests are synchronous; only host functions wait. A component that needs the async
        // parts of the component model is refused, and empty calls are four times faster.
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(512 << 10)
        .async_stack_size(STACK)
        .memory_reservation(limits.memory_bytes as u64)
        .memory_guard_size(GUARD as u64)
        .memory_reservation_for_growth(0);
    if pooled {
        let calls = u32::try_from(limits.calls_in_all).unwrap_or(u32::MAX);
        let mut pool = PoolingAllocationConfig::new();
        // Room for as many calls as may run, each of the largest component there may be: nobody
        // can take what another's call needs. It is address space only, until it is used.
        pool.total_component_instances(calls)
            .total_core_instances(calls.saturating_mul(CORE_INSTANCES))
            .total_memories(calls.saturating_mul(MEMORIES))
            .total_tables(calls.saturating_mul(TABLES))
            .total_stacks(calls)
            .max_core_instances_per_component(CORE_INSTANCES)
            .max_memories_per_component(MEMORIES)
            .max_tables_per_component(TABLES)
            .max_tables_per_module(TABLES)
            .max_memories_per_module(MEMORIES)
            .max_memory_size(limits.memory_bytes)
            .table_elements(TABLE_ELEMENTS);
        // Where the kernel says which pages a call has written, the first of them are set back
        // one by one and stay: the next call in their place finds them without a page fault.
        if PoolingAllocationConfig::is_pagemap_scan_available() {
            pool.pagemap_scan(Enabled::Auto)
                .linear_memory_keep_resident(RESIDENT);
        }
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

/// Moves the epoch for as long as the engine lives.
fn start_ticker(engine: &Wasmtime) -> Result<(), EngineError> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("plugin-epochs".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })
        .map(drop)
        .map_err(EngineError::Ticker)
}

/// The guest used up its processor time.
#[derive(Debug, thiserror::Error)]
#[error("it used up its processor time")]
pub(super) struct CpuSpent;

/// How many ticks a guest may compute on the threads that answer requests.
const SHORT: u128 = 1;

/// Lets the guest of `store` run for `cpu`, giving the thread to others at every tick, and tells
/// when it turns out to be `long`. Time spent waiting in host functions does not count, but for
/// a tick when the wait ends.
pub(super) fn bound_cpu<T>(
    store: &mut Store<T>,
    cpu: Duration,
    long: impl Fn() + Send + Sync + 'static,
) {
    let most = cpu.as_millis().div_ceil(TICK.as_millis());
    let mut ticks = 0;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        ticks += 1;
        if ticks > most {
            return Err(wasmtime::Error::new(CpuSpent));
        }
        if ticks > SHORT {
            long();
        }
        Ok(wasmtime::UpdateDeadline::Yield(1))
    });
}
