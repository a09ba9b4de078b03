//! What `vestibule plugin check` needs to try a gateway's promises: a configured gateway, a
//! command that plays the customer, and an address where webhooks arrive.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use clap::Args;
use jiff::Timestamp;
use tokio::time::timeout;

use crate::cx::random;
use crate::domain::money::Currency;
use crate::plugins::HostClock;
use crate::plugins::check::Trial;
use crate::plugins::conformance::{Bench, Customers, Deliveries};
use crate::plugins::gateway::config::GatewayConfig;
use crate::plugins::gateway::request::Delivery;

use super::{Place, ScopeArgs};

/// How long a command that plays a customer may take.
const PATIENCE: Duration = Duration::from_mins(2);

#[derive(Debug, Args)]
pub(super) struct TrialArgs {
    /// The gateway of a business whose settings, secrets and grants are used.
    #[arg(long, value_name = "NAME")]
    gateway: Option<String>,
    #[command(flatten)]
    scope: ScopeArgs,
    /// A shell command that pays at the page whose address is its $1.
    #[arg(long, value_name = "COMMAND", requires = "gateway")]
    customer: Option<String>,
    /// The same with a method that the processor declines.
    #[arg(long, value_name = "COMMAND", requires = "gateway")]
    declining: Option<String>,
    /// Where to listen for the processor's webhooks.
    #[arg(long, value_name = "ADDRESS", requires = "gateway")]
    webhooks: Option<SocketAddr>,
    /// The currency of the charges [default: the gateway's first]
    #[arg(long, value_name = "CODE", requires = "gateway")]
    currency: Option<Currency>,
}

impl TrialArgs {
    /// The configuration of the gateway that was named.
    pub(super) fn config(&self, place: &Place) -> anyhow::Result<Option<GatewayConfig>> {
        let Some(name) = &self.gateway else {
            return Ok(None);
        };
        let settings = place.load()?;
        let scope = self.scope.among(&settings)?;
        let business = &settings.businesses[&scope.business];
        let gateways = &business.mode(scope.mode).gateways;
        match gateways.get(name) {
            Some(config) => Ok(Some(config.clone())),
            None => bail!("there is no gateway `{name}` in {scope}"),
        }
    }

    /// Everything that the suite works with.
    pub(super) async fn begin(
        &self,
        config: GatewayConfig,
        clock: HostClock,
    ) -> anyhow::Result<Trial> {
        let deliveries = match self.webhooks {
            Some(address) => Some(receive(address, Arc::clone(&clock)).await?),
            None => None,
        };
        let run = u64::from_le_bytes(random());
        Ok(Trial {
            config,
            bench: Bench {
                customers: self.customer.clone().map(customers),
                declining: self.declining.clone().map(customers),
                deliveries,
                currency: self.currency,
                run: format!("check-{run:016x}-"),
                clock,
            },
        })
    }
}

/// A customer who is played by a command.
fn customers(command: String) -> Customers {
    Arc::new(move |page| {
        let mut shell = tokio::process::Command::new("sh");
        shell
            .args(["-c", &command, "sh", &page])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        Box::pin(async move {
            match timeout(PATIENCE, shell.status()).await {
                Ok(Ok(status)) if status.success() => Ok(()),
                Ok(Ok(status)) => Err(format!("the command ended with {status}")),
                Ok(Err(error)) => Err(format!("the command cannot be run: {error}")),
                Err(_) => Err(format!("the command did not end within {PATIENCE:?}")),
            }
        })
    })
}

/// Takes webhooks on every path of this address.
async fn receive(address: SocketAddr, clock: HostClock) -> anyhow::Result<Deliveries> {
    let deliveries = Deliveries::default();
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let router = Router::new()
        .route("/{*path}", post(deliver))
        .route("/", post(deliver))
        .with_state((Arc::clone(&deliveries), clock));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(deliveries)
}

async fn deliver(
    State((deliveries, clock)): State<(Deliveries, HostClock)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let received_at: Timestamp = clock();
    let delivery = Delivery {
        headers: Delivery::readable(&headers),
        query: Delivery::decoded(&query.unwrap_or_default()),
        body: body.to_vec(),
        received_at,
    };
    deliveries
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(delivery);
    StatusCode::NO_CONTENT
}
