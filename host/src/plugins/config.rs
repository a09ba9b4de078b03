//! What the operator says about a plugin in one business and mode: the half of a plugin that is
//! not in its file. `app` maps the business's file into it.

use std::collections::{BTreeMap, HashMap};

use secrecy::SecretString;

use super::grants::Grant;
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

/// The branding of every business and mode that has one.
pub type BrandingConfigs = HashMap<Scope, PluginConfig>;

/// The pages of every business and mode, by scope and by the name in the business's file, which
/// stands in their addresses.
pub type PagesConfigs = HashMap<(Scope, String), PluginConfig>;
