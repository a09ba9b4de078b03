//! Which pages hear of which events and are called by the clock: here, and in the other processes on
//! the same database. While one version takes the place of another, or a business's file comes to one
//! machine before the next, a process knows less than its neighbour: it orders what the neighbour
//! hears, and leaves it to that one.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Plugins;
use super::pages::PagesPart;
use crate::domain::Scope;

/// Something that pages are told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hearing {
    /// Whose pages: `bus_lumen/live`.
    pub scope: String,
    /// Their name.
    pub pages: String,
    /// The type of the event, or how often by the clock: `payment.failed`, `hourly`.
    pub of: String,
}

impl Hearing {
    /// That the pages under this name in `scope` are told `of` it.
    pub fn new(scope: &Scope, pages: &str, of: &str) -> Self {
        Self {
            scope: scope.to_string(),
            pages: pages.to_owned(),
            of: of.to_owned(),
        }
    }
}

impl Plugins {
    /// Takes what the other processes say that their pages are told, or wait for, in the place of
    /// what they said before.
    pub fn learn(&self, elsewhere: BTreeSet<Hearing>) {
        self.elsewhere.store(Arc::new(elsewhere));
    }

    /// The names of the pages in `scope` that are to hear of events of this type: those that the
    /// operator lets, loaded or not, and those of which other processes say so.
    pub fn listeners(&self, scope: &Scope, kind: &str) -> BTreeSet<String> {
        let configs = self.pages.load();
        let granted = configs.iter().filter(|((of, _), config)| {
            of == scope && config.grant.events.iter().any(|event| event == kind)
        });
        let granted = granted.map(|((_, name), _)| name.clone());
        let (elsewhere, scope) = (self.elsewhere.load(), scope.to_string());
        let heard = elsewhere
            .iter()
            .filter(|hearing| hearing.scope == scope && hearing.of == kind)
            .map(|hearing| hearing.pages.clone());
        granted.chain(heard).collect()
    }

    /// What the loaded plugin with this id is told here, and what its pages wait for that cannot be
    /// called, as those whose settings it refuses: others would leave to this process what it cannot
    /// do, and must not take it for done.
    pub(super) fn heard_by(&self, plugin: &str) -> (Vec<Hearing>, Vec<Hearing>) {
        let (mut heard, mut awaited) = (Vec::new(), Vec::new());
        let Some(loaded) = self.folder.plugin(plugin) else {
            return (heard, awaited);
        };
        if !loaded.pages.as_ref().is_some_and(PagesPart::hears) {
            return (heard, awaited);
        }
        let wishes = &loaded.manifest.permissions;
        for ((scope, name), config) in self.pages.load().iter() {
            if config.plugin != plugin {
                continue;
            }
            let granted = |words: &[String], wished: &BTreeSet<String>| -> Vec<Hearing> {
                let both = words.iter().filter(|word| wished.contains(*word));
                both.map(|word| Hearing::new(scope, name, word)).collect()
            };
            let mut told = granted(&config.grant.events, &wishes.events);
            told.extend(granted(&config.grant.schedules, &wishes.schedules));
            if told.is_empty() {
                continue;
            }
            let can_be_called = matches!(self.pages(scope, name), Some(Ok(_)));
            let of = if can_be_called {
                &mut heard
            } else {
                &mut awaited
            };
            of.append(&mut told);
        }
        (heard, awaited)
    }
}
