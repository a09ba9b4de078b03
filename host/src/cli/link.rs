//! `vestibule link`: a dynamic link from the terminal.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::email::Email;
use crate::domain::id::CustomerId;
use crate::{app, flows};

use super::{Place, ScopeArgs, block_on, print};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule link cus_01k9z3v6e8q4w2r7t5y1p0s9d8
  vestibule link amelie@example.com --business bus_lumen --mode test")]
pub(super) struct Link {
    /// The customer's id, or an e-mail address that belongs to one customer.
    customer: String,
    #[command(flatten)]
    scope: ScopeArgs,
}

impl Link {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let settings = place.load()?;
        let scope = self.scope.among(&settings)?;
        let url = block_on(async {
            let cx = app::open(settings).await?;
            let customer = find(&cx, &scope, &self.customer).await?;
            make(&cx, &scope, &customer).await
        })?;
        print(&url)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The URL of a new dynamic link.
pub(crate) async fn make(cx: &Cx, scope: &Scope, customer: &CustomerId) -> anyhow::Result<String> {
    let (_, token) = flows::portal_link::create(cx, scope, customer, None, "host").await?;
    Ok(flows::portal_link::url(cx, scope, &token))
}

async fn find(cx: &Cx, scope: &Scope, text: &str) -> anyhow::Result<CustomerId> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let email: Email = text
        .parse()
        .context("neither a customer's id nor an e-mail address")?;
    let mut tx = cx.store.read().await?;
    let mut customers = tx.customers_by_email(scope, &email).await?;
    match customers.len() {
        0 => bail!("no customer of {scope} has this address"),
        1 => Ok(customers.remove(0).id),
        _ => {
            let ids: Vec<&str> = customers
                .iter()
                .map(|customer| customer.id.as_str())
                .collect();
            bail!(
                "several customers have this address; choose one: {}",
                ids.join(", ")
            )
        }
    }
}
