//! What the operator says about one gateway of one business and mode.

use std::collections::HashMap;

use crate::domain::Scope;
pub use crate::plugins::config::PluginConfig as GatewayConfig;

/// Every configured gateway of the host, by scope and by its name in the business's file.
pub type GatewayConfigs = HashMap<(Scope, String), GatewayConfig>;
