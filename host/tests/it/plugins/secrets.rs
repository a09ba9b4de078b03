//! A secret is used by the host for the plugin that asks for it, and read by nobody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vestibule::plugins::Error;
use vestibule::plugins::gateway::answer::Outcome;
use vestibule::plugins::gateway::config::GatewayConfig;
use vestibule::plugins::grants::OriginGrant;

use super::guest::{self, MANIFEST, OnCharge};
use super::{Host, charge, plain};
use crate::support::log::Log;

const CANARY: &str = "sk-canary";

/// The guest with these secrets set.
fn with(secrets: &[&str]) -> GatewayConfig {
    let set = |name: &&str| ((*name).to_owned(), CANARY.into());
    GatewayConfig {
        secrets: secrets.iter().map(set).collect::<BTreeMap<_, _>>(),
        ..plain()
    }
}

/// What a guest that does this learns about the secret `api_key`: nothing when it has it.
async fn learns(manifest: &str, on_charge: &OnCharge, config: GatewayConfig) -> Option<String> {
    let host = Host::with(&guest::plugin(manifest, on_charge)).await;
    match host.gateway(config).charge(&charge("api_key")).await {
        Ok(payment) => {
            assert_eq!(payment.outcome, Outcome::Succeeded);
            None
        }
        Err(Error::NotExecuted { reason, .. }) => Some(reason),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_asked_for_and_set_is_had() {
    let learned = learns(MANIFEST, &guest::ASKS_FOR_A_SECRET, with(&["api_key"])).await;
    assert_eq!(learned, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_the_manifest_does_not_ask_for_is_denied_although_it_is_set() {
    let manifest = MANIFEST.replace("\"api_key\"", "\"other\"");
    let config = with(&["api_key", "other"]);
    let learned = learns(&manifest, &guest::ASKS_FOR_A_SECRET, config).await;
    assert_eq!(learned.as_deref(), Some("denied"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_asked_for_and_not_set_is_missing() {
    let learned = learns(MANIFEST, &guest::ASKS_FOR_A_SECRET, with(&[])).await;
    assert_eq!(learned.as_deref(), Some("missing"));
}

#[tokio::test]
async fn a_secrets_text_is_for_nobody_without_a_grant_of_its_own() {
    let (log, _guard) = Log::of_this_thread("vestibule=trace,plugin=trace,wasmtime=debug");
    let manifest = MANIFEST.replace(
        "secrets = [\"api_key\"]",
        "secrets = [\"api_key\"]\n reveal = [\"api_key\"]",
    );
    let config = with(&["api_key"]);
    assert!(!format!("{config:?}").contains(CANARY));
    let learned = learns(&manifest, &guest::READS_A_SECRET, config.clone()).await;
    assert_eq!(learned.as_deref(), Some("denied"));
    // A call that fails with the secret in its hands.
    let trapping = OnCharge::Does(
        "(call $secret
            (i32.load (local.get $request)) (i32.load offset=4 (local.get $request))
            (i32.const 6144))
         (unreachable)",
    );
    let host = Host::with(&guest::plugin(&manifest, &trapping)).await;
    let failed = host
        .gateway(config.clone())
        .charge(&charge("api_key"))
        .await;
    let failed = failed.unwrap_err();
    assert!(!format!("{failed} {failed:?}").contains(CANARY));
    let text = log.text();
    assert!(text.contains("a plugin was loaded"), "something is logged");
    assert!(!text.contains(CANARY), "{text}");

    // With the grant the plugin has it: the operator has said so.
    let mut config = config;
    config.grant.reveal = vec!["api_key".to_owned()];
    let learned = learns(&manifest, &guest::READS_A_SECRET, config).await;
    assert_eq!(learned.as_deref(), Some(CANARY));
}

/// A server that keeps what it was sent, and says that it is well.
async fn listener() -> (String, Arc<Mutex<String>>) {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", server.local_addr().unwrap());
    let received = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = server.accept().await {
            let mut request = Vec::new();
            let mut part = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                match connection.read(&mut part).await {
                    Ok(read) if read > 0 => request.extend_from_slice(&part[..read]),
                    _ => break,
                }
            }
            let request = String::from_utf8_lossy(&request);
            kept.lock().unwrap().push_str(&request);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = connection.write_all(answer).await;
        }
    });
    (origin, received)
}

/// The guest that may reach the processor and somebody who counts, and says what `api_key` is for.
fn with_two_origins(said: &str, basic: bool) -> Vec<u8> {
    let manifest = MANIFEST
        .replace(
            "http = [\"setting:base_url\"]",
            &format!("http = [\"setting:base_url\", \"setting:stats_url\"]\n {said}"),
        )
        .replace(
            "[settings.base_url]",
            "[settings.stats_url]\n type = \"url\"\n description = \"Who counts.\"\n\n    \
             [settings.base_url]",
        );
    guest::plugin(&manifest, &guest::sends_its_secret(basic))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_sent_only_to_the_origin_that_it_is_for() {
    let (processor, charged) = listener().await;
    let (stats, counted) = listener().await;
    let mut both = with(&["api_key"]);
    both.settings = [
        ("base_url".to_owned(), processor.clone().into()),
        ("stats_url".to_owned(), stats.clone().into()),
    ]
    .into();
    both.grant.http = [&processor, &stats]
        .map(|origin| OriginGrant {
            origin: origin.clone(),
            private: true,
        })
        .into();
    let mut one = both.clone();
    one.grant.http.pop();
    let said = "secrets_for.api_key = [\"setting:base_url\"]";
    for basic in [false, true] {
        for (said, config, to, arrives) in [
            (said, &both, &processor, true),
            (said, &both, &stats, false),
            // Nobody says what it is for: with one origin there is no doubt.
            ("", &one, &processor, true),
            ("", &both, &processor, false),
            ("", &both, &stats, false),
            ("secrets_for.api_key = []", &one, &processor, false),
        ] {
            let host = Host::with(&with_two_origins(said, basic)).await;
            let sent = host.gateway(config.clone()).charge(&charge(to)).await;
            let case = format!("{said:?} {to}: {sent:?}");
            let arrived = std::mem::take(&mut *charged.lock().unwrap());
            let header = if basic {
                "x-key: Basic c2stY2FuYXJ5Og=="
            } else {
                "x-key: sk-canary"
            };
            assert_eq!(arrived.contains(header), arrives, "{case}: {arrived}");
            match sent {
                Ok(_) => assert!(arrives, "{case}"),
                Err(Error::NotExecuted { reason, .. }) => {
                    assert!(!arrives, "{case}");
                    assert!(reason.contains("the secret `api_key` is not for"), "{case}");
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert_eq!(*counted.lock().unwrap(), "", "who counts never heard of it");
}
