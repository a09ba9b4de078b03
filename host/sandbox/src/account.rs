//! The accounts of the processor: who may call, where webhooks go, which faults are set.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use standardwebhooks::Webhook;
use tokio::sync::Notify;
use url::Url;

use crate::faults::Faults;
use crate::options::{AccountOptions, OptionsError};

/// One account. Everything it made is found by its name, and by no other account.
pub(crate) struct Account {
    pub(crate) name: String,
    key_hash: [u8; 32],
    pub(crate) receiver: Option<Receiver>,
    faults: Mutex<Faults>,
    /// Wakes the task that delivers webhooks.
    pub(crate) wake: Notify,
}

/// Where an account's webhooks go.
pub(crate) struct Receiver {
    pub(crate) url: Url,
    pub(crate) signer: Webhook,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Account {
    fn new(options: &AccountOptions, debit_delay: Duration) -> Result<Self, OptionsError> {
        let receiver = match (&options.webhook_url, &options.webhook_secret) {
            (None, _) => None,
            (Some(_), None) => return Err(OptionsError::WebhookSecret(options.name.clone())),
            (Some(url), Some(secret)) => Some(Receiver {
                url: url.clone(),
                signer: Webhook::new(secret.expose_secret())
                    .map_err(|_| OptionsError::WebhookSecret(options.name.clone()))?,
            }),
        };
        Ok(Self {
            name: options.name.clone(),
            key_hash: hash(options.api_key.expose_secret()),
            receiver,
            faults: Mutex::new(Faults::none(debit_delay)),
            wake: Notify::new(),
        })
    }

    /// The faults that are set. Never held across an await.
    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every account.
#[derive(Debug, Clone)]
pub(crate) struct Accounts(Arc<[Arc<Account>]>);

impl Accounts {
    pub(crate) fn new(
        options: &[AccountOptions],
        debit_delay: Duration,
    ) -> Result<Self, OptionsError> {
        let mut accounts: Vec<Arc<Account>> = Vec::new();
        for wanted in options {
            let account = Account::new(wanted, debit_delay)?;
            let taken = accounts
                .iter()
                .any(|a| a.name == account.name || a.key_hash == account.key_hash);
            if taken || wanted.name.is_empty() || wanted.api_key.expose_secret().is_empty() {
                return Err(OptionsError::NotDistinct(account.name));
            }
            accounts.push(Arc::new(account));
        }
        Ok(Self(accounts.into()))
    }

    /// The account of a secret key. Hashes are compared, so that the time taken says nothing
    /// about the key.
    pub(crate) fn by_key(&self, key: &str) -> Option<Arc<Account>> {
        let wanted = hash(key);
        self.0
            .iter()
            .find(|account| account.key_hash == wanted)
            .cloned()
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<Arc<Account>> {
        self.0.iter().find(|account| account.name == name).cloned()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.0.iter()
    }
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}
