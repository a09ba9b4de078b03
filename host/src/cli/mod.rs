//! The command line: what can be asked for, and what each command prints.
//!
//! Commands call the same functions as pages and jobs do; no rule lives here.

mod config;
mod key;
mod migrate;
mod plugin;
mod sandbox;
mod serve;
mod theme;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::config::{Settings, Sources};
use crate::telemetry;

/// A self-hosted, white-label customer portal engine.
///
/// Customers sign in by an e-mailed link and manage their subscriptions, invoices, payment
/// methods and license keys. Merchants bring a theme folder and plugins; the operator edits TOML.
#[derive(Debug, Parser)]
#[command(name = "vestibule", version, propagate_version = true, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Getting started:
  vestibule key host          make the host's signing key
  vestibule config check      see whether the configuration is good
  vestibule serve             start the portal

Every key of the configuration is documented in config/reference.toml.
VESTIBULE_LOG=debug shows more of what happens.";

/// Where the configuration is.
#[derive(Debug, Args)]
struct Place {
    /// Folder that holds vestibule.toml and businesses/.
    #[arg(
        long = "config",
        value_name = "DIR",
        env = "VESTIBULE_CONFIG",
        default_value = "config",
        global = true
    )]
    dir: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve portal, API and console until SIGTERM.
    Serve(serve::Serve),
    /// Bring the database's schema up to date.
    ///
    /// `serve` does the same at its start; processes that start together wait for each other.
    /// Use it to see whether a migration goes through before the new version serves.
    Migrate,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(config::Config),
    /// Make keys.
    #[command(subcommand)]
    Key(key::Key),
    /// Make and check plugins.
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    /// Look at a theme.
    #[command(subcommand)]
    Theme(theme::Theme),
    /// Run the sandbox payment processor, for demo and tests.
    ///
    /// A small payment processor with its own port and database: test cards, a hosted card page,
    /// 3-D Secure, signed webhooks, a ledger and faults on demand. No real money moves.
    #[command(
        after_help = "Example:\n  VESTIBULE_SANDBOX_API_KEY=sk_sandbox vestibule sandbox --listen 127.0.0.1:8081"
    )]
    Sandbox(Box<vestibule_sandbox::Options>),
}

impl Cli {
    /// Does what was asked for.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::start().map_err(anyhow::Error::msg)?;
        // Before the first TLS connection of any library: reqwest, lettre and sqlx take this one.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        match self.command {
            Command::Serve(serve) => serve.run(&self.place),
            Command::Migrate => migrate::run(&self.place),
            Command::Config(config) => config.run(&self.place),
            Command::Key(key) => key.run(&self.place),
            Command::Plugin(plugin) => plugin.run(&self.place),
            Command::Theme(theme) => theme.run(),
            Command::Sandbox(options) => sandbox::run(*options),
        }
    }
}

impl Place {
    fn sources(&self) -> Sources {
        Sources::of_process(self.dir.clone())
    }

    fn load(&self) -> anyhow::Result<Settings> {
        self.sources()
            .load()
            .context("the configuration is not good")
    }
}

/// Prints to standard output; a closed pipe is an error, not a panic.
fn print(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}").context("cannot write to standard output")
}

/// Runs one asynchronous command.
fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(command)
}

/// Ends when the process is asked to stop.
fn shutdown_asked() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
