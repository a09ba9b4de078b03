//! What the operator of the processor sets. Nothing here reads the environment by itself:
//! that is the command line's part.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

/// Options of the sandbox payment processor.
///
/// One account is given by `--api-key` and `--webhook-url`; several stand in the file of
/// `--accounts`. An account's charges, keys, methods, ledger and faults are its own.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Address and port to listen on. Port 0 takes a free one, printed at start.
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)))]
    pub listen: SocketAddr,

    /// The processor's own SQLite file. It is made if it is missing.
    #[arg(long, default_value = "data/sandbox/processor.db")]
    pub database: PathBuf,

    /// URL under which browsers reach the hosted pages. Default: the address listened on.
    #[arg(long)]
    pub public_url: Option<Url>,

    /// Secret key of the account, which callers send as `Authorization: Bearer …`.
    #[arg(long, env = "VESTIBULE_SANDBOX_API_KEY", hide_env_values = true)]
    pub api_key: Option<SecretString>,

    /// File that holds the secret key of the account.
    #[arg(long, conflicts_with = "api_key")]
    pub api_key_file: Option<PathBuf>,

    /// Where the account's webhooks go.
    #[arg(long, requires = "webhook_secret")]
    pub webhook_url: Option<Url>,

    /// Secret that signs the account's webhooks: `whsec_` and base64.
    #[arg(long, env = "VESTIBULE_SANDBOX_WEBHOOK_SECRET", hide_env_values = true)]
    pub webhook_secret: Option<SecretString>,

    /// TOML file with several accounts: `[[account]]` with `name`, `api_key`, and optionally
    /// `webhook_url` and `webhook_secret`.
    #[arg(long)]
    pub accounts_file: Option<PathBuf>,

    /// Accounts given by a program that starts the processor inside itself.
    #[arg(skip)]
    pub accounts: Vec<AccountOptions>,

    /// How long an idempotency key is remembered, in seconds.
    #[arg(long, default_value_t = 24 * 60 * 60)]
    pub key_lifetime_seconds: u64,

    /// How late a lookup by key may be, in seconds, as stated to callers.
    #[arg(long, default_value_t = 60)]
    pub lookup_lag_seconds: u64,

    /// After how many seconds a bank debit settles or fails.
    #[arg(long, default_value_t = 120)]
    pub debit_delay_seconds: u64,
}

/// One account of the processor.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountOptions {
    /// Shown to customers on the hosted page, and the account's identity in the database.
    pub name: String,
    /// Secret key of the account.
    pub api_key: SecretString,
    /// Where its webhooks go; none are made without it.
    pub webhook_url: Option<Url>,
    /// Secret that signs them; needed where `webhook_url` is set.
    pub webhook_secret: Option<SecretString>,
}

/// The file of `--accounts-file`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountsFile {
    account: Vec<AccountOptions>,
}

/// Options that do not fit together, or a file of theirs that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// A named file could not be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The accounts file is not what it should be. The cause is not kept as a source, since
    /// its text quotes the file, and the file holds secrets.
    #[error("{path} is not a list of [[account]] tables with name and api_key")]
    Accounts {
        /// The file.
        path: PathBuf,
    },
    /// Nobody could call the processor.
    #[error("no account: give --api-key, --api-key-file or --accounts-file")]
    NoAccount,
    /// An empty or repeated name or key.
    #[error("account {0:?}: name and api_key must be set, and differ from those of the others")]
    NotDistinct(String),
    /// A webhook address without a usable secret.
    #[error("account {0:?}: webhook_secret must be whsec_ followed by base64")]
    WebhookSecret(String),
}

impl Options {
    /// Options for a processor inside the calling program: a free port on loopback and one
    /// account.
    pub fn local(database: PathBuf, account: AccountOptions) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            database,
            public_url: None,
            api_key: None,
            api_key_file: None,
            webhook_url: None,
            webhook_secret: None,
            accounts_file: None,
            accounts: vec![account],
            key_lifetime_seconds: 24 * 60 * 60,
            lookup_lag_seconds: 60,
            debit_delay_seconds: 120,
        }
    }

    /// Every account that the options and their files name.
    pub(crate) fn all_accounts(&self) -> Result<Vec<AccountOptions>, OptionsError> {
        let mut accounts = self.accounts.clone();
        let api_key = match (&self.api_key, &self.api_key_file) {
            (Some(key), _) => Some(key.clone()),
            (None, Some(path)) => Some(SecretString::from(read(path)?.trim())),
            (None, None) => None,
        };
        if let Some(api_key) = api_key {
            accounts.push(AccountOptions {
                name: "Sandbox".to_owned(),
                api_key,
                webhook_url: self.webhook_url.clone(),
                webhook_secret: self.webhook_secret.clone(),
            });
        }
        if let Some(path) = &self.accounts_file {
            let file: AccountsFile = toml::from_str(&read(path)?)
                .map_err(|_| OptionsError::Accounts { path: path.clone() })?;
            accounts.extend(file.account);
        }
        if accounts.is_empty() {
            return Err(OptionsError::NoAccount);
        }
        Ok(accounts)
    }

    pub(crate) fn key_lifetime(&self) -> Duration {
        Duration::from_secs(self.key_lifetime_seconds)
    }

    pub(crate) fn debit_delay(&self) -> Duration {
        Duration::from_secs(self.debit_delay_seconds)
    }
}

fn read(path: &PathBuf) -> Result<String, OptionsError> {
    std::fs::read_to_string(path).map_err(|source| OptionsError::Unreadable {
        path: path.clone(),
        source,
    })
}
