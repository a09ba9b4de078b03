//! Room for everybody.

use wasmtime::component::Linker;

use super::*;
use crate::plugins::limits::{MIB, most_calls};

/// As large as a component may be: every core instance, memory and table that there may be.
fn largest() -> Vec<u8> {
    let (mut both, mut tables) = (String::new(), String::new());
    for _ in 0..MEMORIES {
        both.push_str("(core instance (instantiate $both))");
    }
    for _ in MEMORIES..TABLES.min(CORE_INSTANCES) {
        tables.push_str("(core instance (instantiate $table))");
    }
    let text = format!(
        "(component
            (core module $both (memory 1) (table 1 funcref))
            (core module $table (table 1 funcref))
            {both} {tables})"
    );
    wat::parse_str(text).expect("a component")
}

#[tokio::test]
async fn as_many_calls_as_may_run_have_room_however_large_their_components_are() {
    for calls in [1, 4, Limits::default().calls_in_all] {
        let cache = tempfile::tempdir().expect("a folder");
        let limits = Limits {
            calls_in_all: calls,
            ..Limits::default()
        };
        let engine = Engine::start(&limits, &cache.path().join("code")).expect("an engine");
        let component = engine.compile(&largest(), &[0; 32]);
        let component = component.unwrap_or_else(|error| panic!("{calls} calls: {error:?}"));
        let linker = Linker::new(engine.wasmtime());
        let pre = linker.instantiate_pre(&component).expect("no imports");
        let mut under_way = Vec::new();
        for number in 0..calls {
            let mut store = Store::new(engine.wasmtime(), ());
            bound_cpu(&mut store, Duration::from_mins(1), || {});
            let instance = pre.instantiate_async(&mut store).await;
            instance.unwrap_or_else(|error| panic!("call {number} of {calls}: {error:?}"));
            under_way.push(store);
        }
    }
}

#[test]
fn a_process_has_addresses_for_many_calls_and_not_for_any_number() {
    assert!(most_calls(Limits::default().memory_bytes) >= 10_000);
    assert!(most_calls(4096 * MIB) >= Limits::default().calls_in_all);
    assert!(most_calls(usize::MAX) == 0);
}
