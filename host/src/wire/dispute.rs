//! Disputes on the wire. A debit that the bank returned is told as a dispute that is lost.

use jiff::Timestamp;
use serde::Serialize;

use super::Null;
use super::customer::CustomerDetails;
use crate::domain;
use crate::domain::dispute::DisputeState;
use crate::domain::id::{BusinessId, DisputeId, PaymentId};
use crate::domain::money::Currency;
use crate::domain::text_enum;

text_enum! {
    /// Dodo's `DisputeStatus`, as far as gateways tell it here.
    pub enum Status {
        /// The bank decides.
        Opened = "dispute_opened",
        /// The merchant keeps the money.
        Won = "dispute_won",
        /// The money is gone.
        Lost = "dispute_lost",
    }
}

impl Status {
    /// The state under which the store lists disputes of this status.
    pub const fn state(self) -> DisputeState {
        match self {
            Self::Opened => DisputeState::Opened,
            Self::Won => DisputeState::Won,
            Self::Lost => DisputeState::Lost,
        }
    }
}

impl From<DisputeState> for Status {
    fn from(state: DisputeState) -> Self {
        match state {
            DisputeState::Opened => Self::Opened,
            DisputeState::Won => Self::Won,
            DisputeState::Lost => Self::Lost,
        }
    }
}

/// The one stage that gateways tell here.
pub const STAGE: &str = "dispute";

/// A dispute in a list and on its payment (`DisputeListResponse`, `Dispute`).
#[derive(Clone, Debug, Serialize)]
pub struct DisputeItem {
    /// How much is contested, as decimal minor units in a text.
    pub amount: String,
    /// Who was paid.
    pub business_id: BusinessId,
    /// When we first heard of it.
    pub created_at: Timestamp,
    /// The currency of the amount.
    pub currency: Currency,
    /// Identity.
    pub dispute_id: DisputeId,
    /// How formal it is.
    pub dispute_stage: &'static str,
    /// Where it stands.
    pub dispute_status: Status,
    /// What is contested.
    pub payment_id: PaymentId,
    /// Not known on this host.
    pub is_resolved_by_rdr: Null,
    /// None on this host.
    pub remarks: Null,
}

impl DisputeItem {
    /// The list's form of a dispute.
    pub fn new(dispute: &domain::dispute::Dispute) -> Self {
        Self {
            amount: dispute.amount.minor.to_string(),
            business_id: dispute.scope.business.clone(),
            created_at: dispute.created_at,
            currency: dispute.amount.currency,
            dispute_id: dispute.id.clone(),
            dispute_stage: STAGE,
            dispute_status: Status::from(dispute.state),
            payment_id: dispute.payment.clone(),
            is_resolved_by_rdr: None,
            remarks: None,
        }
    }
}

/// A dispute (`GetDispute`), and the data of `dispute.*`.
#[derive(Debug, Serialize)]
pub struct Dispute {
    /// How much is contested, as decimal minor units in a text.
    pub amount: String,
    /// The business: each has one brand.
    pub brand_id: BusinessId,
    /// Who was paid.
    pub business_id: BusinessId,
    /// When we first heard of it.
    pub created_at: Timestamp,
    /// The currency of the amount.
    pub currency: Currency,
    /// Who contests.
    pub customer: CustomerDetails,
    /// Identity.
    pub dispute_id: DisputeId,
    /// How formal it is.
    pub dispute_stage: &'static str,
    /// Where it stands.
    pub dispute_status: Status,
    /// What is contested.
    pub payment_id: PaymentId,
    /// As on the payment.
    pub payment_provider: &'static str,
    /// Not known on this host.
    pub is_resolved_by_rdr: Null,
    /// The gateway's own reason code.
    pub reason: Option<String>,
    /// None on this host.
    pub remarks: Null,
}

impl Dispute {
    /// A dispute with its customer.
    pub fn new(dispute: &domain::dispute::Dispute, customer: &domain::customer::Customer) -> Self {
        let item = DisputeItem::new(dispute);
        Self {
            amount: item.amount,
            brand_id: item.business_id.clone(),
            business_id: item.business_id,
            created_at: item.created_at,
            currency: item.currency,
            customer: CustomerDetails::from(customer),
            dispute_id: item.dispute_id,
            dispute_stage: item.dispute_stage,
            dispute_status: item.dispute_status,
            payment_id: item.payment_id,
            payment_provider: "dodo",
            is_resolved_by_rdr: None,
            reason: dispute.reason.clone(),
            remarks: None,
        }
    }
}
