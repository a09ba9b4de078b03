//! Signatures: who is believed, and what is not loaded without one.

use vestibule::plugins::manifest::Kind;
use vestibule::plugins::signature::{Signer, Signing};
use vestibule::plugins::signing_key::{self, SigningKey};
use vestibule::plugins::status::{PluginStatus, Standing};
use vestibule::plugins::{PluginSettings, Plugins};

use super::guest::{self, MANIFEST, OnCharge};
use super::{Host, limits, put, settings};

fn key() -> SigningKey {
    signing_key::make(vestibule::cx::random()).unwrap()
}

fn signature(bytes: &[u8], by: &SigningKey) -> String {
    signing_key::sign(bytes, "guest.wasm", &by.secret, 0).unwrap()
}

/// Believes `vendor`, and asks for signatures of these kinds.
fn signing(vendor: &SigningKey, required: &[Kind]) -> Signing {
    let signer = Signer::parse(&vendor.line).unwrap();
    Signing {
        signers: [("vendor".to_owned(), signer)].into(),
        required: required.iter().copied().collect(),
    }
}

async fn host(signing: Signing) -> Host {
    let folder = tempfile::TempDir::new().unwrap();
    let settings = PluginSettings {
        signing,
        ..settings(folder.path(), limits())
    };
    let plugins = Plugins::open(settings).await.unwrap();
    Host { folder, plugins }
}

impl Host {
    async fn after(&self, name: &str, bytes: &[u8]) -> PluginStatus {
        put(&self.folder, name, bytes);
        self.plugins.reload().await;
        self.plugins.statuses().remove(0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_must_be_signed_is_loaded_only_with_the_signature_of_somebody_believed() {
    let (vendor, stranger) = (key(), key());
    let host = host(signing(&vendor, &[Kind::Gateway])).await;
    let plugin = guest::plugin(MANIFEST, &OnCharge::Succeeds);
    let ends = "guest.wasm.minisig";
    let why = |status: PluginStatus| {
        assert_eq!(status.state, Standing::Refused);
        status.error.unwrap()
    };
    let error = why(host.after("guest.wasm", &plugin).await);
    assert!(
        error.contains("is not signed; plugins.signed asks"),
        "{error}"
    );
    let error = why(host.after(ends, b"no signature").await);
    assert!(error.contains("cannot be read"), "{error}");
    let by_stranger = signature(&plugin, &stranger);
    let error = why(host.after(ends, by_stranger.as_bytes()).await);
    assert!(error.contains("not by one of plugins.signers"), "{error}");
    let of_others = signature(b"other bytes", &vendor);
    let error = why(host.after(ends, of_others.as_bytes()).await);
    assert!(error.contains("vendor is not for this file"), "{error}");

    let good = signature(&plugin, &vendor);
    let status = host.after(ends, good.as_bytes()).await;
    assert_eq!((status.state, status.error), (Standing::InUse, None));
    assert_eq!(status.plugin.unwrap().signed_by.as_deref(), Some("vendor"));

    // One byte more, and the last good version stays.
    let changed = guest::plugin(MANIFEST, &guest::TRAPS);
    let status = host.after("guest.wasm", &changed).await;
    assert_eq!(status.state, Standing::LastGood);
    // So it does when the signature goes, which its file says at the next look.
    host.after("guest.wasm", &plugin).await;
    std::fs::remove_file(host.folder.path().join(ends)).unwrap();
    host.plugins.reload().await;
    let status = host.plugins.statuses().remove(0);
    assert_eq!(status.state, Standing::LastGood);
    assert!(status.error.unwrap().contains("is not signed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_signature_is_asked_for_a_wrong_one_is_refused_and_a_strangers_says_nothing() {
    let (vendor, stranger) = (key(), key());
    let plugin = guest::plugin(MANIFEST, &OnCharge::Succeeds);
    for required in [&[][..], &[Kind::Branding]] {
        let host = host(signing(&vendor, required)).await;
        let status = host.after("guest.wasm", &plugin).await;
        assert_eq!(status.plugin.unwrap().signed_by, None);
        let ends = "guest.wasm.minisig";
        let by_stranger = signature(&plugin, &stranger);
        let status = host.after(ends, by_stranger.as_bytes()).await;
        assert_eq!(status.state, Standing::InUse);
        assert_eq!(status.plugin.unwrap().signed_by, None);
        let of_others = signature(b"other bytes", &vendor);
        let status = host.after(ends, of_others.as_bytes()).await;
        assert_eq!(status.state, Standing::LastGood);
        let good = signature(&plugin, &vendor);
        let status = host.after(ends, good.as_bytes()).await;
        assert_eq!(status.plugin.unwrap().signed_by.as_deref(), Some("vendor"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_comes_after_its_file_is_seen_by_itself() {
    let vendor = key();
    let host = host(signing(&vendor, &[Kind::Gateway])).await;
    let plugin = guest::plugin(MANIFEST, &OnCharge::Succeeds);
    let status = host.after("guest.wasm", &plugin).await;
    assert_eq!(status.state, Standing::Refused);
    let _watch = host.plugins.watch().unwrap();
    let good = signature(&plugin, &vendor);
    put(&host.folder, "guest.wasm.minisig", good.as_bytes());
    let begun = std::time::Instant::now();
    while host.plugins.statuses()[0].state != Standing::InUse {
        assert!(begun.elapsed().as_secs() < 60, "it was never seen");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
