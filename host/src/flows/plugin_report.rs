//! A process says how its plugins stand, so that commands beside it and other processes can show it.

use jiff::{SignedDuration, Timestamp};

use super::Error;
use crate::cx::Cx;
use crate::store::PluginReport;

/// How long the last words of a process that did not end well are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

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

/// Writes down how the plugins of this process stand now.
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
    tx.commit().await?;
    Ok(())
}

/// This process ends; nothing of it is shown any more.
pub async fn end(cx: &Cx, process: &Process) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    tx.end_plugin_report(&process.id).await?;
    tx.commit().await?;
    Ok(())
}
