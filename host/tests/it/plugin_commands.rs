//! `vestibule plugin add|list|sign` beside a running host, as an operator runs them.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vestibule::domain::{Mode, Scope};
use vestibule::store::{PluginEntry, PluginKept, PluginUsage, Store};

use crate::commands::{Host, Running};
use crate::plugins::guest::{self, MANIFEST, OnCharge};
use crate::support::dump::dump;
use crate::support::guests::built;

fn version(version: &str) -> Vec<u8> {
    let manifest = MANIFEST.replace("version = \"1.0.0\"", &format!("version = {version:?}"));
    guest::plugin(&manifest, &OnCharge::Succeeds)
}

impl Host {
    fn download(&self, bytes: &[u8]) -> PathBuf {
        let folder = self.dir.path().join("downloads");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("some-name.wasm");
        std::fs::write(&file, bytes).unwrap();
        file
    }

    /// Whether it went well, and what it said.
    pub(crate) fn says(&self, arguments: &[&str]) -> (bool, String) {
        let output = self.run(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        (output.status.success(), told + &errors)
    }

    fn add(&self, bytes: &[u8]) -> (bool, String) {
        let file = self.download(bytes);
        self.says(&["plugin", "add", file.to_str().unwrap()])
    }

    pub(crate) fn listed(&self) -> Value {
        let output = self.run(&["plugin", "list", "--json"]);
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The one plugin of the one host that runs, once it is `what`.
    fn until_it_is(&self, what: impl Fn(&Value) -> bool) -> Value {
        let listed = self.until(|listed| what(&listed[0]["plugins"][0]));
        listed[0]["plugins"][0].clone()
    }

    /// What the hosts that run say of their plugins, once it is `what`.
    pub(crate) fn until(&self, what: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let listed = self.listed();
            if what(&listed) {
                return listed;
            }
            assert!(begun.elapsed() < Duration::from_mins(2), "{listed}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn a_plugin_is_added_to_a_running_host_replaced_broken_and_taken_away_as_the_list_shows() {
    let host = Host::new();
    let (_, told) = host.says(&["plugin", "list"]);
    assert!(told.contains("no host is running"), "{told}");
    let (child, _) = host.serve();
    let mut child = Running(child);

    let (good, told) = host.add(&version("1.0.0"));
    assert!(good, "{told}");
    assert!(
        told.contains("to reach the address that its setting `base_url` says"),
        "{told}"
    );
    assert!(
        told.contains("to use the secret `api_key`, which the host keeps from it"),
        "{told}"
    );
    let file = host.dir.path().join("plugins/guest.wasm");
    let plugin = host.until_it_is(|plugin| plugin["state"] == "in-use");
    assert_eq!(plugin["file"], "guest.wasm");
    assert_eq!(plugin["plugin"]["version"], "1.0.0");
    assert_eq!(plugin["plugin"]["kinds"], json!(["gateway"]));
    assert_eq!(plugin["plugin"]["signed_by"], Value::Null);
    assert_eq!(plugin["plugin"]["figures"]["failures"], 0);
    assert_eq!(plugin["plugin"]["uses"], json!([]));

    // The lines that it printed are good, once the places in angle brackets are filled in.
    let (_, lines) = told.split_once("\n[live.").unwrap();
    let lines = format!("[live.{lines}")
        .replace(
            "# settings.base_url = …",
            "settings.base_url = \"https://api.example.com/v1\"",
        )
        .replace("<origin of base_url>", "https://api.example.com");
    host.business(
        "lumen",
        &format!("[live]\ndefault_gateway = \"guest\"\n{lines}"),
    );
    let check = host
        .command(&["config", "check"])
        .env("GUEST_API_KEY", "k")
        .output()
        .unwrap();
    let said = String::from_utf8(check.stdout).unwrap();
    assert!(check.status.success(), "{said}");
    assert!(!said.contains("not granted"), "{said}");

    let (good, told) = host.add(&version("2.0.0"));
    assert!(good, "{told}");
    host.until_it_is(|plugin| plugin["plugin"]["version"] == "2.0.0");
    let (good, told) = host.add(b"broken");
    assert!(!good, "{told}");
    assert!(told.contains("a host would not load it"), "{told}");
    assert_eq!(std::fs::read(&file).unwrap(), version("2.0.0"));

    vestibule::plugins::package::write(&file, b"broken").unwrap();
    let plugin = host.until_it_is(|plugin| plugin["state"] == "last-good");
    assert_eq!(plugin["plugin"]["version"], "2.0.0");
    let (_, told) = host.says(&["plugin", "list"]);
    assert!(told.contains("guest.wasm  last-good"), "{told}");
    assert!(told.contains("refused: it is not a valid"), "{told}");
    assert!(told.contains("1 calls, 0 failed"), "{told}");

    std::fs::remove_file(&file).unwrap();
    host.until_it_is(|plugin| plugin["state"] == "taken-away");

    let pid = child.0.id().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-TERM", &pid]).status().unwrap().success());
    assert!(child.0.wait().unwrap().success());
    assert_eq!(host.listed(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_anew_in_a_businesss_file_holds_in_a_host_that_runs() {
    let host = Host::new();
    let puppet = built("host/tests/guests/puppet").await;
    std::fs::write(host.dir.path().join("plugins/puppet.wasm"), &*puppet).unwrap();
    let grant = |grants: &str| {
        let pages = "[test.pages.strings]\nplugin = \"puppet\"\n[test.pages.strings.grants]\n";
        host.business("lumen", &format!("{pages}{grants}"));
    };
    grant("");
    let (child, _) = host.serve();
    let _child = Running(child);
    let used = json!(["bus_lumen/test/strings"]);
    let before = host.until_it_is(|plugin| plugin["plugin"]["uses"] == used);
    assert_eq!(before["plugin"]["hears"], json!([]));
    let heard = |of: &str| json!([{ "scope": "bus_lumen/test", "pages": "strings", "of": of }]);
    for (grants, hears) in [
        (
            "events = [\"subscription.active\"]",
            heard("subscription.active"),
        ),
        ("schedules = [\"hourly\"]", heard("hourly")),
        ("", json!([])),
    ] {
        grant(grants);
        let after = host.until_it_is(|plugin| plugin["plugin"]["hears"] == hears);
        let same = after["plugin"]["loaded_at"] == before["plugin"]["loaded_at"];
        assert!(same, "it was loaded anew: {after}");
    }
}

#[test]
fn a_plugin_is_signed_added_and_refused_once_it_is_changed() {
    let host = Host::new();
    let (good, told) = host.says(&["key", "signer", "vendor.key"]);
    assert!(good, "{told}");
    let (_, table) = told.split_once("[plugins.signers]").unwrap();
    assert!(table.trim_start().starts_with("vendor = \"RW"), "{told}");
    let (again, told) = host.says(&["key", "signer", "vendor.key"]);
    assert!(!again, "a key is never written over: {told}");
    let config = host.dir.path().join("config/vestibule.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    let signed = format!("{before}[plugins]\nsigned = [\"gateway\"]\n[plugins.signers]{table}");
    std::fs::write(&config, signed).unwrap();

    let (good, told) = host.add(&version("1.0.0"));
    assert!(!good && told.contains("is not signed"), "{told}");
    let file = host.download(&version("1.0.0"));
    let file = file.to_str().unwrap();
    let inspect = || host.says(&["plugin", "inspect", file]).1;
    let told = inspect();
    assert!(told.contains("It is not signed"), "{told}");
    assert!(
        told.contains("takes no gateway without a signature"),
        "{told}"
    );
    let (_, table) = host.says(&["key", "signer", "stranger.key"]);
    assert!(table.contains("stranger = \"RW"), "{table}");
    let (good, told) = host.says(&["plugin", "sign", file, "--key", "stranger.key"]);
    assert!(
        good && told.contains("Sign again after each build"),
        "{told}"
    );
    let told = inspect();
    assert!(told.contains("whom this host does not know"), "{told}");
    assert!(told.contains("a line under [plugins.signers]"), "{told}");
    let (good, told) = host.says(&["plugin", "sign", file, "--key", "vendor.key"]);
    assert!(good, "{told}");
    let told = inspect();
    assert!(
        told.contains("Signed by vendor, one of plugins.signers"),
        "{told}"
    );
    let (_, listed) = host.says(&["plugin", "inspect", file, "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["signed_by"], "vendor");
    assert_eq!(listed["must_be_signed"], true);
    let (good, told) = host.says(&["plugin", "add", file]);
    assert!(good && told.contains("signed by vendor"), "{told}");

    let (child, _) = host.serve();
    let _child = Running(child);
    let plugin = host.until_it_is(|plugin| plugin["state"] == "in-use");
    assert_eq!(plugin["plugin"]["signed_by"], "vendor");

    let (good, told) = host.add(&version("1.0.1"));
    assert!(!good && told.contains("is not for this file"), "{told}");
    assert!(inspect().contains("DO NOT USE IT: a signature by vendor"));
    let here = host.dir.path().join("plugins/guest.wasm");
    vestibule::plugins::package::write(&here, &version("1.0.1")).unwrap();
    let plugin = host.until_it_is(|plugin| plugin["state"] == "last-good");
    assert_eq!(plugin["plugin"]["version"], "1.0.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_remembers_is_shown_and_forgotten_only_when_the_operator_insists() {
    let host = Host::new();
    host.business("lumen", "[test]\n");
    let database = host.dir.path().join("data/vestibule.db");
    std::fs::create_dir_all(database.parent().unwrap()).unwrap();
    let store = Store::open_sqlite(&database, 1).await.unwrap();
    store.migrate().await.unwrap();
    let scope = |mode| Scope::new("bus_lumen".parse().unwrap(), mode);
    let mut tx = store.begin().await.unwrap();
    for (mode, key) in [(Mode::Test, "a"), (Mode::Test, "b"), (Mode::Live, "a")] {
        let entry = PluginEntry {
            key: key.to_owned(),
            value: vec![7; 1000],
        };
        let at = jiff::Timestamp::UNIX_EPOCH;
        let scope = scope(mode);
        let most = PluginUsage {
            entries: 100,
            bytes: 1 << 20,
        };
        let kept = tx.keep_plugin_value(&scope, "survey", &entry, true, most, at);
        assert_eq!(kept.await.unwrap(), PluginKept::Yes);
    }
    tx.commit().await.unwrap();
    let store_says = |arguments: &[&str]| host.says(&[&["plugin", "store"], arguments].concat());
    let test = ["--mode", "test"];

    let (good, told) = store_says(&["show", "--mode", "test"]);
    assert!(good && told.contains("survey  2 keys, 2 KiB"), "{told}");
    let (_, json) = store_says(&["show", "--json"]);
    assert!(
        json.contains("\"keys\": 1") && json.contains("1000"),
        "{json}"
    );
    let clear = |plugin| [&["clear", plugin][..], &test].concat();
    let (good, told) = store_says(&clear("other"));
    assert!(!good && told.contains("remembers nothing"), "{told}");
    let (good, told) = store_says(&clear("survey"));
    assert!(!good && told.contains("2 keys of survey"), "{told}");
    assert!(told.contains("--yes"), "{told}");
    let (good, told) = store_says(&[&clear("survey")[..], &["--yes"]].concat());
    assert!(
        good && told.contains("2 keys of survey in bus_lumen/test are forgotten"),
        "{told}"
    );
    let (_, told) = store_says(&["show", "--mode", "test"]);
    assert!(told.contains("no plugin remembers anything"), "{told}");
    let mut tx = store.read().await.unwrap();
    let kept = tx.plugin_usage(&scope(Mode::Live), "survey").await.unwrap();
    assert_eq!(kept.entries, 1, "the other mode keeps its own");
    drop(tx);
    let url = format!("sqlite:{}", database.display());
    let audit = dump(&url).await.remove("audit").unwrap();
    let cleared = audit
        .iter()
        .filter(|row| row.contains("plugin-store.clear"));
    let cleared: Vec<_> = cleared.collect();
    assert_eq!(cleared.len(), 1, "{audit:?}");
    assert!(cleared[0].contains("survey") && cleared[0].contains("bus_lumen"));
}

/// Commands for a terminal, and marks that turn the direction of writing, as TOML says them.
const COMMANDS: &str =
    r"\u001b]0;signed by Example\u0007\u001b[2J\r\u009b31m\u202egood\u2066\u2028";

#[test]
fn what_a_file_says_cannot_play_with_the_terminal_of_who_looks_at_it() {
    let host = Host::new();
    host.business("lumen", "[test.gateways.main]\nplugin = \"guest\"\n");
    let raw = COMMANDS
        .replace(r"\r", "\r")
        .split(r"\u")
        .enumerate()
        .map(|(index, part)| match index {
            0 => part.to_owned(),
            _ => {
                let number = u32::from_str_radix(&part[..4], 16).unwrap();
                format!("{}{}", char::from_u32(number).unwrap(), &part[4..])
            }
        })
        .collect::<String>();
    assert!(raw.starts_with('\u{1b}') && raw.ends_with('\u{2028}'));
    let bare = |manifest: &str| guest::component("(component)", manifest);
    let wish = MANIFEST.replace("setting:base_url", &format!("setting:{COMMANDS}"));
    let origin = MANIFEST.replace("setting:base_url", &format!("https://{COMMANDS}"));
    let secrets = "secrets = [\"api_key\"]";
    let word = MANIFEST.replace(secrets, &format!("data = [\"{COMMANDS}\"]"));
    let key = MANIFEST.replace(secrets, &format!("\"{COMMANDS}\" = 1"));
    let setting = MANIFEST.replace("[settings.base_url]", &format!("[settings.\"{COMMANDS}\"]"));
    let line = MANIFEST.replace(secrets, &format!("secrets = [\"{raw}\"] no"));
    let name = MANIFEST.replace("\"Guest\"", &format!("\"{COMMANDS}\""));
    let words = MANIFEST.replace("Where to go.", COMMANDS);
    let kept = guest::plugin(&words, &OnCharge::Succeeds);
    for (what, file) in [
        ("a wish", bare(&wish)),
        ("an origin", bare(&origin)),
        ("a word", bare(&word)),
        ("a key", bare(&key)),
        ("a setting", bare(&setting)),
        ("a line that is no TOML", bare(&line)),
        ("a name", bare(&name)),
        ("a description", kept),
    ] {
        let place = host.dir.path().join("plugins/guest.wasm");
        std::fs::write(&place, &file).unwrap();
        let file = host.download(&file);
        let file = file.to_str().unwrap();
        let mut all = String::new();
        for arguments in [
            &["plugin", "inspect", file][..],
            &["plugin", "inspect", file, "--json"],
            &["plugin", "check", file],
            &["plugin", "add", file],
            &["config", "check"],
        ] {
            let (_, told) = host.says(arguments);
            let commands = |c: char| {
                (c.is_control() && c != '\n')
                    || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert!(!told.contains(commands), "{what}, {arguments:?}: {told:?}");
            assert!(!told.is_empty(), "{what}, {arguments:?}");
            all.push_str(&told);
        }
        // It is shown, not left out: whoever looks sees that somebody tried.
        let shown = what == "a name" || all.contains(r"\u001b[2J");
        assert!(shown, "{what}: {all}");
    }
}

#[test]
fn a_file_is_read_once_so_that_what_is_checked_is_what_is_put_there() {
    let host = Host::new();
    // A pipe gives what it has once.
    let mut adding = host
        .command(&["plugin", "add", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = adding.stdin.take().unwrap();
    pipe.write_all(&version("1.0.0")).unwrap();
    drop(pipe);
    let output = adding.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    let put = host.dir.path().join("plugins/guest.wasm");
    assert_eq!(std::fs::read(put).unwrap(), version("1.0.0"));
}
