//! `vestibule key`: the host's own keys, and those of merchants for the API.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use secrecy::ExposeSecret as _;

use crate::config::HostKeys;
use crate::{app, cx, flows};

use super::{Place, ScopeArgs, block_on, print};

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Add a new signing key to the host's key file.
    ///
    /// The file (server.key_file) is made if it is missing. The new key signs from the next start
    /// on; older keys stay and go on verifying, so links that are out keep working. Copy the file
    /// to every process that shares the database.
    #[command(after_help = "Example:\n  vestibule key host")]
    Host,
    /// Make a key for the merchant API and print it, once.
    ///
    /// The key belongs to one business in one mode. Only its hash is kept.
    #[command(after_help = "\
Examples:
  vestibule key api --business bus_lumen --mode test
  vestibule key api --business bus_lumen --read-only --label reports")]
    Api {
        #[command(flatten)]
        scope: ScopeArgs,
        /// What it is for, shown in the console.
        #[arg(long, default_value = "made on the command line")]
        label: String,
        /// It may read, but change nothing.
        #[arg(long)]
        read_only: bool,
    },
    /// Make a key that signs plugins (minisign), and print what hosts write to believe it.
    ///
    /// The secret half goes to FILE, which only its owner can read, the public half to FILE.pub.
    #[command(after_help = "Example:\n  vestibule key signer vendor.key")]
    Signer {
        /// The file of the secret key.
        file: PathBuf,
    },
}

impl Key {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        match self {
            Self::Host => {
                let path = place.load()?.server.key_file;
                add_host_key(&path)?;
                print(&format!(
                    "a new key signs from the next start on: {}",
                    path.display()
                ))?;
            }
            Self::Api {
                scope,
                label,
                read_only,
            } => {
                let settings = place.load()?;
                let scope = scope.among(&settings)?;
                let (_, key) = block_on(async {
                    let cx = app::open(settings).await?;
                    Ok(flows::api_key::create(&cx, &scope, &label, !read_only).await?)
                })?;
                print(key.expose_secret())?;
            }
            Self::Signer { file } => {
                super::plugin_sign::make_key(&file)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Puts a key of fresh system randomness in front of the file.
pub(crate) fn add_host_key(path: &Path) -> anyhow::Result<()> {
    Ok(HostKeys::add(path, cx::random())?)
}
