//! `cargo xtask demo`: builds host and plugins, then shows them with sample data.

use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::run::run;
use crate::{plugins, tools};

/// Where the demo keeps everything.
const DATA: &str = "data/demo";

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Start over: throw away what the demo has kept.
    #[arg(long)]
    reset: bool,
    /// The port of the portal on 127.0.0.1.
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

impl Demo {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let host = tools::host()?;
        plugins::build(&host)?;
        if self.reset && Path::new(DATA).exists() {
            std::fs::remove_dir_all(DATA)?;
        }
        run(Command::new(host)
            .arg("demo")
            .arg("--port")
            .arg(self.port.to_string()))
    }
}
