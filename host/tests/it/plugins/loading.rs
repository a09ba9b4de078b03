//! What is not loaded, and what the operator reads about it.

use std::sync::Arc;
use std::time::Duration;

use vestibule::domain::Mode;
use vestibule::plugins::data::NoData;
use vestibule::plugins::limits::Limits;
use vestibule::plugins::{Error, PluginState, Plugins};

use super::guest::{self, MANIFEST, OnCharge};
use super::life::until;
use super::{Host, limits, patient, plain, put, scope, settings};

/// Why a file is not in use.
async fn refusal(file: &[u8]) -> String {
    let host = Host::with(file).await;
    let mut states = host.plugins.states();
    assert_eq!(states.len(), 1);
    assert_eq!(states[0].in_use, None);
    states.remove(0).error.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_plugin_is_refused_with_the_reason() {
    let good = guest::plugin(MANIFEST, &OnCharge::Succeeds);
    let component = |text: &str| guest::component(text, MANIFEST);
    for (file, says) in [
        (b"not wasm at all".to_vec(), "not a valid WebAssembly file"),
        (
            good[..good.len() / 2].to_vec(),
            "not a valid WebAssembly file",
        ),
        (
            wat::parse_str("(module)").unwrap(),
            "`vestibule plugin build`",
        ),
        (wat::parse_str("(component)").unwrap(), "holds no manifest"),
        (
            component("(component)"),
            "exports nothing of vestibule:gateway@1",
        ),
        (
            component(r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#),
            "imports `wasi:cli/environment@0.2.0`, and there is no WASI here",
        ),
        (
            component(r#"(component (import "vestibule:host/files@1.0.0" (instance)))"#),
            "imports `vestibule:host/files@1.0.0`, which this host does not have",
        ),
        (
            component(
                r#"(component
                    (instance $empty)
                    (export "vestibule:gateway/info@1.0.0" (instance $empty))
                    (export "vestibule:gateway/payments@1.0.0" (instance $empty)))"#,
            ),
            "another version of the interfaces",
        ),
        (
            guest::component("(component)", &MANIFEST.replace("\"gateway\"", "\"game\"")),
            "unknown variant `game`",
        ),
        (
            guest::component(
                "(component)",
                &MANIFEST.replace("id = \"guest\"", "id = \"../guest\""),
            ),
            "write lower-case letters",
        ),
        (
            guest::component("(component)", &format!("a = {}", "[".repeat(60_000))),
            "recursion",
        ),
    ] {
        let error = refusal(&file).await;
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_the_manifest_does_not_name_is_refused() {
    let silent = MANIFEST.replace("http = [\"setting:base_url\"]", "");
    let built = vestibule::plugins::package::package(&silent, &guest::module(&guest::FETCHES));
    let error = built.err().unwrap().to_string();
    assert!(
        error.contains("imports `vestibule:host/http@1.0.0`"),
        "{error}"
    );
    // So does a host, when the manifest was swapped afterwards.
    let text = r#"(component (import "vestibule:host/http@1.0.0" (instance)))"#;
    let error = refusal(&guest::component(text, &silent)).await;
    assert!(
        error.contains("imports `vestibule:host/http@1.0.0`"),
        "{error}"
    );
    assert!(error.contains("under [permissions]"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_too_large_or_compiles_too_long_is_refused() {
    let plugin = guest::plugin(MANIFEST, &OnCharge::Succeeds);
    let why = async |limits| {
        let host = Host::limited(&plugin, limits).await;
        host.plugins.states()[0].error.clone().unwrap()
    };
    let small = Limits {
        component_bytes: plugin.len() - 1,
        ..limits()
    };
    let error = why(small).await;
    assert!(error.contains("larger than the"), "{error}");
    let hasty = Limits {
        compile: Duration::ZERO,
        ..limits()
    };
    let error = why(hasty).await;
    assert!(error.contains("was not compiled within 0 s"), "{error}");
    assert!(error.contains("plugins.compile"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_compiled_before_waits_for_nobody_and_what_took_too_long_comes_by_itself() {
    let of = |id: &str| {
        let manifest = MANIFEST.replace("id = \"guest\"", &format!("id = {id:?}"));
        guest::plugin(&manifest, &OnCharge::Succeeds)
    };
    let host = Host::with(&of("guest")).await;
    // Three that were never compiled, each for longer than there is time; two names sort before.
    for id in ["alpha", "beta", "zeta"] {
        put(&host.folder, &format!("{id}.wasm"), &of(id));
    }
    let hasty = Limits {
        compile: Duration::ZERO,
        ..limits()
    };
    let settings = settings(host.folder.path(), hasty);
    let plugins = Plugins::begin(settings, Arc::new(NoData)).unwrap();
    plugins.reload().await;
    // Nobody has configured them: nobody waits for them.
    plugins.ready().await;
    let states = plugins.states();
    for state in &states {
        assert_eq!(
            state.in_use.is_some(),
            state.file == "guest.wasm",
            "{state:?}"
        );
    }
    let why = |index: usize| states[index].error.clone().unwrap();
    assert!(why(0).contains("was not compiled within 0 s"), "{}", why(0));
    let _watch = plugins.watch().unwrap();
    until(|| plugins.states().iter().all(|state| state.error.is_none())).await;
    assert!(plugins.states().iter().all(|state| state.in_use.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_long_to_compile_holds_up_no_other_change_and_comes_by_itself() {
    let of = |id: &str, version: &str| {
        let manifest = MANIFEST.replace("id = \"guest\"", &format!("id = {id:?}"));
        let manifest = manifest.replace("\"1.0.0\"", &format!("{version:?}"));
        guest::plugin(&manifest, &OnCharge::Succeeds)
    };
    // Whatever is compiled takes longer than others wait for it.
    let limits = Limits {
        compile_ahead: Duration::ZERO,
        ..patient()
    };
    let host = Host::limited(&of("guest", "1"), limits).await;
    let in_use = || -> Vec<String> {
        let told = |state: PluginState| match (state.in_use, state.error) {
            (Some(plugin), None) => format!("{} {} {}", state.file, plugin.id, plugin.version),
            (_, error) => format!("{} {error:?}", state.file),
        };
        host.plugins.states().into_iter().map(told).collect()
    };
    let _watch = host.plugins.watch().unwrap();
    for id in ["alpha", "beta", "zeta"] {
        put(&host.folder, &format!("{id}.wasm"), &of(id, "1"));
    }
    let all = [
        "alpha.wasm alpha 1",
        "beta.wasm beta 1",
        "guest.wasm guest 1",
        "zeta.wasm zeta 1",
    ];
    until(|| in_use() == all).await;
    // Files that exchange their ids are exchanged when both are ready.
    put(&host.folder, "alpha.wasm", &of("beta", "2"));
    put(&host.folder, "beta.wasm", &of("alpha", "2"));
    let exchanged = [
        "alpha.wasm beta 2",
        "beta.wasm alpha 2",
        "guest.wasm guest 1",
        "zeta.wasm zeta 1",
    ];
    until(|| in_use() == exchanged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_waits_for_what_is_configured_until_it_is_loaded_or_known_not_to_be() {
    let folder = tempfile::TempDir::new().unwrap();
    put(
        &folder,
        "guest.wasm",
        &guest::plugin(MANIFEST, &OnCharge::Succeeds),
    );
    let scope = scope(Mode::Test);
    let gateway = async |limits| {
        let mut settings = settings(folder.path(), limits);
        // Each compiles anew.
        let cache = tempfile::TempDir::new().unwrap();
        settings.cache = cache.path().join("code");
        let plugins = Plugins::begin(settings, Arc::new(NoData)).unwrap();
        plugins.configure([((scope.clone(), "main".to_owned()), plain())].into());
        let _watch = plugins.watch().unwrap();
        plugins.ready().await;
        plugins.gateway(&scope, "main").map(drop)
    };
    assert!(gateway(limits()).await.is_ok());
    let hasty = Limits {
        compile: Duration::ZERO,
        ..limits()
    };
    // It is in use when it is ready after all; nobody waits for that.
    drop(gateway(hasty).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_compile_is_not_compiled_again() {
    let memories = "(core instance (instantiate $memory))".repeat(21);
    let host = Host::with(&guest::component(
        &format!(
            r#"(component
                (core module $memory (memory 1)) {memories}
                (instance $empty)
                (export "vestibule:gateway/info@1.0.0" (instance $empty))
                (export "vestibule:gateway/payments@1.0.0" (instance $empty)))"#
        ),
        MANIFEST,
    ))
    .await;
    let refused = host.plugins.states();
    let why = refused[0].error.as_ref().unwrap();
    assert!(why.contains("it does not compile"), "{why}");
    // Whatever the compiler would leave behind.
    let cache = host.folder.path().join("cache");
    std::fs::remove_dir_all(&cache).unwrap();
    std::fs::create_dir(&cache).unwrap();
    host.plugins.reload().await;
    assert_eq!(host.plugins.states(), refused);
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_came_before_the_watch_is_taken_up_by_it() {
    let host = Host::with(b"not wasm at all").await;
    let plugin = guest::plugin(MANIFEST, &OnCharge::Succeeds);
    put(&host.folder, "late.wasm", &plugin);
    // Nothing is told to the watch about what was there before.
    let _watch = host.plugins.watch().unwrap();
    until(|| {
        host.plugins
            .states()
            .iter()
            .any(|state| state.in_use.is_some())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_with_one_id_are_one_plugin_and_an_error() {
    let host = Host::with(&guest::plugin(MANIFEST, &OnCharge::Succeeds)).await;
    put(
        &host.folder,
        "other.wasm",
        &guest::plugin(MANIFEST, &guest::TRAPS),
    );
    host.plugins.reload().await;
    let states = host.plugins.states();
    assert!(states[0].in_use.is_some() && states[0].error.is_none());
    assert!(states[1].in_use.is_none());
    assert_eq!(
        states[1].error.as_deref(),
        Some("the plugin `guest` is already loaded from guest.wasm")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_for_tests_never_takes_real_money() {
    let manifest = MANIFEST.replace("name =", "test_only = true\n name =");
    let host = Host::with(&guest::plugin(&manifest, &OnCharge::Succeeds)).await;
    let configs = [Mode::Live, Mode::Test].map(|mode| ((scope(mode), "main".to_owned()), plain()));
    host.plugins.configure(configs.into());
    assert!(host.plugins.gateway(&scope(Mode::Test), "main").is_ok());
    let error = host
        .plugins
        .gateway(&scope(Mode::Live), "main")
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "plugin guest: misconfigured: the plugin is for test mode only"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_checked_against_the_manifest() {
    let manifest = MANIFEST.replace("type = \"url\"", "type = \"url\"\n required = true");
    let host = Host::with(&guest::plugin(&manifest, &OnCharge::Succeeds)).await;
    let scope = scope(Mode::Test);
    host.plugins
        .configure([((scope.clone(), "main".to_owned()), plain())].into());
    let error = host.plugins.gateway(&scope, "main").err().unwrap();
    assert!(
        error.to_string().contains("`base_url` is required"),
        "{error}"
    );
    let error = host.plugins.gateway(&scope, "other").err().unwrap();
    assert!(matches!(error, Error::Misconfigured { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_in_the_guide_is_one_that_a_host_takes() {
    let guide = include_str!("../../../../wit/README.md");
    let manifest = guide.split("# plugin.toml\n").nth(1).unwrap();
    let manifest = manifest.split("```").next().unwrap();
    let host = Host::with(&guest::plugin(manifest, &OnCharge::Succeeds)).await;
    let states = host.plugins.states();
    assert_eq!(states[0].error, None);
    assert_eq!(states[0].in_use.as_ref().unwrap().id, "example-pay");
}

#[test]
fn a_built_plugin_may_be_read_by_whoever_may_read_a_new_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let (built, new) = (
        folder.path().join("built.wasm"),
        folder.path().join("new.wasm"),
    );
    vestibule::plugins::package::write(&built, b"a plugin").unwrap();
    std::fs::write(&new, b"a file").unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&built), mode(&new));
}
