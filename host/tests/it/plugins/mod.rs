//! The plugin host against real guests: hostile ones, wrong ones, and one that behaves.

mod calls;
mod crowd;
mod folder;
pub(crate) mod guest;
mod hostile;
mod http;
mod isolation;
mod kept;
mod last_good;
mod leading;
mod life;
mod loading;
mod memory;
mod next_minor;
mod released;
mod secrets;
mod servers;
mod settings;
mod signed;
mod wit;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;
use vestibule::domain::money::Money;
use vestibule::domain::{Mode, Scope};
use vestibule::plugins::gateway::Gateway;
use vestibule::plugins::gateway::config::GatewayConfig;
use vestibule::plugins::gateway::request::{ChargeRequest, Customer, Initiator, MethodChoice};
use vestibule::plugins::grants::{Grant, OriginGrant};
use vestibule::plugins::limits::Limits;
use vestibule::plugins::signature::Signing;
use vestibule::plugins::{PluginSettings, Plugins};

/// A plugin folder with a host that reads it.
struct Host {
    folder: TempDir,
    plugins: Arc<Plugins>,
}

impl Host {
    /// A host over a folder with one plugin, whose limits are short.
    async fn with(plugin: &[u8]) -> Self {
        Self::limited(plugin, limits()).await
    }

    async fn limited(plugin: &[u8], limits: Limits) -> Self {
        let folder = TempDir::new().unwrap();
        put(&folder, "guest.wasm", plugin);
        let plugins = Plugins::open(settings(folder.path(), limits))
            .await
            .unwrap();
        Self { folder, plugins }
    }

    /// The gateway `main` of the test business, configured like this.
    fn gateway(&self, config: GatewayConfig) -> Gateway {
        let scope = scope(Mode::Test);
        self.plugins
            .configure([((scope.clone(), "main".to_owned()), config)].into());
        self.plugins.gateway(&scope, "main").unwrap()
    }
}

fn limits() -> Limits {
    Limits {
        deadline: Duration::from_secs(2),
        cpu: Duration::from_millis(300),
        wait: Duration::from_millis(100),
        fetch_deadline: Duration::from_millis(600),
        ..Limits::default()
    }
}

/// Limits under which nothing ends by the clock, however slow the machine is.
fn patient() -> Limits {
    let long = Duration::from_mins(2);
    Limits {
        deadline: long,
        cpu: long,
        wait: long,
        fetch_deadline: long,
        ..limits()
    }
}

fn settings(folder: &Path, limits: Limits) -> PluginSettings {
    // main does this for the binary.
    let _ = rustls::crypto::ring::default_provider().install_default();
    PluginSettings {
        folder: folder.to_owned(),
        cache: folder.join("cache"),
        kept: folder.join("kept"),
        limits,
        test_only_in_live: false,
        clock: Arc::new(|| Timestamp::UNIX_EPOCH),
        signing: Signing::default(),
        opening: vestibule::app::opening(),
    }
}

/// Puts a file into the folder as merchants should: by rename.
fn put(folder: &TempDir, name: &str, bytes: &[u8]) {
    vestibule::plugins::package::write(&folder.path().join(name), bytes).unwrap();
}

fn scope(mode: Mode) -> Scope {
    Scope::new("bus_1".parse().unwrap(), mode)
}

/// The guest with this base URL, which is granted as `private` or not.
fn config(base_url: &str, private: bool) -> GatewayConfig {
    GatewayConfig {
        plugin: "guest".to_owned(),
        settings: [("base_url".to_owned(), base_url.into())].into(),
        secrets: BTreeMap::new(),
        grant: Grant {
            http: vec![OriginGrant {
                origin: base_url.to_owned(),
                private,
            }],
            ..Grant::default()
        },
    }
}

/// The guest without any grant.
fn plain() -> GatewayConfig {
    GatewayConfig {
        plugin: "guest".to_owned(),
        settings: BTreeMap::new(),
        secrets: BTreeMap::new(),
        grant: Grant::default(),
    }
}

/// A charge of 1.00 EUR under this key.
fn charge(key: &str) -> ChargeRequest {
    ChargeRequest {
        key: key.to_owned(),
        customer: Customer {
            id: "cus_1".to_owned(),
            email: "ada@example.com".parse().unwrap(),
            name: None,
            reference: None,
            locale: "en".to_owned(),
            country: None,
        },
        amount: Money::new(100, "EUR".parse().unwrap()),
        method: MethodChoice::Collect(Vec::new()),
        initiator: Initiator::CustomerPresent,
        save: true,
        return_url: "https://portal.example.com/return/x".to_owned(),
        description: "One month".to_owned(),
        expires_at: Timestamp::UNIX_EPOCH,
    }
}
