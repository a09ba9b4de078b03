//! Watching the plugin folder, and what is compiled late.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::RecursiveMode;
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Plugins;
use super::folder::wasm_name;
use super::signature;

/// How long the folder must be quiet before it is read again.
const DEBOUNCE: Duration = Duration::from_millis(200);

/// Watches the plugin folder for as long as it is kept.
pub struct Watch {
    _debouncer: Debouncer<notify::RecommendedWatcher, RecommendedCache>,
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) fn watch(plugins: &Arc<Plugins>) -> Result<Watch, notify::Error> {
    // One pending wish to reload is as good as many.
    let (changed, mut changes) = mpsc::channel(1);
    let mut debouncer = new_debouncer(DEBOUNCE, None, move |events: DebounceEventResult| {
        let concerns_us = match &events {
            Ok(events) => events
                .iter()
                .any(|event| event.paths.iter().any(|path| concerns_plugins(path))),
            // Something was missed: look at everything.
            Err(_) => true,
        };
        if concerns_us {
            let _ = changed.try_send(());
        }
    })?;
    debouncer.watch(plugins.folder.path(), RecursiveMode::NonRecursive)?;
    let plugins = Arc::clone(plugins);
    let task = tokio::spawn(async move {
        loop {
            // The first time for what came before the watch: nothing is between the two.
            plugins.reload().await;
            tokio::select! {
                change = changes.recv() => if change.is_none() { break },
                () = plugins.folder.late() => {}
            }
        }
    });
    Ok(Watch {
        _debouncer: debouncer,
        task,
    })
}

/// Whether this is a plugin's file, or the signature of one.
fn concerns_plugins(path: &Path) -> bool {
    let signed = signature::signed_by_file(path);
    wasm_name(signed.as_deref().unwrap_or(path)).is_some()
}
