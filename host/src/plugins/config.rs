//! What the operator says about a plugin in one business and mode: the half of a plugin that is
//! not in its file. `app` maps the business's file into it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use super::grants::Grant;
pub(crate) use super::limits::{MIB, most_calls};
pub use super::manifest::Kind;
pub use super::signature::Signer;
use crate::domain::Scope;

/// A configured plugin.
#[derive(Clone, Debug)]
pub struct PluginConfig {
    /// The id in the plugin's manifest.
    pub plugin: String,
    /// Settings by name, as JSON; checked against the manifest's `[settings]`.
    pub settings: BTreeMap<String, serde_json::Value>,
    /// Secrets by name. Setting one is granting it, if the manifest asks for it.
    pub secrets: BTreeMap<String, SecretString>,
    /// What the operator permits.
    pub grant: Grant,
}

impl PartialEq for PluginConfig {
    fn eq(&self, other: &Self) -> bool {
        let exposed = |config: &Self| -> Vec<(String, String)> {
            let secrets = config.secrets.iter();
            secrets
                .map(|(name, secret)| (name.clone(), secret.expose_secret().to_owned()))
                .collect()
        };
        let Self {
            plugin,
            settings,
            secrets: _,
            grant,
        } = self;
        *plugin == other.plugin
            && *settings == other.settings
            && *grant == other.grant
            && exposed(self) == exposed(other)
    }
}

impl PluginConfig {
    /// What is used from now on: the one `before` where nothing changed, so that everything that was
    /// made from it stays in use.
    pub(super) fn in_place_of(self, before: Option<&Arc<Self>>) -> Arc<Self> {
        match before {
            Some(before) if **before == self => Arc::clone(before),
            _ => Arc::new(self),
        }
    }
}

/// The branding of every business and mode that has one.
pub type BrandingConfigs = HashMap<Scope, PluginConfig>;

/// The pages of every business and mode, by scope and by the name in the business's file, which
/// stands in their addresses.
pub type PagesConfigs = HashMap<(Scope, String), PluginConfig>;
