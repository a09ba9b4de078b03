//! Taking up changed themes while the host runs.
//!
//! A burst of changes counts once. A changed theme is first rendered by a check that the caller
//! provides, in a process of its own, because a template can exhaust memory; what fails stays
//! as it was.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify_debouncer_full::notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};

use super::{Error, Theme, Themes};

/// How long the folder must be quiet before it is read.
const QUIET: Duration = Duration::from_millis(300);

/// Watches as long as it lives.
pub struct Watch {
    _watcher: Debouncer<RecommendedWatcher, RecommendedCache>,
}

/// Whether a changed theme may be taken: renders it apart and says what is wrong.
pub type Trial = dyn Fn(&Path) -> Result<(), String> + Send + Sync;

impl Themes {
    /// Reloads themes whenever a file below the root changes, each after `trial` let it pass.
    pub fn watch(self: &Arc<Self>, trial: Arc<Trial>) -> Result<Watch, Error> {
        let themes = Arc::clone(self);
        let failed = |error: notify_debouncer_full::notify::Error| Error::Read {
            path: self.root.clone(),
            source: std::io::Error::other(error),
        };
        let on_change = move |changes: DebounceEventResult| {
            let changed = changes.map_or(true, |events| {
                events.iter().any(|event| !event.kind.is_access())
            });
            if changed {
                themes.take_changes(&*trial);
            }
        };
        let mut watcher = new_debouncer(QUIET, None, on_change).map_err(failed)?;
        watcher
            .watch(&self.root, RecursiveMode::Recursive)
            .map_err(failed)?;
        Ok(Watch { _watcher: watcher })
    }

    /// Loads all themes anew, each that has changed only if `trial` lets it pass.
    pub fn take_changes(&self, trial: &Trial) {
        let load = |name: &str| {
            let theme = Theme::load(&self.root, name)?;
            if self.theme(name).digest() == theme.digest() {
                return Ok(theme);
            }
            trial(&self.root.join(name)).map_err(|problem| Error::Trial {
                theme: name.to_owned(),
                problem,
            })?;
            Ok(theme)
        };
        match self.reload(load) {
            Ok(()) => tracing::info!("themes read anew"),
            Err(error) => {
                tracing::error!(
                    error = super::chain(&error),
                    "themes could not be read anew"
                );
            }
        }
    }
}
