//! `cargo xtask test`: everything that must pass, in the order in which it fails fastest.

use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::run::{cargo, run};
use crate::{examples, plugins, tools, torture};

/// The workspaces of the repository.
const WORKSPACES: [&str; 2] = ["Cargo.toml", "plugins/Cargo.toml"];

/// The end-to-end tests and their Node packages.
const END_TO_END: &str = "host/tests/e2e";

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Leave out formatting, lints and licences.
    #[arg(long)]
    only_tests: bool,
}

impl Test {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        if !self.only_tests {
            formatting()?;
        }
        tools::for_tests()?;
        let host = tools::host()?;
        plugins::build(&host)?;
        examples::build(&host)?;
        let requirements = Path::new(END_TO_END).join("python/requirements.txt");
        let python = tools::python("python", &requirements)?;
        run(cargo()
            .args(["test", "--locked", "--workspace"])
            .env("VESTIBULE_PYTHON", &python)
            .env("PATH", examples::path()?))?;
        end_to_end(&host, &python)?;
        torture::briefly(&host)?;
        run(Command::new(&host).args(["theme", "check", "themes/default"]))?;
        if !self.only_tests {
            lints()?;
            licences()?;
        }
        eprintln!("\neverything passed");
        Ok(())
    }
}

/// The built host from outside: the official SDKs, a browser, real processes.
fn end_to_end(host: &Path, python: &Path) -> anyhow::Result<()> {
    run(Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(END_TO_END))?;
    run(Command::new("npm")
        .arg("test")
        .env("VESTIBULE", std::path::absolute(host)?)
        .env("VESTIBULE_PYTHON", python)
        .current_dir(END_TO_END))
}

fn formatting() -> anyhow::Result<()> {
    for workspace in WORKSPACES {
        run(cargo().args(["fmt", "--all", "--check", "--manifest-path", workspace]))?;
    }
    Ok(())
}

fn lints() -> anyhow::Result<()> {
    for workspace in WORKSPACES {
        run(cargo()
            .args(["clippy", "--locked", "--workspace", "--all-targets"])
            .args(["--manifest-path", workspace, "--", "-D", "warnings"]))?;
    }
    Ok(())
}

/// Bans, licences and sources of every dependency.
fn licences() -> anyhow::Result<()> {
    let deny = tools::cargo_deny()?;
    for workspace in WORKSPACES {
        run(Command::new(&deny)
            .args([
                "--manifest-path",
                workspace,
                "--config",
                ".deny.toml",
                "check",
            ])
            // Duplicates are listed by `cargo deny check bans`; they are not errors.
            .args(["--allow", "duplicate", "--hide-inclusion-graph"])
            .args(["bans", "licenses", "sources"]))?;
    }
    Ok(())
}
