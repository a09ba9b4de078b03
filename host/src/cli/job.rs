//! `vestibule job`: work that does not get on.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};

use crate::app;
use crate::domain::id::JobId;
use crate::flows::failing_jobs::{self, FailingJob, Which};

use super::{Place, block_on, print};

#[derive(Debug, Subcommand)]
pub(super) enum Job {
    /// List work that was given up, or that has failed for a while.
    ///
    /// Each with what it is about, since when it fails, why, and when it is tried next. Work on
    /// which money hangs is never given up; mails are after `mail.keep_trying`.
    #[command(after_help = "Examples:\n  vestibule job failing\n  vestibule job failing --json")]
    Failing {
        /// Print one JSON array, for scripts and alarms.
        #[arg(long)]
        json: bool,
    },
    /// Let failing work be tried again at once, given up or not.
    ///
    /// Mend the cause first. What is tried again stands in the audit.
    #[command(after_help = "\
Examples:
  vestibule job retry job_01k9z3v6e8q4w2r7t5y1p0s9d8
  vestibule job retry --kind mail")]
    Retry {
        #[command(flatten)]
        which: Chosen,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Chosen {
    /// The id of the job.
    job: Option<JobId>,
    /// All of this kind, such as `mail` or `renew`.
    #[arg(long)]
    kind: Option<String>,
}

impl Job {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let settings = place.load()?;
        match self {
            Self::Failing { json } => {
                let failing = block_on(async {
                    let cx = app::open(settings).await?;
                    Ok(failing_jobs::list(&cx).await?)
                })?;
                if json {
                    print(&serde_json::to_string_pretty(&failing)?)?;
                } else if failing.is_empty() {
                    print("all work gets on")?;
                }
                for job in failing.iter().filter(|_| !json) {
                    print(&line(job))?;
                }
            }
            Self::Retry { which } => {
                let which = match (which.job, which.kind) {
                    (Some(job), _) => Which::One(job),
                    (None, Some(kind)) => Which::Kind(kind),
                    (None, None) => bail!("say which: the id of a job, or --kind"),
                };
                let taken_up = block_on(async {
                    let cx = app::open(settings).await?;
                    Ok(failing_jobs::retry(&cx, &which).await?)
                })?;
                for job in &taken_up {
                    print(&format!("{job} is tried again"))?;
                }
                if taken_up.is_empty() {
                    print("nothing of that kind waits to be tried again")?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A job, as the lists of the command line show it.
pub(super) fn line(listed: &FailingJob) -> String {
    let FailingJob {
        job,
        business,
        mode,
        kind,
        subject,
        state,
        since,
        tries,
        reason,
        next_look,
    } = listed;
    let subject = subject.as_deref().unwrap_or("-");
    let next = match next_look {
        Some(at) => format!("next {at:.0}"),
        None => format!("`vestibule job retry {job}` takes it up again"),
    };
    format!(
        "{job}  {business}/{mode}  {kind} {subject}  {state} since {since:.0}  tried {tries} times: {reason}  {next}"
    )
}
