//! `vestibule theme check`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;

use crate::themes::Registered;
use crate::themes::check::check;

use super::print;

#[derive(Debug, Subcommand)]
pub(super) enum Theme {
    /// Render everything in a theme and say what is wrong.
    ///
    /// Renders each page and mail with each of its samples in each language, finds words that
    /// are missing or unused, templates that nothing shows, and colours without enough contrast
    /// (WCAG 2.2 AA). Answers 0 when nothing is wrong, else 1.
    #[command(after_help = "Example:\n  vestibule theme check themes/default")]
    Check {
        /// The theme's folder. What it extends is looked up in the folder of themes.
        dir: PathBuf,
        /// Folder of the themes that it extends [default: where DIR is]
        #[arg(long, value_name = "DIR")]
        themes: Option<PathBuf>,
    },
}

impl Theme {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Check { dir, themes } = self;
        let dir = dir
            .canonicalize()
            .with_context(|| format!("no folder {}", dir.display()))?;
        let root = themes
            .or_else(|| dir.parent().map(PathBuf::from))
            .unwrap_or_default();
        let report = check(&root, &dir, &registered())
            .with_context(|| format!("{} does not load", dir.display()))?;
        for problem in &report.problems {
            print(problem)?;
        }
        for remark in &report.remarks {
            print(&format!("untidy: {remark}"))?;
        }
        print(&match report.problems.len() {
            0 => format!("{} is good: {} renders", dir.display(), report.renders),
            count => format!("{count} to mend, in {} renders", report.renders),
        })?;
        Ok(if report.problems.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// All that themes render.
fn registered() -> Vec<Registered> {
    [
        crate::themes::registered(),
        crate::mail::registered(),
        crate::web::registered(),
    ]
    .concat()
}
