//! Where mails go: an SMTP server, or a folder of files that stands in for one in the demo.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Message;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

use super::Error;

/// How long one conversation with the mail server may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes finished messages.
pub enum Transport {
    /// An SMTP server.
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    /// A file per message below this folder.
    Mailbox(PathBuf),
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protection {
    /// TLS from the first byte, usually port 465.
    Tls,
    /// STARTTLS, refused if the server does not offer it; usually port 587.
    StartTls,
    /// None. Only for a server on the same machine.
    None,
}

/// How to reach an SMTP server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection of the connection.
    pub protection: Protection,
    /// User and password, if the server wants them.
    pub credentials: Option<(String, SecretString)>,
}

impl Transport {
    /// A pooled connection to an SMTP server; connects when there is something to send.
    pub fn smtp(settings: &Smtp) -> Result<Self, Error> {
        let host = settings.host.as_str();
        let builder = match settings.protection {
            Protection::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(host),
            Protection::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host),
            Protection::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(
                host,
            )),
        };
        let mut builder = builder
            .map_err(|error| Error::Transport(Box::new(error)))?
            .port(settings.port)
            .timeout(Some(PATIENCE));
        if let Some((user, password)) = &settings.credentials {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self::Smtp(Box::new(builder.build())))
    }

    /// Hands `message` over. `Ok` means that somebody else is responsible for it now.
    pub(super) async fn send(&self, message: &Message) -> Result<(), Error> {
        match self {
            Self::Smtp(server) => match server.send(message.clone()).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_permanent() => Err(Error::Refused(Box::new(error))),
                Err(error) => Err(Error::Transport(Box::new(error))),
            },
            Self::Mailbox(folder) => put(folder, message)
                .await
                .map_err(|error| Error::Transport(Box::new(error))),
        }
    }
}

/// Writes a message under a name made of its Message-ID, so that the same mail sent twice is
/// one file. Written aside and renamed: a reader never sees half of one.
async fn put(folder: &std::path::Path, message: &Message) -> std::io::Result<()> {
    let id = message.headers().get_raw("Message-ID").unwrap_or_default();
    let name: String = id
        .chars()
        .take_while(|c| *c != '@')
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    tokio::fs::create_dir_all(folder).await?;
    let target = folder.join(format!("{name}.eml"));
    let aside = folder.join(format!(".{name}.part"));
    tokio::fs::write(&aside, message.formatted()).await?;
    tokio::fs::rename(&aside, &target).await
}
