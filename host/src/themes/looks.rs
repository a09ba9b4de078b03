//! Looks that are kept: for each context one, for as long as its plugin said, within bounds. The
//! first reader of a context waits a little; everyone after that gets what is there, and an old
//! look is shown while a new one is made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::Look;
use crate::domain::branding::BrandContext;

/// Looks that are kept at most; beyond that all are made anew.
const MOST: usize = 2048;

/// What a look was made for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LookKey {
    /// For whom, where and when.
    pub context: BrandContext,
    /// The theme under it.
    pub theme: String,
    /// Changes whenever the theme does.
    pub digest: [u8; 32],
    /// The plugin's file.
    pub plugin: String,
    /// Changes whenever the plugin's configuration does.
    pub configuration: u64,
}

/// Between which bounds looks are kept, and how long the first reader waits.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Never shorter than this; a failure counts so long too.
    pub least: Duration,
    /// Never longer than this.
    pub most: Duration,
    /// How long a page waits for a look that was never made.
    pub wait: Duration,
}

/// The looks of this process.
#[derive(Default)]
pub struct Looks(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    kept: HashMap<LookKey, Kept>,
    /// What was shown last to the like of them: shown on while a new one is made.
    last: HashMap<LookKey, Option<Arc<Look>>>,
}

struct Kept {
    /// None while it is made for the first time.
    until: Option<Timestamp>,
    /// None for the theme as it is.
    look: Option<Arc<Look>>,
    /// Ends when the making of it does.
    making: Option<watch::Receiver<()>>,
}

impl Looks {
    /// The look for `key`. When there is none or it is old, `make` is started once, on a task of
    /// its own that ends whatever becomes of the reader; it answers the look, none for the theme
    /// as it is, and for how long it may be used.
    pub async fn get<F>(
        self: &Arc<Self>,
        key: LookKey,
        now: Timestamp,
        terms: Terms,
        spawn: impl FnOnce(Making) -> F,
    ) -> Option<Arc<Look>>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let wait = {
            let mut shelf = self.shelf();
            match shelf.look_up(&key, now) {
                Found::Fresh(look) | Found::Old(look, Some(_)) => return look,
                Found::Old(look, None) => {
                    let making = shelf.make(self, &key, now, terms);
                    tokio::spawn(spawn(making));
                    return look;
                }
                Found::Nothing(Some(making)) => making,
                Found::Nothing(None) => {
                    let making = shelf.make(self, &key, now, terms);
                    let wait = making.wait.clone();
                    tokio::spawn(spawn(making));
                    wait
                }
            }
        };
        let mut wait = wait;
        // It ends with an error when the making has ended, well or not.
        let _ = tokio::time::timeout(terms.wait, wait.changed()).await;
        self.shelf().kept.get(&key)?.look.clone()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // A panic elsewhere leaves maps of whole entries behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Found {
    Fresh(Option<Arc<Look>>),
    Old(Option<Arc<Look>>, Option<watch::Receiver<()>>),
    Nothing(Option<watch::Receiver<()>>),
}

impl Shelf {
    fn look_up(&self, key: &LookKey, now: Timestamp) -> Found {
        match self.kept.get(key) {
            Some(Kept {
                until: Some(until),
                look,
                ..
            }) if now < *until => Found::Fresh(look.clone()),
            Some(Kept {
                until: Some(_),
                look,
                making,
            }) => Found::Old(look.clone(), making.clone()),
            Some(Kept {
                until: None,
                making,
                ..
            }) => match self.last.get(&key.alike()) {
                Some(last) => Found::Old(last.clone(), making.clone()),
                None => Found::Nothing(making.clone()),
            },
            None => match self.last.get(&key.alike()) {
                Some(last) => Found::Old(last.clone(), None),
                None => Found::Nothing(None),
            },
        }
    }

    fn make(&mut self, looks: &Arc<Looks>, key: &LookKey, now: Timestamp, terms: Terms) -> Making {
        if self.kept.len() >= MOST {
            self.kept
                .retain(|_, kept| kept.until.is_none_or(|until| now < until));
            if self.kept.len() >= MOST {
                self.kept.clear();
                self.last.clear();
            }
        }
        let (done, wait) = watch::channel(());
        let before = self.kept.remove(key);
        let kept = Kept {
            until: before.as_ref().and_then(|kept| kept.until),
            look: before.and_then(|kept| kept.look),
            making: Some(wait.clone()),
        };
        self.kept.insert(key.clone(), kept);
        Making {
            looks: Arc::clone(looks),
            key: key.clone(),
            begun: now,
            terms,
            wait,
            done: Some(done),
        }
    }
}

/// A look that is being made. Dropped without an end, it counts as the theme as it is.
pub struct Making {
    looks: Arc<Looks>,
    key: LookKey,
    begun: Timestamp,
    terms: Terms,
    wait: watch::Receiver<()>,
    done: Option<watch::Sender<()>>,
}

impl Making {
    /// Keeps the look, none for the theme as it is, for `lifetime` within the bounds.
    pub fn end(mut self, look: Option<Look>, lifetime: Duration) {
        self.keep(look.map(Arc::new), lifetime);
    }

    fn keep(&mut self, look: Option<Arc<Look>>, lifetime: Duration) {
        let least = self.terms.least.min(self.terms.most);
        let lifetime = lifetime.clamp(least, self.terms.most);
        let lifetime = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
        let until = self.begun.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        let mut shelf = self.looks.shelf();
        shelf.last.insert(self.key.alike(), look.clone());
        let kept = Kept {
            until: Some(until),
            look,
            making: None,
        };
        shelf.kept.insert(self.key.clone(), kept);
        drop(shelf);
        self.done = None;
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        if self.done.is_some() {
            self.keep(None, Duration::ZERO);
        }
    }
}

impl LookKey {
    /// The key of all that are alike but for the day and the versions of things.
    fn alike(&self) -> Self {
        Self {
            context: BrandContext {
                date: String::new(),
                ..self.context.clone()
            },
            theme: self.theme.clone(),
            digest: [0; 32],
            plugin: String::new(),
            configuration: 0,
        }
    }
}

#[cfg(test)]
mod tests;
