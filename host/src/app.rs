//! The composition root: the only place that builds everything from the settings, starts it and
//! stops it. Wiring only; nothing is decided here.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use tokio_util::task::TaskTracker;

use crate::config::{self, HostKeys, Location, Settings};
use crate::cx::{Actor, Clock, Cx};
use crate::domain::{Mode, Scope};
use crate::plugins::gateway::config::GatewayConfigs;
use crate::plugins::limits::Limits;
use crate::plugins::{PluginSettings, Plugins};
use crate::store::Store;

/// Opens what flows need: the database with its schema up to date, the plugins, the keys. Enough
/// for a command that writes beside a running host.
pub async fn open(settings: Settings) -> anyhow::Result<Cx> {
    let keys = HostKeys::read(&settings.server.key_file)?;
    let store = open_store(&settings.database).await?;
    store
        .migrate()
        .await
        .context("cannot bring the database's schema up to date")?;
    let clock = Clock::default();
    let plugins = Plugins::open(PluginSettings {
        folder: settings.plugins.dir.clone(),
        cache: settings.plugins.cache.clone(),
        limits: plugin_limits(&settings.plugins)?,
        test_only_in_live: settings.server.allow_test_gateway_in_live,
        clock: host_clock(&clock),
    })
    .await?;
    plugins.configure(gateways(&settings));
    Ok(Cx {
        store,
        plugins,
        settings: Arc::new(ArcSwap::from_pointee(settings)),
        keys,
        clock,
        flows: TaskTracker::new(),
        actor: Actor::host(),
    })
}

/// Opens the database without touching its schema.
pub async fn open_store(database: &config::Database) -> anyhow::Result<Store> {
    match &database.location {
        Location::Sqlite(path) => {
            make_folder_of(path)?;
            let opened = Store::open_sqlite(path).await;
            opened.with_context(|| format!("cannot open {}", path.display()))
        }
        Location::Postgres(url) => Store::open_postgres(url.expose_secret())
            .await
            .context("cannot connect to Postgres"),
    }
}

fn make_folder_of(path: &Path) -> anyhow::Result<()> {
    match path.parent() {
        Some(folder) => std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display())),
        None => Ok(()),
    }
}

/// The gateways of all businesses, as plugins take them.
fn gateways(settings: &Settings) -> GatewayConfigs {
    let mut gateways = GatewayConfigs::new();
    for business in settings.businesses.values() {
        for mode in [Mode::Live, Mode::Test] {
            let scope = Scope::new(business.id.clone(), mode);
            for (name, gateway) in &business.mode(mode).gateways {
                gateways.insert((scope.clone(), name.clone()), gateway.clone());
            }
        }
    }
    gateways
}

/// The limits of every plugin.
pub(crate) fn plugin_limits(plugins: &config::Plugins) -> anyhow::Result<Limits> {
    const KIB: usize = 1 << 10;
    const MIB: usize = 1 << 20;
    let duration = |duration: SignedDuration| Duration::try_from(duration);
    Ok(Limits {
        component_bytes: plugins.component_mib.saturating_mul(MIB),
        memory_bytes: plugins.memory_mib.saturating_mul(MIB),
        transfer_bytes: plugins.transfer_kib.saturating_mul(KIB),
        handles: plugins.handles,
        deadline: duration(plugins.deadline)?,
        cpu: duration(plugins.cpu)?,
        calls_at_once: plugins.calls_at_once,
        wait: duration(plugins.wait)?,
        log_lines: plugins.log_lines,
        log_line_bytes: plugins.log_line_bytes,
        fetches: plugins.fetches,
        fetch_deadline: duration(plugins.fetch_deadline)?,
        fetch_bytes: plugins.fetch_kib.saturating_mul(KIB),
    })
}

/// Host time for plugins.
pub(crate) fn host_clock(clock: &Clock) -> crate::plugins::HostClock {
    let clock = clock.clone();
    Arc::new(move || clock.now())
}
