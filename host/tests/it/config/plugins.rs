//! `vestibule config check` over gateways and grants: what the manifests in the plugin folder say
//! about a business's file, with the line to look at.

use std::path::Path;
use std::process::Command;

use crate::plugins::guest::{self, MANIFEST, OnCharge};

const BUSINESS: &str = r#"id = "bus_lumen"
name = "Lumen"
support_email = "help@lumen.example.com"

[seller]
name = "Lumen Software GmbH"
address = ["Lindenstraße 4", "10969 Berlin"]
country = "DE"
email = "billing@lumen.example.com"

[test]
default_gateway = "main"

[test.gateways.main]
plugin = "guest"
settings = { base_url = "http://127.0.0.1:8081" }
secrets.api_key = { secret_env = "TEST_KEY" }
grants.http = [
  { origin = "http://127.0.0.1:8081", private = true },
]
"#;

struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes");
        let folder = Self { dir };
        folder.write(
            "config/vestibule.toml",
            format!("[themes]\ndir = \"{}\"\n", root.display()).as_bytes(),
        );
        folder.write(
            "plugins/guest.wasm",
            &guest::plugin(MANIFEST, &OnCharge::Succeeds),
        );
        folder
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// The exit code and what is printed about this business.
    fn check(&self, business: &str) -> (Option<i32>, String) {
        self.write("config/businesses/lumen.toml", business.as_bytes());
        let output = Command::new(env!("CARGO_BIN_EXE_vestibule"))
            .args(["config", "check"])
            .current_dir(self.dir.path())
            .env("TEST_KEY", "sk-canary")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(!said.contains("canary"), "{said}");
        (output.status.code(), said)
    }
}

const AT: &str = "config/businesses/lumen.toml";

#[test]
fn what_fits_the_manifest_is_good_and_leaves_no_trace() {
    let folder = Folder::new();
    let (code, said) = folder.check(BUSINESS);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("config is good: 1 business"), "{said}");
    // Compiled code would belong to whoever checks, who need not be who serves.
    assert!(!folder.dir.path().join("data").exists());
}

#[test]
fn a_gateway_without_its_plugin_is_named_and_so_is_what_it_was_the_default_of() {
    let missing = BUSINESS.replace("plugin = \"guest\"", "plugin = \"gest\"");
    let (code, said) = Folder::new().check(&missing);
    assert_eq!(code, Some(1));
    assert_eq!(
        said,
        format!(
            "{AT}:12: test.default_gateway: the gateway \"main\" has no plugin, so that nobody \
             can pay\n    Choose another one, or mend it.\n\
             {AT}:15: test.gateways.main.plugin: no plugin in the folder has the id \"gest\"\n    \
             There are: guest.\n"
        )
    );
}

#[test]
fn a_plugin_for_tests_in_live_mode_is_named() {
    let folder = Folder::new();
    let manifest = MANIFEST.replace("kinds", "test_only = true\n kinds");
    folder.write(
        "plugins/guest.wasm",
        &guest::plugin(&manifest, &OnCharge::Succeeds),
    );
    let live = BUSINESS.replace("[test", "[live");
    let (code, said) = folder.check(&live);
    assert_eq!(code, Some(1));
    assert!(
        said.contains(":15: live.gateways.main.plugin: the plugin \"guest\" is for test mode only"),
        "{said}"
    );
}

#[test]
fn a_secret_that_the_plugin_asks_for_must_be_set() {
    let without = BUSINESS.replace("secrets.api_key = { secret_env = \"TEST_KEY\" }\n", "");
    let (code, said) = Folder::new().check(&without);
    assert_eq!(code, Some(1));
    assert!(
        said.contains(
            ":14: test.gateways.main.secrets.api_key: the plugin asks for this secret, and it is \
             not set\n    Write secrets.api_key = { secret_env = \"NAME\" }."
        ),
        "{said}"
    );
}

#[test]
fn a_setting_that_the_plugin_does_not_have_is_named() {
    let (code, said) = Folder::new().check(&BUSINESS.replace("base_url", "base_uri"));
    assert_eq!(code, Some(1));
    assert!(
        said.contains(":16: test.gateways.main.settings.base_uri: it has no setting `base_uri`"),
        "{said}"
    );
}

#[test]
fn wishes_and_grants_that_differ_are_warnings() {
    let other = BUSINESS.replace(
        "origin = \"http://127.0.0.1:8081\"",
        "origin = \"http://127.0.0.1:9\"",
    );
    let revealing = format!("{other}grants.reveal = [\"api_key\"]\n");
    let unwanted = revealing.replace("secrets.api_key", "secrets.other");
    let unwanted = unwanted.replace(
        "grants.http",
        "secrets.api_key = { secret_env = \"TEST_KEY\" }\ngrants.http",
    );
    let (code, said) = Folder::new().check(&unwanted);
    assert_eq!(code, Some(0), "{said}");
    for warning in [
        format!(
            "warning: {AT}:19: test.gateways.main.grants.http: the plugin wishes to reach \
             http://127.0.0.1:8081, which is not granted"
        ),
        format!(
            "warning: {AT}:20: test.gateways.main.grants.http.0.origin: the plugin does not wish \
             to reach http://127.0.0.1:9\n    Remove it."
        ),
        format!(
            "warning: {AT}:22: test.gateways.main.grants.reveal.0: the plugin does not wish to \
             read the secret `api_key`\n    Remove it."
        ),
        format!(
            "warning: {AT}:17: test.gateways.main.secrets.other: the plugin asks for no such secret"
        ),
    ] {
        assert!(said.contains(&warning), "{warning}\n\n{said}");
    }
}

#[test]
fn a_file_that_is_no_plugin_is_named() {
    let folder = Folder::new();
    folder.write("plugins/broken.wasm", b"broken");
    let (code, said) = folder.check(BUSINESS);
    assert_eq!(code, Some(1));
    assert!(
        said.starts_with("plugins/broken.wasm: is no plugin that a host loads: it is not a valid"),
        "{said}"
    );
}

#[test]
fn a_host_that_keeps_its_mails_and_listens_to_the_network_is_warned_of() {
    let folder = Folder::new();
    let (_, quiet) = folder.check(BUSINESS);
    assert!(!quiet.contains("server.listen"), "{quiet}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes");
    let open = format!(
        "[server]\nlisten = \"0.0.0.0:8080\"\n[themes]\ndir = \"{}\"\n",
        root.display()
    );
    folder.write("config/vestibule.toml", open.as_bytes());
    let (code, said) = folder.check(BUSINESS);
    assert_eq!(code, Some(0), "{said}");
    let named = "warning: config/vestibule.toml:2: server.listen: is open to the network while \
                 mails are kept in a folder";
    assert!(said.contains(named), "{said}");
    assert!(said.contains("Add [mail.smtp], or listen on"), "{said}");
    let sent = format!("{open}[mail.smtp]\nhost = \"smtp.example.com\"\n");
    folder.write("config/vestibule.toml", sent.as_bytes());
    let (_, quiet) = folder.check(BUSINESS);
    assert!(!quiet.contains("server.listen"), "{quiet}");
}

#[test]
fn a_gateway_whose_pages_are_not_granted_is_warned_of_with_the_line_that_mends_it() {
    let folder = Folder::new();
    let manifest = MANIFEST.replace(
        "secrets =",
        "browser = [\"setting:base_url\", \"any\"]\n    secrets =",
    );
    let plugin = guest::plugin(&manifest, &OnCharge::Succeeds);
    folder.write("plugins/guest.wasm", &plugin);
    let (code, said) = folder.check(BUSINESS);
    assert_eq!(code, Some(0), "{said}");
    for warning in [
        "test.gateways.main.grants.browser: the plugin wishes to send customers to pages of \
         http://127.0.0.1:8081, which is not granted, so that nobody can pay or confirm there\n    \
         Write browser = [\"http://127.0.0.1:8081\"] under grants if it may.",
        "test.gateways.main.grants.browser: the plugin wishes to send customers to any https page, \
         such as those of banks, which is not granted",
    ] {
        assert!(said.contains(warning), "{warning}\n\n{said}");
    }
    let mended = format!("{BUSINESS}grants.browser = [\"http://127.0.0.1:8081\"]\n");
    let (_, said) = folder.check(&mended);
    assert!(!said.contains("pages of http"), "{said}");
    // What lets it lead them anywhere is said every time.
    let anywhere = format!("{BUSINESS}grants.browser = [\"http://127.0.0.1:8081\", \"any\"]\n");
    let (code, said) = folder.check(&anywhere);
    assert_eq!(code, Some(0), "{said}");
    let named = format!(
        "warning: {AT}:21: test.gateways.main.grants.browser.1: the plugin may send customers to any \
         https page, whatever stands there"
    );
    assert!(said.contains(&named), "{said}");
    let wrong = format!("{BUSINESS}grants.browser = [\"https://pay.example.com/page\"]\n");
    let (code, said) = folder.check(&wrong);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("grants.browser.0: is not an origin"),
        "{said}"
    );
}

#[test]
fn a_secret_that_is_for_none_of_several_origins_is_warned_of_with_the_mend() {
    let folder = Folder::new();
    let check = |said: &str| {
        let manifest = MANIFEST.replace(
            "http = [\"setting:base_url\"]",
            &format!("http = [\"setting:base_url\", \"https://stats.example.net\"]\n    {said}"),
        );
        let plugin = guest::plugin(&manifest, &OnCharge::Succeeds);
        folder.write("plugins/guest.wasm", &plugin);
        let both = BUSINESS.replace(
            "private = true },\n",
            "private = true },\n  { origin = \"https://stats.example.net\" },\n",
        );
        let (code, said) = folder.check(&both);
        assert_eq!(code, Some(0), "{said}");
        said
    };
    let said = check("");
    let warning = format!(
        "warning: {AT}:17: test.gateways.main.secrets.api_key: the plugin may reach several origins \
         and does not say which of them this secret is for, so that it is sent to none\n    Its \
         author writes secrets_for.api_key = "
    );
    assert!(said.contains(&warning), "{said}");
    let said = check("secrets_for.api_key = [\"setting:base_url\"]");
    assert!(!said.contains("secrets.api_key"), "{said}");
}
