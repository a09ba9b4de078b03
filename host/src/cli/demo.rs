//! `vestibule demo`.

use std::process::ExitCode;

use clap::Args;

use crate::{app, demo};

use super::{block_on, print, shutdown_asked};

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// The port of the portal on 127.0.0.1; the processor takes the next one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(async {
            let stop = shutdown_asked()?;
            let demo = demo::prepare(self.port).await?;
            print(&demo.welcome)?;
            app::serve(demo.settings.clone(), demo.sources.clone(), stop).await?;
            Ok(ExitCode::SUCCESS)
        })
    }
}
