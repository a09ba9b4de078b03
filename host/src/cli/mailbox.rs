//! `vestibule mailbox`: the mails that were kept instead of sent.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::config::MailTransport;
use crate::mail::mailbox::Mailbox;

use super::{Place, print};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  vestibule mailbox\n  vestibule mailbox ID")]
pub(super) struct Show {
    /// The mail to read; without it, the newest are listed.
    id: Option<String>,
}

impl Show {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let MailTransport::Mailbox(folder) = place.load()?.mail.transport else {
            bail!("mails are sent by [mail.smtp]; none are kept");
        };
        let mailbox = Mailbox::new(folder);
        match self.id {
            Some(id) => {
                let mail = mailbox.mail(&id).with_context(|| format!("no mail {id}"))?;
                print(&format!(
                    "To: {}\nSubject: {}\n\n{}",
                    mail.to, mail.subject, mail.text
                ))?;
            }
            None => {
                for mail in mailbox.newest()? {
                    print(&format!(
                        "{}  {}  {}  {}",
                        mail.id, mail.at, mail.to, mail.subject
                    ))?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
