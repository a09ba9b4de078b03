//! The value of a request's header, with the secrets that the guest holds handles of. Each is put in
//! only for origins that it is for.

use reqwest::header::HeaderValue as Header;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;

use super::{CallState, Secret, crypto};
use crate::plugins::bindings::vestibule::host::http::{Credential, HeaderValue, NotSent};
use crate::plugins::grants::Origin;

impl CallState {
    /// The value with its secrets put in, marked so that it is never shown; none where HTTP does
    /// not allow it. The outer error is a handle that is none, and traps; the inner one is a secret
    /// that is not for `origin`.
    pub(super) fn header_value(
        &self,
        value: HeaderValue,
        origin: &Origin,
    ) -> wasmtime::Result<Result<Option<Header>, NotSent>> {
        let secrets: Vec<_> = match &value {
            HeaderValue::Text(_) => Vec::new(),
            HeaderValue::Secret(value) => vec![&value.secret],
            HeaderValue::Basic(basic) => [&basic.user, &basic.password]
                .into_iter()
                .filter_map(|credential| match credential {
                    Credential::Text(_) => None,
                    Credential::Secret(handle) => Some(handle),
                })
                .collect(),
        };
        for handle in secrets {
            if let Err(error) = self.may_be_sent(self.secret(handle)?, origin) {
                return Ok(Err(error));
            }
        }
        let credential = |credential: Credential| match credential {
            Credential::Text(text) => Ok(Zeroizing::new(text)),
            Credential::Secret(handle) => self
                .secret(&handle)
                .map(|secret| Zeroizing::new(secret.value.expose_secret().to_owned())),
        };
        let (text, secret) = match value {
            HeaderValue::Text(text) => (Zeroizing::new(text), false),
            HeaderValue::Secret(value) => {
                let secret = self.secret(&value.secret)?;
                let text = [&value.prefix, secret.value.expose_secret()].concat();
                (Zeroizing::new(text), true)
            }
            HeaderValue::Basic(basic) => {
                let (user, password) = (credential(basic.user)?, credential(basic.password)?);
                (crypto::basic(&user, &password), true)
            }
        };
        let header = Header::from_str(&text).ok().map(|mut header| {
            header.set_sensitive(secret);
            header
        });
        Ok(Ok(header))
    }

    /// Whether a secret is for this origin: one that is for another processor stays here.
    fn may_be_sent(&self, secret: &Secret, origin: &Origin) -> Result<(), NotSent> {
        let destinations = self.binding.permissions.secrets.get(&secret.name);
        if destinations.is_some_and(|origins| origins.contains(origin)) {
            return Ok(());
        }
        let name = &secret.name;
        Err(NotSent::Denied(format!(
            "the secret `{name}` is not for {origin}; secrets_for of plugin.toml says where it may go"
        )))
    }
}
