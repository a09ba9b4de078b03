//! `crypto`: hashes and signatures, with keys that the guest need not see. A signature tells nothing
//! of its key, so it may go wherever the guest may go.

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::CallState;
use crate::plugins::bindings::vestibule::host::crypto::{HmacKey, Host, KeyEncoding};

impl CallState {
    fn key(&self, key: HmacKey) -> wasmtime::Result<Zeroizing<Vec<u8>>> {
        let (secret, encoding) = match key {
            HmacKey::Bytes(bytes) => return Ok(Zeroizing::new(bytes)),
            HmacKey::Secret(key) => (self.secret(&key.secret)?, key.encoding),
        };
        let text = secret.value.expose_secret();
        let sample = || self.binding.samples.then(|| b"sample".to_vec());
        decode(text, encoding)
            .or_else(sample)
            .map(Zeroizing::new)
            .ok_or_else(|| wasmtime::format_err!("the secret `{}` is no such key", secret.name))
    }
}

/// What signs `data` with a secret; none where the secret is no key of this encoding.
pub(in crate::plugins) fn signature(
    secret: &str,
    encoding: KeyEncoding,
    long: bool,
    data: &[u8],
) -> Option<Vec<u8>> {
    let key = decode(secret, encoding)?;
    if long {
        let mut mac = Hmac::<Sha512>::new_from_slice(&key).ok()?;
        mac.update(data);
        return Some(mac.finalize().into_bytes().to_vec());
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(data);
    Some(mac.finalize().into_bytes().to_vec())
}

fn decode(text: &str, encoding: KeyEncoding) -> Option<Vec<u8>> {
    let base64 = |text: &str| {
        BASE64_NOPAD
            .decode(text.trim_end_matches('=').as_bytes())
            .ok()
    };
    match encoding {
        KeyEncoding::Text => Some(text.as_bytes().to_vec()),
        KeyEncoding::Base64 => base64(text),
        KeyEncoding::Hex => HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok(),
        KeyEncoding::StandardWebhooks => base64(text.strip_prefix("whsec_")?),
    }
}

/// The user and password of basic credentials, as they stand in the header.
pub(super) fn basic(user: &str, password: &str) -> Zeroizing<String> {
    let pair = Zeroizing::new(format!("{user}:{password}"));
    Zeroizing::new(format!("Basic {}", BASE64.encode(pair.as_bytes())))
}

impl Host for CallState {
    fn sha256(&mut self, data: Vec<u8>) -> wasmtime::Result<Vec<u8>> {
        Ok(Sha256::digest(data).to_vec())
    }

    fn hmac_sha256(&mut self, key: HmacKey, data: Vec<u8>) -> wasmtime::Result<Vec<u8>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key(key)?)?;
        mac.update(&data);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    fn hmac_sha512(&mut self, key: HmacKey, data: Vec<u8>) -> wasmtime::Result<Vec<u8>> {
        let mut mac = Hmac::<Sha512>::new_from_slice(&self.key(key)?)?;
        mac.update(&data);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    fn equal(&mut self, a: Vec<u8>, b: Vec<u8>) -> wasmtime::Result<bool> {
        Ok(a.ct_eq(&b).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_their_encoding_or_not_at_all() {
        let read = |text, encoding| decode(text, encoding);
        assert_eq!(read("ab", KeyEncoding::Text), Some(b"ab".to_vec()));
        assert_eq!(read("YWI=", KeyEncoding::Base64), Some(b"ab".to_vec()));
        assert_eq!(read("YWI", KeyEncoding::Base64), Some(b"ab".to_vec()));
        assert_eq!(read("6162", KeyEncoding::Hex), Some(b"ab".to_vec()));
        assert_eq!(
            read("whsec_YWI=", KeyEncoding::StandardWebhooks),
            Some(b"ab".to_vec())
        );
        assert_eq!(read("YWI=", KeyEncoding::StandardWebhooks), None);
        assert_eq!(read("zz", KeyEncoding::Hex), None);
        assert_eq!(read("***", KeyEncoding::Base64), None);
    }

    #[test]
    fn basic_credentials_are_as_in_the_standard() {
        assert_eq!(
            *basic("Aladdin", "open sesame"),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
    }
}
