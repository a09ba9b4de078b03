//! What processes say of their plugins, for the operator.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, queries};
use super::row::Columns;
use super::{Error, Result, Tx};

queries! {
    KEEP = "INSERT INTO plugin_reports (process, label, started_at, reported_at, plugins) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (process) DO UPDATE \
        SET reported_at = excluded.reported_at, plugins = excluded.plugins";
    ALL = "SELECT process, label, started_at, reported_at, plugins FROM plugin_reports \
        ORDER BY started_at, process";
    END = "DELETE FROM plugin_reports WHERE process = $1";
    FORGET = "DELETE FROM plugin_reports WHERE reported_at < $1";
}

/// What one process says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginReport {
    /// Tells the process from every other.
    pub process: String,
    /// The process for people.
    pub label: String,
    /// When it started (host time).
    pub started_at: Timestamp,
    /// When it said so (host time).
    pub reported_at: Timestamp,
    /// How its plugins stand, as JSON.
    pub plugins: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    process: String,
    label: String,
    started_at: i64,
    reported_at: i64,
    plugins: String,
}

impl TryFrom<Row> for PluginReport {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "plugin_reports",
            id: &row.process,
        };
        Ok(Self {
            started_at: columns.time("started_at", row.started_at)?,
            reported_at: columns.time("reported_at", row.reported_at)?,
            process: row.process,
            label: row.label,
            plugins: row.plugins,
        })
    }
}

impl Tx {
    /// Keeps what a process says, in the place of what it said before.
    pub async fn keep_plugin_report(&mut self, report: &PluginReport) -> Result<()> {
        execute!(
            self,
            KEEP,
            &report.process,
            &report.label,
            report.started_at.as_microsecond(),
            report.reported_at.as_microsecond(),
            &report.plugins,
        )?;
        Ok(())
    }

    /// What every process said last, the oldest process first.
    pub async fn plugin_reports(&mut self) -> Result<Vec<PluginReport>> {
        let rows = fetch_all!(self, Row, ALL)?;
        rows.into_iter().map(PluginReport::try_from).collect()
    }

    /// The process has ended.
    pub async fn end_plugin_report(&mut self, process: &str) -> Result<()> {
        execute!(self, END, process)?;
        Ok(())
    }

    /// Forgets processes that have said nothing since `before`.
    pub async fn forget_plugin_reports(&mut self, before: Timestamp) -> Result<()> {
        execute!(self, FORGET, before.as_microsecond())?;
        Ok(())
    }
}
