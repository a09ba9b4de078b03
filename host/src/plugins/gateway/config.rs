//! What the operator says about one gateway of one business and mode: the half of a plugin
//! that is not in its file. `app` maps the business's file into it.

use std::collections::{BTreeMap, HashMap};

use secrecy::SecretString;

use crate::domain::Scope;
use crate::plugins::grants::Grant;

/// A configured gateway.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The id in the plugin's manifest.
    pub plugin: String,
    /// Settings by name, as JSON; checked against the manifest's `[settings]`.
    pub settings: BTreeMap<String, serde_json::Value>,
    /// Secrets by name. Setting one is granting it, if the manifest asks for it.
    pub secrets: BTreeMap<String, SecretString>,
    /// What the operator permits.
    pub grant: Grant,
}

/// Every configured gateway of the host, by scope and by its name in the business's file.
pub type GatewayConfigs = HashMap<(Scope, String), GatewayConfig>;
