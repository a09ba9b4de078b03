//! `vestibule plugin store`: what plugins remember in a business and mode.

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use serde_json::json;

use crate::app;
use crate::flows::plugin_memory;

use super::{Place, ScopeArgs, block_on, print_plain};

#[derive(Debug, Subcommand)]
pub(super) enum PluginStore {
    /// Show how much each plugin remembers in a business and mode, loaded or not.
    #[command(after_help = "\
Examples:
  vestibule plugin store show --mode test
  vestibule plugin store show --business bus_lumen --json")]
    Show {
        #[command(flatten)]
        scope: ScopeArgs,
        /// Print one JSON array, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Forget everything that a plugin remembers in a business and mode.
    ///
    /// It cannot be had back. The plugin begins anew at its next call, as on its first day: answers of
    /// customers that it kept are gone. Other businesses and the other mode keep theirs. Stands in the
    /// audit.
    #[command(after_help = "\
Example:
  vestibule plugin store clear retention --business bus_lumen --mode test --yes")]
    Clear {
        /// The plugin's id.
        plugin: String,
        #[command(flatten)]
        scope: ScopeArgs,
        /// Do it; without this it only says what would be forgotten.
        #[arg(long)]
        yes: bool,
    },
}

impl PluginStore {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let settings = place.load()?;
        match self {
            Self::Show { scope, json } => {
                let scope = scope.among(&settings)?;
                let all = block_on(async {
                    let cx = app::open(settings).await?;
                    Ok(plugin_memory::all(&cx, &scope).await?)
                })?;
                if json {
                    let all = all.iter().map(|memory| {
                        json!({
                            "plugin": memory.plugin, "keys": memory.usage.entries,
                            "bytes": memory.usage.bytes, "written_at": memory.written_at,
                        })
                    });
                    print_plain(&serde_json::to_string_pretty(&all.collect::<Vec<_>>())?)?;
                } else if all.is_empty() {
                    print_plain(&format!("no plugin remembers anything in {scope}"))?;
                } else {
                    for memory in all {
                        print_plain(&format!(
                            "{}  {} keys, {} KiB, written {:.0}",
                            memory.plugin,
                            memory.usage.entries,
                            memory.usage.bytes.saturating_add(1023) / 1024,
                            memory.written_at,
                        ))?;
                    }
                }
            }
            Self::Clear { plugin, scope, yes } => {
                let scope = scope.among(&settings)?;
                let told = block_on(async {
                    let cx = app::open(settings).await?;
                    let all = plugin_memory::all(&cx, &scope).await?;
                    let Some(memory) = all.iter().find(|memory| memory.plugin == plugin) else {
                        bail!("the plugin {plugin} remembers nothing in {scope}");
                    };
                    if !yes {
                        let keys = memory.usage.entries;
                        bail!(
                            "{keys} keys of {plugin} in {scope} would be forgotten for ever; say \
                             --yes to do it"
                        );
                    }
                    let keys = plugin_memory::clear(&cx, &scope, &plugin).await?;
                    Ok(format!("{keys} keys of {plugin} in {scope} are forgotten"))
                })?;
                print_plain(&told)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
