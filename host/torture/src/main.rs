//! `vestibule-torture`, which `cargo xtask torture` builds and starts.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use vestibule_torture::{Options, run};

#[tokio::main]
async fn main() -> ExitCode {
    let mut out = std::io::stdout();
    // Whoever closed our standard output does not want the report.
    match run(Options::parse()).await {
        Ok(report) => {
            let _ = writeln!(out, "{report}");
            if report.is_clean() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            let _ = writeln!(out, "torture: {error:#}");
            ExitCode::from(2)
        }
    }
}
