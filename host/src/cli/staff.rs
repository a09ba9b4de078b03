//! `vestibule staff`: the first way into the console.

use std::process::ExitCode;

use clap::Subcommand;

use crate::domain::access::Role;
use crate::domain::email::Email;
use crate::domain::id::BusinessId;
use crate::{app, flows};

use super::{Place, among, block_on, print};

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
    /// Give a member of staff a role at a business, in place of the one they had there.
    ///
    /// A reader looks at everything; a manager also makes links, invites, sends events again and
    /// gives money back. They must be there
    /// already: `staff link` makes them.
    #[command(after_help = "\
Example:
  vestibule staff role ops@example.com --business bus_harbour --role manager")]
    Role {
        /// Their e-mail address.
        email: Email,
        /// The business's id [default: the only one there is]
        #[arg(long, value_name = "ID")]
        business: Option<BusinessId>,
        /// reader or manager.
        #[arg(long)]
        role: Role,
    },
}

impl Staff {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let settings = place.load()?;
        match self {
            Self::Link { email, name } => {
                let url = block_on(async {
                    let cx = app::open(settings).await?;
                    Ok(flows::staff::first_link(&cx, &email, &name).await?)
                })?;
                print(&url)?;
            }
            Self::Role {
                email,
                business,
                role,
            } => {
                let business = among(business.as_ref(), &settings)?;
                let told = format!("{} is {role} of {business} now", email.as_str());
                block_on(async {
                    let cx = app::open(settings).await?;
                    Ok(flows::staff::give_role(&cx, &email, &business, role).await?)
                })?;
                print(&told)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
