//! `vestibule theme check` and `vestibule theme dev`.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use tokio::net::TcpListener;

use crate::themes::Registered;
use crate::themes::check::check;
use crate::themes::gallery::Gallery;
use crate::web;

use super::{block_on, print, shutdown_asked};

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
    /// Show a theme with sample data while it is being worked on.
    ///
    /// Serves every page and mail with each of its samples, in each language, on this machine
    /// only. A page reloads by itself when a file of the theme changes, and says what is wrong
    /// when it does not render.
    #[command(after_help = "Example:\n  vestibule theme dev themes/harbour")]
    Dev {
        /// The theme's folder. What it extends is looked up in the folder of themes.
        dir: PathBuf,
        /// Folder of the themes that it extends [default: where DIR is]
        #[arg(long, value_name = "DIR")]
        themes: Option<PathBuf>,
        /// Port on 127.0.0.1.
        #[arg(long, default_value_t = 8090)]
        port: u16,
    },
}

impl Theme {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Check { dir, themes } => run_check(&dir, themes),
            Self::Dev { dir, themes, port } => dev(&dir, themes, port),
        }
    }
}

/// The theme's folder, and the folder of those that it extends.
fn place(dir: &Path, themes: Option<PathBuf>) -> anyhow::Result<(PathBuf, PathBuf)> {
    let dir = dir
        .canonicalize()
        .with_context(|| format!("no folder {}", dir.display()))?;
    let root = themes
        .or_else(|| dir.parent().map(PathBuf::from))
        .unwrap_or_default();
    Ok((dir, root))
}

fn dev(dir: &Path, themes: Option<PathBuf>, port: u16) -> anyhow::Result<ExitCode> {
    let (dir, root) = place(dir, themes)?;
    let router = web::gallery(Gallery::new(&root, &dir, registered()));
    block_on(async {
        let address = (Ipv4Addr::LOCALHOST, port);
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("port {port} is taken; choose another with --port"))?;
        let address = listener.local_addr()?;
        print(&format!("{} is at http://{address}/", dir.display()))?;
        axum::serve(listener, router)
            .with_graceful_shutdown(shutdown_asked()?)
            .await?;
        Ok(ExitCode::SUCCESS)
    })
}

fn run_check(dir: &Path, themes: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let (dir, root) = place(dir, themes)?;
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

/// All that themes render.
fn registered() -> Vec<Registered> {
    [
        crate::themes::registered(),
        crate::mail::registered(),
        crate::web::registered(),
    ]
    .concat()
}
