//! The payment processor, the world outside: never killed, always unreliable. What was charged
//! is what its ledger says.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::bail;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use vestibule_sandbox::{AccountOptions, Running};

use crate::audit::Entry;
use crate::bank::Bank;
use crate::place::{BUSINESS, HOOK_SECRET, PROCESSOR_KEY, Pace, Place};

/// Faults that wait to strike at the same time.
const WAITING: usize = 6;
/// Entries on a page of the ledger.
const PAGE: usize = 100;

pub(crate) struct Processor {
    running: Running,
    client: Client,
    ignores_keys: bool,
    set: AtomicU64,
    pub(crate) bank: Mutex<Bank>,
}

impl Processor {
    /// Starts one whose webhooks go to the hosts' door.
    pub(crate) async fn start(place: &Place, door: &str) -> anyhow::Result<Arc<Self>> {
        let account = AccountOptions {
            name: "Torture".to_owned(),
            api_key: PROCESSOR_KEY.into(),
            webhook_url: Some(format!("{door}/hooks/{BUSINESS}/test/main").parse()?),
            webhook_secret: Some(HOOK_SECRET.into()),
        };
        let database = place.dir().join("processor.db");
        let mut options = vestibule_sandbox::Options::local(database, account);
        options.lookup_lag_seconds = place.pace().lag.as_secs();
        options.debit_delay_seconds = 3;
        let this = Arc::new(Self {
            running: vestibule_sandbox::start(options).await?,
            client: crate::merchant::client()?,
            ignores_keys: place.options.ignore_keys,
            set: AtomicU64::new(0),
            bank: Mutex::default(),
        });
        if this.ignores_keys {
            let keys = json!({ "honoured": false });
            this.call(Method::PUT, "/control/keys", Some(keys)).await?;
        }
        Ok(this)
    }

    pub(crate) fn origin(&self) -> &str {
        self.running.url().as_str().trim_end_matches('/')
    }

    pub(crate) fn faults_set(&self) -> u64 {
        self.set.load(Ordering::Relaxed)
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let url = self.running.url().join(path)?;
        let mut request = self.client.request(method, url).bearer_auth(PROCESSOR_KEY);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        if !status.is_success() {
            bail!("{path}: {status} {}", String::from_utf8_lossy(&bytes));
        }
        Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Lets everything go wrong in turn until `stop`.
    pub(crate) async fn storm(self: Arc<Self>, pace: Pace, seed: u64, stop: CancellationToken) {
        let mut chance = StdRng::seed_from_u64(seed ^ 0x4_0000);
        let mut round = 0_u32;
        // What banks do is known by webhooks alone: while none leave, they rest.
        let mut tells = true;
        loop {
            let pause = Duration::from_millis(chance.random_range(80..400));
            if stop
                .run_until_cancelled(tokio::time::sleep(pause))
                .await
                .is_none()
            {
                return;
            }
            round += 1;
            // A control call that fails is one fault less.
            let waiting = self.call(Method::GET, "/control/faults", None).await;
            let waiting = waiting
                .ok()
                .and_then(|list| list["data"].as_array().map(Vec::len));
            if waiting.is_some_and(|waiting| waiting < WAITING) {
                // What keys are for: a request that comes twice.
                let fault = if self.ignores_keys {
                    json!({ "operation": "charge", "answer": "twice" })
                } else {
                    fault(&mut chance, pace)
                };
                if self
                    .call(Method::POST, "/control/faults", Some(fault))
                    .await
                    .is_ok()
                {
                    self.set.fetch_add(1, Ordering::Relaxed);
                }
            }
            if round.is_multiple_of(8) {
                let how = webhooks(&mut chance);
                let leave = how["departure"] != "off";
                let set = self.call(Method::PUT, "/control/webhooks", Some(how)).await;
                tells = leave && set.is_ok();
            }
            if round.is_multiple_of(8) && tells && pace.banks && !self.ignores_keys {
                self.let_banks_act(&mut chance).await;
            }
            if round.is_multiple_of(16) {
                let order = if chance.random_bool(0.6) {
                    "reversed"
                } else {
                    "as_made"
                };
                let release = json!({ "order": order });
                let _ = self
                    .call(Method::POST, "/control/webhooks/release", Some(release))
                    .await;
            }
            if round.is_multiple_of(25) {
                let _ = self.call(Method::POST, "/control/forget-keys", None).await;
            }
        }
    }

    /// Nothing goes wrong any more, and nothing is held back.
    pub(crate) async fn calm_down(&self) -> anyhow::Result<()> {
        self.call(Method::DELETE, "/control/faults", None).await?;
        let normal = json!({ "departure": "at_once", "delay_ms": 0, "repeats": 0 });
        self.call(Method::PUT, "/control/webhooks", Some(normal))
            .await?;
        self.call(Method::POST, "/control/webhooks/release", None)
            .await?;
        Ok(())
    }

    /// Every movement of money, oldest first.
    pub(crate) async fn ledger(&self) -> anyhow::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut cursor = 0;
        loop {
            let path = format!("/v1/ledger?limit={PAGE}&cursor={cursor}");
            let page = self.call(Method::GET, &path, None).await?;
            let found: Vec<Entry> = serde_json::from_value(page["data"].clone())?;
            let last = found.len() < PAGE;
            entries.extend(found);
            match page["next_cursor"].as_i64() {
                Some(next) if !last => cursor = next,
                _ => return Ok(entries),
            }
        }
    }
}

/// One fault. Delays are shorter and longer than the hosts' patience of two seconds.
fn fault(chance: &mut StdRng, pace: Pace) -> Value {
    let operation = match chance.random_range(0..10) {
        0..5 => "charge",
        5 => "refund",
        6 => "setup",
        7 => "lookup",
        8 => "cancel",
        _ => "any",
    };
    let answer = match chance.random_range(0..14) {
        0..3 => "cut_after",
        3 => "cut_before",
        4 => "error_before",
        5 | 6 => "error_after",
        7 => "garbage",
        8 => "rate_limited",
        9 | 10 => "twice",
        _ => "normal",
    };
    let lag = u64::try_from(pace.lag.as_millis()).unwrap_or(u64::MAX);
    let mut sometimes = |share: f64, most: u64| {
        if chance.random_bool(share) {
            chance.random_range(0..most)
        } else {
            0
        }
    };
    json!({
        "operation": operation,
        "answer": answer,
        "delay_before_ms": sometimes(0.15, 3_000),
        "delay_after_ms": sometimes(0.25, 4_000),
        "hide_lookup_ms": sometimes(0.3, lag),
    })
}

/// How webhooks leave for a while: at once, late, several times, not at all, or held back to
/// be let go in another order.
fn webhooks(chance: &mut StdRng) -> Value {
    let departure = match chance.random_range(0..6) {
        0 => "off",
        1 | 2 => "held",
        _ => "at_once",
    };
    json!({
        "departure": departure,
        "delay_ms": if chance.random_bool(0.4) { chance.random_range(0..3_000) } else { 0 },
        "repeats": chance.random_range(0..3),
    })
}
