//! Is a delivery genuine, and recent? Nothing of it is believed before.

use data_encoding::BASE64;

use crate::Timestamp;
use crate::gateway::webhooks::{Delivery, ParseError};
use crate::host::crypto::{self, HmacKey, KeyEncoding, SecretKey};
use crate::operator;

/// How old or how early a delivery may be, in microseconds.
pub const TOLERANCE: u64 = 5 * 60 * 1_000_000;

impl Delivery {
    /// A header that a genuine delivery has; the name in lower case.
    pub fn header(&self, name: &str) -> Result<&str, ParseError> {
        let found = self.headers.iter().find(|header| header.name == name);
        found
            .map(|header| header.value.as_str())
            .ok_or(ParseError::BadSignature)
    }

    /// Whether it came within `tolerance` microseconds of the moment at which it says it was sent.
    pub fn recent(&self, sent_at: Timestamp, tolerance: u64) -> Result<(), ParseError> {
        if self.received_at.abs_diff(sent_at) > tolerance {
            return Err(ParseError::Stale);
        }
        Ok(())
    }

    /// The id of a delivery that was signed as in Standard Webhooks, with the secret of this
    /// name, once the signature is found to be right and recent.
    pub fn standard_id(&self, secret: &str) -> Result<&str, ParseError> {
        let id = self.header("webhook-id")?;
        let sent_at = self.header("webhook-timestamp")?;
        let signatures = self.header("webhook-signature")?;
        let seconds: i64 = sent_at.parse().map_err(|_| ParseError::BadSignature)?;

        let mut signed = format!("{id}.{sent_at}.").into_bytes();
        signed.extend_from_slice(&self.body);
        let secret = operator::secret(secret)?;
        let key = HmacKey::Secret(SecretKey {
            secret: &secret,
            encoding: KeyEncoding::StandardWebhooks,
        });
        let expected = BASE64.encode(&crypto::hmac_sha256(&key, &signed));
        let genuine = signatures
            .split(' ')
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .any(|signature| crypto::equal(signature.as_bytes(), expected.as_bytes()));
        if !genuine {
            return Err(ParseError::BadSignature);
        }
        self.recent(seconds.saturating_mul(1_000_000), TOLERANCE)?;
        Ok(id)
    }
}
