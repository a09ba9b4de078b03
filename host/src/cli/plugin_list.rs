//! `vestibule plugin list`: how the plugins of running hosts stand, as those wrote it down.

use jiff::Timestamp;
use serde::Serialize;

use crate::app;
use crate::config::Settings;
use crate::cx::Clock;
use crate::flows::plugin_report;
use crate::plain;
use crate::plugins::status::{PluginInUse, PluginStatus, Standing};

use super::print_plain;

/// One process, as it is printed.
#[derive(Serialize)]
struct Listed {
    process: String,
    label: String,
    started_at: Timestamp,
    reported_at: Timestamp,
    /// Whether it has missed its last reports: it may be gone.
    silent: bool,
    /// None where another version of the host wrote it, which this one cannot read.
    plugins: Option<Vec<PluginStatus>>,
}

pub(super) async fn list(settings: Settings, json: bool) -> anyhow::Result<()> {
    let store = app::open_store(&settings.database).await?;
    store.migrate().await?;
    let now = Clock::default().now();
    let patience = plugin_report::patience(settings.plugins.report_every);
    let reports = store.read().await?.plugin_reports().await?;
    let mut listed = Vec::new();
    for report in reports {
        // A host of another version, such as there are while one takes the place of another.
        let plugins = serde_json::from_str(&report.plugins).ok();
        listed.push(Listed {
            silent: now.duration_since(report.reported_at) > patience,
            process: report.process,
            label: report.label,
            started_at: report.started_at,
            reported_at: report.reported_at,
            plugins,
        });
    }
    if json {
        return print_plain(&serde_json::to_string_pretty(&listed)?);
    }
    if listed.is_empty() {
        return print_plain("no host is running on this database; `vestibule serve` starts one");
    }
    for process in &listed {
        let ago = now.duration_since(process.reported_at).as_secs().max(0);
        let silent = if process.silent {
            "; it has been silent since and may be gone"
        } else {
            ""
        };
        print_plain(&format!("{}, {ago} s ago{silent}", process.label))?;
        let Some(plugins) = &process.plugins else {
            print_plain("  of another version: run `vestibule plugin list` of that one")?;
            continue;
        };
        if plugins.is_empty() {
            print_plain("  no plugins")?;
        }
        for plugin in plugins {
            print_plain(&told(plugin))?;
        }
    }
    Ok(())
}

/// One plugin, in words. What it says of itself cannot play with the terminal.
fn told(status: &PluginStatus) -> String {
    let mut lines = vec![format!("  {}  {}", status.file, status.state.as_str())];
    if let Some(plugin) = &status.plugin {
        lines.extend(about(plugin));
    }
    if let Some(error) = &status.error {
        let instead = match status.state {
            Standing::LastGood => {
                "; its last good version is in use, also after a restart, until the file is mended or removed"
            }
            Standing::InUse | Standing::Refused | Standing::TakenAway => "",
        };
        lines.push(format!("    refused: {error}{instead}"));
    }
    let lines: Vec<_> = lines.iter().map(|line| plain::line(line)).collect();
    lines.join("\n")
}

fn about(plugin: &PluginInUse) -> Vec<String> {
    let PluginInUse {
        id,
        version,
        name,
        kinds,
        signed_by,
        uses,
        left_out,
        troubles,
        refused,
        figures,
        ..
    } = plugin;
    let signed = match signed_by {
        Some(signer) => format!("signed by {signer}"),
        None => "not signed".to_owned(),
    };
    let uses = if uses.is_empty() {
        "nobody".to_owned()
    } else {
        uses.join(", ")
    };
    let mut lines = vec![
        format!(
            "    {id} {version} ({name}), {}, {signed}",
            kinds.join(", ")
        ),
        format!("    used by {uses}"),
    ];
    let average = figures.total_ms.checked_div(figures.calls).unwrap_or(0);
    lines.push(format!(
        "    {} calls, {} failed, {} turned away, {} left out, {} under way; {average} ms each, {} ms at most; \
         {} KiB of memory at most",
        figures.calls,
        figures.failures,
        figures.turned_away,
        figures.left_out,
        figures.under_way,
        figures.longest_ms,
        figures.memory_bytes.div_ceil(1024),
    ));
    for place in left_out {
        lines.push(format!(
            "    left out at {} until {:.0}, {} calls so far: it failed again and again",
            place.at, place.until, place.calls
        ));
    }
    for settings in refused {
        lines.push(format!(
            "    refuses its settings at {}, where those before hold: {}",
            settings.at, settings.what
        ));
    }
    for trouble in troubles {
        let times = match trouble.count {
            1 => "once".to_owned(),
            count => format!("{count} times"),
        };
        lines.push(format!(
            "    trouble at {} with a {}, {times} since it last worked, last {:.0}: {}",
            trouble.scope,
            trouble.task.as_str(),
            trouble.at,
            trouble.what
        ));
    }
    if let Some(failure) = plugin.last_failure() {
        lines.push(format!(
            "    last failure {:.0}, {}: {}",
            failure.at, failure.operation, failure.what
        ));
    }
    lines
}
