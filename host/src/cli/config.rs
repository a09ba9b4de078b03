//! `vestibule config check`.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Place, print};

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Read everything and say what is wrong: file, line, key and the mend.
    ///
    /// Reads the configuration as `serve` does, with the environment over it and all secrets,
    /// and reports every mistake at once. Answers 0 when `serve` would take it, else 1.
    #[command(after_help = "\
Examples:
  vestibule config check
  vestibule --config /etc/vestibule config check
  VESTIBULE_SERVER__LISTEN=0.0.0.0:80 vestibule config check")]
    Check,
}

impl Config {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let Self::Check = self;
        match place.sources().load() {
            Ok(settings) => {
                let count = settings.businesses.len();
                let noun = if count == 1 { "business" } else { "businesses" };
                print(&format!("{} is good: {count} {noun}", place.dir.display()))?;
                for business in settings.businesses.values() {
                    print(&format!("  {}  {}", business.id, business.name))?;
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(problems) => {
                print(&problems.to_string())?;
                Ok(ExitCode::FAILURE)
            }
        }
    }
}
