//! `vestibule plugin`: making the one file of a plugin, and seeing what a host says of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;

use crate::app;
use crate::cx::Clock;
use crate::plugins::check::{Report, check};
use crate::plugins::conformance::Verdict;
use crate::plugins::{inspect, package};

use super::trial::TrialArgs;
use super::{Place, block_on, print};

#[derive(Debug, Subcommand)]
pub(super) enum Plugin {
    /// Make the one .wasm file of a plugin from its folder.
    ///
    /// The folder holds plugin.toml and a Rust crate, which is compiled for
    /// wasm32-unknown-unknown; for other languages, --wasm names the component that their tools
    /// made. The manifest is put into the file, and everything is checked that a host checks
    /// before it compiles.
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
    /// carries, and whether a signature stands beside it. Answers 0 when it can be read, else 1.
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
    /// Prints manifest, interfaces and limits. With --gateway, a gateway's promises are tried as
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
}

impl Plugin {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        match self {
            Self::Build { dir, wasm, output } => {
                let output = output.unwrap_or_else(|| dir.with_extension("wasm"));
                build(&dir, wasm.as_deref(), &output)
            }
            Self::Inspect { file, json } => {
                let found = inspect::inspect(&file)
                    .with_context(|| format!("{} cannot be read as a plugin", file.display()))?;
                if json {
                    let listed = super::inspect::listed(&found);
                    print(&serde_json::to_string_pretty(&listed)?)?;
                } else {
                    print(super::inspect::told(&found).trim_end())?;
                }
                Ok(ExitCode::SUCCESS)
            }
            Self::Check { file, trial } => {
                let config = trial.config(place)?;
                let settings = place.load_host()?.plugins;
                let clock = Clock::default();
                let now = Arc::new(move || clock.now());
                let limits = app::plugin_limits(&settings)?;
                let report = block_on(async {
                    let trial = match config {
                        Some(config) => Some(trial.begin(config, Arc::clone(&now) as _).await?),
                        None => None,
                    };
                    Ok(check(&file, limits, &settings.cache, now, trial).await?)
                })?;
                say(&file, &report)
            }
        }
    }
}

fn build(dir: &Path, wasm: Option<&Path>, output: &Path) -> anyhow::Result<ExitCode> {
    let package = package::build(dir, wasm)
        .with_context(|| format!("{} does not become a plugin", dir.display()))?;
    package::write(output, &package.bytes)?;
    let manifest = &package.manifest;
    let size = package.bytes.len() / 1024;
    print(&format!(
        "{}: {} {}, {size} KiB",
        output.display(),
        manifest.id,
        manifest.version
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn say(file: &Path, report: &Report) -> anyhow::Result<ExitCode> {
    if let Some(manifest) = &report.manifest {
        print(&format!(
            "{} {} ({})",
            manifest.id, manifest.version, manifest.name
        ))?;
    }
    print(&format!("  size      {} KiB", report.bytes / 1024))?;
    for (title, interfaces) in [("imports", &report.imports), ("exports", &report.exports)] {
        for interface in interfaces {
            print(&format!("  {title}   {interface}"))?;
        }
    }
    let limits = &report.limits;
    print(&format!(
        "  limits    {} MiB, {} s, {} ms of CPU, {} at once",
        limits.memory_bytes >> 20,
        limits.deadline.as_secs(),
        limits.cpu.as_millis(),
        limits.calls_at_once,
    ))?;
    if let Some(problem) = &report.problem {
        let problem = anyhow::format_err!("{problem}");
        print(&format!(
            "{}: a host would not load it: {problem:#}",
            file.display()
        ))?;
        return Ok(ExitCode::FAILURE);
    }
    match &report.promises {
        None => {}
        Some(Err(why)) => {
            print(&format!("its promises cannot be tried: {why}"))?;
            return Ok(ExitCode::FAILURE);
        }
        Some(Ok(findings)) => {
            for finding in findings {
                print(&format!("  {finding}"))?;
            }
            let broken = findings
                .iter()
                .filter(|finding| matches!(finding.verdict, Verdict::Broken(_)));
            let broken = broken.count();
            if broken > 0 {
                let all = findings.len();
                print(&format!(
                    "{}: {broken} of {all} promises are broken",
                    file.display()
                ))?;
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    print(&format!(
        "{} is good: loaded in {} ms",
        file.display(),
        report.load_time.as_millis()
    ))?;
    Ok(ExitCode::SUCCESS)
}
