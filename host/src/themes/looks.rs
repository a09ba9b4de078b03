//! Looks that are kept: for each context one, for as long as its plugin said, within bounds. The
//! first readers of a context wait a little, together; everyone after that gets what is there, and
//! a page shows an old look of the same day, plugin and configuration while a new one is made.

mod shelves;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use self::shelves::Shelves;
use super::Look;
use crate::domain::branding::BrandContext;

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

/// Between which bounds looks are kept, and how long a reader waits.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Never shorter than this; a failure counts so long too.
    pub least: Duration,
    /// Never longer than this. An old look is shown no longer than this after its time, either.
    pub most: Duration,
    /// How long a page waits for a look that is made for the first time, from when that began.
    /// None waits until it is made and takes no old look, as for a mail, which stays as it is.
    pub wait: Option<Duration>,
}

/// The looks of this process.
#[derive(Default)]
pub struct Looks(Mutex<Shelves>);

struct Kept {
    /// None while it is made for the first time.
    until: Option<Timestamp>,
    /// None for the theme as it is.
    look: Option<Arc<Look>>,
    making: Option<UnderWay>,
}

#[derive(Clone)]
struct UnderWay {
    /// Has the look when the making ends, well or not.
    ended: watch::Receiver<Option<Arc<Look>>>,
    /// Until then pages wait for it; those that come later do not.
    patience: Option<Instant>,
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
        make: impl FnOnce(Making) -> F,
    ) -> Option<Arc<Look>>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut under_way = {
            let mut kept = self.kept();
            let before = kept.get(&key);
            if let Some(fresh) = before.filter(|kept| kept.is_fresh(now)) {
                return fresh.look.clone();
            }
            let old = before.filter(|kept| terms.wait.is_some() && kept.may_be_shown(now, terms));
            let old = old.map(|kept| kept.look.clone());
            let making = before.and_then(|kept| kept.making.clone());
            let under_way = making.unwrap_or_else(|| {
                let waited_for = old.is_none();
                let (making, under_way) = self.begin(&mut kept, &key, now, terms, waited_for);
                tokio::spawn(make(making));
                under_way
            });
            if let Some(old) = old {
                return old;
            }
            under_way
        };
        match terms.wait.and(under_way.patience) {
            Some(patience) => {
                let waited = timeout_at(patience, under_way.ended.changed());
                waited.await.ok()?.ok()?;
            }
            None => under_way.ended.changed().await.ok()?,
        }
        under_way.ended.borrow().clone()
    }

    fn begin(
        self: &Arc<Self>,
        all: &mut Shelves,
        key: &LookKey,
        now: Timestamp,
        terms: Terms,
        waited_for: bool,
    ) -> (Making, UnderWay) {
        let (done, ended) = watch::channel(None);
        let patience = terms.wait.and_then(|wait| Instant::now().checked_add(wait));
        let under_way = UnderWay { ended, patience };
        let before = all.get(key);
        let kept = Kept {
            until: before.and_then(|kept| kept.until),
            look: before.and_then(|kept| kept.look.clone()),
            making: Some(under_way.clone()),
        };
        all.put(key, kept, now);
        let making = Making {
            looks: Arc::clone(self),
            key: key.clone(),
            begun: now,
            terms,
            patience: patience.filter(|_| waited_for),
            done: Some(done),
        };
        (making, under_way)
    }

    fn kept(&self) -> MutexGuard<'_, Shelves> {
        // A panic elsewhere leaves a map of whole entries behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Whether it is not so old that a page would rather wait.
    fn may_be_shown(&self, now: Timestamp, terms: Terms) -> bool {
        let most = SignedDuration::try_from(terms.most).unwrap_or(SignedDuration::MAX);
        self.until
            .is_some_and(|until| now < until.checked_add(most).unwrap_or(Timestamp::MAX))
    }
}

/// A look that is being made. Dropped without an end, it counts as the theme as it is.
pub struct Making {
    looks: Arc<Looks>,
    key: LookKey,
    begun: Timestamp,
    terms: Terms,
    /// Until then pages wait for it; none where nobody does, or for as long as it takes.
    patience: Option<Instant>,
    done: Option<watch::Sender<Option<Arc<Look>>>>,
}

impl Making {
    /// Waits until the pages that waited for this look are shown without it. Never ends where none
    /// waits, since an old look is shown meanwhile, or where one waits to the end.
    pub fn given_up(&self) -> impl Future<Output = ()> + Send + use<> {
        let patience = self.patience;
        async move {
            match patience {
                Some(patience) => sleep_until(patience).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Keeps the look, none for the theme as it is, for `lifetime` within the bounds.
    pub fn end(mut self, look: Option<Look>, lifetime: Duration) {
        self.keep(look.map(Arc::new), lifetime);
    }

    fn keep(&mut self, look: Option<Arc<Look>>, lifetime: Duration) {
        let least = self.terms.least.min(self.terms.most);
        let lifetime = lifetime.clamp(least, self.terms.most);
        let lifetime = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
        let until = self.begun.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        let kept = Kept {
            until: Some(until),
            look: look.clone(),
            making: None,
        };
        self.looks.kept().put(&self.key, kept, self.begun);
        // Those who wait have it from here, however little room there is to keep it.
        if let Some(done) = self.done.take() {
            done.send_replace(look);
        }
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        if self.done.is_some() {
            self.keep(None, Duration::ZERO);
        }
    }
}

#[cfg(test)]
mod tests;
