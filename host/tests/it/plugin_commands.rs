//! `vestibule plugin add|list|sign` beside a running host, as an operator runs them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::commands::{Host, Running};
use crate::plugins::guest::{self, MANIFEST, OnCharge};

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
    fn says(&self, arguments: &[&str]) -> (bool, String) {
        let output = self.run(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        (output.status.success(), told + &errors)
    }

    fn add(&self, bytes: &[u8]) -> (bool, String) {
        let file = self.download(bytes);
        self.says(&["plugin", "add", file.to_str().unwrap()])
    }

    fn listed(&self) -> Value {
        let output = self.run(&["plugin", "list", "--json"]);
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The one plugin of the one host that runs, once it is `what`.
    fn until(&self, what: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let listed = self.listed();
            let plugin = &listed[0]["plugins"][0];
            if what(plugin) {
                return plugin.clone();
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
    let plugin = host.until(|plugin| plugin["state"] == "in-use");
    assert_eq!(plugin["file"], "guest.wasm");
    assert_eq!(plugin["plugin"]["version"], "1.0.0");
    assert_eq!(plugin["plugin"]["kinds"], serde_json::json!(["gateway"]));
    assert_eq!(plugin["plugin"]["signed_by"], Value::Null);
    assert_eq!(plugin["plugin"]["figures"]["failures"], 0);
    assert_eq!(plugin["plugin"]["uses"], serde_json::json!([]));

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
    host.until(|plugin| plugin["plugin"]["version"] == "2.0.0");
    let (good, told) = host.add(b"broken");
    assert!(!good, "{told}");
    assert!(told.contains("a host would not load it"), "{told}");
    assert_eq!(std::fs::read(&file).unwrap(), version("2.0.0"));

    vestibule::plugins::package::write(&file, b"broken").unwrap();
    let plugin = host.until(|plugin| plugin["state"] == "last-good");
    assert_eq!(plugin["plugin"]["version"], "2.0.0");
    let (_, told) = host.says(&["plugin", "list"]);
    assert!(told.contains("guest.wasm  last-good"), "{told}");
    assert!(told.contains("refused: it is not a valid"), "{told}");
    assert!(told.contains("1 calls, 0 failed"), "{told}");

    std::fs::remove_file(&file).unwrap();
    host.until(|plugin| plugin["state"] == "taken-away");

    let pid = child.0.id().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-TERM", &pid]).status().unwrap().success());
    assert!(child.0.wait().unwrap().success());
    assert_eq!(host.listed(), serde_json::json!([]));
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
    let plugin = host.until(|plugin| plugin["state"] == "in-use");
    assert_eq!(plugin["plugin"]["signed_by"], "vendor");

    let (good, told) = host.add(&version("1.0.1"));
    assert!(!good && told.contains("is not for this file"), "{told}");
    assert!(inspect().contains("DO NOT USE IT: a signature by vendor"));
    let here = host.dir.path().join("plugins/guest.wasm");
    vestibule::plugins::package::write(&here, &version("1.0.1")).unwrap();
    let plugin = host.until(|plugin| plugin["state"] == "last-good");
    assert_eq!(plugin["plugin"]["version"], "1.0.0");
}
