//! `cargo xtask bench`: the figures of a host, with our own code optimised.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::run::{cargo, run, target_dir};
use crate::{examples, plugins};

/// Our own crate as in a release; the dependencies stay as they were compiled for everything else.
const OPTIMISED: [&str; 3] = [
    "profile.dev.package.vestibule.opt-level=3",
    "profile.dev.package.vestibule.debug-assertions=false",
    "profile.dev.package.vestibule.overflow-checks=false",
];

#[derive(Debug, Args)]
#[command(after_help = "\
Our own crate is compiled with optimisation; dependencies are those of every other task, at
opt-level 2. With --release everything is compiled anew, which takes twenty minutes, once.

A missed aim is told and fails nothing. What is compared takes turns, so that a busy machine
spoils both sides alike; figures of different runs compare only on a machine that does nothing
else.")]
pub(crate) struct Bench {
    /// Also write the figures to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure only this: page, dressed, beside, plugin, many, invoice, start or billing. May
    /// be given several times.
    #[arg(long, value_name = "WHAT")]
    only: Vec<String>,
    /// How many subscriptions the large database of the sweep has; a million by default.
    #[arg(long, value_name = "NUMBER")]
    subscriptions: Option<u64>,
    /// Compile everything as for a release.
    #[arg(long)]
    release: bool,
}

impl Bench {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let mut build = self.cargo("build");
        if self.release {
            build.arg("--release");
        }
        // The selection of features is that of every other task: it compiles nothing else anew.
        run(build.args(["--workspace", "--bins", "--bench", "figures"]))?;
        let folder = if self.release { "release" } else { "debug" };
        let host = target_dir().join(folder).join("vestibule");
        plugins::build(&host)?;
        if self.only.is_empty() || self.only.iter().any(|part| part == "plugin") {
            examples::build(&host)?;
        }
        let mut bench = self.cargo("bench");
        if !self.release {
            bench.args(["--profile", "dev"]);
        }
        bench.args(["--workspace", "--bench", "figures", "--"]);
        if let Some(json) = &self.json {
            bench.arg("--json").arg(absolute(json)?);
        }
        if let Some(number) = self.subscriptions {
            bench.arg("--subscriptions").arg(number.to_string());
        }
        for part in &self.only {
            bench.args(["--only", part]);
        }
        run(&mut bench)
    }

    fn cargo(&self, task: &str) -> Command {
        let mut cargo = cargo();
        if !self.release {
            for setting in OPTIMISED {
                cargo.args(["--config", setting]);
            }
        }
        cargo.args([task, "--locked"]);
        cargo
    }
}

/// Cargo runs a benchmark in the folder of its package.
fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    Ok(std::path::absolute(path)?)
}
