//! Stripe's webhooks: the signature first, then what the event is about. How a charge or set-up
//! stands is not taken from an event, which may come late or out of order: the host asks.

use data_encoding::HEXLOWER;
use vestibule_plugin::gateway::webhooks::{
    About, Acknowledgement, Delivery, Event, News, ParseError, Parsed, PaymentNews, RefundNews,
    Reversal, ReversalStage, SetupNews,
};
use vestibule_plugin::host::crypto;
use vestibule_plugin::{TOLERANCE, operator};

use crate::find;
use crate::refund;
use crate::stand;
use crate::wire;

/// Checks a delivery and says what it means.
pub(crate) fn parse(delivery: &Delivery) -> Result<Parsed, ParseError> {
    check(delivery)?;
    let event: wire::Event = serde_json::from_slice(&delivery.body)
        .map_err(|_| ParseError::Malformed("the body is not an event".to_owned()))?;
    Ok(Parsed {
        events: vec![Event {
            occurred_at: stand::moment(event.created),
            news: news(&event.kind, event.data.object)?,
            id: event.id,
        }],
        ack: Acknowledgement {
            status: 200,
            body: String::new(),
        },
    })
}

fn news(kind: &str, object: serde_json::Value) -> Result<News, ParseError> {
    let malformed = |_| ParseError::Malformed(format!("{kind} without its object"));
    let Some((noun, _)) = kind.rsplit_once('.') else {
        return Ok(News::Other(kind.to_owned()));
    };
    match noun {
        "payment_intent" | "setup_intent" | "checkout.session" => {
            let is_set_up = noun == "setup_intent"
                || object.get("mode").and_then(|mode| mode.as_str()) == Some("setup");
            let marked: wire::Marked = serde_json::from_value(object).map_err(malformed)?;
            // Others may use the same account; what is theirs has no key of ours.
            Ok(match about_key(marked.metadata) {
                Some(about) if is_set_up => News::Setup(SetupNews { about, state: None }),
                Some(about) => News::Payment(PaymentNews { about, state: None }),
                None => News::Other(kind.to_owned()),
            })
        }
        "refund" | "charge.refund" => {
            let refund: wire::Refund = serde_json::from_value(object).map_err(malformed)?;
            let reference = refund.id.clone();
            Ok(match about_key(refund.metadata.clone()) {
                Some(about) => News::Refund(RefundNews {
                    about: About {
                        reference: Some(reference),
                        ..about
                    },
                    state: Some(refund::state(refund)),
                }),
                None => News::Other(kind.to_owned()),
            })
        }
        "charge.dispute" => {
            let dispute: wire::Dispute = serde_json::from_value(object).map_err(malformed)?;
            reversal(kind, dispute)
        }
        "payment_method" if kind == "payment_method.detached" => {
            let method: wire::Named = serde_json::from_value(object).map_err(malformed)?;
            Ok(News::MethodGone(method.id))
        }
        _ => Ok(News::Other(kind.to_owned())),
    }
}

fn about_key(mut metadata: wire::Metadata) -> Option<About> {
    let key = metadata.remove(wire::KEY)?;
    Some(About {
        key: Some(key),
        reference: None,
    })
}

/// Money taken back. A dispute does not name our key; its payment does.
fn reversal(kind: &str, dispute: wire::Dispute) -> Result<News, ParseError> {
    let Some(payment) = dispute.payment_intent else {
        return Ok(News::Other(kind.to_owned()));
    };
    // Without an answer the event must come again: what is not accepted is sent again.
    let intent = find::intent_by_id(&payment).map_err(|_| {
        ParseError::Misconfigured("Stripe does not say what was disputed".to_owned())
    })?;
    let Some(intent) = intent else {
        return Ok(News::Other(kind.to_owned()));
    };
    let method = intent.payment_method.and_then(wire::Expandable::whole);
    // Only some disputes say what was debited; the payment always does.
    let is_debit = method.is_some_and(|method| method.kind == "sepa_debit")
        || dispute
            .payment_method_details
            .is_some_and(|method| method.kind == "sepa_debit");
    // All that it has moved: what was withdrawn counts below zero.
    let lines = dispute.balance_transactions.iter();
    let moved = lines.fold(0_i64, |sum, line| sum.saturating_add(line.amount));
    let stage = match dispute.status.as_str() {
        // Older versions of the API say that a refund has ended it: nothing more is taken back.
        "won" | "warning_closed" | "charge_refunded" => ReversalStage::DisputeWon,
        // It never comes to a decision: the money went back to the customer at once, or stays.
        "prevented" if moved >= 0 => ReversalStage::DisputeWon,
        // A bank returns a debit without asking anybody.
        "lost" | "prevented" if is_debit => ReversalStage::DebitReturned,
        "lost" | "prevented" => ReversalStage::DisputeLost,
        // `needs_response`, `under_review`, both of them as a `warning_`, and what is still to be
        // invented.
        _ => ReversalStage::DisputeOpened,
    };
    let Some(about) = about_key(intent.metadata) else {
        return Ok(News::Other(kind.to_owned()));
    };
    Ok(News::Reversal(Reversal {
        about,
        reference: dispute.id,
        stage,
        amount: stand::money(dispute.amount, &dispute.currency),
        reason: dispute.reason,
    }))
}

/// Whether Stripe sent this, and lately: `Stripe-Signature: t=SECONDS,v1=HEX[,v1=HEX]`.
fn check(delivery: &Delivery) -> Result<(), ParseError> {
    let header = delivery.header("stripe-signature")?;
    let parts = || {
        let parts = header.split(',');
        parts.filter_map(|part| part.trim().split_once('='))
    };
    let (_, sent_at) = parts()
        .find(|(name, _)| *name == "t")
        .ok_or(ParseError::BadSignature)?;
    let seconds: i64 = sent_at.parse().map_err(|_| ParseError::BadSignature)?;

    let secret = operator::secret("webhook_secret")?;
    let mut signed = format!("{sent_at}.").into_bytes();
    signed.extend_from_slice(&delivery.body);
    let key = crypto::HmacKey::Secret(crypto::SecretKey {
        secret: &secret,
        encoding: crypto::KeyEncoding::Text,
    });
    let expected = HEXLOWER.encode(&crypto::hmac_sha256(&key, &signed));
    let genuine = parts()
        .filter(|(name, _)| *name == "v1")
        .any(|(_, signature)| crypto::equal(signature.as_bytes(), expected.as_bytes()));
    if !genuine {
        return Err(ParseError::BadSignature);
    }
    delivery.recent(stand::moment(seconds), TOLERANCE)
}
