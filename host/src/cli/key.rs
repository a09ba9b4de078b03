//! `vestibule key`: the host's own keys.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::config::HostKeys;

use super::{Place, print};

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Add a new signing key to the host's key file.
    ///
    /// The file (server.key_file) is made if it is missing. The new key signs from the next start
    /// on; older keys stay and go on verifying, so links that are out keep working. Copy the file
    /// to every process that shares the database.
    #[command(after_help = "Example:\n  vestibule key host")]
    Host,
}

impl Key {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let Self::Host = self;
        let path = place.load()?.server.key_file;
        add_host_key(&path)?;
        print(&format!(
            "a new key signs from the next start on: {}",
            path.display()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Puts a key of fresh system randomness in front of the file.
pub(super) fn add_host_key(path: &std::path::Path) -> anyhow::Result<()> {
    let mut key = [0; 32];
    SysRng
        .try_fill_bytes(&mut key)
        .context("the system gives no randomness")?;
    HostKeys::add(path, key)?;
    Ok(())
}
