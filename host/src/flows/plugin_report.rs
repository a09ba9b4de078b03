//! A process says how its plugins stand, so that commands beside it can show it, and reads what the
//! other processes say that theirs are told.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Error;
use crate::cx::Cx;
use crate::plugins::Hearing;
use crate::plugins::status::PluginStatus;
use crate::store::{self, PluginReport};

/// How long the last words of a process that did not end well are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A process that has missed this many of its reports may be gone.
const MISSED: i32 = 3;

/// This process.
#[derive(Clone, Debug)]
pub struct Process {
    /// Tells it from every other.
    pub id: String,
    /// For people.
    pub label: String,
    /// When it started (host time).
    pub started_at: Timestamp,
}

/// How long a process that reports so often may be silent before it is taken for gone.
pub fn patience(report_every: SignedDuration) -> SignedDuration {
    let missed = report_every.saturating_mul(MISSED);
    missed.max(SignedDuration::from_secs(10))
}

/// Writes down how the plugins of this process stand now, and reads what those of the others hear.
pub async fn tell(cx: &Cx, process: &Process) -> Result<(), Error> {
    let plugins = serde_json::to_string(&cx.plugins.statuses())
        .map_err(|error| Error::Unavailable(format!("no report of plugins: {error}")))?;
    let now = cx.now();
    let mut tx = cx.store.begin().await?;
    tx.keep_plugin_report(&PluginReport {
        process: process.id.clone(),
        label: process.label.clone(),
        started_at: process.started_at,
        reported_at: now,
        plugins,
    })
    .await?;
    tx.forget_plugin_reports(now.saturating_sub(KEPT).unwrap_or(now))
        .await?;
    let mut others = tx.plugin_reports().await?;
    tx.commit().await?;
    others.retain(|report| report.process != process.id);
    let (mut told, awaited) = said(cx, &others);
    told.extend(awaited);
    cx.plugins.learn(told);
    Ok(())
}

/// What the processes that are there say of something that pages are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Pages of one are told it.
    Heard,
    /// Pages of one are to be told it, and cannot be called at present.
    Awaited,
    /// Nobody has such pages.
    Nothing,
}

/// What is said of this.
pub(super) async fn said_of(cx: &Cx, hearing: &Hearing) -> store::Result<Said> {
    let reports = cx.store.read().await?.plugin_reports().await?;
    let (heard, awaited) = said(cx, &reports);
    Ok(if heard.contains(hearing) {
        Said::Heard
    } else if awaited.contains(hearing) {
        Said::Awaited
    } else {
        Said::Nothing
    })
}

/// What is heard by the processes that are there, and what is waited for. One of another version of
/// the host may write what this one cannot read.
fn said(cx: &Cx, reports: &[PluginReport]) -> (BTreeSet<Hearing>, BTreeSet<Hearing>) {
    let patience = patience(cx.settings.load().plugins.report_every);
    let now = cx.now();
    let there = reports
        .iter()
        .filter(|report| now.duration_since(report.reported_at) <= patience);
    let plugins = there
        .filter_map(|report| serde_json::from_str::<Vec<PluginStatus>>(&report.plugins).ok())
        .flatten()
        .filter_map(|status| status.plugin);
    let (mut heard, mut awaited) = (BTreeSet::new(), BTreeSet::new());
    for plugin in plugins {
        heard.extend(plugin.hears);
        awaited.extend(plugin.waits);
    }
    (heard, awaited)
}

/// This process ends; nothing of it is shown any more.
pub async fn end(cx: &Cx, process: &Process) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    tx.end_plugin_report(&process.id).await?;
    tx.commit().await?;
    Ok(())
}
