//! Settings that a plugin refuses, and versions that refuse the settings: what worked goes on.

use std::sync::Arc;

use serde_json::json;
use vestibule::domain::Mode;
use vestibule::plugins::data::NoData;
use vestibule::plugins::gateway::answer::Outcome;
use vestibule::plugins::gateway::config::GatewayConfig;
use vestibule::plugins::status::{PluginStatus, Standing};
use vestibule::plugins::{Error, Plugins};

use super::guest::{self, MANIFEST, OnCharge};
use super::life::until;
use super::servers::{OK, answering};
use super::{Host, charge, config, patient, plain, put, scope, settings};

fn configure(plugins: &Plugins, config: GatewayConfig) {
    plugins.configure([((scope(Mode::Test), "main".to_owned()), config)].into());
}

async fn charged(plugins: &Plugins, url: &str) -> Result<Outcome, Error> {
    let gateway = plugins.gateway(&scope(Mode::Test), "main")?;
    Ok(gateway.charge(&charge(url)).await?.outcome)
}

fn first(plugins: &Plugins) -> PluginStatus {
    plugins.statuses().remove(0)
}

fn version(status: &PluginStatus) -> &str {
    &status.plugin.as_ref().unwrap().version
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_plugin_refuses_its_new_settings_those_before_hold_and_the_grants_are_new() {
    let host = Host::limited(&guest::plugin(MANIFEST, &guest::FETCHES), patient()).await;
    let plugins = &host.plugins;
    let (origin, _) = answering(OK).await;
    let good = config(&origin, true);
    let wrong = GatewayConfig {
        settings: [("base_url".to_owned(), json!(5))].into(),
        ..good.clone()
    };
    configure(plugins, good.clone());
    assert_eq!(charged(plugins, &origin).await.unwrap(), Outcome::Succeeded);
    for _ in 0..2 {
        configure(plugins, wrong.clone());
        assert_eq!(charged(plugins, &origin).await.unwrap(), Outcome::Succeeded);
        let refused = first(plugins).plugin.unwrap().refused;
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].at, "bus_1/test/main");
        assert!(refused[0].what.contains("base_url"), "{}", refused[0].what);
    }
    // A grant that is revoked by the same file is revoked.
    let revoked = GatewayConfig {
        grant: plain().grant,
        ..wrong.clone()
    };
    configure(plugins, revoked);
    let error = charged(plugins, &origin).await.unwrap_err().to_string();
    assert!(error.contains("is not permitted"), "{error}");
    configure(plugins, good);
    assert_eq!(charged(plugins, &origin).await.unwrap(), Outcome::Succeeded);
    assert_eq!(first(plugins).plugin.unwrap().refused, []);
    // Where nothing worked before, nothing stands in.
    configure(plugins, plain());
    plugins.configure([].into());
    configure(plugins, wrong);
    let error = charged(plugins, &origin).await.unwrap_err();
    assert!(matches!(error, Error::Misconfigured { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_the_settings_do_not_suit_waits_for_those_that_do() {
    let of = |version: &str, more: &str| {
        let manifest = MANIFEST.replace("type = \"url\"", &format!("type = \"url\"\n{more}"));
        let manifest = manifest.replace("version = \"1.0.0\"", &format!("version = {version:?}"));
        guest::plugin(&manifest, &OnCharge::Succeeds)
    };
    let host = Host::limited(&of("1", ""), patient()).await;
    configure(&host.plugins, plain());
    put(&host.folder, "guest.wasm", &of("2", "required = true"));
    host.plugins.reload().await;
    // So it is after a restart.
    let again = Plugins::begin(settings(host.folder.path(), patient()), Arc::new(NoData));
    let again = again.unwrap();
    configure(&again, plain());
    again.reload().await;
    for plugins in [&host.plugins, &again] {
        let status = first(plugins);
        assert_eq!((status.state, version(&status)), (Standing::LastGood, "1"));
        let why = status.error.unwrap();
        assert!(why.contains("bus_1/test/main"), "{why}");
        assert!(why.contains("base_url"), "{why}");
        let outcome = charged(plugins, "pay_1").await.unwrap();
        assert_eq!(outcome, Outcome::Succeeded);
    }
    // It comes by itself when they do.
    let _watch = host.plugins.watch().unwrap();
    configure(&host.plugins, config("https://api.example.com", false));
    until(|| first(&host.plugins).state == Standing::InUse).await;
    assert_eq!(version(&first(&host.plugins)), "2");
    // Who has no version before takes what there is, and says what is missing.
    let host = Host::limited(&of("2", "required = true"), patient()).await;
    configure(&host.plugins, plain());
    assert_eq!(first(&host.plugins).state, Standing::InUse);
    let error = charged(&host.plugins, "pay_1").await.unwrap_err();
    assert!(
        error.to_string().contains("`base_url` is required"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_carries_what_no_portal_can_show_is_not_taken() {
    use vestibule::plugins::package;

    let pages = |template: &str| {
        let file = bytes::Bytes::from(template.to_owned());
        let files = [("templates/a.html".to_owned(), file)].into();
        let module = guest::module(&OnCharge::Succeeds);
        package::with_files(MANIFEST, &files, &module)
            .unwrap()
            .bytes
    };
    let host = Host::limited(&pages("<p>Good</p>"), patient()).await;
    assert_eq!(first(&host.plugins).state, Standing::InUse);
    put(
        &host.folder,
        "guest.wasm",
        &pages("<p>\n{% if data.x %}</p>"),
    );
    host.plugins.reload().await;
    let status = first(&host.plugins);
    assert_eq!(status.state, Standing::LastGood);
    let why = status.error.unwrap();
    assert!(why.contains("templates/a.html"), "{why}");
}
