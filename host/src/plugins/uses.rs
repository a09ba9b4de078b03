//! What the operator's files say of plugins, as it is taken into use: where a plugin refuses its new
//! settings, those before hold, and where a new version refuses the settings, the version before
//! does. What is granted and which secrets there are is always as the files say now.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, MutexGuard, PoisonError};

use super::config::PluginConfig;
use super::gateway::config::GatewayConfigs;
use super::manifest::Manifest;
use super::{Plugins, Role};
use crate::domain::Scope;

/// Every use of a plugin at some moment: where, and how it is configured there.
pub(super) struct Uses(Vec<(String, Arc<PluginConfig>)>);

impl Uses {
    /// The ids of all plugins that are used.
    pub(super) fn ids(&self) -> BTreeSet<String> {
        let ids = self.0.iter().map(|(_, config)| config.plugin.clone());
        ids.collect()
    }

    /// A use that suits the version `before` and not the one `after` it, and why not.
    pub(super) fn lost(&self, before: &Manifest, after: &Manifest) -> Option<(String, String)> {
        if before.id != after.id {
            return None;
        }
        let mut uses = self.0.iter().filter(|(_, use_)| use_.plugin == after.id);
        uses.find_map(|(at, config)| {
            let why = refusal(after, config)?;
            let suited = refusal(before, config).is_none();
            suited.then(|| (at.clone(), why))
        })
    }
}

/// Why a plugin refuses these settings, if it does.
fn refusal(manifest: &Manifest, config: &PluginConfig) -> Option<String> {
    let errors = manifest.settings_from(&config.settings).err()?;
    let told = errors
        .into_iter()
        .map(|(name, what)| format!("settings.{name}: {what}"));
    Some(told.collect::<Vec<_>>().join("; "))
}

/// Settings that a plugin refused, by where it is used.
pub(super) type Refused = HashMap<(Scope, Role), String>;

impl Plugins {
    /// Takes the configured gateways of all businesses in place of those before.
    pub fn configure(&self, gateways: GatewayConfigs) {
        let before = self.configs.load();
        let gateways: HashMap<_, _> = gateways
            .into_iter()
            .map(|((scope, name), config)| {
                let key = (scope.clone(), name.clone());
                let role = Role::Gateway(name);
                let config = self.settled(&scope, role, config, before.get(&key));
                (key, config)
            })
            .collect();
        self.forget(|scope, role| match role {
            Role::Gateway(name) => gateways.contains_key(&(scope.clone(), name.clone())),
            Role::Branding | Role::Pages(_) => true,
        });
        self.configs.store(Arc::new(gateways));
        self.reconfigured();
    }

    /// The configuration that is used from now on, in the place of the one `before`.
    pub(super) fn settled(
        &self,
        scope: &Scope,
        role: Role,
        config: PluginConfig,
        before: Option<&Arc<PluginConfig>>,
    ) -> Arc<PluginConfig> {
        let why = self.refusal(&config);
        let same = before.filter(|before| before.plugin == config.plugin);
        let kept = why.as_ref().and(same).map(|before| PluginConfig {
            settings: before.settings.clone(),
            ..config.clone()
        });
        let kept = kept.filter(|kept| self.refusal(kept).is_none());
        let key = (scope.clone(), role);
        match (why, kept) {
            (Some(why), Some(kept)) => {
                let (plugin, role) = (&config.plugin, &key.1);
                tracing::error!(plugin, %scope, %role, why, "a plugin refuses its settings; those before hold");
                self.refused().insert(key, why);
                kept.in_place_of(before)
            }
            _ => {
                self.refused().remove(&key);
                config.in_place_of(before)
            }
        }
    }

    fn refusal(&self, config: &PluginConfig) -> Option<String> {
        let plugin = self.folder.plugin(&config.plugin)?;
        refusal(&plugin.manifest, config)
    }

    /// Settings that were refused and stand in the files all the same.
    pub(super) fn refused(&self) -> MutexGuard<'_, Refused> {
        // A panic elsewhere leaves a map of whole entries behind.
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever shows how plugins stand looks anew, and so does whoever loads them where a version
    /// waits for other settings.
    pub(super) fn reconfigured(&self) {
        self.changed.notify_one();
        if self.folder.waits_for_settings() {
            self.settings_changed.notify_one();
        }
    }

    /// How plugins are used at this moment.
    pub(super) fn uses(&self) -> Uses {
        let (gateways, brandings, pages) = (
            self.configs.load(),
            self.brandings.load(),
            self.pages.load(),
        );
        let told = |scope: &Scope, role: &Role, config: &Arc<PluginConfig>| {
            (format!("{scope}/{role}"), Arc::clone(config))
        };
        let gateways = gateways
            .iter()
            .map(|((scope, name), config)| told(scope, &Role::Gateway(name.clone()), config));
        let brandings = brandings
            .iter()
            .map(|(scope, config)| told(scope, &Role::Branding, config));
        let pages = pages
            .iter()
            .map(|((scope, name), config)| told(scope, &Role::Pages(name.clone()), config));
        let mut uses: Vec<_> = gateways.chain(brandings).chain(pages).collect();
        uses.sort_by(|(one, _), (other, _)| one.cmp(other));
        Uses(uses)
    }
}
