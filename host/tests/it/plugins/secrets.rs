//! A secret is used by the host for the plugin that asks for it, and read by nobody.

use std::collections::BTreeMap;

use vestibule::plugins::Error;
use vestibule::plugins::gateway::answer::Outcome;
use vestibule::plugins::gateway::config::GatewayConfig;

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
