//! Where a gateway leads customers: to pages that the manifest wishes and the operator grants.

use vestibule::plugins::gateway::answer::{ClientAction, Outcome};
use vestibule::plugins::gateway::config::GatewayConfig;
use vestibule::plugins::{Error, UnknownCause};

use super::guest::{self, MANIFEST, OnCharge};
use super::{Host, charge, plain};
use crate::support::log::Log;

const OWN: &str = "https://pay.example.com";

/// The guest with these wishes.
fn wishing(browser: &str, on_charge: &OnCharge) -> Vec<u8> {
    let wishes = format!("secrets = [\"api_key\"]\n browser = {browser}");
    let manifest = MANIFEST.replace("secrets = [\"api_key\"]", &wishes);
    guest::plugin(&manifest, on_charge)
}

fn granting(browser: &[&str]) -> GatewayConfig {
    let mut config = plain();
    config.grant.browser = browser.iter().map(ToString::to_string).collect();
    config
}

/// Where the customer is sent by a guest that wants to send them to `url`.
async fn led(wishes: &str, grant: &[&str], url: &str) -> ClientAction {
    let host = Host::with(&wishing(wishes, &guest::LEADS)).await;
    let payment = host
        .gateway(granting(grant))
        .charge(&charge(url))
        .await
        .unwrap();
    match payment.outcome {
        Outcome::RequiresAction { action, .. } => action,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_led_only_where_the_manifest_wishes_and_the_operator_grants() {
    let page = "https://pay.example.com/session/1?x=y";
    let bank = "https://bank.example/3ds";
    let own = "[\"https://pay.example.com\"]";
    let both = "[\"https://pay.example.com\", \"any\"]";
    for (wishes, grant, url, goes) in [
        (own, &[OWN][..], page, true),
        (own, &[], page, false),
        ("[]", &[OWN], page, false),
        ("[]", &["any"], page, false),
        // A bank's page, or a thief's.
        (own, &[OWN], bank, false),
        (own, &[OWN, "any"], bank, false),
        (both, &[OWN], bank, false),
        (both, &[OWN, "any"], bank, true),
        // Nothing in the clear that was not named.
        (both, &[OWN, "any"], "http://bank.example/3ds", false),
        (own, &[OWN], "https://pay.example.com.thief.example/", false),
        (own, &[OWN], "https://pay.example.com:8443/", false),
        (
            "[\"http://127.0.0.1:8081\"]",
            &["http://127.0.0.1:8081"],
            "http://127.0.0.1:8081/pay",
            true,
        ),
    ] {
        let action = led(wishes, grant, url).await;
        let case = format!("{wishes} {grant:?} {url}: {action:?}");
        match action {
            ClientAction::Redirect { url: to } => assert!(goes && to == url, "{case}"),
            ClientAction::Refused { origin } => {
                assert!(!goes && url.starts_with(&origin), "{case}");
            }
            ClientAction::Wait => panic!("{case}"),
        }
    }
}

#[tokio::test]
async fn the_log_names_the_plugin_and_the_origin_that_was_refused_and_not_the_page() {
    let (log, _guard) = Log::of_this_thread("vestibule=info");
    led("[]", &[], "https://thief.example/page?token=canary").await;
    let text = log.text();
    assert!(
        text.contains("it sends a customer to https://thief.example"),
        "{text}"
    );
    assert!(text.contains("guest"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_user_info_or_no_address_at_all_is_no_answer() {
    let host = Host::with(&wishing("[\"any\"]", &guest::LEADS)).await;
    let gateway = host.gateway(granting(&["any"]));
    for url in [
        "https://pay.example.com@thief.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "//thief.example/",
        "/pay",
        "",
    ] {
        let error = gateway.charge(&charge(url)).await.unwrap_err();
        assert!(error.outcome_unknown(), "{url}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosted_fields_are_refused_with_the_reason_and_never_taken_for_something_to_wait_for() {
    let host = Host::with(&wishing("[\"any\"]", &guest::WANTS_FIELDS)).await;
    let gateway = host.gateway(granting(&[OWN, "any"]));
    let error = gateway.charge(&charge(OWN)).await.unwrap_err();
    let Error::Unknown {
        cause: UnknownCause::Malformed(why),
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert!(
        why.contains("hosted fields are not shown by this host"),
        "{why}"
    );
}
