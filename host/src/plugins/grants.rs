//! Permissions: what the manifest wishes and the operator grants, and nothing else. Pure.

use serde::{Deserialize, Serialize};

/// What the operator permits a plugin, per business and mode. Empty means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grant {
    /// Origins that it may reach.
    pub http: Vec<OriginGrant>,
    /// Names of the secrets whose text it may read.
    pub reveal: Vec<String>,
}

/// An origin that a plugin may reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginGrant {
    /// Scheme, host and port, such as `https://api.example.com` or `http://127.0.0.1:8081`.
    pub origin: String,
    /// Whether its address may be one of a private network or of this machine.
    #[serde(default)]
    pub private: bool,
}
