//! How the plugins of a process stand, for the operator: what `vestibule plugin list` shows.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::binding::Binding;
use super::figures::{Failure, Figures};
use super::gateway::answer::Capabilities;
use super::gateway::exports::GatewayPart;
use super::load::Loaded;
use super::manifest::Kind;
use super::{Hearing, Plugins, Role, Task};
use crate::domain::Scope;

/// How one file of the folder stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginState {
    /// The file's name.
    pub file: String,
    /// What is in use, if anything is.
    pub in_use: Option<InUse>,
    /// Why the file as it is now is not in use.
    pub error: Option<String>,
}

/// A loaded plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InUse {
    /// Its id.
    pub id: String,
    /// Its own version.
    pub version: String,
    /// Its name for people.
    pub name: String,
    /// SHA-256 of its file, hexadecimal.
    pub hash: String,
    /// Whether it is for test mode only.
    pub test_only: bool,
    /// What it is.
    pub kinds: Vec<Kind>,
    /// What it can do as a gateway, if it is one.
    pub gateway: Option<Capabilities>,
    /// Who signed it, of those whose signatures are believed.
    pub signed_by: Option<String>,
    /// When it was loaded.
    pub loaded_at: Timestamp,
    /// What became of its calls.
    pub figures: Figures,
}

impl InUse {
    pub(super) fn of(plugin: &Loaded) -> Self {
        Self {
            id: plugin.manifest.id.clone(),
            version: plugin.manifest.version.clone(),
            name: plugin.manifest.name.clone(),
            hash: plugin.hash.clone(),
            test_only: plugin.manifest.test_only,
            kinds: plugin.manifest.kinds.clone(),
            gateway: plugin.gateway.as_ref().map(GatewayPart::capabilities),
            signed_by: plugin.signed_by.clone(),
            loaded_at: plugin.since,
            figures: plugin.code.figures(),
        }
    }
}

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
    /// What it is told of events and by the clock, and where.
    #[serde(default)]
    pub hears: Vec<Hearing>,
    /// What it is to be told where its pages cannot be called at present.
    #[serde(default)]
    pub waits: Vec<Hearing>,
    /// Where it is left out for a while, because it failed again and again.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// Settings that it refused, and for which those before stand in.
    #[serde(default)]
    pub refused: Vec<RefusedSettings>,
    /// What it failed at where customers see it, and has not done well since.
    #[serde(default)]
    pub troubles: Vec<Failing>,
    /// What became of its calls.
    pub figures: Figures,
}

/// Settings that a plugin refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedSettings {
    /// Where: `bus_lumen/live/main`.
    pub at: String,
    /// What is wrong with them.
    pub what: String,
}

/// What a plugin failed at and has not done well since, in one business and mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// Where: `bus_lumen/live`.
    pub scope: String,
    /// At what.
    pub task: Task,
    /// What happened last.
    pub what: String,
    /// When it happened last.
    pub at: Timestamp,
    /// How often, since it last did well.
    pub count: u64,
}

/// A plugin is left out for a while: where a business's portal can do without it, or where its own
/// pages kept customers waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Where: `bus_lumen/live/offers`, and whether it is the pages of its own.
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
        troubles: &BTreeMap<String, Vec<Failing>>,
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
            troubles: troubles.get(&plugin.id).cloned().unwrap_or_default(),
            hears: Vec::new(),
            waits: Vec::new(),
            refused: Vec::new(),
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
        let (left_out, troubles) = (self.left_out(), self.failing());
        let status = |state, gone| {
            let mut status = PluginStatus::of(state, gone, &uses, &left_out, &troubles);
            if let Some(plugin) = &mut status.plugin {
                plugin.refused = self.refused_by(&plugin.id);
                if !gone {
                    (plugin.hears, plugin.waits) = self.heard_by(&plugin.id);
                }
            }
            status
        };
        let here = self.folder.states().into_iter();
        let gone = self.folder.taken_away().into_iter();
        here.map(|state| status(state, false))
            .chain(gone.map(|state| status(state, true)))
            .collect()
    }

    /// Settings that the plugin refused.
    fn refused_by(&self, plugin: &str) -> Vec<RefusedSettings> {
        let config = |(scope, role): &(Scope, Role)| match role {
            Role::Gateway(name) => {
                let configs = self.configs.load();
                configs.get(&(scope.clone(), name.clone())).cloned()
            }
            Role::Branding => self.brandings.load().get(scope).cloned(),
            Role::Pages(name) => {
                let configs = self.pages.load();
                configs.get(&(scope.clone(), name.clone())).cloned()
            }
        };
        let refused = self.refused();
        let of = refused
            .iter()
            .filter(|(key, _)| config(key).is_some_and(|config| config.plugin == plugin));
        let told = of.map(|((scope, role), what)| RefusedSettings {
            at: format!("{scope}/{role}"),
            what: what.clone(),
        });
        let mut told: Vec<_> = told.collect();
        told.sort_unstable_by(|one, other| one.at.cmp(&other.at));
        told
    }

    /// What plugins fail at, by their ids.
    fn failing(&self) -> BTreeMap<String, Vec<Failing>> {
        let mut all: BTreeMap<String, Vec<Failing>> = BTreeMap::new();
        for trouble in self.troubles() {
            all.entry(trouble.plugin).or_default().push(Failing {
                scope: trouble.scope.to_string(),
                task: trouble.task,
                what: trouble.what,
                at: trouble.at,
                count: trouble.count,
            });
        }
        all
    }

    /// Where plugins are left out, by their ids.
    fn left_out(&self) -> BTreeMap<String, Vec<LeftOut>> {
        let bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: BTreeMap<String, Vec<LeftOut>> = BTreeMap::new();
        for bound in bound.values() {
            let Binding {
                label,
                breaker,
                visits,
                ..
            } = &*bound.binding;
            let own = format!("{label}, pages of its own");
            for (at, breaker) in [(label.to_string(), breaker), (own, visits)] {
                if let Some(open) = breaker.open() {
                    let of = all.entry(bound.config.plugin.clone()).or_default();
                    of.push(LeftOut {
                        at,
                        until: open.until,
                        calls: open.skipped,
                    });
                }
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
