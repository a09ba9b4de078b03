//! The processor's webhooks: Standard Webhooks, checked before a word of them is believed.

use vestibule_plugin::gateway::webhooks::{
    About, Acknowledgement, Delivery, Event, News, ParseError, Parsed, PaymentNews, RefundNews,
    SetupNews,
};

use crate::convert;
use crate::wire;

/// Checks a delivery and says what it means.
pub(crate) fn parse(delivery: &Delivery) -> Result<Parsed, ParseError> {
    let id = delivery.standard_id("webhook_secret")?.to_owned();
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
