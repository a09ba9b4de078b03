//! What a hostile plugin took of a process, the process has back.

use std::time::{Duration, Instant};

use crate::commands::{Host, Running, get};
use crate::support::guests::built;

const PUPPET: &str = "host/tests/guests/puppet";

/// Bytes that each attack takes, at least.
const TAKES: u64 = 60 << 20;

/// Resident memory of a process, in bytes.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    kib << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_that_hostile_calls_took_returns_and_pages_are_served_meanwhile() {
    let puppet = built(PUPPET).await;
    let measured = tokio::task::spawn_blocking(move || {
        let host = Host::new();
        std::fs::write(host.dir.path().join("plugins/puppet.wasm"), &*puppet).unwrap();
        // Every page asks anew, however often it failed before.
        let config = host.dir.path().join("config/vestibule.toml");
        let before = std::fs::read_to_string(&config).unwrap();
        let anew =
            "[plugins]\nbranding_least = \"0s\"\nbreaker_failures = 0\nreport_every = \"100ms\"\n";
        std::fs::write(&config, format!("{before}{anew}")).unwrap();
        let hog = "[test.branding]\nplugin = \"puppet\"\nsettings.resolve = '{\"do\":\"hog\"}'\n";
        host.business("lumen", hog);
        let (child, address) = host.serve();
        let child = Running(child);
        let failures = |listed: &serde_json::Value| {
            let plugin = &listed[0]["plugins"][0]["plugin"];
            plugin["figures"]["failures"].as_u64().unwrap_or_default()
        };
        let attacked = |times: u64| {
            let begun = Instant::now();
            loop {
                for _ in 0..10 {
                    let page = get(&address, "/test/login/bus_lumen");
                    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
                }
                let listed = host.listed();
                if failures(&listed) >= times {
                    let figures = &listed[0]["plugins"][0]["plugin"]["figures"];
                    assert!(figures["memory_bytes"].as_u64().unwrap() >= TAKES);
                    return resident(child.0.id());
                }
                assert!(begun.elapsed() < Duration::from_mins(3), "{listed}");
            }
        };
        (attacked(10), attacked(100))
    });
    let (start, end) = measured.await.unwrap();
    // Of ninety attacks not even two may have kept what they took.
    assert!(end < start + 2 * TAKES, "{start} bytes, then {end}");
}
