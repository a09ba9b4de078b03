//! `vestibule plugin`: making the one file of a plugin, and seeing what a host says of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Subcommand;

use crate::app;
use crate::config;
use crate::cx::Clock;
use crate::flows::plugin_calls;
use crate::plugins::check::{Report, check};
use crate::plugins::conformance::Verdict;
use crate::plugins::signature::Signing;
use crate::plugins::{inspect, package};

use super::plugin_new::{self, Lang, What};
use super::plugin_store::PluginStore;
use super::plugin_test;
use super::trial::TrialArgs;
use super::{Place, ScopeArgs, block_on, print_plain};

#[derive(Debug, Subcommand)]
pub(super) enum Plugin {
    /// Make a folder to begin a plugin with.
    ///
    /// What it holds works as it stands. The last part of DIR is the plugin's id.
    #[command(after_help = "\
Examples:
  vestibule plugin new my-gateway --lang js --kind gateway
  vestibule plugin new plugins/winter --lang rust --kind branding
  vestibule plugin new news --lang python --kind pages")]
    New {
        /// The new folder.
        dir: PathBuf,
        /// The language it is written in.
        #[arg(long, value_enum)]
        lang: Lang,
        /// What it is.
        #[arg(long, value_enum)]
        kind: What,
    },
    /// Make the one .wasm file of a plugin from its folder.
    ///
    /// The folder holds plugin.toml and what the tools of a language compile: a Rust crate
    /// (Cargo.toml), a JavaScript module (package.json) or a Python module (pyproject.toml). For
    /// other languages, --wasm names the component that their tools made. The manifest is put into
    /// the file, and everything is checked that a host checks before it compiles.
    #[command(after_help = "\
Examples:
  vestibule plugin build plugins/sandbox
  vestibule plugin build my-gateway --wasm dist/gateway.wasm --output plugins/my-gateway.wasm")]
    Build {
        /// The plugin's folder.
        dir: PathBuf,
        /// A module or component that was built already.
        #[arg(long, value_name = "FILE")]
        wasm: Option<PathBuf>,
        /// Where to write the plugin [default: DIR.wasm]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Say in plain words what a plugin is and what it wants, without running any of it.
    ///
    /// Prints what it wishes to reach, to be told and to keep, its settings, the files that it
    /// carries, and who of plugins.signers signed it. Answers 0 when it can be read, else 1.
    #[command(after_help = "\
Examples:
  vestibule plugin inspect plugins/retention.wasm
  vestibule plugin inspect plugins/retention.wasm --json")]
    Inspect {
        /// The plugin's file.
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Load a plugin's file as the host would, and say what it is and what it wants.
    ///
    /// Prints manifest, interfaces and limits, and tries what pages and brandings promise. With --gateway, a gateway's promises are tried as
    /// well, in front of the test processor that this gateway of a business is configured for:
    /// money moves there. Answers 0 when a host would take it and no promise is broken, else 1.
    #[command(after_help = "\
Examples:
  vestibule plugin check plugins/sandbox.wasm
  vestibule plugin check plugins/sandbox.wasm --mode test --gateway sandbox --customer './pay \"$1\"'")]
    Check {
        /// The plugin's file.
        file: PathBuf,
        #[command(flatten)]
        trial: Box<TrialArgs>,
    },
    /// Run an author's own cases, which stand in files tests/*.toml beside plugin.toml.
    ///
    /// A case is one call of the built plugin, in the real engine under the limits and grants of a
    /// host, with a world that the case makes up: what the processor answers, the customer and what
    /// they have, what is kept, the time. Nothing is sent anywhere. Answers 0 when every case passes,
    /// else 1. plugins/TESTS.md has every key.
    #[command(after_help = CASES)]
    Test(plugin_test::Test),
    /// Put a plugin's file into the folder of this host, in the place of an older version.
    ///
    /// It is checked as the host checks it, says what it wishes, and is put there whole or not at
    /// all; a running host takes it without a restart. Prints what a business's file says to use
    /// it. A signature beside it, FILE.minisig, comes with it.
    #[command(after_help = "Example:\n  vestibule plugin add downloads/example-pay.wasm")]
    Add {
        /// The plugin's file.
        file: PathBuf,
    },
    /// Sign a plugin's file: the signature, FILE.minisig, stands beside it then.
    ///
    /// `vestibule key signer` makes the key. A signature that minisign made is as good.
    #[command(after_help = "Example:\n  vestibule plugin sign example-pay.wasm --key vendor.key")]
    Sign {
        /// The plugin's file.
        file: PathBuf,
        /// The file of the secret key.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Show how the plugins of running hosts stand.
    ///
    /// Each process writes it down at every change and every plugins.report_every: versions, why a
    /// file was refused, calls, failures, time and memory since the version was loaded.
    #[command(after_help = "\
Examples:
  vestibule plugin list
  vestibule plugin list --json | jq '.[].plugins[] | {file, state}'")]
    List {
        /// As JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// See how much plugins remember, and make one forget.
    #[command(subcommand)]
    Store(PluginStore),
    /// Tell a pages plugin again of the events that it failed on until they were given up.
    ///
    /// Each under its old id. A running `serve` does the work; the audit names who asked for it.
    #[command(after_help = "\
Example:
  vestibule plugin replay offers --business bus_lumen --mode live")]
    Replay {
        /// The plugin's name in the business's file.
        name: String,
        #[command(flatten)]
        scope: ScopeArgs,
    },
}

const CASES: &str = r#"A case of a gateway, and one of pages:

  [[case]]
  name = "a charge sends the customer to the processor's page"
  call = "payments.charge"
  input.amount = { minor = 1900, currency = "EUR" }     # the rest of the request is a plain one
  given.settings.base_url = "https://processor.example"
  [[case.http]]                                         # what must be asked, in order
  method = "POST"
  path = "/v1/charges"
  headers.idempotency-key = "payment-1"                 # only what stands here is compared
  json.amount.minor = 1900
  answer.json = { id = "ch_1", status = "requires_action", action.url = "https://…/1" }
  [case.expect.answer]
  outcome = "requires-action"

  [[case]]
  name = "an empty wish is asked for again"
  call = "pages.submit"
  input = { path = "/wish", fields.wish = "" }
  [case.expect]
  answer.invalid.wish = "Write something."
  html.contains = "<form"

In the place of an answer, `fails` is one of not-sent, dns, timeout, connection-lost and
response-too-large; `answer = { status = 429 }` and `answer.body = "garbage"` are answers. Secrets
are called fake_NAME. Besides a value, an expectation is { contains | lacks | starts = "text" } or
{ present = false }.

Examples:
  vestibule plugin test my-gateway
  vestibule plugin test my-gateway --plugin plugins/my-gateway.wasm --filter "a charge"
  vestibule plugin test my-gateway --json | jq '.cases[] | select(.problems != [])'"#;

impl Plugin {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        match self {
            Self::New { dir, lang, kind } => plugin_new::new(&dir, lang, kind),
            Self::Build { dir, wasm, output } => {
                let output = output.unwrap_or_else(|| dir.with_extension("wasm"));
                build(&dir, wasm.as_deref(), &output)
            }
            Self::Inspect { file, json } => {
                must_be_there(&file)?;
                let found = match inspect::inspect(&file, &signing(place)?) {
                    Ok(found) => found,
                    // Its words are whole: no cause of it is told once more.
                    Err(why) => bail!("{} is no plugin: {why}", file.display()),
                };
                if json {
                    let listed = super::inspect::listed(&found);
                    print_plain(&serde_json::to_string_pretty(&listed)?)?;
                } else {
                    print_plain(super::inspect::told(&found).trim_end())?;
                }
                Ok(ExitCode::SUCCESS)
            }
            Self::Check { file, trial } => {
                must_be_there(&file)?;
                let config = trial.config(place)?;
                let settings = settings(place)?;
                let clock = Clock::default();
                let now = Arc::new(move || clock.now());
                let limits = app::plugin_limits(&settings)?;
                let report = block_on(async {
                    let trial = match config {
                        Some(config) => Some(trial.begin(config, Arc::clone(&now) as _).await?),
                        None => None,
                    };
                    Ok(check(&file, limits, &settings.cache, now, app::opening(), trial).await?)
                })?;
                say(&file, &report)
            }
            Self::Test(test) => {
                let themes = themes(place)?;
                test.run(&settings(place)?, &themes)
            }
            Self::Add { file } => {
                must_be_there(&file)?;
                let settings = of_host(place)?;
                block_on(super::plugin_add::add(&file, settings))
            }
            Self::Sign { file, key } => {
                must_be_there(&file)?;
                super::plugin_sign::sign(&file, &key)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Store(store) => store.run(place),
            Self::Replay { name, scope } => {
                let settings = place.load()?;
                let scope = scope.among(&settings)?;
                block_on(async {
                    let cx = app::open(settings).await?;
                    let number = plugin_calls::replay(&cx, &scope, &name).await?;
                    print_plain(&format!("{name} is told again of {number} events"))
                })?;
                Ok(ExitCode::SUCCESS)
            }
            Self::List { json } => {
                let settings = of_host(place)?;
                block_on(super::plugin_list::list(settings, json))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// The folder of themes of the host whose configuration is here, or what it is by default.
fn themes(place: &Place) -> anyhow::Result<PathBuf> {
    if is_host(place) {
        return Ok(place.load_host()?.themes.dir);
    }
    Ok(config::Themes::default().dir)
}

/// A plugin's file that is not there was perhaps not built.
fn must_be_there(file: &Path) -> anyhow::Result<()> {
    if file.exists() {
        return Ok(());
    }
    let file = file.display();
    bail!(
        "there is no {file}; `vestibule plugin build DIR --output {file}` makes it from its folder"
    )
}

/// Whom the host believes whose configuration is here; nobody where there is none.
fn signing(place: &Place) -> anyhow::Result<Signing> {
    if is_host(place) {
        return app::signing(&place.load_host()?.plugins);
    }
    Ok(Signing::default())
}

/// What the host says whose folder of plugins is meant.
fn of_host(place: &Place) -> anyhow::Result<config::Settings> {
    if !is_host(place) {
        bail!(
            "there is no host here: run this where its folder `config` is, or name that with --config"
        );
    }
    place.load_host()
}

fn is_host(place: &Place) -> bool {
    place.dir.join("vestibule.toml").exists() || place.dir != Path::new("config")
}

/// The limits of the host whose configuration is here; those that every host has by default where
/// there is none, as in an author's own folder.
fn settings(place: &Place) -> anyhow::Result<config::Plugins> {
    if is_host(place) {
        return Ok(place.load_host()?.plugins);
    }
    let mut settings = config::Plugins::default();
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    if let Some(base) = base {
        settings.cache = base.join("vestibule/plugins");
    }
    Ok(settings)
}

fn build(dir: &Path, wasm: Option<&Path>, output: &Path) -> anyhow::Result<ExitCode> {
    let package = package::build(dir, wasm)
        .with_context(|| format!("{} does not become a plugin", dir.display()))?;
    app::opening()(&package.manifest.id, &package.files)
        .map_err(anyhow::Error::msg)
        .context("what it carries cannot be shown; a host would not take it")?;
    package::write(output, &package.bytes)?;
    let manifest = &package.manifest;
    let size = package.bytes.len() / 1024;
    let (file, folder) = (output.display(), dir.display());
    print_plain(&format!(
        "{file}: {} {}, {size} KiB\n\
         Next: `vestibule plugin test {folder} --plugin {file}` for its cases, `vestibule plugin check \
         {file}` for what a host says.",
        manifest.id, manifest.version
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn say(file: &Path, report: &Report) -> anyhow::Result<ExitCode> {
    if let Some(manifest) = &report.manifest {
        print_plain(&format!(
            "{} {} ({})",
            manifest.id, manifest.version, manifest.name
        ))?;
    }
    print_plain(&format!("  size      {} KiB", report.bytes / 1024))?;
    for (title, interfaces) in [("imports", &report.imports), ("exports", &report.exports)] {
        for interface in interfaces {
            print_plain(&format!("  {title}   {interface}"))?;
        }
    }
    let limits = &report.limits;
    print_plain(&format!(
        "  limits    {} MiB, {} s, {} ms of CPU, {} at once",
        limits.memory_bytes >> 20,
        limits.deadline.as_secs(),
        limits.cpu.as_millis(),
        limits.calls_at_once,
    ))?;
    if let Some(problem) = &report.problem {
        let problem = anyhow::format_err!("{problem}");
        print_plain(&format!(
            "{}: a host would not load it: {problem:#}",
            file.display()
        ))?;
        return Ok(ExitCode::FAILURE);
    }
    match &report.promises {
        None if report.gateway.is_some() => print_plain(
            "  its promises were not tried; name a test gateway that is set up for it with --gateway",
        )?,
        None => {}
        Some(Err(why)) => {
            print_plain(&format!("its promises cannot be tried: {why}"))?;
            return Ok(ExitCode::FAILURE);
        }
        Some(Ok(findings)) => {
            let mut findings = findings.clone();
            findings.extend(super::exhibits::judge(report));
            for finding in &findings {
                print_plain(&format!("  {finding}"))?;
            }
            let broken = findings
                .iter()
                .filter(|finding| matches!(finding.verdict, Verdict::Broken(_)));
            let broken = broken.count();
            if broken > 0 {
                let all = findings.len();
                print_plain(&format!(
                    "{}: {broken} of {all} promises are broken",
                    file.display()
                ))?;
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    print_plain(&format!(
        "{} is good: loaded in {} ms",
        file.display(),
        report.load_time.as_millis()
    ))?;
    Ok(ExitCode::SUCCESS)
}
