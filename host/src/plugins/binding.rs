//! A plugin as one business and mode uses it: checked settings, secrets, permissions, and an
//! HTTP client of its own. Made once per configuration, shared by calls, never changed.

use std::collections::BTreeMap;

use secrecy::SecretString;
use url::Url;

use super::gateway::config::GatewayConfig;
use super::grants::{self, Origin, Permissions};
use super::imports::http::HttpClients;
use super::limits::Limits;
use super::manifest::Manifest;
use super::setting::SettingValue;

/// What a call may know and do.
#[derive(Default)]
pub(super) struct Binding {
    /// Which business, mode and gateway, for logs.
    pub(super) label: String,
    /// The settings that hold.
    pub(super) settings: BTreeMap<String, SettingValue>,
    /// Secrets that the manifest asks for and the operator set.
    pub(super) secrets: BTreeMap<String, SecretString>,
    /// What holds of wishes and grants.
    pub(super) permissions: Permissions,
    /// The way out.
    pub(super) http: HttpClients,
}

/// What is wrong with a configuration, or worth knowing about it; sentences for the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The gateway cannot be used until these are mended.
    pub errors: Vec<String>,
    /// It can be used; something the plugin wishes is not granted.
    pub remarks: Vec<String>,
}

impl Binding {
    /// Binds the plugin of `manifest` to a configuration.
    pub(super) fn new(
        label: String,
        manifest: &Manifest,
        config: &GatewayConfig,
        limits: &Limits,
    ) -> Result<(Self, Findings), Findings> {
        let mut findings = Findings::default();
        let settings = match manifest.settings_from(&config.settings) {
            Ok(settings) => settings,
            Err(errors) => {
                findings.errors = errors;
                return Err(findings);
            }
        };
        let effective = grants::effective(&manifest.permissions, &config.grant, |name| {
            text_of(&settings, name).map(str::to_owned)
        });
        findings.remarks = effective.remarks;
        let permissions = effective.permissions;
        for name in config.secrets.keys() {
            if !permissions.secrets.contains(name) {
                findings.remarks.push(format!(
                    "the secret `{name}` is set, and the plugin asks for no such secret"
                ));
            }
        }
        for name in &permissions.secrets {
            if !config.secrets.contains_key(name) {
                findings.remarks.push(format!(
                    "the plugin asks for the secret `{name}`; it is not set"
                ));
            }
        }
        let secrets = config
            .secrets
            .iter()
            .filter(|(name, _)| permissions.secrets.contains(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let http = match HttpClients::new(&permissions, limits) {
            Ok(http) => http,
            Err(error) => {
                findings.errors.push(error);
                return Err(findings);
            }
        };
        let binding = Self {
            label,
            settings,
            secrets,
            permissions,
            http,
        };
        Ok((binding, findings))
    }

    /// The origin that `declared` means: `setting:NAME` or an origin.
    pub(super) fn origin(&self, declared: &str) -> Option<Origin> {
        match declared.strip_prefix("setting:") {
            Some(name) => {
                let url = Url::parse(text_of(&self.settings, name)?).ok()?;
                Origin::of(&url)
            }
            None => declared.parse().ok(),
        }
    }
}

fn text_of<'a>(settings: &'a BTreeMap<String, SettingValue>, name: &str) -> Option<&'a str> {
    match settings.get(name)? {
        SettingValue::Text(text) => Some(text),
        SettingValue::Integer(_) | SettingValue::Boolean(_) | SettingValue::Texts(_) => None,
    }
}
