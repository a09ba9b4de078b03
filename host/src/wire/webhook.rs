//! What is delivered to a merchant's endpoint: the envelope and its data, in the bytes that
//! are signed.

use jiff::Timestamp;
use serde::Serialize;

use super::Metadata;
use super::dispute::Dispute;
use super::dunning::DunningAttempt;
use super::license::LicenseKey;
use super::payment::Payment;
use super::refund::Refund;
use super::subscription::Subscription;
use crate::domain::id::BusinessId;

/// The body of a delivery.
#[derive(Debug, Serialize)]
pub struct Envelope {
    business_id: BusinessId,
    #[serde(rename = "type")]
    kind: String,
    timestamp: Timestamp,
    data: Data,
}

/// The object that an event is about, as it is at delivery.
#[derive(Debug, Serialize)]
#[serde(tag = "payload_type")]
pub enum Data {
    /// Of `payment.*`.
    Payment(Box<Payment>),
    /// Of `subscription.*`.
    Subscription(Box<WithGrace>),
    /// Of `refund.*`.
    Refund(Box<Refund>),
    /// Of `dispute.*`.
    Dispute(Box<Dispute>),
    /// Of `license_key.*`.
    LicenseKey(Box<LicenseKey>),
    /// Of `dunning.*`.
    DunningAttempt(Box<DunningAttempt>),
}

/// A subscription with the key that only webhooks carry.
#[derive(Debug, Serialize)]
pub struct WithGrace {
    /// The subscription.
    #[serde(flatten)]
    pub subscription: Subscription,
    /// When the grace of a subscription that is past due ends.
    pub past_due_ends_at: Option<Timestamp>,
}

impl Envelope {
    /// The event `kind` (Dodo's word, such as `payment.succeeded`) of `business`.
    pub fn new(business: BusinessId, kind: String, timestamp: Timestamp, data: Data) -> Self {
        Self {
            business_id: business,
            kind,
            timestamp,
            data: data.canonical(),
        }
    }

    /// The bytes to sign and send: exactly what `JSON.stringify` writes after reading them,
    /// because receivers exist that verify their own serialisation.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("wire values have string keys and finite numbers")
    }
}

impl Data {
    /// Metadata in the order that JavaScript writes; all other keys are fixed.
    fn canonical(mut self) -> Self {
        for metadata in self.metadata() {
            *metadata = std::mem::take(metadata).canonical();
        }
        self
    }

    /// Every object of the merchant's own keys in the payload.
    fn metadata(&mut self) -> Vec<&mut Metadata> {
        match self {
            Self::Payment(payment) => vec![&mut payment.metadata, &mut payment.customer.metadata],
            Self::Subscription(with_grace) => {
                let subscription = &mut with_grace.subscription;
                let mut all = vec![
                    &mut subscription.metadata,
                    &mut subscription.customer.metadata,
                ];
                let discounts = subscription.discounts.iter_mut().flatten();
                all.extend(discounts.map(|discount| &mut discount.metadata));
                all
            }
            Self::Refund(refund) => vec![&mut refund.metadata, &mut refund.customer.metadata],
            Self::Dispute(dispute) => vec![&mut dispute.customer.metadata],
            Self::LicenseKey(_) | Self::DunningAttempt(_) => Vec::new(),
        }
    }
}
