//! The command `vestibule`: parses the command line, runs it, prints what went wrong.

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;
use vestibule::cli::Cli;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("vestibule: {error:#}");
            ExitCode::FAILURE
        }
    }
}
