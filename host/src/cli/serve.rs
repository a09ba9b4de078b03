//! `vestibule serve`.

use std::process::ExitCode;

use clap::Args;

use crate::app;

use super::{Place, block_on, shutdown_asked};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule serve
  VESTIBULE_SERVER__LISTEN=127.0.0.1:9000 vestibule serve

Business files, themes and plugins are picked up without a restart. SIGTERM stops taking
requests, lets those under way and running jobs finish (server.drain), and exits.")]
pub(super) struct Serve {}

impl Serve {
    pub(super) fn run(place: &Place) -> anyhow::Result<ExitCode> {
        let settings = place.load()?;
        block_on(async {
            app::serve(settings, place.sources(), shutdown_asked()?).await?;
            Ok(ExitCode::SUCCESS)
        })
    }
}
