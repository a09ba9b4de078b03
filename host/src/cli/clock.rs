//! `vestibule clock`: the time of a business in test mode.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::{Span, Timestamp};

use crate::app;
use crate::cx::Cx;
use crate::domain::id::BusinessId;
use crate::domain::{Mode, Scope};
use crate::flows::test_clock::{self, TestClock};

use super::{Place, ScopeArgs, block_on, print};

/// Between two looks at how far a clock has come.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Subcommand)]
pub(super) enum Clock {
    /// Print the business's time.
    Show {
        #[command(flatten)]
        whose: Whose,
    },
    /// Move the business's time ahead, in test mode.
    ///
    /// Renewals, trials, grace and end dates on the way happen in their order, each charged at
    /// the test gateway; a running `serve` or `demo` does the work. Links, sessions and whatever
    /// waits for a gateway stay on the machine's own time. A clock never goes back.
    #[command(after_help = "\
Examples:
  vestibule clock advance --by 1mo --business bus_lumen
  vestibule clock advance --to 2027-11-01T00:00:00Z")]
    Advance {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        way: Way,
    },
}

/// Whose clock; only that of test mode can be moved.
#[derive(Debug, Args)]
pub(super) struct Whose {
    /// The business's id [default: the only one there is]
    #[arg(long, value_name = "ID")]
    business: Option<BusinessId>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Way {
    /// To this instant.
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// By this much, such as 36h, 10d or 1y2mo, in the business's time zone.
    #[arg(long, value_name = "SPAN")]
    by: Option<Span>,
}

impl Clock {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let settings = place.load()?;
        let (Self::Show { whose } | Self::Advance { whose, .. }) = &self;
        let business = whose.business.clone();
        let mode = Mode::Test;
        let scope = ScopeArgs { business, mode }.among(&settings)?;
        block_on(async {
            let cx = app::open(settings).await?;
            match self {
                Self::Show { .. } => show(test_clock::read(&cx, &scope).await?)?,
                Self::Advance { way, .. } => advance(&cx, &scope, &way).await?,
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

fn show(clock: TestClock) -> anyhow::Result<()> {
    match clock.target {
        Some(target) => print(&format!("{:.0} (moving to {target:.0})", clock.now)),
        None => print(&format!("{:.0}", clock.now)),
    }
}

async fn advance(cx: &Cx, scope: &Scope, way: &Way) -> anyhow::Result<()> {
    let from = test_clock::read(cx, scope).await?;
    let target = way.target(cx, scope, from.target.unwrap_or(from.now))?;
    let mut seen = test_clock::advance(cx, scope, target).await?;
    tracing::info!(from = %seen.now, to = %target, "the clock moves while a host is running");
    while seen.target.is_some() {
        tokio::time::sleep(LOOK).await;
        let now = test_clock::read(cx, scope).await?;
        if now.now.duration_since(seen.now).as_hours() > 0 {
            tracing::info!(now = %now.now, "on the way");
        }
        seen = now;
    }
    show(seen)
}

impl Way {
    fn target(&self, cx: &Cx, scope: &Scope, from: Timestamp) -> anyhow::Result<Timestamp> {
        match (self.to, self.by) {
            (Some(to), _) => Ok(to),
            (None, Some(by)) => {
                let (business, _) = cx
                    .business(scope)
                    .context("the business's file is not there")?;
                let moved = from.to_zoned(business.time_zone).checked_add(by);
                Ok(moved.context("--by leads out of the calendar")?.timestamp())
            }
            (None, None) => bail!("say where to: --to or --by"),
        }
    }
}
