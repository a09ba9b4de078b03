//! A plugin as one business and mode uses it: checked settings, secrets, permissions, and an
//! HTTP client of its own. Made once per configuration, shared by calls, never changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use secrecy::SecretString;
use url::Url;

use super::breaker::Breaker;
use super::config::PluginConfig;
pub use super::grants::Finding;
use super::grants::{self, Origin, Permissions};
use super::imports::http::HttpClients;
use super::imports::log::LineBucket;
use super::limits::Limits;
use super::line::Line;
use super::manifest::Manifest;
use super::setting::SettingValue;
use crate::domain::Scope;

/// The number of the next binding.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// What a call may know and do.
#[derive(Default)]
pub(super) struct Binding {
    /// Which business, mode and gateway, for logs.
    pub(super) label: Arc<str>,
    /// No other binding of this process has it.
    pub(super) number: u64,
    /// The business and mode; none while a plugin is only looked at.
    pub(super) scope: Option<Scope>,
    /// The settings that hold.
    pub(super) settings: BTreeMap<String, SettingValue>,
    /// Secrets that the manifest asks for and the operator set.
    pub(super) secrets: BTreeMap<String, SecretString>,
    /// What holds of wishes and grants.
    pub(super) permissions: Permissions,
    /// The way out.
    pub(super) http: HttpClients,
    /// Leaves the plugin out for a while, where it can be done without.
    pub(super) breaker: Breaker,
    /// Leaves its own pages out for a while, where customers waited for them in vain.
    pub(super) visits: Breaker,
    /// What stands in the place of the network, while a suite tries the plugin.
    pub(super) line: Option<Arc<dyn Line>>,
    /// The lines that it may still write in the log from here.
    pub(super) lines: Arc<LineBucket>,
    /// Whether its secrets are samples, and so keys in whatever encoding a plugin expects.
    pub(super) samples: bool,
}

/// What is wrong with a gateway's configuration, or worth knowing about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// To be mended: until then the gateway cannot be used, or lacks what its plugin needs.
    pub errors: Vec<Finding>,
    /// It can be used; wishes and grants differ.
    pub remarks: Vec<Finding>,
}

impl Findings {
    /// The errors as one text.
    pub(super) fn told(&self) -> String {
        let told: Vec<_> = self
            .errors
            .iter()
            .map(|error| error.what.as_str())
            .collect();
        told.join("; ")
    }
}

impl Binding {
    /// Binds the plugin of `manifest` to a configuration. A secret that is not set is an error
    /// among the findings and no reason to refuse: the plugin may need it for one thing only.
    pub(super) fn new(
        label: String,
        scope: Option<&Scope>,
        manifest: &Manifest,
        config: &PluginConfig,
        limits: &Limits,
    ) -> Result<(Self, Findings), Findings> {
        let mut findings = Findings::default();
        let settings = match manifest.settings_from(&config.settings) {
            Ok(settings) => settings,
            Err(errors) => {
                findings.errors = errors
                    .into_iter()
                    .map(|(name, what)| Finding::new(&format!("settings.{name}"), what, ""))
                    .collect();
                return Err(findings);
            }
        };
        let effective = grants::effective(&manifest.permissions, &config.grant, |name| {
            text_of(&settings, name).map(str::to_owned)
        });
        findings.remarks = effective.remarks;
        let permissions = effective.permissions;
        for name in config.secrets.keys() {
            if !permissions.secrets.contains_key(name) {
                findings.remarks.push(Finding::new(
                    &format!("secrets.{name}"),
                    "the plugin asks for no such secret",
                    "Remove it; the plugin never sees it.",
                ));
            }
        }
        for name in permissions.secrets.keys() {
            if !config.secrets.contains_key(name) {
                findings.errors.push(Finding::new(
                    &format!("secrets.{name}"),
                    "the plugin asks for this secret, and it is not set",
                    format!("Write secrets.{name} = {{ secret_env = \"NAME\" }}."),
                ));
            }
        }
        let secrets = config
            .secrets
            .iter()
            .filter(|(name, _)| permissions.secrets.contains_key(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let http = match HttpClients::new(&permissions, limits) {
            Ok(http) => http,
            Err(error) => {
                findings.errors.push(Finding::new("grants", error, ""));
                return Err(findings);
            }
        };
        let binding = Self {
            label: label.into(),
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            scope: scope.cloned(),
            settings,
            secrets,
            permissions,
            http,
            breaker: Breaker::default(),
            visits: Breaker::default(),
            line: None,
            samples: false,
            lines: Arc::default(),
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
