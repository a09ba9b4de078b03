//! The command `vestibule`: parses the command line, runs it, prints what went wrong.

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;
use vestibule::cli::Cli;
use vestibule::plain;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            // It may quote a file that nobody trusts yet.
            eprintln!("vestibule: {}", plain::lines(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}
