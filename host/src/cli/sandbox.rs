//! `vestibule sandbox`: the door to the payment processor, which is a crate of its own.

use std::process::ExitCode;

use vestibule_sandbox::Options;

use super::{block_on, shutdown_asked};

/// Runs until SIGTERM.
pub(super) fn run(options: Options) -> anyhow::Result<ExitCode> {
    block_on(async {
        vestibule_sandbox::serve(options, shutdown_asked()?).await?;
        Ok(ExitCode::SUCCESS)
    })
}
