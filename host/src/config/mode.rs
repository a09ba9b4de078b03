//! `[live]` and `[test]` of a business: gateways with their secrets and grants, the merchant's
//! endpoint, a host of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::domain::Mode;
use crate::domain::email::Email;
use crate::domain::event_type::EVENT_TYPES;
use crate::plugins::config::PluginConfig;
use crate::plugins::grants::{self, Grant};

use super::business::is_plain_name;
use super::problem::Problem;
use super::secret::{SecretPlace, Vault};
use super::server::{check_origin, is_loopback};
use super::source::{Source, did_you_mean};

/// What a business uses in one mode.
#[derive(Debug, Clone, Default)]
pub struct ModeSettings {
    /// The origin of a host of its own for this mode; without one the portal stands on the
    /// shared host, under the business's id.
    pub host: Option<Url>,
    /// The gateway that takes new payment methods. Set whenever there is a gateway.
    pub default_gateway: Option<String>,
    /// By the name that rows and hook addresses use.
    pub gateways: BTreeMap<String, PluginConfig>,
    /// How the business looks, as a plugin says; none for the theme as it is.
    pub branding: Option<Branding>,
    /// Pages of plugins, by the name that stands in their addresses.
    pub pages: BTreeMap<String, PluginConfig>,
    /// Where events are delivered to, besides the endpoints that the merchant makes by the API.
    pub webhook: Option<Webhook>,
    /// Origins that endpoints made by the API may have although they are not public.
    pub private_endpoints: Vec<Url>,
    /// Test mode only: the addresses that mails are really sent to; all others are only kept.
    pub mail_to: Vec<Email>,
}

/// The plugin that says how the business looks.
#[derive(Debug, Clone)]
pub struct Branding {
    /// The plugin, with its settings.
    pub plugin: PluginConfig,
    /// The key of a customer's metadata that holds their segment.
    pub segment: String,
}

/// Where events are delivered to.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The merchant's endpoint.
    pub url: Url,
    /// Signs every delivery (`whsec_…`, Standard Webhooks).
    pub secret: SecretString,
    /// Signs beside it while receivers change over.
    pub previous_secret: Option<SecretString>,
    /// Whether the endpoint may be at an address that is not public. Always so on loopback.
    pub private: bool,
    /// The types of events that are delivered; none for all.
    pub filter_types: Option<Vec<String>>,
}

impl ModeSettings {
    /// The key of a secret here that `other` uses too.
    pub(super) fn shares_secret_with(&self, other: &Self) -> Option<String> {
        let theirs: Vec<&str> = other.secrets().map(|(_, secret)| secret).collect();
        self.secrets()
            .find(|(_, secret)| theirs.contains(secret))
            .map(|(key, _)| key)
    }

    fn secrets(&self) -> impl Iterator<Item = (String, &str)> {
        let gateways = self.gateways.iter().map(|named| ("gateways", named));
        let pages = self.pages.iter().map(|named| ("pages", named));
        let of_gateways = gateways
            .chain(pages)
            .flat_map(|(folder, (plugin, settings))| {
                settings.secrets.iter().map(move |(name, secret)| {
                    (
                        format!("{folder}.{plugin}.secrets.{name}"),
                        secret.expose_secret(),
                    )
                })
            });
        let of_branding = self.branding.iter().flat_map(|branding| {
            let secrets = branding.plugin.secrets.iter();
            secrets
                .map(|(name, secret)| (format!("branding.secrets.{name}"), secret.expose_secret()))
        });
        let of_webhook = self.webhook.iter().flat_map(|webhook| {
            let previous = webhook.previous_secret.iter();
            let previous = previous.map(|secret| ("webhook.previous_secret", secret));
            std::iter::once(("webhook", &webhook.secret))
                .chain(previous)
                .map(|(key, secret)| (key.to_owned(), secret.expose_secret()))
        });
        of_gateways.chain(of_branding).chain(of_webhook)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ModeFile {
    host: Option<Url>,
    default_gateway: Option<String>,
    gateways: BTreeMap<String, PluginFile>,
    branding: Option<BrandingFile>,
    pages: BTreeMap<String, PluginFile>,
    webhook: Option<WebhookFile>,
    private_endpoints: Vec<Url>,
    mail_to: Vec<Email>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BrandingFile {
    plugin: String,
    #[serde(default = "segment")]
    segment: String,
    #[serde(default)]
    settings: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    secrets: BTreeMap<String, SecretPlace>,
    #[serde(default)]
    grants: Grant,
}

fn segment() -> String {
    "segment".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginFile {
    plugin: String,
    #[serde(default)]
    settings: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    secrets: BTreeMap<String, SecretPlace>,
    #[serde(default)]
    grants: Grant,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookFile {
    url: Url,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    filter_types: Option<Vec<String>>,
    #[serde(default)]
    secret_env: Option<String>,
    #[serde(default)]
    secret_file: Option<PathBuf>,
    #[serde(default)]
    previous_secret: SecretPlace,
}

impl ModeFile {
    pub(super) fn settle(
        self,
        mode: Mode,
        source: &Source,
        vault: Vault<'_>,
        problems: &mut Vec<Problem>,
    ) -> ModeSettings {
        if let Some(host) = &self.host {
            check_origin(&format!("{mode}.host"), host, source, problems);
        }
        if mode == Mode::Live && !self.mail_to.is_empty() {
            problems.push(source.problem(
                "live.mail_to",
                "is for test mode only",
                "Remove it; live mails always go to the customer.",
            ));
        }
        for (index, origin) in self.private_endpoints.iter().enumerate() {
            if origin.path() != "/" || origin.query().is_some() || !origin.has_host() {
                problems.push(source.problem(
                    format!("{mode}.private_endpoints.{index}"),
                    "is not an origin",
                    "Write scheme, host and port only, such as http://10.1.2.3:4000.",
                ));
            }
        }
        let default_gateway = self.default_gateway(mode, source, problems);
        let mut plugins = |folder: &str, files: BTreeMap<String, PluginFile>| {
            files
                .into_iter()
                .map(|(name, file)| {
                    let key = format!("{mode}.{folder}.{name}");
                    if !is_plain_name(&name) {
                        problems.push(source.problem(
                            &key,
                            "is not a name that can stand in an address",
                            "Use small letters, digits and hyphens.",
                        ));
                    }
                    let plugin = file.settle(&key, source, vault, problems);
                    (name, plugin)
                })
                .collect::<BTreeMap<_, _>>()
        };
        let gateways = plugins("gateways", self.gateways);
        let pages = plugins("pages", self.pages);
        let branding = self.branding.map(|file| {
            let (segment, file) = file.parts();
            Branding {
                plugin: file.settle(&format!("{mode}.branding"), source, vault, problems),
                segment,
            }
        });
        let webhook = self
            .webhook
            .and_then(|file| file.settle(mode, source, vault, problems));
        ModeSettings {
            host: self.host,
            default_gateway,
            gateways,
            branding,
            pages,
            webhook,
            private_endpoints: self.private_endpoints,
            mail_to: self.mail_to,
        }
    }

    /// The one that is named, or the only one there is.
    fn default_gateway(
        &self,
        mode: Mode,
        source: &Source,
        problems: &mut Vec<Problem>,
    ) -> Option<String> {
        let key = format!("{mode}.default_gateway");
        let names = || {
            self.gateways
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        };
        match &self.default_gateway {
            Some(name) if !self.gateways.contains_key(name) => {
                problems.push(source.problem(
                    key,
                    format!("there is no gateway {name:?}"),
                    format!("The gateways of {mode} mode are: {}.", names()),
                ));
                None
            }
            Some(name) => Some(name.clone()),
            None if self.gateways.len() > 1 => {
                problems.push(source.problem(
                    key,
                    "is missing, and there are several gateways",
                    format!("Choose one of: {}.", names()),
                ));
                None
            }
            None => self.gateways.keys().next().cloned(),
        }
    }
}

impl BrandingFile {
    fn parts(self) -> (String, PluginFile) {
        let file = PluginFile {
            plugin: self.plugin,
            settings: self.settings,
            secrets: self.secrets,
            grants: self.grants,
        };
        (self.segment, file)
    }
}

impl PluginFile {
    fn settle(
        self,
        key: &str,
        source: &Source,
        vault: Vault<'_>,
        problems: &mut Vec<Problem>,
    ) -> PluginConfig {
        for (index, wish) in self.grants.http.iter().enumerate() {
            let key = format!("{key}.grants.http.{index}.origin");
            match Url::parse(&wish.origin) {
                Ok(url) if url.path() == "/" && url.query().is_none() && url.has_host() => {
                    if url.scheme() != "https" && !wish.private {
                        problems.push(source.problem(
                            key,
                            "is not https",
                            "Plain http needs private = true, and an address of your own network.",
                        ));
                    }
                }
                _ => problems.push(source.problem(
                    key,
                    "is not an origin",
                    "Write scheme, host and port only, such as https://api.example.com.",
                )),
            }
        }
        for (index, page) in self.grants.browser.iter().enumerate() {
            if page != grants::ANY && page.parse::<grants::Origin>().is_err() {
                problems.push(source.problem(
                    format!("{key}.grants.browser.{index}"),
                    "is not an origin",
                    "Write scheme, host and port only, such as https://pay.example.com, or \"any\".",
                ));
            }
        }
        let mut secrets = BTreeMap::new();
        for (secret, place) in &self.secrets {
            match vault.demand(place, source, &format!("{key}.secrets.{secret}")) {
                Ok(value) => drop(secrets.insert(secret.clone(), value)),
                Err(problem) => problems.push(problem),
            }
        }
        PluginConfig {
            plugin: self.plugin,
            settings: self.settings,
            secrets,
            grant: self.grants,
        }
    }
}

impl WebhookFile {
    fn settle(
        self,
        mode: Mode,
        source: &Source,
        vault: Vault<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<Webhook> {
        let key = format!("{mode}.webhook");
        if self.url.scheme() != "https" && !is_loopback(&self.url) {
            problems.push(source.problem(
                format!("{key}.url"),
                "is not https",
                "Events hold customers' data; plain http is accepted on loopback only.",
            ));
        }
        for (index, name) in self.filter_types.iter().flatten().enumerate() {
            if !EVENT_TYPES.contains(&name.as_str()) {
                problems.push(source.problem(
                    format!("{key}.filter_types.{index}"),
                    format!("{name:?} is not a type of event"),
                    did_you_mean(name, EVENT_TYPES),
                ));
            }
        }
        let place = SecretPlace {
            secret_env: self.secret_env,
            secret_file: self.secret_file,
        };
        let previous = format!("{key}.previous_secret");
        let previous_secret = vault.open(&self.previous_secret, source, &previous);
        match (vault.demand(&place, source, &key), previous_secret) {
            (Ok(secret), Ok(previous_secret)) => Some(Webhook {
                private: self.private || is_loopback(&self.url),
                url: self.url,
                secret,
                previous_secret,
                filter_types: self.filter_types,
            }),
            (secret, previous) => {
                problems.extend(secret.err());
                problems.extend(previous.err());
                None
            }
        }
    }
}
