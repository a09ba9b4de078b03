//! Plugins: WebAssembly components that merchants and gateway vendors drop into a folder.
//!
//! This folder owns the engine, what guests may do, and one typed door per kind of plugin.
//! No other folder names a wasmtime type; this one knows no store, no flow and no page.

pub mod adding;
pub(crate) mod addresses;
mod binding;
mod bindings;
pub mod branding;
pub mod breaker;
mod cache;
mod call;
pub mod cases;
pub mod check;
pub mod compile;
mod compiler;
mod component;
pub mod config;
pub mod conformance;
pub mod data;
mod engine;
mod error;
mod figures;
mod folder;
pub mod gateway;
pub mod grants;
mod hearing;
mod imports;
pub mod inspect;
mod last_good;
pub mod limits;
mod line;
mod load;
mod long;
pub mod manifest;
mod optional;
mod origin;
pub mod package;
pub mod pages;
mod portal;
mod rehearsal;
mod said;
pub mod setting;
pub mod signature;
pub mod signing_key;
pub mod status;
mod survey;
pub mod template;
mod troubles;
mod turns;
mod upload;
mod uses;
mod watch;
mod wit;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

pub use self::binding::{Finding, Findings};
pub use self::cache::CacheError;
pub use self::component::{ContentsError, Files, Opening};
pub use self::engine::EngineError;
pub use self::error::{Error, FieldError, UnknownCause};
pub use self::figures::{Failure, Figures};
pub use self::hearing::Hearing;
pub use self::imports::HostClock;
pub use self::load::LoadError;
pub use self::optional::Optional;
pub use self::status::PluginState;
pub use self::survey::Survey;
pub use self::troubles::{Task, Trouble};
pub use self::watch::Watch;

use self::binding::Binding;
use self::config::PluginConfig;
use self::data::{GuestData, NoData};
use self::engine::Engine;
use self::folder::{Folder, WaitsFor};
use self::gateway::Gateway;
use self::limits::Limits;
use self::load::{Loaded, Loader};
use self::manifest::Kind;
use self::signature::Signing;
use self::troubles::Troubles;
use self::uses::Refused;
use crate::domain::{Mode, Scope};

/// What the operator decides about plugins as a whole.
#[derive(Clone)]
pub struct PluginSettings {
    /// The folder whose `*.wasm` files are loaded.
    pub folder: PathBuf,
    /// A folder for compiled code, which only the host may touch.
    pub cache: PathBuf,
    /// A folder for the last good version of each file, which only the host may touch.
    pub kept: PathBuf,
    /// The limits of every plugin.
    pub limits: Limits,
    /// Whether plugins marked `test_only` may be used in live mode: for trying things out on
    /// loopback, never with real money.
    pub test_only_in_live: bool,
    /// Host time, which plugins may read.
    pub clock: HostClock,
    /// Whose plugins are believed.
    pub signing: Signing,
    /// Whether what they carry can be used.
    pub opening: Opening,
}

/// Every plugin of this process.
pub struct Plugins {
    folder: Folder,
    configs: ArcSwap<HashMap<(Scope, String), Arc<PluginConfig>>>,
    brandings: ArcSwap<HashMap<Scope, Arc<PluginConfig>>>,
    pages: ArcSwap<BTreeMap<(Scope, String), Arc<PluginConfig>>>,
    /// What the pages of other processes are told.
    elsewhere: ArcSwap<BTreeSet<Hearing>>,
    bound: Mutex<HashMap<(Scope, Role), Bound>>,
    troubles: Troubles,
    clock: HostClock,
    test_only_in_live: bool,
    /// Settings in the files that plugins refuse.
    refused: Mutex<Refused>,
    changed: Notify,
    settings_changed: Notify,
}

/// What a gateway is asked for.
#[derive(Clone, Copy)]
enum Duty {
    Anything,
    WhatIsOpen,
}

/// What a plugin is used as in a business and mode.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Role {
    /// The gateway of this name.
    Gateway(String),
    Branding,
    /// The pages under this name.
    Pages(String),
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gateway(name) | Self::Pages(name) => f.write_str(name),
            Self::Branding => f.write_str("branding"),
        }
    }
}

/// A binding, and what it was made from.
struct Bound {
    plugin: Arc<Loaded>,
    config: Arc<PluginConfig>,
    binding: Arc<Binding>,
}

impl Plugins {
    /// Starts the engine and loads the folder, with no data that plugins could read or keep.
    pub async fn open(settings: PluginSettings) -> Result<Arc<Self>, EngineError> {
        Self::open_with(settings, Arc::new(NoData)).await
    }

    /// Starts the engine and loads the folder. A plugin that does not load stops nothing: it
    /// is logged and listed in [`Plugins::states`]. Of `data` plugins read and keep what they
    /// were granted.
    pub async fn open_with(
        settings: PluginSettings,
        data: Arc<dyn GuestData>,
    ) -> Result<Arc<Self>, EngineError> {
        let plugins = Self::begin(settings, data)?;
        plugins.reload().await;
        Ok(plugins)
    }

    /// Starts the engine and loads nothing yet: [`Plugins::reload`] and [`Plugins::watch`] do.
    pub fn begin(
        settings: PluginSettings,
        data: Arc<dyn GuestData>,
    ) -> Result<Arc<Self>, EngineError> {
        let engine = Engine::start(&settings.limits, &settings.cache)?;
        let clock = Arc::clone(&settings.clock);
        let loader = Loader::new(engine, settings.limits, settings.clock, data)
            .map_err(|error| EngineError::Wasmtime(error.into()))?
            .with_signing(settings.signing)
            .with_opening(settings.opening);
        Ok(Arc::new(Self {
            folder: Folder::new(settings.folder, &settings.kept, loader),
            configs: ArcSwap::default(),
            brandings: ArcSwap::default(),
            pages: ArcSwap::default(),
            elsewhere: ArcSwap::default(),
            bound: Mutex::default(),
            troubles: Troubles::default(),
            clock,
            test_only_in_live: settings.test_only_in_live,
            refused: Mutex::default(),
            changed: Notify::new(),
            settings_changed: Notify::new(),
        }))
    }

    /// Waits for the first look at the folder, until every plugin that is configured is loaded, or
    /// it is known why it is not. Nothing else is waited for.
    pub async fn ready(&self) {
        self.folder.ready(&self.uses().ids()).await;
    }

    /// Reads the folder again: new and changed files are loaded, each in use as soon as it is
    /// ready; a bad one keeps its last good version, one that is gone is forgotten. Calls under
    /// way keep what they have.
    pub async fn reload(&self) {
        self.take_up(WaitsFor::Everything).await;
    }

    async fn take_up(&self, waits: WaitsFor) {
        self.folder.reload(&self.uses(), waits).await;
        self.changed.notify_one();
    }

    /// Reloads now and whenever the folder changes, until the answer is dropped.
    pub fn watch(self: &Arc<Self>) -> Result<Watch, notify::Error> {
        watch::watch(self)
    }

    /// Every file of the folder and how it stands, by name.
    pub fn states(&self) -> Vec<PluginState> {
        self.folder.states()
    }

    fn forget(&self, keep: impl Fn(&Scope, &Role) -> bool) {
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        bound.retain(|(scope, role), _| keep(scope, role));
        self.refused().retain(|(scope, role), _| keep(scope, role));
    }

    /// A configured gateway, ready for calls. The error is always one of *certainly not
    /// executed*.
    pub fn gateway(&self, scope: &Scope, name: &str) -> Result<Gateway, Error> {
        self.gateway_for(scope, name, Duty::Anything)
    }

    /// The same, to look after what was begun there and is open: a plugin whose file was taken
    /// away still answers, with its last good version, until this process ends.
    pub fn gateway_of_open(&self, scope: &Scope, name: &str) -> Result<Gateway, Error> {
        self.gateway_for(scope, name, Duty::WhatIsOpen)
    }

    /// The plugin behind a gateway, as its configuration names it; the gateway's own name where there
    /// is none.
    pub fn plugin_of(&self, scope: &Scope, gateway: &str) -> String {
        let key = (scope.clone(), gateway.to_owned());
        let configs = self.configs.load();
        let config = configs.get(&key);
        config.map_or(key.1, |config| config.plugin.clone())
    }

    fn gateway_for(&self, scope: &Scope, name: &str, duty: Duty) -> Result<Gateway, Error> {
        let key = (scope.clone(), name.to_owned());
        let config = self.configs.load().get(&key).cloned();
        let Some(config) = config else {
            return Err(Error::Misconfigured {
                plugin: name.to_owned(),
                reason: format!("no gateway `{name}` is configured for {scope}"),
            });
        };
        let plugin = self.usable(scope.mode, &config, Kind::Gateway, duty)?;
        let binding = self.bind(scope, Role::Gateway(key.1), &plugin, &config)?;
        Ok(Gateway::new(plugin, binding))
    }

    fn bind(
        &self,
        scope: &Scope,
        role: Role,
        plugin: &Arc<Loaded>,
        config: &Arc<PluginConfig>,
    ) -> Result<Arc<Binding>, Error> {
        let key = (scope.clone(), role);
        // A panic elsewhere leaves a map of whole entries behind.
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = bound.get(&key)
            && Arc::ptr_eq(&known.plugin, plugin)
            && Arc::ptr_eq(&known.config, config)
        {
            return Ok(Arc::clone(&known.binding));
        }
        let label = format!("{scope}/{}", key.1);
        let (binding, findings) =
            Binding::new(label, Some(scope), &plugin.manifest, config, &plugin.limits)
                .map_err(|findings| misconfigured(config, findings.told()))?;
        for finding in findings.errors.iter().chain(&findings.remarks) {
            let Finding {
                key: at,
                what,
                mend,
            } = finding;
            tracing::warn!(%scope, role = %key.1, plugin = config.plugin, key = at, mend, "{what}");
        }
        let binding = Arc::new(binding);
        let entry = Bound {
            plugin: Arc::clone(plugin),
            config: Arc::clone(config),
            binding: Arc::clone(&binding),
        };
        bound.insert(key, entry);
        Ok(binding)
    }

    fn usable(
        &self,
        mode: Mode,
        config: &PluginConfig,
        kind: Kind,
        duty: Duty,
    ) -> Result<Arc<Loaded>, Error> {
        let refused = |problem: String| Err(misconfigured(config, problem));
        let id = &config.plugin;
        let plugin = match (self.folder.plugin(id), duty) {
            (Some(plugin), _) => Some(plugin),
            (None, Duty::WhatIsOpen) => self.folder.gone(id),
            (None, Duty::Anything) => None,
        };
        let Some(plugin) = plugin else {
            return refused("no plugin with this id is loaded".to_owned());
        };
        if !plugin.manifest.kinds.contains(&kind) {
            return refused(format!("the plugin is not a {}", kind.as_str()));
        }
        match mode {
            Mode::Live if plugin.manifest.test_only && !self.test_only_in_live => {
                refused("the plugin is for test mode only".to_owned())
            }
            Mode::Live | Mode::Test => Ok(plugin),
        }
    }
}

fn misconfigured(config: &PluginConfig, reason: String) -> Error {
    Error::Misconfigured {
        plugin: config.plugin.clone(),
        reason,
    }
}
