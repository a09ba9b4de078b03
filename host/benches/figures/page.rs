//! The signed-in page of subscriptions, beside a handler that does the same by hand.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::ensure;

use crate::host::{Host, free_address};
use crate::load::{self, Outcome, Target, Until};
use crate::process::{Running, first_answer};
use crate::report::{Aim, Report, median};
use crate::{bare_page, seed};

const GROUP: &str = "Subscriptions page, signed in: 10,000 customers with 10 subscriptions, SQLite";
const MEMORY: &str = "Resident memory of the serving process";
pub(crate) const CONNECTIONS: usize = 16;
const ROUNDS: usize = 7;
pub(crate) const WARM_UP: Duration = Duration::from_secs(2);
const ROUND: Duration = Duration::from_secs(2);

/// One side of a comparison of pages.
pub(crate) struct Side {
    pub(crate) address: SocketAddr,
    running: Running,
    rates: Vec<f64>,
    middles: Vec<f64>,
    tails: Vec<f64>,
    costs: Vec<f64>,
}

pub(crate) fn measure(host: &Host, report: &mut Report) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(compare(host, report))
}

async fn compare(host: &Host, report: &mut Report) -> anyhow::Result<()> {
    let tokens = seed::fill(&host.database(), &Host::scope(), seed::CUSTOMERS).await?;
    let cookies: Vec<String> = tokens.iter().map(|token| Host::cookie(token)).collect();
    let path = Host::subscriptions();
    let target = |address| Target {
        address,
        path: &path,
        cookies: &cookies,
    };

    let running = host.serve()?;
    first_answer(host.address(), &Host::login())?;
    let mut ours = Side::new(host.address(), running);
    tokio::time::sleep(Duration::from_secs(1)).await;
    report.add(MEMORY, "after the start", ours.running.memory()?, "MiB");
    load::run(&target(ours.address), CONNECTIONS, Until::Answers(1_000)).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    report.add(MEMORY, "after 1,000 pages", ours.running.memory()?, "MiB");

    let page = load::page(&target(ours.address)).await?;
    let cards = page.matches("card plan").count();
    ensure!(cards == seed::SUBSCRIPTIONS, "{cards} cards on the page");
    let mut bare = Side::bare(host, page.len())?;
    let plain = load::page(&target(bare.address)).await?;
    let cards = plain.matches("card plan").count();
    ensure!(
        cards == seed::SUBSCRIPTIONS,
        "{cards} cards on the bare page"
    );

    for side in [&ours, &bare] {
        load::run(&target(side.address), CONNECTIONS, Until::Elapsed(WARM_UP)).await?;
    }
    rounds(&mut ours, &mut bare, target).await?;
    ours.tell(GROUP, "page", page.len(), report);
    bare.tell(GROUP, "bare handler", plain.len(), report);
    let name = "page of bare handler, by requests a second";
    report.judge(GROUP, name, ours.share_of(&bare), "%", Aim::AtLeast(70.0));
    let after = ours.running.memory()?;
    report.add(MEMORY, "after all rounds", after, "MiB");
    Ok(())
}

/// Asks both sides in turn for as many rounds as there are.
pub(crate) async fn rounds<'a>(
    one: &mut Side,
    other: &mut Side,
    target: impl Fn(SocketAddr) -> Target<'a>,
) -> anyhow::Result<()> {
    for _ in 0..ROUNDS {
        for side in [&mut *one, &mut *other] {
            let before = side.running.processor()?;
            let goal = Until::Elapsed(ROUND);
            let outcome = load::run(&target(side.address), CONNECTIONS, goal).await?;
            side.note(&outcome, side.running.processor()?.saturating_sub(before));
        }
    }
    Ok(())
}

impl Side {
    pub(crate) fn new(address: SocketAddr, running: Running) -> Self {
        Self {
            address,
            running,
            rates: Vec::new(),
            middles: Vec::new(),
            tails: Vec::new(),
            costs: Vec::new(),
        }
    }

    /// The handler without the engine, in a process of its own like ours.
    fn bare(host: &Host, size: usize) -> anyhow::Result<Self> {
        let address = free_address()?;
        let child = Command::new(std::env::current_exe()?)
            .arg("bare")
            .arg(host.database())
            .arg(size.to_string())
            .env(bare_page::ADDRESS, address.to_string())
            .stdin(Stdio::null())
            .spawn()?;
        let side = Self::new(address, Running::new(child));
        first_answer(address, "/")?;
        Ok(side)
    }

    fn note(&mut self, outcome: &Outcome, processor: Duration) {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 requests")]
        let answers = outcome.answers() as f64;
        self.rates.push(outcome.rate);
        self.middles.push(outcome.percentile(50));
        self.tails.push(outcome.percentile(99));
        self.costs.push(processor.as_secs_f64() * 1e6 / answers);
    }

    /// The requests a second of this side in percent of those of the other.
    pub(crate) fn share_of(&self, other: &Self) -> f64 {
        let rounds = self.rates.iter().zip(&other.rates);
        let shares: Vec<f64> = rounds.map(|(own, other)| own / other * 100.0).collect();
        median(&shares)
    }

    pub(crate) fn tell(&self, group: &'static str, name: &str, bytes: usize, report: &mut Report) {
        let mut add = |what: &str, value, unit| {
            report.add(group, format!("{name}, {what}"), value, unit);
        };
        add("requests a second", median(&self.rates), "/s");
        add("p50", median(&self.middles), "ms");
        add("p99", median(&self.tails), "ms");
        add("processor time of a request", median(&self.costs), "µs");
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        add("bytes", f64::from(bytes), "B");
    }
}
