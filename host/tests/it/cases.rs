//! `vestibule plugin test`: the cases of every plugin of this repository, the examples in the document
//! about them, and what an author is told when a case is not as expected.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::commands::Host;
use crate::support::guests::built;
use crate::support::plugin::{cache, folder};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A host that compiles nothing twice, and the files of plugins.
struct Bench {
    host: Host,
    files: tempfile::TempDir,
}

/// What a command said, and whether it went well.
struct Said {
    good: bool,
    out: String,
    problem: String,
}

impl Bench {
    async fn of(plugins: &[&'static str]) -> Self {
        let host = Host::new();
        let path = host.dir.path().join("config/vestibule.toml");
        let config = std::fs::read_to_string(&path).unwrap();
        let cache = cache();
        let cache = cache.display();
        let plugins_table = format!("[plugins]\ncompile = \"30m\"\ncache = \"{cache}\"\n");
        std::fs::write(path, config + &plugins_table).unwrap();
        Self {
            host,
            files: folder(plugins).await,
        }
    }

    fn test(&self, dir: &Path, plugin: &str, more: &[&str]) -> Said {
        let file = self.files.path().join(plugin).with_extension("wasm");
        let mut command = self.host.command(&["plugin", "test"]);
        let output = command
            .arg(dir)
            .arg("--plugin")
            .arg(file)
            .args(more)
            .output();
        let output = output.unwrap();
        Said {
            good: output.status.success(),
            out: String::from_utf8(output.stdout).unwrap(),
            problem: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same with cases that are written down here.
    fn try_cases(&self, plugin: &str, cases: &str, more: &[&str]) -> Said {
        let dir = self.write(cases);
        self.test(&dir, plugin, more)
    }

    fn write(&self, cases: &str) -> PathBuf {
        let dir = self.host.dir.path().join("written");
        std::fs::create_dir_all(dir.join("tests")).unwrap();
        std::fs::write(dir.join("tests/here.toml"), cases).unwrap();
        dir
    }
}

fn passes(said: &Said) {
    assert!(said.good, "{}{}", said.out, said.problem);
}

/// Runs the cases of a folder of this repository.
async fn cases_of(source: &str, plugin: &'static str, at_least: u64) {
    let bench = Bench::of(&[plugin]).await;
    let dir = Path::new(ROOT).join(source);
    let said = bench.test(&dir, plugin, &["--json"]);
    passes(&said);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["failed"], 0);
    assert!(report["passed"].as_u64().unwrap() >= at_least, "{report}");
}

#[tokio::test]
async fn the_cases_of_the_stripe_gateway_pass() {
    cases_of("plugins/stripe", "stripe", 30).await;
}

#[tokio::test]
async fn the_cases_of_the_transfer_gateway_pass() {
    cases_of("plugins/transfer", "transfer", 8).await;
}

#[tokio::test]
async fn the_cases_of_the_sandbox_gateway_pass() {
    cases_of("plugins/sandbox", "sandbox", 6).await;
}

#[tokio::test]
async fn the_same_cases_pass_of_the_same_gateway_in_javascript() {
    cases_of("plugins/sandbox", "sandbox-js", 6).await;
}

#[tokio::test]
async fn the_same_cases_pass_of_the_same_gateway_in_python() {
    cases_of("plugins/sandbox", "sandbox-py", 6).await;
}

#[tokio::test]
async fn the_cases_of_the_retention_pages_pass() {
    cases_of("plugins/retention", "retention", 12).await;
}

#[tokio::test]
async fn a_redirect_that_a_host_would_not_follow_fails_its_case() {
    let bench = Bench::of(&[]).await;
    let puppet = built("host/tests/guests/puppet").await;
    std::fs::write(bench.files.path().join("puppet.wasm"), &**puppet).unwrap();
    let redirect = |to: &str| {
        let script = json!({ "redirect": to });
        let case = format!(
            "[[case]]\nname = \"it leads on\"\ncall = \"pages.render\"\n\
             given.settings.render = '{script}'\n[case.expect]\nanswer.redirect.present = true\n"
        );
        bench.try_cases("puppet", &case, &[])
    };
    for good in [
        "/",
        "/subscriptions?all=1",
        "https://survey.example.com/a?b=c",
    ] {
        passes(&redirect(good));
    }
    for bad in [
        "/login",
        "/a b",
        "/\\evil.example",
        "/./../..//evil.example",
        "//evil.example",
        "https://evil.example/",
        "nowhere",
    ] {
        let said = redirect(bad);
        assert!(!said.good, "{bad}: {}", said.out);
        assert!(said.out.contains("refused"), "{bad}: {}", said.out);
    }
}

#[tokio::test]
async fn the_cases_of_the_seasons_branding_pass() {
    cases_of("plugins/seasons", "seasons", 6).await;
}

#[tokio::test]
async fn every_example_of_the_document_about_cases_passes() {
    let plugins = ["stripe", "sandbox", "retention", "seasons"];
    let bench = Bench::of(&plugins).await;
    let text = std::fs::read_to_string(Path::new(ROOT).join("plugins/TESTS.md")).unwrap();
    let mut tried = Vec::new();
    for block in text.split("\n```toml ").skip(1) {
        let (block, _) = block.split_once("\n```").unwrap();
        let (plugin, cases) = block.split_once('\n').unwrap();
        let plugin = plugins.iter().find(|known| **known == plugin).unwrap();
        passes(&bench.try_cases(plugin, cases, &[]));
        tried.push(*plugin);
    }
    for plugin in plugins {
        assert!(tried.contains(&plugin), "no example of {plugin}: {tried:?}");
    }
}

const WRONG: &str = r#"
[given]
settings = { base_url = "https://bank.example", merchant = "lumen" }

[[case]]
name = "the amount is another"
call = "payments.lookup"

[[case.http]]
method = "GET"
path = "/transfers/7061796d656e742d31"
answer.json = { id = "t1", state = "executed", amount = "19.00", currency = "EUR", approve = "", valid_until = 1, ordered_at = 1 }

[case.expect.answer.found]
outcome = "succeeded"
amount.minor = 1905

[[case]]
name = "the request is another"
call = "payments.lookup"
http = [{ method = "GET", path = "/somewhere", answer.status = 404 }]
expect.answer = "absent"

[[case]]
name = "a header and the body are others"
call = "payments.charge"

[[case.http]]
method = "PUT"
path = "/transfers/7061796d656e742d31"
headers.authorization = "Bearer no"
json.amount = "1.00"
answer.status = 500

[case.expect]
error = "unknown-outcome"

[[case]]
name = "a request too many is expected"
call = "payments.lookup"
http = [
    { method = "GET", path = "/transfers/7061796d656e742d31", answer = { status = 404, json.error = "no-such-transfer" } },
    { method = "GET", path = "/again", answer.status = 404 },
]
expect.answer = "absent"

[[case]]
name = "nobody expected a request"
call = "payments.lookup"
expect.answer = "absent"

[[case]]
name = "it fails in another way"
call = "refunds.refund"
expect.answer.outcome = "succeeded"

[[case]]
name = "it does not fail"
call = "payments.lookup"
http = [{ method = "GET", path = "/transfers/7061796d656e742d31", answer = { status = 404, json.error = "no-such-transfer" } }]
expect.error = "misconfigured"

[[case]]
name = "the input has a slip"
call = "payments.charge"
input = { amuont = { minor = 1 } }
expect.answer.outcome = "succeeded"

[[case]]
name = "a setting is missing"
call = "payments.charge"
given.settings.merchnat = "lumen"
expect.answer.outcome = "succeeded"

[[case]]
name = "it is no branding"
call = "looks.resolve"
input.date = "2026-12-24"
expect.answer = {}

[[case]]
name = "this one is right"
call = "payments.lookup"
http = [{ method = "GET", path = "/transfers/7061796d656e742d31", answer = { status = 404, json.error = "no-such-transfer" } }]
expect.answer = "absent"
"#;

#[tokio::test]
async fn a_case_that_is_not_as_expected_is_told_with_its_line_and_what_came() {
    let bench = Bench::of(&["transfer"]).await;
    let said = bench.try_cases("transfer", WRONG, &[]);
    assert!(!said.good);
    let wrong: Vec<_> = WRONG.lines().collect();
    let line_of = |start: &str| {
        1 + wrong
            .iter()
            .position(|line| line.starts_with(start))
            .unwrap()
    };
    for (line, says) in [
        (
            line_of("amount.minor"),
            "answer.found.amount.minor\n          expected  1905\n          came      1900",
        ),
        (
            line_of("http = [{ method = \"GET\", path = \"/somewhere\""),
            "http[0]\n          expected  a request GET /somewhere\n          came      a request GET \
             https://bank.example/transfers/7061796d656e742d31",
        ),
        (
            line_of("headers.authorization"),
            "http[0].headers.authorization\n          expected  \"Bearer no\"\n          came      \
             \"Basic ",
        ),
        (
            line_of("json.amount"),
            "http[0].json.amount\n          expected  \"1.00\"\n          came      \"19.00\"",
        ),
        (
            line_of("    { method = \"GET\", path = \"/again\""),
            "http[1]\n          expected  a request GET /again\n          came      one request",
        ),
        (
            line_of("expect.answer.outcome"),
            "answer\n          expected  {\"outcome\":\"succeeded\"}\n          came      an error: \
             {\"unsupported\":\"refunds.refund\"}",
        ),
        (
            line_of("expect.error = \"misconfigured\""),
            "error\n          expected  \"misconfigured\"\n          came      an answer: \"absent\"",
        ),
        (
            line_of("input = { amuont"),
            "there is no `amuont`; there are: ",
        ),
        (
            line_of("given.settings.merchnat"),
            "it has no setting `merchnat`; it has: base_url, merchant",
        ),
    ] {
        let found = said
            .out
            .lines()
            .any(|told| told.contains(&format!("here.toml:{line}: ")));
        assert!(found, "line {line} in\n{}", said.out);
        assert!(said.out.contains(says), "{says}\nin\n{}", said.out);
    }
    assert!(
        said.out.contains("came      the plugin is no branding"),
        "{}",
        said.out
    );
    assert!(said.out.contains("expected  no request"), "{}", said.out);
    assert!(
        said.out
            .contains("ok      this one is right  (payments.lookup)"),
        "{}",
        said.out
    );
    assert!(
        said.out.ends_with("transfer 0.1.0: 1 passed, 10 failed\n"),
        "{}",
        said.out
    );

    let said = bench.try_cases("transfer", WRONG, &["--filter", "is right"]);
    passes(&said);
    assert!(
        said.out.ends_with("transfer 0.1.0: 1 passed, 0 failed\n"),
        "{}",
        said.out
    );
    let said = bench.try_cases("transfer", WRONG, &["--json"]);
    assert!(!said.good);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&report["passed"], &report["failed"]),
        (&1.into(), &10.into())
    );
    let problem = &report["cases"][0]["problems"][0];
    assert_eq!(problem["line"], line_of("amount.minor"));
    assert_eq!(problem["came"], "1900");
}

#[tokio::test]
async fn what_keeps_cases_from_being_run_is_told_with_what_to_do() {
    let bench = Bench::of(&["transfer"]).await;
    let dir = bench
        .write("[[case]]\nname = \"a\"\ncall = \"payments.chrage\"\nexpect.answer = \"absent\"\n");
    let said = bench.test(&dir, "transfer", &[]);
    assert!(!said.good);
    let told = "here.toml:3: there is no call `payments.chrage`; there are: info.describe, payments.charge";
    assert!(said.problem.contains(told), "{}", said.problem);
    let said = bench.try_cases("transfer", WRONG, &["--filter", "nothing like it"]);
    assert!(!said.good);
    assert!(
        said.problem.contains("contains \"nothing like it\""),
        "{}",
        said.problem
    );
    let empty = bench.host.dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let said = bench.test(&empty, "transfer", &[]);
    assert!(!said.good);
    assert!(
        said.problem.contains("write tests/first.toml"),
        "{}",
        said.problem
    );
    let said = bench.test(&Path::new(ROOT).join("plugins/transfer"), "not-built", &[]);
    assert!(!said.good);
    assert!(
        said.problem
            .contains("make it with `vestibule plugin build "),
        "{}",
        said.problem
    );
}
