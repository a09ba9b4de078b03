//! The last good version of a file, across a restart: a bad file takes nothing down, and what an
//! operator takes away stays away.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vestibule::domain::Mode;
use vestibule::plugins::gateway::answer::Outcome;
use vestibule::plugins::gateway::config::GatewayConfig;
use vestibule::plugins::limits::Limits;
use vestibule::plugins::manifest::Kind;
use vestibule::plugins::signature::{Signer, Signing};
use vestibule::plugins::signing_key::{self, SigningKey};
use vestibule::plugins::status::{PluginStatus, Standing};
use vestibule::plugins::{PluginSettings, Plugins};

use super::guest::{self, MANIFEST, OnCharge};
use super::servers::{OK, answering};
use super::{charge, config, patient, plain, put, scope, settings};

fn guest(id: &str, version: &str) -> Vec<u8> {
    guest::plugin(&manifest(id, version), &OnCharge::Succeeds)
}

fn manifest(id: &str, version: &str) -> String {
    let manifest = MANIFEST.replace("id = \"guest\"", &format!("id = {id:?}"));
    manifest.replace("version = \"1.0.0\"", &format!("version = {version:?}"))
}

/// A folder whose hosts start and end.
struct Machine {
    folder: TempDir,
    signing: Signing,
}

impl Machine {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            signing: Signing::default(),
        }
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        put(&self.folder, name, bytes);
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.folder.path().join(name)).unwrap();
    }

    /// A host starts over the folder as it is now.
    async fn start(&self) -> std::sync::Arc<Plugins> {
        self.start_limited(patient()).await
    }

    async fn start_limited(&self, limits: Limits) -> std::sync::Arc<Plugins> {
        let settings = PluginSettings {
            signing: self.signing.clone(),
            ..settings(self.folder.path(), limits)
        };
        Plugins::open(settings).await.unwrap()
    }

    /// How the files stand for a host that starts now.
    async fn stand(&self) -> Vec<(String, Standing, Option<String>)> {
        let host = self.start().await;
        stand(&host)
    }

    /// What is kept for a restart.
    fn kept(&self) -> Vec<PathBuf> {
        let inside = |folder: &Path| -> Vec<PathBuf> {
            let files = std::fs::read_dir(folder).unwrap();
            files.map(|file| file.unwrap().path()).collect()
        };
        let folders = inside(&self.folder.path().join("kept"));
        let mut files: Vec<_> = folders.iter().flat_map(|folder| inside(folder)).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "good"));
        files
    }
}

/// Each file, how it stands, and which plugin in which version is in use.
pub(super) fn stand(plugins: &Plugins) -> Vec<(String, Standing, Option<String>)> {
    let told = |status: PluginStatus| {
        let plugin = status.plugin;
        let plugin = plugin.map(|plugin| format!("{} {}", plugin.id, plugin.version));
        (status.file, status.state, plugin)
    };
    plugins.statuses().into_iter().map(told).collect()
}

pub(super) fn is(
    file: &str,
    standing: Standing,
    plugin: &str,
) -> (String, Standing, Option<String>) {
    let plugin = Some(plugin.to_owned()).filter(|plugin| !plugin.is_empty());
    (file.to_owned(), standing, plugin)
}

async fn charged(plugins: &Plugins, config: GatewayConfig, url: &str) -> Result<Outcome, String> {
    let scope = scope(Mode::Test);
    plugins.configure([((scope.clone(), "main".to_owned()), config)].into());
    let gateway = plugins.gateway(&scope, "main");
    let gateway = gateway.map_err(|error| error.to_string())?;
    let payment = gateway.charge(&charge(url)).await;
    Ok(payment.map_err(|error| error.to_string())?.outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_over_a_bad_file_the_last_good_version_takes_payments() {
    let machine = Machine::new();
    machine.put("guest.wasm", &guest("guest", "1"));
    let host = machine.start().await;
    machine.put("guest.wasm", &guest("guest", "2"));
    host.reload().await;
    machine.put("guest.wasm", b"broken");
    host.reload().await;
    drop(host);
    for _ in 0..2 {
        let host = machine.start().await;
        let status = host.statuses().remove(0);
        assert!(status.error.unwrap().contains("not"), "why it is refused");
        let last_good = is("guest.wasm", Standing::LastGood, "guest 2");
        assert_eq!(stand(&host), [last_good]);
        assert_eq!(
            charged(&host, plain(), "pay_1").await.unwrap(),
            Outcome::Succeeded
        );
    }
    // One for each file, however many versions there were.
    assert_eq!(machine.kept().len(), 1);
    machine.put("guest.wasm", &guest("guest", "3"));
    assert_eq!(
        machine.stand().await,
        [is("guest.wasm", Standing::InUse, "guest 3")]
    );
    machine.put("guest.wasm", b"");
    assert_eq!(
        machine.stand().await,
        [is("guest.wasm", Standing::LastGood, "guest 3")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_away_does_not_come_back_with_a_bad_file_of_its_name() {
    let machine = Machine::new();
    machine.put("bad.wasm", b"broken");
    let refused = is("bad.wasm", Standing::Refused, "");
    assert_eq!(
        machine.stand().await,
        std::slice::from_ref(&refused),
        "never good"
    );

    let machine = Machine::new();
    // Taken away while no host runs.
    machine.put("bad.wasm", &guest("guest", "1"));
    machine.stand().await;
    assert_eq!(machine.kept().len(), 1);
    machine.remove("bad.wasm");
    assert_eq!(machine.stand().await, []);
    assert_eq!(machine.kept(), [] as [&Path; 0]);
    machine.put("bad.wasm", b"broken");
    assert_eq!(machine.stand().await, std::slice::from_ref(&refused));
    // And while one does.
    machine.put("bad.wasm", &guest("guest", "2"));
    let host = machine.start().await;
    machine.remove("bad.wasm");
    host.reload().await;
    assert_eq!(
        stand(&host),
        [is("bad.wasm", Standing::TakenAway, "guest 2")]
    );
    drop(host);
    machine.put("bad.wasm", b"broken");
    assert_eq!(machine.stand().await, [refused]);
}

fn signature(bytes: &[u8], by: &SigningKey) -> Vec<u8> {
    let signed = signing_key::sign(bytes, "guest.wasm", &by.secret, 0);
    signed.unwrap().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_version_is_held_against_the_signers_that_are_believed_at_the_restart() {
    let vendor = signing_key::make(vestibule::cx::random()).unwrap();
    let mut machine = Machine::new();
    machine.signing = Signing {
        signers: [("vendor".to_owned(), Signer::parse(&vendor.line).unwrap())].into(),
        required: [Kind::Gateway].into(),
    };
    let good = guest("guest", "1");
    machine.put("guest.wasm.minisig", &signature(&good, &vendor));
    machine.put("guest.wasm", &good);
    assert_eq!(
        machine.stand().await,
        [is("guest.wasm", Standing::InUse, "guest 1")]
    );
    // The signature went; what was kept has its own.
    machine.remove("guest.wasm.minisig");
    let host = machine.start().await;
    assert_eq!(
        stand(&host),
        [is("guest.wasm", Standing::LastGood, "guest 1")]
    );
    let plugin = host.statuses().remove(0).plugin.unwrap();
    assert_eq!(plugin.signed_by.as_deref(), Some("vendor"));
    drop(host);
    // Nobody believes the vendor any more.
    machine.signing.signers.clear();
    let refused = [is("guest.wasm", Standing::Refused, "")];
    assert_eq!(machine.stand().await, refused);

    // What was good without a signature is not, once one is asked for.
    let mut machine = Machine::new();
    machine.put("guest.wasm", &good);
    machine.stand().await;
    machine.put("guest.wasm", b"broken");
    machine.signing.required = [Kind::Gateway].into();
    assert_eq!(machine.stand().await, refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_version_that_was_changed_or_cut_off_is_not_used() {
    let machine = Machine::new();
    machine.put("guest.wasm", &guest("guest", "1"));
    machine.stand().await;
    machine.put("guest.wasm", b"broken");
    let [kept] = machine.kept().try_into().unwrap();
    let whole = std::fs::read(&kept).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    for bytes in [&changed[..], &whole[..whole.len() / 2], b"{}\n", b""] {
        std::fs::write(&kept, bytes).unwrap();
        assert_eq!(
            machine.stand().await,
            [is("guest.wasm", Standing::Refused, "")]
        );
    }
    std::fs::write(&kept, &whole).unwrap();
    assert_eq!(
        machine.stand().await,
        [is("guest.wasm", Standing::LastGood, "guest 1")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_version_may_what_is_granted_at_the_restart_and_no_more() {
    let machine = Machine::new();
    let fetches = guest::plugin(MANIFEST, &guest::FETCHES);
    machine.put("guest.wasm", &fetches);
    machine.stand().await;
    machine.put("guest.wasm", b"broken");
    let host = machine.start().await;
    let (origin, _) = answering(OK).await;
    let granted = charged(&host, config(&origin, true), &origin).await;
    assert_eq!(granted.unwrap(), Outcome::Succeeded);
    let revoked = charged(&host, plain(), &origin).await.unwrap_err();
    assert!(revoked.contains("is not permitted"), "{revoked}");
    // Nor has it more room than components have now.
    let small = Limits {
        component_bytes: fetches.len() - 1,
        ..patient()
    };
    drop(host);
    let host = machine.start_limited(small).await;
    assert_eq!(stand(&host), [is("guest.wasm", Standing::Refused, "")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_may_exchange_their_plugins_in_one_look() {
    let machine = Machine::new();
    machine.put("a.wasm", &guest("one", "1"));
    machine.put("b.wasm", &guest("two", "1"));
    machine.put("c.wasm", &guest("three", "1"));
    let host = machine.start().await;
    machine.put("a.wasm", &guest("two", "2"));
    machine.put("b.wasm", &guest("three", "2"));
    machine.put("c.wasm", &guest("one", "2"));
    host.reload().await;
    let exchanged = [
        is("a.wasm", Standing::InUse, "two 2"),
        is("b.wasm", Standing::InUse, "three 2"),
        is("c.wasm", Standing::InUse, "one 2"),
    ];
    assert_eq!(stand(&host), exchanged);
    drop(host);
    assert_eq!(machine.stand().await, exchanged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_file_goes_before_the_last_good_version_of_a_bad_one() {
    let machine = Machine::new();
    machine.put("a.wasm", &guest("guest", "1"));
    let host = machine.start().await;
    machine.put("a.wasm", b"broken");
    machine.put("b.wasm", &guest("guest", "2"));
    let moved = [
        is("a.wasm", Standing::Refused, ""),
        is("b.wasm", Standing::InUse, "guest 2"),
    ];
    host.reload().await;
    assert_eq!(stand(&host), moved);
    drop(host);
    // Whatever was kept of the bad one.
    assert_eq!(machine.stand().await, moved);
    machine.remove("b.wasm");
    assert_eq!(
        machine.stand().await,
        [is("a.wasm", Standing::LastGood, "guest 1")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_the_id_of_another_keeps_its_own_last_good_version_across_a_restart() {
    let machine = Machine::new();
    machine.put("a.wasm", &guest("one", "1"));
    machine.put("b.wasm", &guest("two", "1"));
    let host = machine.start().await;
    machine.put("b.wasm", &guest("one", "2"));
    host.reload().await;
    let kept = [
        is("a.wasm", Standing::InUse, "one 1"),
        is("b.wasm", Standing::LastGood, "two 1"),
    ];
    assert_eq!(stand(&host), kept);
    let why = host.statuses().remove(1).error.unwrap();
    assert_eq!(why, "the plugin `one` is already loaded from a.wasm");
    drop(host);
    assert_eq!(machine.stand().await, kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_becomes_another_plugin_leaves_its_own_to_look_after_what_is_open() {
    let machine = Machine::new();
    machine.put("gateway.wasm", &guest("guest", "1"));
    let host = machine.start().await;
    let scope = scope(Mode::Test);
    host.configure([((scope.clone(), "main".to_owned()), plain())].into());
    machine.put("gateway.wasm", &guest("other", "1"));
    host.reload().await;
    assert_eq!(
        stand(&host),
        [
            is("gateway.wasm", Standing::InUse, "other 1"),
            is("gateway.wasm", Standing::TakenAway, "guest 1"),
        ]
    );
    assert!(host.gateway(&scope, "main").is_err());
    let open = host.gateway_of_open(&scope, "main").unwrap();
    let payment = open.charge(&charge("pay_1")).await.unwrap();
    assert_eq!(payment.outcome, Outcome::Succeeded);
    // Back under another name it is in use again.
    machine.put("guest.wasm", &guest("guest", "2"));
    host.reload().await;
    assert!(host.gateway(&scope, "main").is_ok());
    assert_eq!(stand(&host).len(), 2);
}
