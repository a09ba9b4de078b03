//! The command line: what can be asked for, and what each command prints.
//!
//! Commands call the same functions as pages and jobs do; no rule lives here.

mod clock;
mod config;
mod demo;
mod exhibits;
mod inspect;
mod job;
mod key;
mod link;
mod mailbox;
mod migrate;
mod payment;
mod plugin;
mod plugin_add;
mod plugin_list;
mod plugin_new;
mod plugin_show;
mod plugin_sign;
mod plugin_store;
mod plugin_test;
mod sandbox;
mod serve;
mod staff;
mod theme;
mod trial;
mod webhook;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};

use crate::config::{Settings, Sources};
use crate::domain::id::BusinessId;
use crate::domain::{Mode, Scope};
use crate::plain;
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

/// Of a worker's thread, in bytes; unoptimised code keeps every step of a flow there at once.
const STACK: usize = 8 << 20;

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
    /// Show the product: a sample portal on this machine, with a payment processor beside it.
    ///
    /// Two businesses with customers in every interesting state, in test mode, on SQLite under
    /// data/demo/. Prints where to look. Run it again to go on where it was.
    #[command(after_help = "Example:\n  vestibule demo --port 9000")]
    Demo(demo::Demo),
    /// Make a dynamic link: it signs one customer in, once, within 24 hours.
    Link(link::Link),
    /// Look at the time of a business in test mode, and move it.
    #[command(subcommand)]
    Clock(clock::Clock),
    /// See which payments have no end yet, and decide about one.
    #[command(subcommand)]
    Payment(payment::Payment),
    /// See which work does not get on, and let it be tried again.
    #[command(subcommand)]
    Job(job::Job),
    /// Let staff into the console.
    #[command(subcommand)]
    Staff(staff::Staff),
    /// Show the mails of test mode, and all mails that were kept instead of sent.
    Mailbox(mailbox::Show),
    /// See what became of events on their way to merchants' endpoints, and send them again.
    #[command(subcommand)]
    Webhook(webhook::Webhook),
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
            Command::Serve(serve::Serve {}) => serve::Serve::run(&self.place),
            Command::Migrate => migrate::run(&self.place),
            Command::Config(config) => config.run(&self.place),
            Command::Key(key) => key.run(&self.place),
            Command::Demo(demo) => demo.run(),
            Command::Link(link) => link.run(&self.place),
            Command::Payment(payment) => payment.run(&self.place),
            Command::Job(job) => job.run(&self.place),
            Command::Clock(clock) => clock.run(&self.place),
            Command::Staff(staff) => staff.run(&self.place),
            Command::Mailbox(show) => show.run(&self.place),
            Command::Webhook(webhook) => webhook.run(&self.place),
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

    /// What `vestibule.toml` says, whatever the files of businesses do.
    fn load_host(&self) -> anyhow::Result<Settings> {
        self.sources()
            .load_host()
            .context("the configuration is not good")
    }
}

/// Which business, in which mode.
#[derive(Debug, Args)]
struct ScopeArgs {
    /// The business's id [default: the only one there is]
    #[arg(long, value_name = "ID")]
    business: Option<BusinessId>,
    /// live or test.
    #[arg(long, default_value = "live")]
    mode: Mode,
}

impl ScopeArgs {
    fn among(&self, settings: &Settings) -> anyhow::Result<Scope> {
        let business = among(self.business.as_ref(), settings)?;
        Ok(Scope::new(business, self.mode))
    }
}

/// The business that was asked for, or the only one.
fn among(asked: Option<&BusinessId>, settings: &Settings) -> anyhow::Result<BusinessId> {
    let known: Vec<&str> = settings.businesses.keys().map(BusinessId::as_str).collect();
    match asked {
        _ if known.is_empty() => bail!(
            "there is no business yet: write its file into the folder `businesses` of the \
             configuration, as config/reference.toml shows, and see `vestibule config check`"
        ),
        Some(id) if settings.businesses.contains_key(id) => Ok(id.clone()),
        Some(id) => bail!(
            "no file has the business {id}; there are: {}",
            known.join(", ")
        ),
        None if known.len() == 1 => Ok(known[0].parse()?),
        None => bail!("choose with --business: {}", known.join(", ")),
    }
}

/// Prints to standard output, and nothing in it plays with the terminal; a closed pipe is an error,
/// not a panic.
fn print(text: &str) -> anyhow::Result<()> {
    let text = plain::lines_in_any_direction(text);
    writeln!(std::io::stdout().lock(), "{text}").context("cannot write to standard output")
}

/// Prints what a plugin may have written parts of: nothing in it turns the direction of writing.
fn print_plain(text: &str) -> anyhow::Result<()> {
    print(&plain::lines(text))
}

/// Runs one asynchronous command.
fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(STACK)
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
