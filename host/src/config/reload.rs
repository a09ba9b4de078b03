//! Business files that change while the host runs: the good ones are taken, of a bad one the last
//! good version stays. The rest of the configuration is read at start only.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use notify_debouncer_full::notify::{self, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{
    DebounceEventResult, DebouncedEvent, Debouncer, RecommendedCache, new_debouncer,
};
use url::Url;

use super::problem::Problems;
use super::{Settings, Sources};
use crate::domain::{Mode, Scope};

/// An editor writes a file in several steps; they count as one change.
const SETTLING: Duration = Duration::from_millis(200);

/// Watches the business files until it is dropped.
#[derive(Debug)]
pub struct Watch {
    _debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
}

impl Sources {
    /// `current` with its businesses read anew. A business whose file is gone is left out; one
    /// whose file is bad stays as it is, and [`Settings::problems`] says why.
    pub fn reload(&self, current: &Settings) -> Settings {
        let mut settings = current.clone();
        let paths = match self.business_files() {
            Ok(paths) => paths,
            Err(problem) => {
                settings.problems = vec![problem];
                return settings;
            }
        };
        settings.businesses.clear();
        settings.problems.clear();
        for path in paths {
            let business = match self.load_business(&path, &settings) {
                Ok(business) => Some(business),
                Err(problems) => {
                    settings.problems.extend(problems);
                    last_good(current, &path)
                        .filter(|business| !settings.businesses.contains_key(&business.id))
                }
            };
            if let Some(business) = business {
                settings.businesses.insert(business.id.clone(), business);
            }
        }
        settings.gone = gone(current, &settings);
        settings
    }

    /// Reloads into `live` now and whenever a business file changes, then calls `changed`. The folder
    /// of the files may be made, or made anew, later.
    pub fn watch(
        self,
        live: Arc<ArcSwap<Settings>>,
        changed: impl Fn(&Settings) + Send + 'static,
    ) -> notify::Result<Watch> {
        let dir = std::path::absolute(&self.dir)?.canonicalize()?;
        // Events have paths without links.
        let (folder, businesses) = (dir.clone(), dir.join("businesses"));
        let read = move || {
            let settings = Arc::new(self.reload(&live.load()));
            if settings.problems.is_empty() {
                tracing::info!(
                    businesses = settings.businesses.len(),
                    "business files reloaded"
                );
            } else {
                let problems = Problems::new(settings.problems.clone());
                tracing::error!(%problems, "business files changed, bad ones keep their last good version");
            }
            live.store(Arc::clone(&settings));
            changed(&settings);
        };
        // One reader at a time, so that the newest has the last word.
        let reader = Arc::new(Mutex::new(read));
        let told = Arc::clone(&reader);
        let on_events = move |events: DebounceEventResult| {
            // What stands beside them too: a folder that is published by exchanging a link, as
            // Kubernetes does it, tells of that link alone.
            let is_ours = |path: &PathBuf| {
                path.starts_with(&businesses)
                    || (path.parent() == Some(folder.as_path()) && path.is_symlink())
            };
            let changes = |events: Vec<DebouncedEvent>| {
                let changed = |event: &DebouncedEvent| !event.kind.is_access();
                let mut changes = events.iter().filter(|event| changed(event));
                changes.any(|event| event.need_rescan() || event.paths.iter().any(is_ours))
            };
            // Where the system could not tell everything, everything is read.
            if events.map_or(true, changes) {
                let read = told.lock().unwrap_or_else(PoisonError::into_inner);
                (*read)();
            }
        };
        let mut debouncer = new_debouncer(SETTLING, None, on_events)?;
        debouncer.watch(&dir, RecursiveMode::Recursive)?;
        // What changed between the reading of `live` and the watch.
        let read = reader.lock().unwrap_or_else(PoisonError::into_inner);
        (*read)();
        drop(read);
        Ok(Watch {
            _debouncer: debouncer,
        })
    }
}

fn last_good(settings: &Settings, path: &Path) -> Option<super::Business> {
    settings
        .businesses
        .values()
        .find(|business| business.file == path)
        .cloned()
}

/// The hosts that portals had in `before`, or had lost by then, and that nobody has now.
fn gone(before: &Settings, now: &Settings) -> Vec<(Url, Scope)> {
    let modes = [Mode::Live, Mode::Test];
    let had = before.businesses.values().flat_map(|business| {
        modes.into_iter().filter_map(|mode| {
            let host = business.mode(mode).host.clone()?;
            Some((host, Scope::new(business.id.clone(), mode)))
        })
    });
    let taken = |host: &Url| {
        let mut businesses = now.businesses.values();
        businesses.any(|business| {
            let mut hosts = modes.iter().map(|mode| &business.mode(*mode).host);
            hosts.any(|other| other.as_ref() == Some(host))
        })
    };
    let is_gone = |(host, scope): &(Url, Scope)| {
        !now.businesses.contains_key(&scope.business) && !taken(host)
    };
    let mut gone: Vec<(Url, Scope)> = before.gone.iter().cloned().chain(had).collect();
    gone.retain(is_gone);
    gone
}
