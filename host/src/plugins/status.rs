//! How the plugins of a process stand, for the operator: what `vestibule plugin list` shows.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::figures::{Failure, Figures};
use super::folder::PluginState;
use super::{Plugins, Role};
use crate::domain::Scope;

/// How one file of the folder stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginStatus {
    /// The file's name.
    pub file: String,
    /// In one word.
    pub state: Standing,
    /// Why the file as it is now is not in use.
    pub error: Option<String>,
    /// The version in use, if one is.
    pub plugin: Option<PluginInUse>,
}

/// How a file stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The file is in use as it is.
    InUse,
    /// The file as it is now was refused; its last good version is in use.
    LastGood,
    /// It was refused, and nothing of it is in use.
    Refused,
    /// The file was taken away; its last version looks after what is open.
    TakenAway,
}

impl Standing {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InUse => "in-use",
            Self::LastGood => "last-good",
            Self::Refused => "refused",
            Self::TakenAway => "taken-away",
        }
    }
}

/// A loaded version of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginInUse {
    /// Its id.
    pub id: String,
    /// Its own version.
    pub version: String,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub kinds: Vec<String>,
    /// Whether it is for test mode only.
    pub test_only: bool,
    /// SHA-256 of its file, hexadecimal.
    pub hash: String,
    /// Who signed it, of those whose signatures are believed.
    pub signed_by: Option<String>,
    /// When this version was loaded.
    pub loaded_at: Timestamp,
    /// What businesses use it as: `bus_lumen/live/main`.
    pub uses: Vec<String>,
    /// Where it is left out for a while, because it failed again and again.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// What became of its calls.
    pub figures: Figures,
}

/// A plugin is left out for a while, where a business's portal can do without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Where: `bus_lumen/live/offers`.
    pub at: String,
    /// Nobody asks it before this moment; the first call after it tries.
    pub until: Timestamp,
    /// Calls that were left out so far.
    pub calls: u64,
}

impl PluginInUse {
    /// The newest call without a usable answer.
    pub fn last_failure(&self) -> Option<&Failure> {
        self.figures.last_failure.as_ref()
    }
}

impl PluginStatus {
    pub(super) fn of(
        state: PluginState,
        taken_away: bool,
        uses: &BTreeMap<String, Vec<String>>,
        left_out: &BTreeMap<String, Vec<LeftOut>>,
    ) -> Self {
        let standing = match (&state.in_use, &state.error) {
            _ if taken_away => Standing::TakenAway,
            (Some(_), None) => Standing::InUse,
            (Some(_), Some(_)) => Standing::LastGood,
            (None, _) => Standing::Refused,
        };
        let plugin = state.in_use.map(|plugin| PluginInUse {
            uses: uses.get(&plugin.id).cloned().unwrap_or_default(),
            left_out: left_out.get(&plugin.id).cloned().unwrap_or_default(),
            kinds: plugin
                .kinds
                .iter()
                .map(|kind| kind.as_str().to_owned())
                .collect(),
            id: plugin.id,
            version: plugin.version,
            name: plugin.name,
            test_only: plugin.test_only,
            hash: plugin.hash,
            signed_by: plugin.signed_by,
            loaded_at: plugin.loaded_at,
            figures: plugin.figures,
        });
        Self {
            file: state.file,
            state: standing,
            error: state.error,
            plugin,
        }
    }
}

impl Plugins {
    /// How every file stands, those that were taken away at the end.
    pub fn statuses(&self) -> Vec<PluginStatus> {
        let mut uses: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut used = |plugin: &str, scope: &Scope, role: &Role| {
            let all = uses.entry(plugin.to_owned()).or_default();
            all.push(format!("{scope}/{role}"));
        };
        for ((scope, name), config) in self.configs.load().iter() {
            used(&config.plugin, scope, &Role::Gateway(name.clone()));
        }
        for (scope, config) in self.brandings.load().iter() {
            used(&config.plugin, scope, &Role::Branding);
        }
        for ((scope, name), config) in self.pages.load().iter() {
            used(&config.plugin, scope, &Role::Pages(name.clone()));
        }
        for all in uses.values_mut() {
            all.sort_unstable();
        }
        let left_out = self.left_out();
        let here = self.folder.states().into_iter();
        let gone = self.folder.taken_away().into_iter();
        here.map(|state| PluginStatus::of(state, false, &uses, &left_out))
            .chain(gone.map(|state| PluginStatus::of(state, true, &uses, &left_out)))
            .collect()
    }

    /// Where plugins are left out, by their ids.
    fn left_out(&self) -> BTreeMap<String, Vec<LeftOut>> {
        let bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: BTreeMap<String, Vec<LeftOut>> = BTreeMap::new();
        for bound in bound.values() {
            if let Some(open) = bound.binding.breaker.open() {
                let of = all.entry(bound.config.plugin.clone()).or_default();
                of.push(LeftOut {
                    at: bound.binding.label.to_string(),
                    until: open.until,
                    calls: open.skipped,
                });
            }
        }
        for of in all.values_mut() {
            of.sort_unstable_by(|one, other| one.at.cmp(&other.at));
        }
        all
    }

    /// Waits until files or configurations were taken anew.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}
