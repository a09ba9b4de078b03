//! The bank's notices: which transfer has news, and not what the news is.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::Deserialize;
use vestibule_plugin::gateway::webhooks::{
    About, Acknowledgement, Delivery, Event, News, ParseError, Parsed, PaymentNews,
};
use vestibule_plugin::host::crypto;
use vestibule_plugin::operator;

/// A day, in microseconds: for so long the bank repeats a notice.
const TOLERANCE: u64 = 24 * 60 * 60 * 1_000_000;

#[derive(Deserialize)]
struct Notice {
    #[serde(rename = "notice")]
    id: String,
    transfer: String,
    /// In seconds.
    at: i64,
}

/// Checks a notice and says which transfer it is about.
pub(crate) fn parse(delivery: &Delivery) -> Result<Parsed, ParseError> {
    let signature = delivery.header("x-bank-signature")?;
    let secret = operator::secret("webhook_secret")?;
    let key = crypto::HmacKey::Secret(crypto::SecretKey {
        secret: &secret,
        encoding: crypto::KeyEncoding::Text,
    });
    let expected = HEXLOWER.encode(&crypto::hmac_sha512(&key, &delivery.body));
    if !crypto::equal(signature.as_bytes(), expected.as_bytes()) {
        return Err(ParseError::BadSignature);
    }
    let malformed = || ParseError::Malformed("it is no notice".to_owned());
    let notice: Notice = serde_json::from_slice(&delivery.body).map_err(|_| malformed())?;
    let at = notice.at.saturating_mul(1_000_000);
    delivery.recent(at, TOLERANCE)?;
    let key = HEXLOWER_PERMISSIVE
        .decode(notice.transfer.as_bytes())
        .ok()
        .and_then(|key| String::from_utf8(key).ok())
        .ok_or_else(malformed)?;
    Ok(Parsed {
        events: vec![Event {
            id: notice.id,
            occurred_at: at,
            news: News::Payment(PaymentNews {
                about: About {
                    key: Some(key),
                    reference: Some(notice.transfer),
                },
                state: None,
            }),
        }],
        ack: Acknowledgement {
            status: 200,
            body: "OK".to_owned(),
        },
    })
}
