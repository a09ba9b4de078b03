//! `vestibule mailbox`: the mails that were kept: those of test mode, and all of them where they
//! are put into a folder instead of being sent.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;

use crate::app;
use crate::config::{MailTransport, Settings};
use crate::domain::{Mode, Scope};
use crate::mail::mailbox::Mailbox;
use crate::store::Seek;

use super::{Place, block_on, print};

/// How many mails of a business are listed at most.
const SHOWN: u32 = 100;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  vestibule mailbox\n  vestibule mailbox ID")]
pub(super) struct Show {
    /// The mail to read; without it, the newest are listed.
    id: Option<String>,
}

/// A mail, wherever it was kept.
struct Mail {
    /// The part of its Message-ID before the `@`: the same in folder and database.
    id: String,
    to: String,
    subject: String,
    at: Timestamp,
    text: String,
}

impl Show {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let settings = place.load()?;
        let mut mails = in_folder(&settings)?;
        for mail in block_on(of_test_mode(settings))? {
            if mails.iter().all(|known| known.id != mail.id) {
                mails.push(mail);
            }
        }
        mails.sort_by_key(|mail| std::cmp::Reverse(mail.at));
        match self.id {
            Some(id) => {
                let mail = mails.iter().find(|mail| mail.id == id);
                let mail = mail.with_context(|| format!("no mail {id}"))?;
                print(&format!(
                    "To: {}\nSubject: {}\n\n{}",
                    mail.to, mail.subject, mail.text
                ))?;
            }
            None => {
                for Mail {
                    id,
                    to,
                    subject,
                    at,
                    ..
                } in mails
                {
                    print(&format!("{id}  {at}  {to}  {subject}"))?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn in_folder(settings: &Settings) -> anyhow::Result<Vec<Mail>> {
    let MailTransport::Mailbox(folder) = &settings.mail.transport else {
        return Ok(Vec::new());
    };
    let kept = Mailbox::new(folder.clone()).newest()?;
    let mails = kept.into_iter().map(|kept| Mail {
        id: kept.id,
        to: kept.to,
        subject: kept.subject,
        at: kept.at,
        text: kept.text,
    });
    Ok(mails.collect())
}

async fn of_test_mode(settings: Settings) -> anyhow::Result<Vec<Mail>> {
    let store = app::open_store(&settings.database).await?;
    store.migrate().await?;
    let mut mails = Vec::new();
    let mut tx = store.read().await?;
    for business in settings.businesses.keys() {
        let scope = Scope::new(business.clone(), Mode::Test);
        let page = tx.test_mails_page(&scope, &Seek::Newest, SHOWN).await?;
        mails.extend(page.rows.into_iter().map(|kept| Mail {
            id: kept.message_id,
            to: kept.to.as_str().to_owned(),
            subject: kept.subject,
            at: kept.at,
            text: kept.body,
        }));
    }
    drop(tx);
    store.close().await;
    Ok(mails)
}
