//! The crash test: real hosts under the load of simulated customers, a processor that goes wrong
//! in every way it can, and a killer. At the end everything is left to settle, and what the
//! processor's ledger says is held against the database, the mails and the merchant's endpoint.

mod audit;
mod bank;
mod customer;
mod door;
mod endpoint;
mod errand;
mod findings;
mod hosts;
mod killer;
mod merchant;
mod orders;
mod pauses;
mod place;
mod processor;
mod records;
mod report;
mod visitor;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::place::{Database, Options};
pub use self::report::Report;

use self::customer::Town;
use self::endpoint::Endpoint;
use self::hosts::Hosts;
use self::killer::Killer;
use self::place::Place;
use self::processor::Processor;
use self::records::Records;

/// Between two looks at whether everything has settled.
const LOOK: Duration = Duration::from_secs(2);

/// Runs it from an empty database to the audit.
pub async fn run(options: Options) -> anyhow::Result<Report> {
    // Another part of the program may have chosen the same provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let seed = options.seed();
    let door = door::listen().await?;
    let endpoint = Endpoint::start(seed).await?;
    let place = Place::make(options, seed).await?;
    let pace = place.pace();
    let processor = Processor::start(&place, door.url()).await?;
    place.configure(door.url(), &processor, &endpoint).await?;
    let api_key = place.make_api_key().await?;

    let place = Arc::new(place);
    let tasks = TaskTracker::new();
    let (load, faults, serving) = (
        CancellationToken::new(),
        CancellationToken::new(),
        CancellationToken::new(),
    );
    let hosts = Hosts::start(&place, &tasks, &serving)?;
    let town = Town::new(&place, door.url(), &api_key)?;
    tasks.spawn(door.serve(hosts.ports(), serving.clone()));
    hosts.ready().await?;

    town.open_shop().await.context("no product could be made")?;
    let customers = town.move_in(&tasks, &load);
    let storm = tasks.spawn(Arc::clone(&processor).storm(pace, seed, faults.clone()));
    let killer = Killer::start(&place, &hosts, &tasks, &faults).await?;

    tokio::time::sleep(place.duration()).await;
    // Nobody comes any more, nothing breaks any more: what is left has to find its end.
    load.cancel();
    for customer in customers {
        customer.await?;
    }
    faults.cancel();
    storm.await?;
    let counts = killer.counts().await?;
    processor.calm_down().await?;
    processor.decide_everything().await?;
    endpoint.calm_down();
    let settled = settle(&place, &processor).await?;
    let untold = processor.untold().await?;
    serving.cancel();
    tasks.close();
    tasks.wait().await;

    let evidence = audit::Evidence {
        unsettled: place.unsettled().await?,
        untold,
        ledger: processor.ledger().await?,
        records: Records::read(place.database()).await?,
        deliveries: endpoint.deliveries(),
        forged: endpoint.forged(),
        promised: town.promised(),
        mails: place.mails()?,
    };
    let findings = audit::audit(&evidence);
    let mut report = Report {
        hosts: place.hosts(),
        database: place.options.database,
        seed,
        ran: place.duration(),
        settled,
        operations: town.operations.load(Ordering::Relaxed),
        interrupted: town.interrupted.load(Ordering::Relaxed),
        kills: counts.kills,
        least_kills: killer::least_kills(place.duration(), place.options.ignore_keys),
        freezes: counts.freezes,
        dropped: counts.dropped,
        ended_alone: hosts.ended_alone(),
        faults: processor.faults_set(),
        endpoint_failed: endpoint.failed(),
        findings,
        kept: None,
    };
    if report.is_clean() && !place.options.keep {
        place.remove();
    } else {
        place.write_down(&evidence, &report)?;
        report.kept = Some(place.dir().to_owned());
    }
    Ok(report)
}

/// Waits until no payment is unsettled and no work is at hand; answers how long that took.
/// What has not settled after all lags and terms are over is for the audit to name.
async fn settle(place: &Place, processor: &Processor) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let limit = place.pace().settles_within();
    loop {
        tokio::time::sleep(LOOK).await;
        let open = place
            .unsettled()
            .await?
            .into_iter()
            .any(|payment| payment.is_stuck());
        let busy = records::is_busy(place.database()).await? || processor.has_news().await?;
        if !(open || busy) || began.elapsed() > limit {
            return Ok(began.elapsed());
        }
    }
}
