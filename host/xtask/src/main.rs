//! The repository's tasks: everything a fresh clone needs, in one command each.
//!
//! `cargo xtask demo` shows the product, `cargo xtask test` runs every check, `cargo xtask bench`
//! measures, `cargo xtask torture` kills hosts and audits the money. What they need and cannot
//! find they install, or they print the one command that does.

mod bench;
mod checks;
mod demo;
mod examples;
mod plugins;
mod run;
mod tools;
mod torture;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the Vestibule repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build everything and show it: a sample portal on 127.0.0.1:8080.
    Demo(demo::Demo),
    /// Run everything that must pass: formatting, lints, licences, tests, end-to-end tests.
    Test(checks::Test),
    /// Measure pages, plugins, documents, start-up and memory, each figure beside its aim.
    Bench(bench::Bench),
    /// Kill hosts and break their processor under load, then audit where the money went.
    Torture(torture::Torture),
    /// Build the first-party plugins into plugins/*.wasm, and the examples in JavaScript and Python.
    Plugins,
}

fn main() -> ExitCode {
    let result = run::enter_repository().and_then(|()| match Cli::parse().task {
        Task::Demo(demo) => demo.run(),
        Task::Test(test) => test.run(),
        Task::Bench(bench) => bench.run(),
        Task::Torture(torture) => torture.run(),
        Task::Plugins => {
            let host = tools::host()?;
            plugins::build(&host).and_then(|()| examples::build(&host))
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
