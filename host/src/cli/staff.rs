//! `vestibule staff`: the first way into the console.

use std::process::ExitCode;

use clap::Subcommand;

use crate::domain::email::Email;
use crate::{app, flows};

use super::{Place, block_on, print};

#[derive(Debug, Subcommand)]
pub(super) enum Staff {
    /// Print a link that signs a member of staff in to the console.
    ///
    /// Makes the member of staff if there is none with this address, as manager of every business
    /// that has a file; whoever is there keeps the roles they have. The link works once, for a few minutes (login.staff_link_lifetime).
    #[command(after_help = "Example:\n  vestibule staff link ops@example.com --name \"Ops\"")]
    Link {
        /// Their e-mail address.
        email: Email,
        /// Their name, where they are new.
        #[arg(long, default_value = "Staff")]
        name: String,
    },
}

impl Staff {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let Self::Link { email, name } = self;
        let settings = place.load()?;
        let url = block_on(async {
            let cx = app::open(settings).await?;
            Ok(flows::staff::first_link(&cx, &email, &name).await?)
        })?;
        print(&url)?;
        Ok(ExitCode::SUCCESS)
    }
}
