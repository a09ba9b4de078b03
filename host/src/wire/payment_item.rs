//! Payments in lists.

use jiff::Timestamp;
use serde::Serialize;

use super::customer::CustomerDetails;
use super::payment::{Payment, ServicePeriod, Status};
use super::refund::OfPayment;
use super::{Metadata, dispute};
use crate::domain::id::{BusinessId, InvoiceId, PaymentId, SubscriptionId};
use crate::domain::money::Currency;

/// A payment in a list.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "Dodo's flags")]
pub struct PaymentItem {
    /// The business: each has one brand.
    pub brand_id: BusinessId,
    /// When it was intended.
    pub created_at: Timestamp,
    /// The currency of the amount.
    pub currency: Currency,
    /// Who pays.
    pub customer: CustomerDetails,
    /// Never on this host.
    pub digital_products_delivered: bool,
    /// Whether license keys came with it.
    pub has_license_key: bool,
    /// Never.
    pub includes_usage: bool,
    /// Never.
    pub is_multi_subscription: bool,
    /// The merchant's remarks.
    pub metadata: Metadata,
    /// Identity.
    pub payment_id: PaymentId,
    /// As in the whole object.
    pub payment_provider: &'static str,
    /// 0 for the first try of a renewal, and for everything that is none.
    pub retry_attempt: u32,
    /// What was paid for, once it succeeded.
    pub service_periods: Vec<ServicePeriod>,
    /// The subscriptions it pays for.
    pub subscription_ids: Vec<SubscriptionId>,
    /// What is taken, tax included, in minor units.
    pub total_amount: i64,
    /// What of a subscription is charged.
    pub charge_type: Option<&'static str>,
    /// The last four digits.
    pub card_last_four: Option<String>,
    /// The brand.
    pub card_network: Option<String>,
    /// Where the newest dispute over it stands.
    pub dispute_status: Option<dispute::Status>,
    /// The document.
    pub invoice_id: Option<InvoiceId>,
    /// The signed address of the document.
    pub invoice_url: Option<String>,
    /// The kind of method.
    pub payment_method: Option<String>,
    /// The kind within the kind.
    pub payment_method_type: Option<String>,
    /// What of it has gone back.
    pub refund_status: Option<OfPayment>,
    /// Where it stands.
    pub status: Status,
    /// The subscription it pays for.
    pub subscription_id: Option<SubscriptionId>,
}

impl PaymentItem {
    /// The list's form of a whole payment.
    pub fn new(whole: Payment, has_license_key: bool) -> Self {
        Self {
            brand_id: whole.brand_id,
            created_at: whole.created_at,
            currency: whole.currency,
            customer: whole.customer,
            digital_products_delivered: whole.digital_products_delivered,
            has_license_key,
            includes_usage: whole.includes_usage,
            is_multi_subscription: whole.is_multi_subscription,
            metadata: whole.metadata,
            payment_id: whole.payment_id,
            payment_provider: whole.payment_provider,
            retry_attempt: whole.retry_attempt,
            service_periods: whole.service_periods,
            subscription_ids: whole.subscription_ids,
            total_amount: whole.total_amount,
            charge_type: whole.charge_type,
            card_last_four: whole.card_last_four,
            card_network: whole.card_network,
            dispute_status: whole.disputes.last().map(|newest| newest.dispute_status),
            invoice_id: whole.invoice_id,
            invoice_url: whole.invoice_url,
            payment_method: whole.payment_method,
            payment_method_type: whole.payment_method_type,
            refund_status: whole.refund_status,
            status: whole.status,
            subscription_id: whole.subscription_id,
        }
    }
}
