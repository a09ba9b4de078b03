//! Watching the plugin folder, and what is compiled late. The system may lose what it had to tell,
//! and says nothing of a folder that took another's place: so it is looked at by the clock as well.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use notify::RecursiveMode;
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Plugins;
use super::folder::{WaitsFor, wasm_name};
use super::signature;

/// How long the folder must be quiet before it is read again.
const DEBOUNCE: Duration = Duration::from_millis(200);

/// How often its names, sizes and times are compared.
const LOOK: Duration = Duration::from_mins(1);

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
        if concerns_us(&events) {
            let _ = changed.try_send(());
        }
    })?;
    debouncer.watch(plugins.folder.path(), RecursiveMode::NonRecursive)?;
    let plugins = Arc::clone(plugins);
    let task = tokio::spawn(async move {
        // Whoever starts waits for what is configured. After that no file waits long for another.
        let mut waits = WaitsFor::WhatIsUsed;
        loop {
            let seen = look(plugins.folder.path()).await;
            // The first time for what came before the watch: nothing is between the two.
            plugins.take_up(waits).await;
            waits = WaitsFor::Nothing;
            tokio::select! {
                change = changes.recv() => if change.is_none() { break },
                () = plugins.folder.late() => {}
                () = plugins.settings_changed.notified() => {}
                () = differs(plugins.folder.path(), &seen, LOOK) => {}
            }
        }
    });
    Ok(Watch {
        _debouncer: debouncer,
        task,
    })
}

/// Whether there is a reason to look at the folder.
fn concerns_us(events: &DebounceEventResult) -> bool {
    match events {
        Ok(events) => events.iter().any(|event| {
            event.need_rescan() || event.paths.iter().any(|path| concerns_plugins(path))
        }),
        // Something was missed: look at everything.
        Err(_) => true,
    }
}

/// The sizes and times of all files that are plugins' or their signatures.
type Seen = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

async fn look(folder: &Path) -> Seen {
    let folder = folder.to_owned();
    let look = move || {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        let seen = paths.filter(|path| concerns_plugins(path)).map(|path| {
            // Through links: what they lead to may change and tell nobody.
            let found = std::fs::metadata(&path);
            let told = found.map_or((0, None), |found| (found.len(), found.modified().ok()));
            (path, told)
        });
        seen.collect()
    };
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

/// Waits until the folder is another than was seen; looks `every` so often.
async fn differs(folder: &Path, seen: &Seen, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        if look(folder).await != *seen {
            return;
        }
    }
}

/// Whether this is a plugin's file, or the signature of one.
fn concerns_plugins(path: &Path) -> bool {
    let signed = signature::signed_by_file(path);
    wasm_name(signed.as_deref().unwrap_or(path)).is_some()
}

#[cfg(test)]
mod tests {
    use notify_debouncer_full::DebouncedEvent;
    use notify_debouncer_full::notify::event::{Event, EventKind, Flag};

    use super::*;

    fn event(event: Event) -> DebouncedEvent {
        DebouncedEvent::new(event, std::time::Instant::now())
    }

    #[test]
    fn what_the_system_could_not_tell_is_a_reason_to_look() {
        let other = event(Event::new(EventKind::Any).add_path("plugins/notes.txt".into()));
        assert!(!concerns_us(&Ok(vec![other.clone()])));
        let missed = event(Event::new(EventKind::Other).set_flag(Flag::Rescan));
        assert!(concerns_us(&Ok(vec![other, missed])));
        for name in ["plugins/a.wasm", "plugins/a.wasm.minisig"] {
            let ours = event(Event::new(EventKind::Any).add_path(name.into()));
            assert!(concerns_us(&Ok(vec![ours])), "{name}");
        }
    }

    #[tokio::test]
    async fn a_folder_that_took_anothers_place_is_seen_by_the_clock() {
        let place = tempfile::tempdir().expect("a folder");
        let [folder, old, new] = ["plugins", "old", "new"].map(|name| place.path().join(name));
        for folder in [&folder, &new] {
            std::fs::create_dir(folder).expect("it is made");
        }
        std::fs::write(folder.join("a.wasm"), b"one").expect("it is written");
        std::fs::write(new.join("a.wasm"), b"three").expect("it is written");
        let seen = look(&folder).await;
        assert_eq!(seen.len(), 1);
        std::fs::rename(&folder, &old).expect("it is moved");
        std::fs::rename(&new, &folder).expect("it is moved");
        differs(&folder, &seen, Duration::ZERO).await;
    }
}
