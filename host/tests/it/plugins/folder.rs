//! The folder: changes, last good versions, and compiled code that is used again.

use std::path::Path;
use std::time::{Duration, Instant};

use vestibule::plugins::Plugins;
use vestibule::plugins::gateway::answer::Outcome;
use vestibule::plugins::limits::Limits;

use super::guest::{self, MANIFEST, OnCharge};
use super::{Host, charge, limits, plain, put, settings};

fn version(version: &str) -> String {
    MANIFEST.replace("version = \"1.0.0\"", &format!("version = {version:?}"))
}

fn in_use(plugins: &Plugins) -> Option<String> {
    let state = plugins.states().into_iter().next()?;
    state.in_use.map(|plugin| plugin.version)
}

async fn until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_is_picked_up_and_a_bad_one_changes_nothing() {
    let host = Host::with(&guest::plugin(&version("1"), &OnCharge::Succeeds)).await;
    let _watch = host.plugins.watch().unwrap();
    let before = host.gateway(plain());
    assert_eq!(in_use(&host.plugins).as_deref(), Some("1"));

    put(
        &host.folder,
        "guest.wasm",
        &guest::plugin(&version("2"), &guest::TRAPS),
    );
    until(|| in_use(&host.plugins).as_deref() == Some("2")).await;
    // Who had the old one keeps it; who asks now gets the new one.
    let old = before.charge(&charge("pay_1")).await.unwrap();
    assert_eq!(old.outcome, Outcome::Succeeded);
    let new = host.gateway(plain()).charge(&charge("pay_1")).await;
    assert!(new.unwrap_err().outcome_unknown());

    put(&host.folder, "guest.wasm", b"broken");
    until(|| host.plugins.states()[0].error.is_some()).await;
    assert_eq!(in_use(&host.plugins).as_deref(), Some("2"));

    std::fs::remove_file(host.folder.path().join("guest.wasm")).unwrap();
    until(|| host.plugins.states().is_empty()).await;
}

fn compiled(cache: &Path) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(cache).unwrap();
    files.map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_is_used_again_and_a_damaged_one_is_made_anew() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let host = Host::with(&guest::plugin(MANIFEST, &OnCharge::Succeeds)).await;
    let cache = host.folder.path().join("cache");
    let mode = std::fs::metadata(&cache).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let [code] = compiled(&cache).try_into().unwrap();
    let first = std::fs::metadata(&code).unwrap().ino();

    let again = Plugins::open(settings(host.folder.path(), limits()))
        .await
        .unwrap();
    assert!(in_use(&again).is_some());
    assert_eq!(std::fs::metadata(&code).unwrap().ino(), first);

    // By rename: the first host has the old file mapped.
    vestibule::plugins::package::write(&code, b"damaged").unwrap();
    let again = Plugins::open(settings(host.folder.path(), limits()))
        .await
        .unwrap();
    assert!(in_use(&again).is_some());
    assert_ne!(std::fs::metadata(&code).unwrap().ino(), first);
    assert_eq!(compiled(&cache).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_for_an_engine_of_other_limits_is_compiled_beside_the_first_and_used_again_too() {
    use std::os::unix::fs::MetadataExt;

    let host = Host::with(&guest::plugin(MANIFEST, &OnCharge::Succeeds)).await;
    let cache = host.folder.path().join("cache");
    let inodes = || {
        let files = compiled(&cache).into_iter();
        let mut inodes: Vec<_> = files
            .map(|code| std::fs::metadata(code).unwrap().ino())
            .collect();
        inodes.sort_unstable();
        inodes
    };
    let first = inodes();
    assert_eq!(first.len(), 1);
    let open = async |limits: Limits| {
        let again = Plugins::open(settings(host.folder.path(), limits)).await;
        assert!(in_use(&again.unwrap()).is_some());
        inodes()
    };
    // The room for a memory is part of the code.
    let other = Limits {
        memory_bytes: 32 << 20,
        ..limits()
    };
    let both = open(other).await;
    assert_eq!(both.len(), 2);
    assert!(both.contains(&first[0]));
    for limits in [limits(), other] {
        assert_eq!(open(limits).await, both);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_is_not_read_through_a_link() {
    let host = Host::with(&guest::plugin(MANIFEST, &OnCharge::Succeeds)).await;
    let elsewhere = tempfile::TempDir::new().unwrap();
    let mut settings = settings(host.folder.path(), limits());
    settings.cache = host.folder.path().join("link");
    std::os::unix::fs::symlink(elsewhere.path(), &settings.cache).unwrap();
    let error = Plugins::open(settings).await.err().unwrap().to_string();
    assert!(
        error.contains("belongs to another user or is a link"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_that_nobody_uses_goes_and_that_of_others_stays() {
    let host = Host::with(&guest::plugin(MANIFEST, &OnCharge::Succeeds)).await;
    let cache = host.folder.path().join("cache");
    let [own] = compiled(&cache).try_into().unwrap();
    let now = std::fs::metadata(&own).unwrap().modified().unwrap();
    let days = |days: u64| Duration::from_hours(24 * days);
    let file = |name: &str, unused: Duration| {
        let path = cache.join(name);
        std::fs::write(&path, b"code").unwrap();
        let file = std::fs::File::open(&path).unwrap();
        file.set_modified(now - unused).unwrap();
        path
    };
    let of_another_version = file("aa-01.cwasm", days(20));
    let of_an_old_one = file("aa-02.cwasm", days(40));
    let cut_off = file(".tmpabcdef", days(40));
    std::fs::File::open(&own)
        .unwrap()
        .set_modified(now - days(20))
        .unwrap();

    let again = Plugins::open(settings(host.folder.path(), limits())).await;
    assert!(in_use(&again.unwrap()).is_some());
    assert!(of_another_version.exists());
    assert!(!of_an_old_one.exists() && !cut_off.exists());
    let used = std::fs::metadata(&own).unwrap().modified().unwrap();
    assert!(used >= now, "what is loaded counts as used");

    // A host that has code in use keeps it, whatever becomes of the file.
    std::fs::remove_file(&own).unwrap();
    let payment = host.gateway(plain()).charge(&charge("pay_1")).await;
    assert_eq!(payment.unwrap().outcome, Outcome::Succeeded);
}
