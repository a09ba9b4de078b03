//! Plugins: WebAssembly components that merchants and gateway vendors drop into a folder.
//!
//! This folder owns the engine, what guests may do, and one typed door per kind of plugin.
//! No other folder names a wasmtime type; this one knows no store, no flow and no page.

pub(crate) mod addresses;
mod binding;
mod bindings;
mod cache;
mod call;
pub mod check;
mod component;
mod engine;
mod error;
mod folder;
pub mod gateway;
pub mod grants;
mod imports;
pub mod limits;
mod load;
pub mod manifest;
pub mod package;
pub mod setting;
mod survey;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

pub use self::binding::{Finding, Findings};
pub use self::cache::CacheError;
pub use self::component::ContentsError;
pub use self::engine::EngineError;
pub use self::error::{Error, FieldError, UnknownCause};
pub use self::folder::{PluginState, Watch};
pub use self::imports::HostClock;
pub use self::load::LoadError;
pub use self::survey::Survey;

use self::binding::Binding;
use self::engine::Engine;
use self::folder::Folder;
use self::gateway::Gateway;
use self::gateway::config::{GatewayConfig, GatewayConfigs};
use self::limits::Limits;
use self::load::{Loaded, Loader};
use crate::domain::{Mode, Scope};

/// What the operator decides about plugins as a whole.
#[derive(Clone)]
pub struct PluginSettings {
    /// The folder whose `*.wasm` files are loaded.
    pub folder: PathBuf,
    /// A folder for compiled code, which only the host may touch.
    pub cache: PathBuf,
    /// The limits of every plugin.
    pub limits: Limits,
    /// Whether plugins marked `test_only` may be used in live mode: for trying things out on
    /// loopback, never with real money.
    pub test_only_in_live: bool,
    /// Host time, which plugins may read.
    pub clock: HostClock,
}

/// Every plugin of this process.
pub struct Plugins {
    folder: Folder,
    configs: ArcSwap<HashMap<(Scope, String), Arc<GatewayConfig>>>,
    bound: Mutex<HashMap<(Scope, String), Bound>>,
    test_only_in_live: bool,
}

/// What a gateway is asked for.
#[derive(Clone, Copy)]
enum Duty {
    Anything,
    WhatIsOpen,
}

/// A binding, and what it was made from.
struct Bound {
    plugin: Arc<Loaded>,
    config: Arc<GatewayConfig>,
    binding: Arc<Binding>,
}

impl Plugins {
    /// Starts the engine and loads the folder. A plugin that does not load stops nothing: it
    /// is logged and listed in [`Plugins::states`].
    pub async fn open(settings: PluginSettings) -> Result<Arc<Self>, EngineError> {
        let engine = Engine::start(&settings.limits, &settings.cache)?;
        let loader = Loader::new(engine, settings.limits, settings.clock)
            .map_err(|error| EngineError::Wasmtime(error.into()))?;
        let plugins = Arc::new(Self {
            folder: Folder::new(settings.folder, Arc::new(loader)),
            configs: ArcSwap::default(),
            bound: Mutex::default(),
            test_only_in_live: settings.test_only_in_live,
        });
        plugins.reload().await;
        Ok(plugins)
    }

    /// Reads the folder again: new and changed files are loaded, a bad one keeps its last
    /// good version, one that is gone is forgotten. Calls under way keep what they have.
    pub async fn reload(&self) {
        self.folder.reload().await;
    }

    /// Reloads whenever the folder changes, until the answer is dropped.
    pub fn watch(self: &Arc<Self>) -> Result<Watch, notify::Error> {
        folder::watch(self)
    }

    /// Every file of the folder and how it stands, by name.
    pub fn states(&self) -> Vec<PluginState> {
        self.folder.states()
    }

    /// Takes the configured gateways of all businesses in place of those before.
    pub fn configure(&self, gateways: GatewayConfigs) {
        let gateways: HashMap<_, _> = gateways
            .into_iter()
            .map(|(key, config)| (key, Arc::new(config)))
            .collect();
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        bound.retain(|key, _| gateways.contains_key(key));
        drop(bound);
        self.configs.store(Arc::new(gateways));
    }

    /// A configured gateway, ready for calls. The error is always one of *certainly not
    /// executed*.
    pub fn gateway(&self, scope: &Scope, name: &str) -> Result<Gateway, Error> {
        self.bind(scope, name, Duty::Anything)
    }

    /// The same, to look after what was begun there and is open: a plugin whose file was taken
    /// away still answers, with its last good version, until this process ends.
    pub fn gateway_of_open(&self, scope: &Scope, name: &str) -> Result<Gateway, Error> {
        self.bind(scope, name, Duty::WhatIsOpen)
    }

    fn bind(&self, scope: &Scope, name: &str, duty: Duty) -> Result<Gateway, Error> {
        let key = (scope.clone(), name.to_owned());
        let config = self.configs.load().get(&key).cloned();
        let Some(config) = config else {
            return Err(Error::Misconfigured {
                plugin: name.to_owned(),
                reason: format!("no gateway `{name}` is configured for {scope}"),
            });
        };
        let misconfigured = |reason: String| Error::Misconfigured {
            plugin: config.plugin.clone(),
            reason,
        };
        let plugin = self
            .usable(scope.mode, &config, duty)
            .map_err(|problem| misconfigured(problem.to_owned()))?;

        // A panic elsewhere leaves a map of whole entries behind.
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = bound.get(&key)
            && Arc::ptr_eq(&known.plugin, &plugin)
            && Arc::ptr_eq(&known.config, &config)
        {
            return Ok(Gateway::new(plugin, Arc::clone(&known.binding)));
        }
        let label = format!("{scope}/{name}");
        let (binding, findings) = Binding::new(label, &plugin.manifest, &config, &plugin.limits)
            .map_err(|findings| misconfigured(findings.told()))?;
        for finding in findings.errors.iter().chain(&findings.remarks) {
            let Finding { key, what, mend } = finding;
            tracing::warn!(%scope, gateway = name, plugin = config.plugin, key, mend, "{what}");
        }
        let binding = Arc::new(binding);
        let entry = Bound {
            plugin: Arc::clone(&plugin),
            config: Arc::clone(&config),
            binding: Arc::clone(&binding),
        };
        bound.insert(key, entry);
        Ok(Gateway::new(plugin, binding))
    }

    fn usable(
        &self,
        mode: Mode,
        config: &GatewayConfig,
        duty: Duty,
    ) -> Result<Arc<Loaded>, &'static str> {
        let id = &config.plugin;
        let plugin = match (self.folder.plugin(id), duty) {
            (Some(plugin), _) => Some(plugin),
            (None, Duty::WhatIsOpen) => self.folder.gone(id),
            (None, Duty::Anything) => None,
        };
        let plugin = plugin.ok_or("no plugin with this id is loaded")?;
        if plugin.gateway.is_none() {
            return Err("the plugin is not a gateway");
        }
        match mode {
            Mode::Live if plugin.manifest.test_only && !self.test_only_in_live => {
                Err("the plugin is for test mode only")
            }
            Mode::Live | Mode::Test => Ok(plugin),
        }
    }
}
