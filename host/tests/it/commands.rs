//! The commands, as an operator runs them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::plugins::guest;
use crate::support::guests::built;
use crate::support::sandbox::{API_KEY, Sandbox, WEBHOOK_SECRET};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A folder with a configuration of a free port, and a host key.
pub(crate) struct Host {
    pub(crate) dir: tempfile::TempDir,
}

impl Host {
    pub(crate) fn new() -> Self {
        let host = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let config = host.dir.path().join("config");
        std::fs::create_dir(&config).unwrap();
        std::fs::create_dir(host.dir.path().join("plugins")).unwrap();
        let file =
            format!("[server]\nlisten = \"127.0.0.1:0\"\n[themes]\ndir = \"{ROOT}/themes\"\n");
        std::fs::write(config.join("vestibule.toml"), file).unwrap();
        assert!(host.run(&["key", "host"]).status.success());
        host
    }

    /// Adds the business `bus_NAME`, with `more` in its file.
    pub(crate) fn business(&self, name: &str, more: &str) {
        let folder = self.dir.path().join("config/businesses");
        std::fs::create_dir_all(&folder).unwrap();
        let file = format!(
            "id = \"bus_{name}\"\nname = \"{name}\"\nsupport_email = \"help@example.com\"\n\
             [seller]\nname = \"Seller\"\naddress = [\"Example Street 1\"]\ncountry = \"DE\"\n\
             email = \"billing@example.com\"\n{more}"
        );
        std::fs::write(folder.join(format!("{name}.toml")), file).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command.args(arguments).current_dir(self.dir.path());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A process that serves, and where.
    pub(crate) fn serve(&self) -> (Child, String) {
        let mut child = self
            .command(&["serve"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let address = log
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap())
            .find_map(|line| line["address"].as_str().map(String::from));
        (child, address.expect("says where it serves"))
    }
}

/// Does not outlive a test that failed.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
    }
}

pub(crate) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_host_is_ready_refuses_a_second_on_its_file_and_ends_when_told() {
    let host = Host::new();
    let (child, address) = host.serve();
    let mut child = Running(child);
    assert!(get(&address, "/healthz").starts_with("HTTP/1.1 200"));
    assert!(get(&address, "/readyz").starts_with("HTTP/1.1 200"));

    let second = host.run(&["serve"]);
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("is served by another process"), "{said}");

    let told = Command::new("kill")
        .args(["-TERM", &child.0.id().to_string()])
        .status()
        .unwrap();
    assert!(told.success());
    assert!(child.0.wait().unwrap().success());
}

#[test]
fn a_bad_configuration_is_told_with_its_line_and_answered_with_1() {
    let host = Host::new();
    std::fs::write(host.dir.path().join("config/vestibule.toml"), "[serve]\n").unwrap();
    let output = host.run(&["config", "check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with("config/vestibule.toml:1: serve: there is no key"),
        "{said}"
    );
    assert!(said.contains("Did you mean \"server\"?"), "{said}");
}

#[test]
fn what_needs_a_business_says_how_one_is_made() {
    let host = Host::new();
    let output = host.run(&["key", "api"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("there is no business yet"), "{said}");
    assert!(said.contains("config/reference.toml"), "{said}");
}

#[test]
fn a_plugin_is_checked_without_the_secrets_of_businesses() {
    let host = Host::new();
    let webhook = "[live.webhook]\nurl = \"https://example.com/\"\nsecret_env = \"NOT_SET\"\n";
    host.business("lumen", webhook);
    assert!(!host.run(&["config", "check"]).status.success());
    let output = host.run(&["plugin", "check", "nothing.wasm"]);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(said.contains("nothing.wasm"), "{said}");
    assert!(!said.contains("lumen"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_wants_is_said_in_plain_words() {
    let host = Host::new();
    let file = host.dir.path().join("retention.wasm");
    let plugin = crate::support::guests::built("plugins/retention").await;
    std::fs::write(&file, &*plugin).unwrap();
    let output = host.run(&["plugin", "inspect", file.to_str().unwrap()]);
    let said = String::from_utf8(output.stdout).unwrap();
    for words in [
        "Retention 0.1.0 (retention), ",
        "customers who are signed in find them below /x/NAME/",
        "it puts blocks into pages of the portal",
        "nothing of it holds until a business's file grants it",
        "to be told the subscriptions of the customer who is signed in",
        "to keep small things in the database",
        "to be told of `subscription.cancelled`",
        "to be called by the clock: daily",
        "keep_days: a number from 1 to 3650, 365 if it is left out",
        "templates/offer.html",
        "It is not signed: nobody vouches for what is in the file.",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    std::fs::write(file.with_extension("wasm.minisig"), "x").unwrap();
    let output = host.run(&["plugin", "inspect", file.to_str().unwrap()]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("stands beside it as a signature is none"),
        "{said}"
    );
    let output = host.run(&["plugin", "inspect", file.to_str().unwrap(), "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed["id"], "retention");
    assert_eq!(listed["kinds"], serde_json::json!(["pages"]));
    assert_eq!(
        listed["permissions"]["data"],
        serde_json::json!(["customer.subscriptions"])
    );
    assert_eq!(listed["settings"]["keep_days"]["default"], 365);
    assert!(listed["signature"].is_string(), "{listed}");
    let output = host.run(&["plugin", "inspect", "nothing.wasm"]);
    assert!(!output.status.success());
}

#[test]
fn a_gateway_says_where_it_leads_customers_and_where_its_secrets_go() {
    let host = Host::new();
    let file = host.dir.path().join("guest.wasm");
    let inspect = |more: &str| {
        let manifest = guest::MANIFEST.replace("secrets =", &format!("{more}\n    secrets ="));
        std::fs::write(&file, guest::plugin(&manifest, &guest::OnCharge::Succeeds)).unwrap();
        let output = host.run(&["plugin", "inspect", file.to_str().unwrap()]);
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let said = inspect("browser = [\"https://pay.example.com\", \"setting:base_url\", \"any\"]");
    for words in [
        "to send customers to pages of https://pay.example.com",
        "to send customers to pages at the address that its setting `base_url` says",
        "to send customers to any https page, such as those of banks, whatever stands there",
        "to use the secret `api_key`, which the host keeps from it and sends to the address that its \
         setting `base_url` says only",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(inspect("secrets_for.api_key = []").contains("keeps from it and sends nowhere\n"));
    assert!(!inspect("").contains("send customers"));
}

#[test]
fn a_member_of_staff_gets_a_role_at_a_business_that_came_later() {
    let host = Host::new();
    host.business("lumen", "");
    let role = ["staff", "role", "ops@example.com", "--role", "manager"];
    let output = host.run(&role);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("member of staff"), "{said}");
    assert!(
        host.run(&["staff", "link", "ops@example.com"])
            .status
            .success()
    );
    host.business("moss", "");
    let moss = [&role[..], &["--business", "bus_moss"]].concat();
    let output = host.run(&moss);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.trim(), "ops@example.com is manager of bus_moss now");
    let reader = [
        "staff",
        "role",
        "ops@example.com",
        "--role",
        "reader",
        "--business",
        "bus_moss",
    ];
    assert!(host.run(&reader).status.success());
    assert!(
        !host
            .run(&[&role[..], &["--business", "bus_none"]].concat())
            .status
            .success()
    );
}

#[test]
fn every_command_explains_itself() {
    let commands: [&[&str]; 18] = [
        &["serve"],
        &["demo"],
        &["migrate"],
        &["config", "check"],
        &["key", "host"],
        &["webhook", "replay"],
        &["key", "api"],
        &["link"],
        &["staff", "link"],
        &["staff", "role"],
        &["plugin", "new"],
        &["plugin", "build"],
        &["plugin", "check"],
        &["plugin", "inspect"],
        &["theme", "check"],
        &["theme", "dev"],
        &["mailbox"],
        &["sandbox"],
    ];
    for command in commands {
        let output = Command::new(env!("CARGO_BIN_EXE_vestibule"))
            .args(command)
            .arg("--help")
            .output()
            .unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains("Usage: vestibule"), "{command:?}");
        assert!(
            help.contains("vestibule ") && help.lines().count() > 5,
            "{command:?}"
        );
    }
}

#[test]
fn a_theme_is_shown_with_sample_data_and_changes_as_its_files_do() {
    let dir = tempfile::tempdir().unwrap();
    let theme = dir.path().join("yours");
    std::fs::create_dir_all(theme.join("templates/pages")).unwrap();
    let manifest = "name = \"Yours\"\nextends = \"default\"\n";
    std::fs::write(theme.join("theme.toml"), manifest).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["theme", "dev", "--port", "0", "--themes"])
        .args([&Path::new(ROOT).join("themes"), &theme])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let _child = Running(child);
    let line = said.next().unwrap().unwrap();
    let (_, address) = line.split_once("http://").unwrap();
    let address = address.trim_end_matches('/');

    assert!(get(address, "/").contains("/show/0/pages/overview.html?lang=es"));
    let page = get(address, "/show/0/pages/overview.html?lang=es&dir=rtl");
    assert!(page.contains("Suscripciones"), "{page}");
    assert!(page.contains("dir=\"rtl\"") && page.contains("location.reload"));
    assert!(get(address, "/show/0/mails/login.txt").contains("4821"));
    assert!(get(address, "/show/99/pages/overview.html").starts_with("HTTP/1.1 404"));

    let before = get(address, "/version");
    let template = theme.join("templates/pages/overview.html");
    std::fs::write(&template, "Mine, {{ page.nothing }}").unwrap();
    assert_ne!(get(address, "/version"), before);
    let page = get(address, "/show/0/pages/overview.html");
    assert!(
        page.starts_with("HTTP/1.1 500") && page.contains("undefined value"),
        "{page}"
    );
}

#[tokio::test]
async fn the_demos_configuration_is_good() {
    let plugins = crate::support::plugin::folder(&["sandbox", "retention"]).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command
        .args(["--config", "config/demo", "config", "check"])
        .env("VESTIBULE_PLUGINS__DIR", plugins.path())
        .current_dir(Path::new(ROOT));
    for name in [
        "LUMEN_API_KEY",
        "LUMEN_WEBHOOK_SECRET",
        "HARBOUR_API_KEY",
        "HARBOUR_WEBHOOK_SECRET",
    ] {
        command.env(format!("DEMO_{name}"), name);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("is good: 2 businesses"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plugin_check_says_which_promise_of_a_gateway_is_broken() {
    let sandbox = Sandbox::start(None).await;
    let host = Host::new();
    let file = host.dir.path().join("plugins/sandbox.wasm");
    std::fs::write(&file, &*built("plugins/sandbox").await).unwrap();
    let origin = sandbox.origin();
    host.business(
        "lumen",
        &format!(
            "[test]\ndefault_gateway = \"main\"\n[test.gateways.main]\nplugin = \"sandbox\"\n\
             settings = {{ base_url = \"{origin}\" }}\n\
             secrets = {{ api_key = {{ secret_env = \"PROCESSOR_KEY\" }}, \
             webhook_secret = {{ secret_env = \"PROCESSOR_HOOKS\" }} }}\n\
             grants = {{ http = [{{ origin = \"{origin}\", private = true }}], \
             browser = [\"{origin}\"] }}\n"
        ),
    );
    let check = || {
        let arguments = ["plugin", "check", "plugins/sandbox.wasm"];
        let output = host
            .command(&arguments)
            .args(["--mode", "test", "--gateway", "main", "--currency", "EUR"])
            .env("PROCESSOR_KEY", API_KEY)
            .env("PROCESSOR_HOOKS", WEBHOOK_SECRET)
            .output()
            .unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), told)
    };
    let (code, told) = check();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("kept       the same key again is the same payment"));
    assert!(told.contains("nobody plays the customer"), "{told}");

    let forgets = serde_json::json!({ "honoured": false });
    sandbox
        .call(reqwest::Method::PUT, "/control/keys", Some(forgets))
        .await;
    let (code, told) = check();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("BROKEN     the same key again is the same payment"));
    assert!(told.contains("promises are broken"), "{told}");
}
