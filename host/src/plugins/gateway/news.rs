//! What a gateway's webhook says, after its signature was checked by the plugin.

use jiff::Timestamp;

use super::answer::{Payment, Refund, Setup};
use crate::domain::money::Money;

/// A genuine delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The news in it; may be none.
    pub events: Vec<Event>,
    /// Status code of the answer that the gateway expects, 200 to 299.
    pub ack_status: u16,
    /// Body of that answer.
    pub ack_body: String,
}

/// One piece of news. Deduplicate by `id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The gateway's id of the event.
    pub id: String,
    /// When it happened, at the gateway.
    pub occurred_at: Timestamp,
    /// What it is about.
    pub news: News,
}

/// What an event is about. A missing state is asked for with `lookup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A charge.
    Payment(About, Option<Payment>),
    /// A set-up.
    Setup(About, Option<Setup>),
    /// A refund.
    Refund(About, Option<Refund>),
    /// Money taken back.
    Reversal(Reversal),
    /// The method with this reference is no longer usable.
    MethodGone(String),
    /// Of no interest; its type, for the log.
    Other(String),
}

/// Which object of the host an event is about; none of the two where it can be none of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The host's key.
    pub key: Option<String>,
    /// The gateway's reference.
    pub reference: Option<String>,
}

/// Money taken back, or about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// The payment.
    pub about: About,
    /// The gateway's reference of the reversal.
    pub reference: String,
    /// How far it has come.
    pub stage: ReversalStage,
    /// How much.
    pub amount: Money,
    /// The gateway's own reason code.
    pub reason: Option<String>,
}

/// How far a reversal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReversalStage {
    /// A dispute was opened.
    DisputeOpened,
    /// The merchant won.
    DisputeWon,
    /// The customer won: the money is gone.
    DisputeLost,
    /// The bank returned the debit: the money is gone.
    DebitReturned,
}

/// Why a delivery was not taken.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The signature is missing or wrong. Answer 401.
    #[error("the signature is missing or wrong")]
    BadSignature,
    /// The signature is right and too old. Answer 401.
    #[error("the delivery is too old")]
    Stale,
    /// Genuine and nonsense. Answer 400.
    #[error("the delivery makes no sense: {0}")]
    Malformed(String),
    /// The plugin could not do its work. Answer 503, so that the gateway sends it again.
    #[error(transparent)]
    Plugin(#[from] crate::plugins::Error),
}
