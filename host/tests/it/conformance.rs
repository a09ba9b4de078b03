//! The suite of promises, on every gateway of this repository and on gateways that lie.

use std::path::Path;
use std::sync::Arc;

use vestibule::plugins::check::{self, Report, Trial};
use vestibule::plugins::conformance::{Bench, Customers, Deliveries, Finding, Verdict};
use vestibule::plugins::gateway::config::GatewayConfig;

use crate::plugins::guest;
use crate::sandbox::now;
use crate::sandbox::others::receiver;
use crate::support::bank::{Bank, MERCHANT};
use crate::support::plugin::{cache, folder, patient};
use crate::support::sandbox::{API_KEY, Sandbox, WEBHOOK_SECRET};
use crate::support::stripe::Stripe;

const GOOD: &str = "4242424242424242";

#[tokio::test]
async fn the_sandbox_gateway_keeps_every_promise() {
    all_kept(&in_front_of_the_sandbox("sandbox").await);
}

#[tokio::test]
async fn the_same_gateway_in_javascript_keeps_every_promise() {
    all_kept(&in_front_of_the_sandbox("sandbox-js").await);
}

#[tokio::test]
async fn the_same_gateway_in_python_keeps_every_promise() {
    all_kept(&in_front_of_the_sandbox("sandbox-py").await);
}

async fn in_front_of_the_sandbox(plugin: &'static str) -> Vec<Finding> {
    let folder = folder(&[plugin]).await;
    let file = folder.path().join(plugin).with_extension("wasm");
    tried_at_the_sandbox(plugin, &file).await
}

/// What is found of the gateway in `file`, in front of a sandbox processor of its own whose
/// customers pay with a good card.
pub(crate) async fn tried_at_the_sandbox(plugin: &str, file: &Path) -> Vec<Finding> {
    let (url, received) = receiver().await;
    let sandbox = Arc::new(Sandbox::start(Some(url)).await);
    let config = GatewayConfig {
        plugin: plugin.to_owned(),
        ..crate::sandbox::config(&sandbox.origin())
    };
    let customers: Customers = Arc::new(move |page| {
        let sandbox = Arc::clone(&sandbox);
        Box::pin(async move {
            let went = sandbox.try_card(&page, GOOD).await;
            went.map(drop)
                .ok_or_else(|| "the page leads nowhere".to_owned())
        })
    });
    let report = report(file, config, Some(customers), Some(received)).await;
    report.promises.unwrap().unwrap()
}

#[tokio::test]
async fn the_stripe_gateway_keeps_every_promise() {
    let (url, received) = receiver().await;
    let stripe = Arc::new(Stripe::start().await);
    stripe.notify(url.as_str()).await;
    let config = crate::stripe::config(&stripe.origin());
    let findings = tried("stripe", config, Some(cards(&stripe)), Some(received)).await;
    all_kept(&findings);
}

#[tokio::test]
async fn the_transfer_gateway_keeps_every_promise_that_it_makes() {
    let bank = Bank::open(API_KEY).await;
    let config = GatewayConfig {
        plugin: "transfer".to_owned(),
        settings: [
            ("base_url".to_owned(), bank.origin().into()),
            ("merchant".to_owned(), MERCHANT.into()),
        ]
        .into(),
        secrets: [
            ("password".to_owned(), API_KEY.into()),
            ("webhook_secret".to_owned(), WEBHOOK_SECRET.into()),
        ]
        .into(),
        ..crate::sandbox::config(&bank.origin())
    };
    let (received, customer) = (Deliveries::default(), bank.clone());
    let news = Arc::clone(&received);
    let customers: Customers = Arc::new(move |page| {
        let (bank, received) = (customer.clone(), Arc::clone(&news));
        Box::pin(async move {
            bank.approve(&page).await;
            bank.settle(true);
            received
                .lock()
                .unwrap()
                .push(Bank::delivery("run-visit", WEBHOOK_SECRET));
            Ok(())
        })
    });
    let findings = tried("transfer", config, Some(customers), Some(received)).await;
    let broken = all_broken(&findings);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    // It saves no method, and says so: that alone could not be tried.
    let not_tried = findings
        .iter()
        .filter(|finding| matches!(finding.verdict, Verdict::NotTried(_)));
    assert_eq!(not_tried.count(), 1, "{findings:#?}");
    assert_eq!(bank.arrived().len(), 1);
}

#[tokio::test]
async fn a_processor_that_forgets_its_keys_is_found_out() {
    let stripe = Arc::new(Stripe::start().await);
    stripe
        .control(serde_json::json!({ "remembers": false }))
        .await;
    let config = crate::stripe::config(&stripe.origin());
    let findings = tried("stripe", config, Some(cards(&stripe)), None).await;
    assert!(
        broken(&findings, "a key charges once, however often it is sent")
            .contains("second charge with the same key"),
    );
    assert!(
        broken(
            &findings,
            "a lost answer is an unknown outcome, and lookup finds the one charge"
        )
        .contains("it is a second charge"),
    );
}

#[tokio::test]
async fn a_gateway_that_lies_is_found_out_promise_by_promise() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("guest.wasm");
    std::fs::write(
        &file,
        guest::plugin(guest::MANIFEST, &guest::OnCharge::Succeeds),
    )
    .unwrap();
    let config = GatewayConfig {
        plugin: "guest".to_owned(),
        settings: [("base_url".to_owned(), "http://127.0.0.1:9".into())].into(),
        ..crate::stripe::config("http://127.0.0.1:9")
    };
    let report = report(&file, config, None, None).await;
    let findings = report.promises.unwrap().unwrap();
    assert!(
        broken(&findings, "a payment begins with a page for the customer")
            .contains("the amount is")
    );
    assert!(
        broken(
            &findings,
            "a lost answer is an unknown outcome, and lookup finds the one charge"
        )
        .contains("it says succeeded, 100 EUR all the same")
    );
    assert!(broken(&findings, "a key that was never sent is not found").contains("trapped"));
    assert!(broken(&findings, "a payment that is cancelled cannot succeed").contains("trapped"));
}

fn cards(stripe: &Arc<Stripe>) -> Customers {
    let stripe = Arc::clone(stripe);
    Arc::new(move |page| {
        let stripe = Arc::clone(&stripe);
        Box::pin(async move { stripe.give_card(&page, GOOD).await.map(drop) })
    })
}

async fn tried(
    plugin: &'static str,
    config: GatewayConfig,
    customers: Option<Customers>,
    deliveries: Option<Deliveries>,
) -> Vec<Finding> {
    let folder = folder(&[plugin]).await;
    let file = folder.path().join(plugin).with_extension("wasm");
    let report = report(&file, config, customers, deliveries).await;
    report.promises.unwrap().unwrap()
}

async fn report(
    file: &Path,
    config: GatewayConfig,
    customers: Option<Customers>,
    deliveries: Option<Deliveries>,
) -> Report {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let trial = Trial {
        config,
        bench: Bench {
            customers,
            deliveries,
            currency: Some("EUR".parse().unwrap()),
            run: "run-".to_owned(),
            clock: Arc::new(now),
        },
    };
    let clock = Arc::new(now);
    let report = check::check(file, patient(), &cache(), clock, Some(trial)).await;
    let report = report.unwrap();
    assert!(report.problem.is_none(), "{:?}", report.problem);
    report
}

/// Why the promises are broken that are.
pub(crate) fn all_broken(findings: &[Finding]) -> Vec<String> {
    let broken = findings
        .iter()
        .filter(|finding| matches!(finding.verdict, Verdict::Broken(_)));
    broken.map(ToString::to_string).collect()
}

fn all_kept(findings: &[Finding]) {
    let bad = findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::Kept);
    let bad: Vec<_> = bad.map(ToString::to_string).collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert!(findings.len() > 15, "only {} promises", findings.len());
}

/// Why this promise is broken.
fn broken(findings: &[Finding], promise: &str) -> String {
    let finding = findings.iter().find(|finding| finding.promise == promise);
    match finding.map(|finding| &finding.verdict) {
        Some(Verdict::Broken(why)) => why.clone(),
        other => panic!("{promise}: {other:?} in {findings:#?}"),
    }
}
