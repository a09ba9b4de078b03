//! The composition root: the only place that builds everything from the settings, starts it and
//! stops it. Wiring only; nothing is decided here.

mod guests;
mod reporting;

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use arc_swap::ArcSwap;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::guests::Guests;
use crate::config::{self, HostKeys, Location, MailTransport, Settings, SmtpTls, Sources};
use crate::cx::{Actor, Clock, Cx};
use crate::domain::{Mode, Scope};
use crate::flows;
use crate::invoices::Invoices;
use crate::jobs::{Jobs, Worker};
use crate::mail::Mailer;
use crate::mail::transport::{Protection, Smtp, Transport};
use crate::plugins::breaker::Patience;
use crate::plugins::config::{BrandingConfigs, PagesConfigs};
use crate::plugins::gateway::config::GatewayConfigs;
use crate::plugins::limits::Limits;
use crate::plugins::signature::{Signer, Signing};
use crate::plugins::{Opening, PluginSettings, Plugins};
use crate::store::Store;
use crate::themes::{Stage, Themes, trial};
use crate::web::{self, Web};

/// How often it is looked whether there are gateways' books to compare, plugins to call, or money
/// to give back.
const ORDERING: Duration = Duration::from_hours(1);

/// Tries whether the portal can show what a plugin carries.
pub fn opening() -> Opening {
    Arc::new(|id, files| {
        if files.is_empty() {
            return Ok(());
        }
        Stage::open(id, files).map(drop)
    })
}

/// Opens what flows need: the database with its schema up to date, the plugins, the keys. Enough
/// for a command that writes beside a running host.
pub async fn open(settings: Settings) -> anyhow::Result<Cx> {
    let cx = begin(settings).await?;
    cx.plugins.reload().await;
    Ok(cx)
}

/// The same with no plugin loaded yet.
async fn begin(settings: Settings) -> anyhow::Result<Cx> {
    let keys = HostKeys::read(&settings.server.key_file)?;
    let store = open_store(&settings.database).await?;
    store
        .migrate()
        .await
        .context("cannot bring the database's schema up to date")?;
    let clock = Clock::default();
    let plugins = PluginSettings {
        folder: settings.plugins.dir.clone(),
        cache: settings.plugins.cache.clone(),
        kept: settings.plugins.kept.clone(),
        limits: plugin_limits(&settings.plugins)?,
        test_only_in_live: settings.server.allow_test_gateway_in_live,
        clock: host_clock(&clock),
        signing: signing(&settings.plugins)?,
        opening: opening(),
    };
    let data = Guests {
        store: store.clone(),
        clock: clock.clone(),
    };
    let plugins = Plugins::begin(plugins, Arc::new(data))?;
    plugins.configure(gateways(&settings));
    plugins.dress(brandings(&settings));
    plugins.furnish(pages(&settings));
    let cx = Cx {
        store,
        plugins,
        settings: Arc::new(ArcSwap::from_pointee(settings)),
        keys,
        clock,
        flows: TaskTracker::new(),
        actor: Actor::host(),
    };
    let gone = flows::portal_hosts::remember(&cx).await?;
    let mut settings = Settings::clone(&cx.settings.load());
    settings.gone = gone;
    cx.settings.store(Arc::new(settings));
    Ok(cx)
}

/// Serves until `stop` ends; then lets requests, flows and jobs under way finish.
pub async fn serve(
    settings: Settings,
    sources: Sources,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let _lock = lock(&settings.database)?;
    std::fs::create_dir_all(&settings.plugins.dir)
        .with_context(|| format!("cannot make {}", settings.plugins.dir.display()))?;
    let address = settings.server.listen;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let drain = Duration::try_from(settings.server.drain)?;
    let themes = Arc::new(Themes::load(&settings.themes.dir)?);
    let transport = transport(&settings.mail.transport)?;
    let mailer = Mailer::new(Arc::clone(&themes), transport, settings.mail.from.clone());
    let cx = begin(settings).await?;
    let invoices = Invoices::new(Arc::clone(&themes));

    let _plugins = cx
        .plugins
        .watch()
        .context("cannot watch the folder of plugins")?;
    let _businesses = watch_businesses(&cx, sources)?;
    cx.plugins.ready().await;
    let _themes = themes.watch(trial::by_command(std::env::current_exe()?))?;

    let address = listener.local_addr()?;
    let process = reporting::begin(&cx, address).await;
    let stopping = CancellationToken::new();
    let jobs = Jobs::new(
        cx.clone(),
        Arc::clone(&themes),
        Arc::new(mailer),
        Arc::clone(&invoices),
    );
    let worker = tokio::spawn(Worker::new(jobs).run(stopping.clone()));
    tokio::spawn(order_by_the_clock(cx.clone(), stopping.clone()));
    let router = web::router(Web {
        cx: cx.clone(),
        themes,
        invoices,
    })
    .into_make_service_with_connect_info::<SocketAddr>();
    let reporting = reporting::report(cx.clone(), process, stopping.clone());
    let reporting = tokio::spawn(reporting);
    tracing::info!(%address, "serving");
    let server =
        axum::serve(listener, router).with_graceful_shutdown(stopping.clone().cancelled_owned());
    let server = tokio::spawn(server.into_future());
    stop.await;
    tracing::info!("stopping: no new requests or jobs");
    stopping.cancel();
    let drained = tokio::time::timeout(drain, async {
        server.await??;
        worker.await?;
        reporting.await?;
        cx.flows.close();
        cx.flows.wait().await;
        anyhow::Ok(())
    });
    match drained.await {
        Ok(result) => result?,
        Err(_) => tracing::warn!("stopped with work under way; its jobs will be taken up again"),
    }
    cx.store.close().await;
    Ok(())
}

/// Orders what nobody asks for: that every gateway's books are compared and every plugin that
/// wants it is called by the clock, also those that are configured later; and that money goes back
/// which was held, when it is not to be any more.
async fn order_by_the_clock(cx: Cx, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = flows::plugin_calls::order_all(&cx).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the calls of plugins by the clock were not ordered");
        }
        if let Err(error) = flows::balance::order_all(&cx).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "the comparison of the gateways' books was not ordered"
            );
        }
        if let Err(error) = flows::refund::order_all_unapplied(&cx).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "the way back of what settled nothing was not ordered"
            );
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(ORDERING) => {}
        }
    }
}

/// One `serve` per SQLite file: two would each believe that nobody else writes jobs' leases. The
/// lock ends with the process, however that ends.
fn lock(database: &config::Database) -> anyhow::Result<Option<File>> {
    let Location::Sqlite(path) = &database.location else {
        return Ok(None);
    };
    make_folder_of(path)?;
    let mut name = path.clone().into_os_string();
    name.push(".lock");
    let file = File::create(&name)
        .with_context(|| format!("cannot make {}", PathBuf::from(&name).display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            bail!(
                "{} is served by another process; several need Postgres",
                path.display()
            )
        }
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the database"),
    }
}

/// Opens the database without touching its schema.
pub async fn open_store(database: &config::Database) -> anyhow::Result<Store> {
    match &database.location {
        Location::Sqlite(path) => {
            make_folder_of(path)?;
            let readers = database.connections.min(Store::useful_readers());
            let opened = Store::open_sqlite(path, readers).await;
            opened.with_context(|| format!("cannot open {}", path.display()))
        }
        Location::Postgres(url) => Store::open_postgres(url.expose_secret(), database.connections)
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

fn watch_businesses(cx: &Cx, sources: Sources) -> anyhow::Result<Option<config::Watch>> {
    if !sources.dir.is_dir() {
        return Ok(None);
    }
    let (host, runtime) = (cx.clone(), Handle::current());
    let changed = move |settings: &Settings| {
        host.plugins.configure(gateways(settings));
        host.plugins.dress(brandings(settings));
        host.plugins.furnish(pages(settings));
        let cx = host.clone();
        runtime.spawn(host.flows.track_future(async move {
            if let Err(error) = flows::portal_hosts::remember(&cx).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the hosts of portals' own were not kept");
            }
        }));
    };
    let watch = sources.watch(Arc::clone(&cx.settings), changed);
    Ok(Some(watch.context("cannot watch the business files")?))
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

/// The branding of all businesses, as plugins take it.
fn brandings(settings: &Settings) -> BrandingConfigs {
    let mut brandings = BrandingConfigs::new();
    for business in settings.businesses.values() {
        for mode in [Mode::Live, Mode::Test] {
            if let Some(branding) = &business.mode(mode).branding {
                let scope = Scope::new(business.id.clone(), mode);
                brandings.insert(scope, branding.plugin.clone());
            }
        }
    }
    brandings
}

/// The pages of all businesses, as plugins take them.
fn pages(settings: &Settings) -> PagesConfigs {
    let mut pages = PagesConfigs::new();
    for business in settings.businesses.values() {
        for mode in [Mode::Live, Mode::Test] {
            let scope = Scope::new(business.id.clone(), mode);
            for (name, plugin) in &business.mode(mode).pages {
                pages.insert((scope.clone(), name.clone()), plugin.clone());
            }
        }
    }
    pages
}

/// The limits of every plugin.
pub(crate) fn plugin_limits(plugins: &config::Plugins) -> anyhow::Result<Limits> {
    const KIB: usize = 1 << 10;
    const MIB: usize = 1 << 20;
    let duration = |duration: SignedDuration| Duration::try_from(duration);
    Ok(Limits {
        component_bytes: plugins.component_mib.saturating_mul(MIB),
        compile: duration(plugins.compile)?,
        compile_ahead: Limits::default().compile_ahead,
        memory_bytes: plugins.memory_mib.saturating_mul(MIB),
        transfer_bytes: plugins.transfer_kib.saturating_mul(KIB),
        handles: plugins.handles,
        deadline: duration(plugins.deadline)?,
        cpu: duration(plugins.cpu)?,
        calls_at_once: plugins.calls_at_once,
        calls_in_all: plugins.calls_in_all,
        wait: duration(plugins.wait)?,
        log_lines: plugins.log_lines,
        log_line_bytes: plugins.log_line_bytes,
        fetches: plugins.fetches,
        fetch_deadline: duration(plugins.fetch_deadline)?,
        fetch_bytes: plugins.fetch_kib.saturating_mul(KIB),
        patience: Patience {
            failures: plugins.breaker_failures,
            within: plugins.breaker_within,
            first: plugins.breaker_first,
            longest: plugins.breaker_longest,
        },
    })
}

/// Whose plugins are believed.
pub(crate) fn signing(plugins: &config::Plugins) -> anyhow::Result<Signing> {
    let signer = |(name, key): (&String, &String)| {
        let key = Signer::parse(key).with_context(|| format!("plugins.signers.{name}"))?;
        anyhow::Ok((name.clone(), key))
    };
    Ok(Signing {
        signers: plugins
            .signers
            .iter()
            .map(signer)
            .collect::<Result<_, _>>()?,
        required: plugins.signed.clone(),
    })
}

/// Host time for plugins.
pub(crate) fn host_clock(clock: &Clock) -> crate::plugins::HostClock {
    let clock = clock.clone();
    Arc::new(move || clock.now())
}

fn transport(transport: &MailTransport) -> anyhow::Result<Transport> {
    Ok(match transport {
        MailTransport::Mailbox(folder) => Transport::Mailbox(folder.clone()),
        MailTransport::Smtp(smtp) => Transport::smtp(&Smtp {
            host: smtp.host.clone(),
            port: smtp.port,
            protection: match smtp.tls {
                SmtpTls::Starttls => Protection::StartTls,
                SmtpTls::Tls => Protection::Tls,
                SmtpTls::None => Protection::None,
            },
            credentials: smtp.login.clone(),
        })?,
    })
}
