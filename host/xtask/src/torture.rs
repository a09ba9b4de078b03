//! `cargo xtask torture`: builds hosts and plugin, and lets them be tortured.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::run::{run, target_dir};
use crate::{plugins, tools};

#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Torture {
    /// Passed on; `cargo xtask torture --help` tells what there is.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

impl Torture {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let host = tools::host()?;
        plugins::build(&host)?;
        run(program(&host).args(&self.options))
    }
}

/// Short runs on both databases side by side, for `cargo xtask test`: most of their time is
/// waiting for what has to settle.
pub(crate) fn briefly(host: &Path) -> anyhow::Result<()> {
    let mut running = Vec::new();
    for database in ["sqlite", "postgres"] {
        let mut torture = program(host);
        torture.args(["--minutes=0.4", "--customers=4", "--database", database]);
        eprintln!("\n$ torture on {database}");
        running.push((
            database,
            torture.spawn().context("cannot start the torture")?,
        ));
    }
    let mut failed = Vec::new();
    for (database, mut torture) in running {
        if !torture.wait()?.success() {
            failed.push(database);
        }
    }
    if !failed.is_empty() {
        bail!("the torture on {} found something", failed.join(" and "));
    }
    Ok(())
}

/// The program, told where the host is.
fn program(host: &Path) -> Command {
    let mut torture = Command::new(target_dir().join("debug/vestibule-torture"));
    torture.arg("--host").arg(host);
    torture
}
