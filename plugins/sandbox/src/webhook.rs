//! The processor's webhooks: Standard Webhooks, checked before a word of them is believed.

use data_encoding::BASE64;

use crate::api;
use crate::bindings::exports::vestibule::gateway::webhooks::{
    About, Acknowledgement, Delivery, Event, News, ParseError, Parsed, PaymentNews, RefundNews,
    SetupNews,
};
use crate::bindings::vestibule::host::{crypto, secrets};
use crate::convert;
use crate::wire;

/// How old or how early a delivery may be, in microseconds.
const TOLERANCE: u64 = 5 * 60 * 1_000_000;

/// Checks a delivery and says what it means.
pub(crate) fn parse(delivery: &Delivery) -> Result<Parsed, ParseError> {
    let id = verified_id(delivery)?;
    let event: wire::Event = serde_json::from_slice(&delivery.body)
        .map_err(|_| ParseError::Malformed("the body is not an event".to_owned()))?;
    let malformed = |_| ParseError::Malformed(format!("{} without its object", event.kind));
    let news = match event.kind.split_once('.').map(|(noun, _)| noun) {
        Some("charge") => {
            let charge: wire::Intent = serde_json::from_value(event.data).map_err(malformed)?;
            News::Payment(PaymentNews {
                about: about(&charge.key, &charge.id),
                // A state that cannot be told makes the host ask, which is never wrong.
                state: convert::payment(charge).ok(),
            })
        }
        Some("setup") => {
            let made: wire::Intent = serde_json::from_value(event.data).map_err(malformed)?;
            News::Setup(SetupNews {
                about: about(&made.key, &made.id),
                state: convert::setup_state(made).ok(),
            })
        }
        Some("refund") => {
            let refund: wire::Refund = serde_json::from_value(event.data).map_err(malformed)?;
            News::Refund(RefundNews {
                about: about(&refund.key, &refund.id),
                state: Some(convert::refund_state(refund)),
            })
        }
        Some("dispute" | "debit") => {
            let dispute: wire::Dispute = serde_json::from_value(event.data).map_err(malformed)?;
            News::Reversal(convert::reversal(dispute))
        }
        Some("method") if event.kind == "method.gone" => {
            let method: wire::Method = serde_json::from_value(event.data).map_err(malformed)?;
            News::MethodGone(method.id)
        }
        _ => News::Other(event.kind.clone()),
    };
    Ok(Parsed {
        events: vec![Event {
            id,
            occurred_at: event.created_at,
            news,
        }],
        ack: Acknowledgement {
            status: 204,
            body: String::new(),
        },
    })
}

fn about(key: &str, reference: &str) -> About {
    About {
        key: Some(key.to_owned()),
        reference: Some(reference.to_owned()),
    }
}

/// The event's id, once the signature is found to be right and recent.
fn verified_id(delivery: &Delivery) -> Result<String, ParseError> {
    let header = |name: &str| {
        let found = delivery.headers.iter().find(|header| header.name == name);
        found
            .map(|header| header.value.as_str())
            .ok_or(ParseError::BadSignature)
    };
    let id = header("webhook-id")?;
    let sent_at = header("webhook-timestamp")?;
    let signatures = header("webhook-signature")?;
    let seconds: i64 = sent_at.parse().map_err(|_| ParseError::BadSignature)?;

    let secret = secrets::get("webhook_secret")
        .map_err(|error| ParseError::Misconfigured(api::missing_secret("webhook_secret", error)))?;
    let mut signed = format!("{id}.{sent_at}.").into_bytes();
    signed.extend_from_slice(&delivery.body);
    let key = crypto::HmacKey::Secret(crypto::SecretKey {
        secret: &secret,
        encoding: crypto::KeyEncoding::StandardWebhooks,
    });
    let expected = BASE64.encode(&crypto::hmac_sha256(&key, &signed));
    let genuine = signatures
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .any(|signature| crypto::equal(signature.as_bytes(), expected.as_bytes()));
    if !genuine {
        return Err(ParseError::BadSignature);
    }
    if delivery
        .received_at
        .abs_diff(seconds.saturating_mul(1_000_000))
        > TOLERANCE
    {
        return Err(ParseError::Stale);
    }
    Ok(id.to_owned())
}
