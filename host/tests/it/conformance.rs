//! The suite of promises, on every gateway of this repository and on gateways that lie.

mod broken;

use std::path::Path;
use std::sync::Arc;

use vestibule::app;
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
const DECLINED: &str = "4000000000000002";

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
    tried_at_a_sandbox(plugin, file, true).await
}

/// The same in front of a processor that honours its keys, or carries out every order anew.
async fn tried_at_a_sandbox(plugin: &str, file: &Path, honours_keys: bool) -> Vec<Finding> {
    let (url, received) = receiver().await;
    let sandbox = Arc::new(Sandbox::start(Some(url)).await);
    let keys = serde_json::json!({ "honoured": honours_keys });
    sandbox
        .call(reqwest::Method::PUT, "/control/keys", Some(keys))
        .await;
    let config = GatewayConfig {
        plugin: plugin.to_owned(),
        ..crate::sandbox::config(&sandbox.origin())
    };
    let customers = |card: &'static str| -> Customers {
        let sandbox = Arc::clone(&sandbox);
        Arc::new(move |page| {
            let sandbox = Arc::clone(&sandbox);
            Box::pin(async move {
                let went = sandbox.try_card(&page, card).await;
                went.map(drop)
                    .ok_or_else(|| "the page leads nowhere".to_owned())
            })
        })
    };
    let who = [customers(GOOD), customers(DECLINED)];
    let report = report(file, config, Some(who), Some(received)).await;
    report.promises.unwrap().unwrap()
}

#[tokio::test]
async fn the_stripe_gateway_keeps_every_promise() {
    let (url, received) = receiver().await;
    let stripe = Arc::new(Stripe::start().await);
    stripe.notify(url.as_str()).await;
    let config = crate::stripe::config(&stripe.origin());
    let findings = tried("stripe", config, Some(cards(&stripe)), Some(received)).await;
    let (waited, rest): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| {
        finding
            .promise
            .starts_with("a payment that nobody made in time")
    });
    all_kept(&rest);
    // Stripe's pages live for half an hour at least, and the gateway says so.
    let why = waited[0].to_string();
    assert!(why.contains("which is not waited for"), "{why}");
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
    let received = Deliveries::default();
    let customers = |executes: bool| -> Customers {
        let (customer, news) = (bank.clone(), Arc::clone(&received));
        Arc::new(move |page| {
            let (bank, received) = (customer.clone(), Arc::clone(&news));
            Box::pin(async move {
                if !bank.try_approve(&page).await {
                    return Err("the page is over".to_owned());
                }
                bank.settle(executes);
                received
                    .lock()
                    .unwrap()
                    .push(Bank::delivery("run-visit", WEBHOOK_SECRET));
                Ok(())
            })
        })
    };
    let who = [customers(true), customers(false)];
    let findings = tried("transfer", config, Some(who), Some(Arc::clone(&received))).await;
    let broken = all_broken(&findings);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    // It saves no method, and says so: that alone could not be tried.
    let not_tried = findings
        .iter()
        .filter(|finding| matches!(finding.verdict, Verdict::NotTried(_)));
    assert_eq!(not_tried.count(), 1, "{findings:#?}");
    // In euros, in yen and in dinars; nothing of what was declined or too late.
    let mut arrived = bank.arrived();
    arrived.sort();
    assert_eq!(arrived, ["2.913", "29.13", "2913"]);
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
    let findings = tried_where_it_lies().await;
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

/// What is found of a guest that says at once that a euro was paid.
async fn tried_where_it_lies() -> Vec<Finding> {
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
    report.promises.unwrap().unwrap()
}

/// Customers with a good card and with one that is declined.
fn cards(stripe: &Arc<Stripe>) -> [Customers; 2] {
    [GOOD, DECLINED].map(|card| -> Customers {
        let stripe = Arc::clone(stripe);
        Arc::new(move |page| {
            let stripe = Arc::clone(&stripe);
            Box::pin(async move { stripe.give_card(&page, card).await.map(drop) })
        })
    })
}

async fn tried(
    plugin: &'static str,
    config: GatewayConfig,
    customers: Option<[Customers; 2]>,
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
    customers: Option<[Customers; 2]>,
    deliveries: Option<Deliveries>,
) -> Report {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (customers, declining) = customers.map(|[good, declined]| (good, declined)).unzip();
    let trial = Trial {
        config,
        bench: Bench {
            customers,
            declining,
            deliveries,
            currency: Some("EUR".parse().unwrap()),
            run: "run-".to_owned(),
            clock: Arc::new(now),
        },
    };
    let clock = Arc::new(now);
    let report = check::check(
        file,
        patient(),
        &cache(),
        clock,
        app::opening(),
        Some(trial),
    )
    .await;
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
