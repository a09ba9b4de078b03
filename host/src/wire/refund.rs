//! Refunds on the wire.

use jiff::Timestamp;
use serde::Serialize;

use super::Metadata;
use super::customer::CustomerDetails;
use crate::domain;
use crate::domain::id::{BusinessId, PaymentId, RefundId};
use crate::domain::money::{Currency, Money};
use crate::domain::refund::RefundState;
use crate::domain::text_enum;

text_enum! {
    /// Dodo's `RefundStatus`, as far as this host says it.
    pub enum Status {
        /// The money is on its way back.
        Succeeded = "succeeded",
        /// It did not work.
        Failed = "failed",
        /// On its way, or nobody knows yet.
        Pending = "pending",
    }
}

impl From<&RefundState> for Status {
    fn from(state: &RefundState) -> Self {
        match state {
            RefundState::Created | RefundState::Processing { .. } | RefundState::Unknown { .. } => {
                Self::Pending
            }
            RefundState::Succeeded { .. } => Self::Succeeded,
            RefundState::Failed { .. } => Self::Failed,
        }
    }
}

text_enum! {
    /// Dodo's `PaymentRefundStatus`: what of a payment has gone back.
    pub enum OfPayment {
        /// A part.
        Partial = "partial",
        /// All of it.
        Full = "full",
    }
}

impl OfPayment {
    /// What the refunds that succeeded come to; none when there is none.
    pub fn of(captured: Money, refunds: &[domain::refund::Refund]) -> Option<Self> {
        let gone: i64 = refunds
            .iter()
            .filter(|refund| matches!(refund.state, RefundState::Succeeded { .. }))
            .map(|refund| refund.total().minor)
            .sum();
        match gone {
            0 => None,
            gone if gone >= captured.minor => Some(Self::Full),
            _ => Some(Self::Partial),
        }
    }
}

/// A refund (`Refund`), and the data of `refund.*`.
#[derive(Debug, Serialize)]
pub struct Refund {
    /// The business: each has one brand.
    pub brand_id: BusinessId,
    /// Who gives back.
    pub business_id: BusinessId,
    /// When it was intended.
    pub created_at: Timestamp,
    /// To whom.
    pub customer: CustomerDetails,
    /// Whether it is less than the whole payment.
    pub is_partial: bool,
    /// The merchant's remarks.
    pub metadata: Metadata,
    /// What is given back.
    pub payment_id: PaymentId,
    /// Identity.
    pub refund_id: RefundId,
    /// Where it stands.
    pub status: Status,
    /// How much, tax included, in minor units.
    pub amount: i64,
    /// Its currency.
    pub currency: Currency,
    /// Why, in the merchant's words.
    pub reason: Option<String>,
}

impl Refund {
    /// A refund with its customer.
    pub fn new(refund: &domain::refund::Refund, customer: &domain::customer::Customer) -> Self {
        let item = RefundItem::new(refund);
        Self {
            brand_id: item.business_id.clone(),
            business_id: item.business_id,
            created_at: item.created_at,
            customer: CustomerDetails::from(customer),
            is_partial: item.is_partial,
            metadata: Metadata::from_json(&refund.metadata),
            payment_id: item.payment_id,
            refund_id: item.refund_id,
            status: item.status,
            amount: item.amount,
            currency: item.currency,
            reason: item.reason,
        }
    }
}

/// A refund in a list and on its payment (`RefundListItem`).
#[derive(Clone, Debug, Serialize)]
pub struct RefundItem {
    /// Who gives back.
    pub business_id: BusinessId,
    /// When it was intended.
    pub created_at: Timestamp,
    /// Whether it is less than the whole payment.
    pub is_partial: bool,
    /// What is given back.
    pub payment_id: PaymentId,
    /// Identity.
    pub refund_id: RefundId,
    /// Where it stands.
    pub status: Status,
    /// How much, tax included, in minor units.
    pub amount: i64,
    /// Its currency.
    pub currency: Currency,
    /// Why, in the merchant's words.
    pub reason: Option<String>,
}

impl RefundItem {
    /// The list's form of a refund.
    pub fn new(refund: &domain::refund::Refund) -> Self {
        let total = refund.total();
        Self {
            business_id: refund.scope.business.clone(),
            created_at: refund.created_at,
            is_partial: refund.is_partial,
            payment_id: refund.payment.clone(),
            refund_id: refund.id.clone(),
            status: Status::from(&refund.state),
            amount: total.minor,
            currency: total.currency,
            reason: refund.reason.clone(),
        }
    }
}
