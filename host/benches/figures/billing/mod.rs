//! Money per second, with every commit on the disk: reactivations one customer at a time,
//! renewals of a sweep, each beside what the database alone can do with as many writes; and what
//! a sweep costs when almost nothing of what there is is due.

mod bare;
mod browser;
mod copies;
mod works;
mod writes;

use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::future::try_join_all;

use self::browser::Browser;
use self::copies::Copies;
use self::works::{Kind, WORKERS, Works};
use self::writes::Writes;
use crate::report::{Aim, Report};

/// How many are reactivated, and by how many customers at the same time.
const REACTIVATIONS: usize = 400;
const AT_ONCE: u32 = 8;
/// How many are due in a sweep, and of how many in a small database.
const DUE: usize = 1_000;
const SMALL: usize = 10_000;
/// How long a sweep may take to the end: one in which something is declined has none.
const PATIENCE: Duration = Duration::from_mins(15);

/// `many` is the size of the large database: a million where there is time.
pub(crate) fn measure(report: &mut Report, many: usize) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let writes = runtime.block_on(async { tokio::spawn(writes::counted()).await? })?;
    for kind in [Kind::Sqlite, Kind::Postgres] {
        runtime.block_on(async {
            tokio::spawn(of_database(kind, many, writes.clone()))
                .await?
                .map(|measured| tell(report, kind, many, &measured))
        })?;
    }
    Ok(())
}

struct Measured {
    reactivations: f64,
    bare_reactivations: f64,
    renewals: f64,
    bare_renewals: f64,
    small_sweep: f64,
    large_sweep: f64,
}

async fn of_database(kind: Kind, many: usize, writes: Writes) -> anyhow::Result<Measured> {
    let works = Works::open(kind).await?;
    let mut copies = Copies::of(&works).await?;
    copies.on_hold(REACTIVATIONS).await?;
    let reactivations = reactivate(&works, &copies).await?;
    catch_up(&works, &copies).await?;
    let bare_reactivations =
        bare::per_second(kind, works.url(), &writes.reactivation, AT_ONCE).await?;

    copies.idle(SMALL).await?;
    copies.due(DUE).await?;
    let small_sweep = sweep(&works, &copies).await?;
    let bare_renewals = bare::per_second(kind, works.url(), &writes.renewal, WORKERS).await?;
    copies.idle(many.saturating_sub(SMALL)).await?;
    copies.due(DUE).await?;
    let large_sweep = sweep(&works, &copies).await?;
    works.close().await;
    Ok(Measured {
        reactivations,
        bare_reactivations,
        renewals: count(DUE) / small_sweep,
        bare_renewals,
        small_sweep,
        large_sweep,
    })
}

/// Reactivations in a second, several customers at once: the page of what is due, its button, the
/// charge and the page that says so.
async fn reactivate(works: &Works, copies: &Copies) -> anyhow::Result<f64> {
    let mut browsers = Vec::new();
    for held in copies.held() {
        browsers.push(Browser::of(works, held).await?);
    }
    let begun = Instant::now();
    let share = browsers.len().div_ceil(usize::try_from(AT_ONCE)?);
    let customers = browsers.chunks(share).map(|browsers| async move {
        for browser in browsers {
            browser.pay().await?;
        }
        anyhow::Ok(())
    });
    try_join_all(customers).await?;
    let took = begun.elapsed().as_secs_f64();
    copies.ensure_paid().await?;
    Ok(count(browsers.len()) / took)
}

/// Does what the payments left to do, mails and documents, so that no sweep does it.
async fn catch_up(works: &Works, copies: &Copies) -> anyhow::Result<()> {
    let working = works.work();
    copies.until_idle().await?;
    working.stop().await
}

/// Seconds until the worker has renewed everything that is due.
async fn sweep(works: &Works, copies: &Copies) -> anyhow::Result<f64> {
    let before = copies.renewed().await?;
    let begun = Instant::now();
    let working = works.work();
    loop {
        let renewed = copies.renewed().await? - before;
        if renewed >= i64::try_from(DUE)? {
            break;
        }
        ensure!(
            begun.elapsed() < PATIENCE,
            "{renewed} of {DUE} were renewed"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    // What follows, mails and documents, is not part of the sweep, and not left to the next.
    copies.until_idle().await?;
    working.stop().await?;
    Ok(seconds)
}

fn tell(report: &mut Report, kind: Kind, many: usize, measured: &Measured) {
    let group = kind.group();
    let Measured {
        reactivations,
        bare_reactivations,
        renewals,
        bare_renewals,
        small_sweep,
        large_sweep,
    } = *measured;
    for (what, all, alone) in [
        (
            "reactivations, from page to confirmation",
            reactivations,
            bare_reactivations,
        ),
        ("renewals of a sweep", renewals, bare_renewals),
    ] {
        report.add(group, what, all, "a second");
        let name = format!("{what}: bare transactions with its rows");
        report.add(group, name, alone, "a second");
        let name = format!("{what}: of the bare transactions");
        report.add(group, name, 100.0 * all / alone, "%");
    }
    let name = format!("sweep, {DUE} due of {SMALL}");
    report.add(group, name, small_sweep, "s");
    let name = format!("sweep, {DUE} due of {many}");
    report.add(group, name, large_sweep, "s");
    let name = "large sweep of the small one";
    report.judge(
        group,
        name,
        large_sweep / small_sweep,
        "times",
        Aim::AtMost(1.2),
    );
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
