//! `[mail]`: who mails come from and how they leave.

use std::path::PathBuf;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;

use crate::domain::email::Email;

use super::duration;
use super::problem::Problem;
use super::secret::{SecretPlace, Vault};
use super::source::Source;

/// Who mails come from and how they leave.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The address that every mail comes from; the business's name is put before it.
    pub from: Email,
    /// How mails leave.
    pub transport: MailTransport,
    /// How long the mails of test mode are kept and shown to staff.
    pub keep_test_mails: SignedDuration,
    /// How long a mail that cannot be handed over is tried again, before it is given up.
    pub keep_trying: SignedDuration,
    /// How long after the server has refused one for good it is offered again.
    pub refused_again_after: SignedDuration,
}

/// How mails leave the host.
#[derive(Debug, Clone)]
pub enum MailTransport {
    /// Kept in a folder and shown on a page: for demo and development, since anyone who reads
    /// the folder can sign in as anyone.
    Mailbox(PathBuf),
    /// Handed to a mail server.
    Smtp(Smtp),
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// Its host name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// User and password, where it asks for them.
    pub login: Option<(String, SecretString)>,
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// STARTTLS, demanded (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Tls,
    /// None: for a mail server on this machine.
    None,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MailFile {
    from: String,
    mailbox: PathBuf,
    #[serde(deserialize_with = "duration::one")]
    keep_test_mails: SignedDuration,
    #[serde(deserialize_with = "duration::one")]
    keep_trying: SignedDuration,
    #[serde(deserialize_with = "duration::one")]
    refused_again_after: SignedDuration,
    smtp: Option<SmtpFile>,
}

impl Default for MailFile {
    fn default() -> Self {
        Self {
            from: "no-reply@localhost".into(),
            mailbox: PathBuf::from("data/mailbox"),
            keep_test_mails: SignedDuration::from_hours(7 * 24),
            keep_trying: SignedDuration::from_hours(8 * 24),
            refused_again_after: SignedDuration::from_hours(24),
            smtp: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SmtpFile {
    host: String,
    #[serde(default = "submission_port")]
    port: u16,
    #[serde(default)]
    tls: SmtpTls,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    secret_env: Option<String>,
    #[serde(default)]
    secret_file: Option<PathBuf>,
}

const fn submission_port() -> u16 {
    587
}

impl MailFile {
    pub(super) fn settle(self, source: &Source, vault: Vault<'_>) -> Result<Mail, Problem> {
        let from = self.from.parse().map_err(|_| {
            source.problem(
                "mail.from",
                "is not a mail address",
                "Write the bare address, such as \"no-reply@example.com\"; the business's name is put before it.",
            )
        })?;
        let transport = match self.smtp {
            None => MailTransport::Mailbox(vault.root.join(&self.mailbox)),
            Some(smtp) => MailTransport::Smtp(smtp.settle(source, vault)?),
        };
        Ok(Mail {
            from,
            transport,
            keep_test_mails: self.keep_test_mails,
            keep_trying: self.keep_trying,
            refused_again_after: self.refused_again_after,
        })
    }
}

impl SmtpFile {
    fn settle(self, source: &Source, vault: Vault<'_>) -> Result<Smtp, Problem> {
        let place = SecretPlace {
            secret_env: self.secret_env,
            secret_file: self.secret_file,
        };
        let secret = vault.open(&place, source, "mail.smtp")?;
        let login = match (self.user, secret) {
            (Some(user), Some(secret)) => Some((user, secret)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(source.problem(
                    "mail.smtp.user",
                    "has no password",
                    "Add secret_env or secret_file beside it.",
                ));
            }
            (None, Some(_)) => {
                return Err(source.problem(
                    "mail.smtp",
                    "has a password but no user",
                    "Add the key user.",
                ));
            }
        };
        if login.is_some() && self.tls == SmtpTls::None && !is_local(&self.host) {
            return Err(source.problem(
                "mail.smtp.tls",
                "would send the password in clear text",
                "Use \"starttls\" or \"tls\".",
            ));
        }
        Ok(Smtp {
            host: self.host,
            port: self.port,
            tls: self.tls,
            login,
        })
    }
}

fn is_local(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
