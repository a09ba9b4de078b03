//! One call of a gateway in a fresh instance, through the host, beside wasmtime alone: a signed
//! webhook of the sandbox processor is checked and read.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use sha2::Sha256;
use vestibule::cx::Clock;
use vestibule::plugins::gateway::Gateway;
use vestibule::plugins::gateway::config::{GatewayConfig, GatewayConfigs};
use vestibule::plugins::gateway::request::{Delivery, Pair};
use vestibule::plugins::grants::Grant;
use vestibule::plugins::limits::Limits;
use vestibule::plugins::signature::Signing;
use vestibule::plugins::{PluginSettings, Plugins};

use crate::bare_plugin::Bare;
use crate::host::{Host, repository};
use crate::report::{Aim, Report, median};

const GROUP: &str = "Plugin: a fresh instance and one call (webhooks.parse, signature checked)";
const ROUNDS: usize = 15;

/// The same gateway in a language.
struct Guest {
    language: &'static str,
    /// Its id.
    plugin: &'static str,
    /// Its file below the repository.
    file: &'static str,
    /// Calls of a round.
    calls: u32,
}

const GUESTS: [Guest; 3] = [
    Guest {
        language: "Rust",
        plugin: "sandbox",
        file: "plugins/sandbox.wasm",
        calls: 1_000,
    },
    Guest {
        language: "JavaScript",
        plugin: "sandbox-js",
        file: "plugins/examples/javascript.wasm",
        calls: 50,
    },
    Guest {
        language: "Python",
        plugin: "sandbox-py",
        file: "plugins/examples/python.wasm",
        calls: 50,
    },
];

/// The key of the account, and as the operator writes it.
const KEY: &[u8] = b"a secret of the figures";

pub(crate) fn measure(report: &mut Report) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    for guest in &GUESTS {
        let language = guest.language;
        // In a task, as requests are: a call from outside the runtime would wait for another thread.
        let rounds = runtime.block_on(async { tokio::spawn(compare(guest)).await })??;
        let (ours, bare): (Vec<f64>, Vec<f64>) = rounds.iter().copied().unzip();
        report.add(
            GROUP,
            format!("{language}, through the host"),
            median(&ours),
            "µs",
        );
        report.add(
            GROUP,
            format!("{language}, wasmtime alone"),
            median(&bare),
            "µs",
        );
        let shares: Vec<f64> = rounds.iter().map(|(ours, bare)| ours / bare).collect();
        let name = format!("{language}, host of wasmtime alone");
        report.judge(GROUP, name, median(&shares), "times", Aim::AtMost(1.5));
    }
    Ok(())
}

/// Microseconds of a call, round by round: ours and wasmtime's.
async fn compare(guest: &Guest) -> anyhow::Result<Vec<(f64, f64)>> {
    let component = repository().join(guest.file);
    let component = std::fs::read(&component)
        .with_context(|| format!("{} is missing; `cargo xtask plugins`", component.display()))?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("guest.wasm"), &component)?;
    let secret = SecretString::from(format!("whsec_{}", STANDARD.encode(KEY)));
    let clock = Clock::default();
    let host_clock = clock.clone();
    let plugins = Plugins::open(PluginSettings {
        folder: folder.path().to_owned(),
        cache: folder.path().join("cache"),
        kept: folder.path().join("kept"),
        limits: Limits::default(),
        test_only_in_live: false,
        clock: Arc::new(move || host_clock.now()),
        signing: Signing::default(),
        opening: vestibule::app::opening(),
    })
    .await?;
    let config = GatewayConfig {
        plugin: guest.plugin.to_owned(),
        settings: [("base_url".to_owned(), "http://127.0.0.1:9".into())].into(),
        secrets: [("webhook_secret".to_owned(), secret)].into(),
        grant: Grant::default(),
    };
    let name = "sandbox".to_owned();
    plugins.configure(GatewayConfigs::from([((Host::scope(), name), config)]));
    let gateway = plugins.gateway(&Host::scope(), "sandbox")?;
    let bare = Bare::new(&component, KEY)?;
    let delivery = delivery(&clock)?;

    let mut rounds = vec![];
    // The first round warms up.
    for _ in 0..=ROUNDS {
        let begun = Instant::now();
        for _ in 0..guest.calls {
            through_host(&gateway, &delivery).await?;
        }
        let ours = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        for _ in 0..guest.calls {
            bare.parse(&delivery).await?;
        }
        let alone = begun.elapsed().as_secs_f64();
        let each = 1e6 / f64::from(guest.calls);
        rounds.push((ours * each, alone * each));
    }
    rounds.remove(0);
    Ok(rounds)
}

async fn through_host(gateway: &Gateway, delivery: &Delivery) -> anyhow::Result<()> {
    let parsed = gateway.parse_webhook(delivery).await;
    let parsed = parsed.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    anyhow::ensure!(parsed.events.len() == 1, "{parsed:?}");
    Ok(())
}

/// A genuine delivery of the processor, fresh enough for the rest of the run.
fn delivery(clock: &Clock) -> anyhow::Result<Delivery> {
    let now = clock.now();
    let body = serde_json::json!({
        "id": "evt_1", "type": "charge.succeeded", "created_at": now.as_microsecond(),
        "data": {
            "id": "ch_1", "key": "pay_01k0000000000000000000000a", "status": "succeeded",
            "customer": "cus_1", "amount": { "minor": 2900, "currency": "EUR" },
            "method": null, "decline": null, "action": null, "expected_by": null,
            "created_at": now.as_microsecond(),
        },
    })
    .to_string();
    let sent_at = now.as_second().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY)?;
    mac.update(format!("evt_1.{sent_at}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let pair = |name: &str, value: String| Pair {
        name: name.to_owned(),
        value,
    };
    Ok(Delivery {
        headers: vec![
            pair("webhook-id", "evt_1".to_owned()),
            pair("webhook-timestamp", sent_at),
            pair("webhook-signature", signature),
        ],
        query: Vec::new(),
        body: body.into_bytes(),
        received_at: now,
    })
}
