//! The figures of a host, each beside what it is measured against: `cargo xtask bench` runs this.
//!
//! One run measures everything on this machine, one thing after the other, and interleaves what
//! is compared, so that a machine that is busy with other things spoils both sides alike.

mod bare_page;
mod bare_plugin;
mod beside;
mod billing;
mod dressed;
mod host;
mod invoice;
mod load;
mod many;
mod page;
mod plugin;
mod process;
mod report;
mod seed;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::report::Report;

/// Measures pages, plugins, documents, start-up, memory and money.
#[derive(Debug, Parser)]
#[command(name = "figures")]
struct Cli {
    /// Also write the figures to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure only this; may be given several times.
    #[arg(long, value_name = "WHAT")]
    only: Vec<Part>,
    /// How many subscriptions the sweep of a large database has.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    subscriptions: usize,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Page,
    Dressed,
    Beside,
    Plugin,
    Many,
    Invoice,
    Start,
    Billing,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Serve the page without the engine, until killed: the other side of the comparison.
    #[command(hide = true)]
    Bare {
        /// The SQLite file.
        database: PathBuf,
        /// How many bytes the page shall have.
        size: usize,
    },
    /// Load compiled components with wasmtime alone, and print what memory they take.
    #[command(hide = true)]
    Hold {
        /// Where they are.
        folder: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match cli.task {
        Some(Task::Bare { database, size }) => return bare_page::serve(&database, size),
        Some(Task::Hold { folder }) => return many::hold(&folder),
        None => {}
    }
    // What the binary does for itself before anything else.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let wanted = |part| cli.only.is_empty() || cli.only.contains(&part);
    let mut report = Report::default();
    let host = host::Host::new()?;
    if wanted(Part::Invoice) {
        invoice::measure(&mut report)?;
    }
    if wanted(Part::Plugin) {
        plugin::measure(&mut report)?;
    }
    if wanted(Part::Many) {
        many::measure(&mut report)?;
    }
    if wanted(Part::Start) {
        process::measure(&host, &mut report)?;
    }
    if wanted(Part::Page) {
        page::measure(&host, &mut report)?;
    }
    if wanted(Part::Dressed) {
        dressed::measure(&mut report)?;
    }
    if wanted(Part::Beside) {
        beside::measure(&mut report)?;
    }
    if wanted(Part::Billing) {
        billing::measure(&mut report, cli.subscriptions)?;
    }
    report.print()?;
    match &cli.json {
        Some(path) => report.write(path),
        None => Ok(()),
    }
}
