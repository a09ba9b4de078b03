//! Guests that were compiled against each released version of an interface and are kept as they
//! were: every later host must load and call them.

use std::path::{Path, PathBuf};

use vestibule::domain::Mode;
use vestibule::domain::branding::{BrandContext, Surface};
use vestibule::domain::extra_page::{PageAnswer, PageRequest, Reader, Slot};
use vestibule::plugins::Error;
use vestibule::plugins::config::PluginConfig;

use super::{Host, charge, config, plain, scope};

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/released")
}

async fn host(guest: &str) -> Host {
    let host = Host::with(&std::fs::read(kept().join(guest)).unwrap()).await;
    let states = host.plugins.states();
    assert_eq!(states[0].error, None, "{guest}");
    host
}

/// Every released version has a guest here that was built against it.
#[test]
fn every_released_version_has_a_guest_that_was_built_against_it() {
    let released = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/released");
    for package in std::fs::read_dir(released).unwrap() {
        let package = package.unwrap();
        let name = package.file_name().into_string().unwrap();
        // These two are what the others import.
        if name == "types" || name == "host" {
            continue;
        }
        for version in std::fs::read_dir(package.path()).unwrap() {
            let version = version.unwrap().file_name().into_string().unwrap();
            let guest = kept().join(format!("{name}-{version}.wasm"));
            let bytes = std::fs::read(&guest).unwrap_or_else(|_| panic!("no {}", guest.display()));
            let export = format!("vestibule:{name}/");
            let at = format!("@{version}");
            let text = String::from_utf8_lossy(&bytes);
            let mut exports = text.match_indices(&export);
            assert!(
                exports.any(|(start, _)| text[start..]
                    .chars()
                    .take(80)
                    .collect::<String>()
                    .contains(&at)),
                "{}",
                guest.display()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_of_version_1_0_is_called() {
    let host = host("gateway-1.0.0.wasm").await;
    let gateway = host.gateway(PluginConfig {
        plugin: "sandbox".to_owned(),
        grant: plain().grant,
        ..config("http://127.0.0.1:9", true)
    });
    assert_eq!(gateway.description().name, "Sandbox");
    // Nothing is granted: it says itself that nothing was sent.
    let error = gateway.charge(&charge("pay_1")).await.unwrap_err();
    assert!(!error.outcome_unknown(), "{error}");
    assert!(!matches!(error, Error::Unsupported { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branding_of_version_1_0_is_called() {
    let host = host("branding-1.0.0.wasm").await;
    let scope = scope(Mode::Test);
    let config = PluginConfig {
        plugin: "seasons".to_owned(),
        ..plain()
    };
    host.plugins.dress([(scope.clone(), config)].into());
    let branding = host.plugins.branding(&scope).unwrap().unwrap();
    let context = BrandContext {
        scope,
        segment: None,
        locale: "en".to_owned(),
        date: "2026-12-24".to_owned(),
        surface: Surface::Portal,
    };
    let overrides = branding.resolve(&context).await.unwrap();
    assert_eq!(overrides.logo.as_deref(), Some("winter.svg"));
    assert!(
        overrides
            .tokens
            .iter()
            .any(|(name, _)| name == "light.accent")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_version_1_0_are_called() {
    let host = host("pages-1.0.0.wasm").await;
    let scope = scope(Mode::Test);
    let config = PluginConfig {
        plugin: "retention".to_owned(),
        ..plain()
    };
    host.plugins
        .furnish([((scope.clone(), "offers".to_owned()), config)].into());
    let pages = host.plugins.pages(&scope, "offers").unwrap().unwrap();
    assert_eq!(pages.navigation()[0].label, "nav-feedback");
    let reader = Reader {
        scope,
        customer: "cus_1".parse().unwrap(),
        home: "/x/offers".to_owned(),
        locale: "en".to_owned(),
        now: jiff::Timestamp::UNIX_EPOCH,
    };
    let request = PageRequest {
        reader: reader.clone(),
        path: "/thanks".to_owned(),
        query: Vec::new(),
    };
    let answer = pages.render(&request).await.unwrap();
    assert!(matches!(answer, PageAnswer::Page { title, .. } if title == "Thank you"));
    // Nothing is granted, and it says so itself.
    let error = pages.block(&reader, Slot::Cancel, Some("sub_1")).await;
    assert!(error.unwrap_err().to_string().contains("Denied"));
}
