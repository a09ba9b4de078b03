//! Payments on the wire.

use jiff::Timestamp;
use serde::Serialize;

use super::customer::CustomerDetails;
use super::dispute::DisputeItem;
use super::refund::{OfPayment, RefundItem};
use super::{Billing, Metadata, Null};
use crate::domain;
use crate::domain::id::{BusinessId, InvoiceId, MethodId, PaymentId, ProductId, SubscriptionId};
use crate::domain::method::PaymentMethod;
use crate::domain::money::Currency;
use crate::domain::payment::{DeclineCode, PaymentState, Purpose};
use crate::domain::text_enum;

/// Dodo's words for kinds of methods.
const METHODS: [&str; 15] = [
    "card",
    "card_redirect",
    "pay_later",
    "wallet",
    "bank_redirect",
    "bank_transfer",
    "crypto",
    "bank_debit",
    "reward",
    "real_time_payment",
    "upi",
    "voucher",
    "gift_card",
    "open_banking",
    "mobile_payment",
];

text_enum! {
    /// Dodo's `IntentStatus`, as far as this host says it.
    pub enum Status {
        /// The money moved.
        Succeeded = "succeeded",
        /// The gateway said no.
        Failed = "failed",
        /// Given up; nothing was charged.
        Cancelled = "cancelled",
        /// On its way, or nobody knows yet.
        Processing = "processing",
        /// The customer has to act.
        RequiresCustomerAction = "requires_customer_action",
        /// Nothing was sent yet.
        RequiresPaymentMethod = "requires_payment_method",
    }
}

impl From<&PaymentState> for Status {
    fn from(state: &PaymentState) -> Self {
        match state {
            PaymentState::Created => Self::RequiresPaymentMethod,
            PaymentState::AwaitingCustomer { .. } => Self::RequiresCustomerAction,
            PaymentState::Processing { .. } | PaymentState::Unknown { .. } => Self::Processing,
            PaymentState::Succeeded { .. } => Self::Succeeded,
            PaymentState::Declined { .. } => Self::Failed,
            PaymentState::Cancelled { .. } => Self::Cancelled,
        }
    }
}

impl Status {
    /// The name under which the store lists payments of this status.
    pub const fn state_name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "declined",
            Self::Cancelled => "cancelled",
            Self::Processing => "processing",
            Self::RequiresCustomerAction => "awaiting-customer",
            Self::RequiresPaymentMethod => "created",
        }
    }
}

/// A product in a one-time purchase.
#[derive(Clone, Debug, Serialize)]
pub struct CartItem {
    /// What.
    pub product_id: ProductId,
    /// How many.
    pub quantity: u32,
}

/// The period of a subscription that a payment paid for (`SubscriptionServicePeriod`).
#[derive(Clone, Debug, Serialize)]
pub struct ServicePeriod {
    /// Of which subscription.
    pub subscription_id: SubscriptionId,
    /// Its first instant.
    pub starts_at: Timestamp,
    /// The first instant after it.
    pub ends_at: Timestamp,
    /// The part of a whole period that was paid: `"1"` is all of it.
    pub proration_factor: &'static str,
}

/// Everything about a payment that stands in other rows or comes from the host.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// Who pays.
    pub customer: &'a domain::customer::Customer,
    /// Where they are.
    pub billing: Billing,
    /// The method that was charged, as far as it is known.
    pub method: Option<&'a PaymentMethod>,
    /// The products of a one-time purchase.
    pub cart: Option<Vec<CartItem>>,
    /// The signed address of the document, once there is one.
    pub invoice_url: Option<String>,
    /// The hosted page, while it can be paid there.
    pub payment_link: Option<String>,
    /// Its refunds, oldest first.
    pub refunds: &'a [domain::refund::Refund],
    /// Its disputes, oldest first.
    pub disputes: &'a [domain::dispute::Dispute],
}

/// A payment (`Payment`).
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "Dodo's flags")]
pub struct Payment {
    /// Where the customer is.
    pub billing: Billing,
    /// The business: each has one brand.
    pub brand_id: BusinessId,
    /// Who is paid.
    pub business_id: BusinessId,
    /// When it was intended.
    pub created_at: Timestamp,
    /// The currency of every amount.
    pub currency: Currency,
    /// Who pays.
    pub customer: CustomerDetails,
    /// Never on this host.
    pub digital_products_delivered: bool,
    /// Who contests it at the bank.
    pub disputes: Vec<DisputeItem>,
    /// Never: nothing is metered on this host.
    pub includes_usage: bool,
    /// Never: one charge per subscription.
    pub is_multi_subscription: bool,
    /// Never: a method is changed without a payment.
    pub is_update_payment_method: bool,
    /// The merchant's remarks.
    pub metadata: Metadata,
    /// Identity.
    pub payment_id: PaymentId,
    /// Of the values Dodo's SDKs know, the neutral one; the gateway is the business's own.
    pub payment_provider: &'static str,
    /// What went back of it, or is to.
    pub refunds: Vec<RefundItem>,
    /// 0 for the first try of a renewal, and for everything that is none.
    pub retry_attempt: u32,
    /// What was paid for, once it succeeded.
    pub service_periods: Vec<ServicePeriod>,
    /// What the merchant receives, in minor units.
    pub settlement_amount: i64,
    /// Its currency.
    pub settlement_currency: Currency,
    /// The subscriptions it pays for.
    pub subscription_ids: Vec<SubscriptionId>,
    /// What is taken, tax included, in minor units.
    pub total_amount: i64,
    /// The name on the card.
    pub card_holder_name: Option<String>,
    /// The issuer's country.
    pub card_issuing_country: Option<String>,
    /// The last four digits.
    pub card_last_four: Option<String>,
    /// The brand, in capitals (`VISA`).
    pub card_network: Option<String>,
    /// `CREDIT`, `DEBIT`, `PREPAID`.
    pub card_type: Option<String>,
    /// What of a subscription is charged: `new` or `renewal`; none for a purchase.
    pub charge_type: Option<&'static str>,
    /// None on this host.
    pub checkout_session_id: Null,
    /// None on this host.
    pub custom_field_responses: Null,
    /// None on this host.
    pub discount_id: Null,
    /// None on this host.
    pub discounts: Null,
    /// Why it was declined.
    pub error_code: Option<&'static str>,
    /// The same in words.
    pub error_message: Option<&'static str>,
    /// The document.
    pub invoice_id: Option<InvoiceId>,
    /// The signed address of the document.
    pub invoice_url: Option<String>,
    /// The hosted page.
    pub payment_link: Option<String>,
    /// The kind of method; null where Dodo has no word for it.
    pub payment_method: Option<String>,
    /// The saved method.
    pub payment_method_id: Option<MethodId>,
    /// The brand of a card, as the gateway writes it (`visa`).
    pub payment_method_type: Option<String>,
    /// The products of a one-time purchase.
    pub product_cart: Option<Vec<CartItem>>,
    /// What of it has gone back.
    pub refund_status: Option<OfPayment>,
    /// The tax in `settlement_amount`.
    pub settlement_tax: i64,
    /// Where it stands.
    pub status: Status,
    /// The subscription it pays for.
    pub subscription_id: Option<SubscriptionId>,
    /// The tax in `total_amount`.
    pub tax: i64,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Payment {
    /// A payment with what surrounds it.
    pub fn new(payment: &domain::payment::Payment, around: Surroundings<'_>) -> Self {
        let state = payment.standing();
        let declined = match &state {
            PaymentState::Declined { decline, .. } => Some(error(decline.code)),
            _ => None,
        };
        let method = around.method;
        let card = method.filter(|method| method.kind == "card");
        let capitals = |text: &Option<String>| text.as_ref().map(|text| text.to_uppercase());
        Self {
            billing: around.billing,
            brand_id: payment.scope.business.clone(),
            business_id: payment.scope.business.clone(),
            created_at: payment.created_at,
            currency: payment.amount.currency,
            customer: CustomerDetails::from(around.customer),
            digital_products_delivered: false,
            disputes: around.disputes.iter().map(DisputeItem::new).collect(),
            includes_usage: false,
            is_multi_subscription: false,
            is_update_payment_method: false,
            metadata: Metadata::from_json(&payment.metadata),
            payment_id: payment.id.clone(),
            payment_provider: "dodo",
            refunds: around.refunds.iter().map(RefundItem::new).collect(),
            retry_attempt: match payment.purpose {
                Purpose::Renewal => payment.attempt,
                Purpose::Begin
                | Purpose::Purchase
                | Purpose::Reactivation
                | Purpose::OnDemand
                | Purpose::PauseSettlement
                | Purpose::PlanChange => 0,
            },
            service_periods: service_periods(payment, &state),
            settlement_amount: payment.amount.minor,
            settlement_currency: payment.amount.currency,
            subscription_ids: payment.subscription.iter().cloned().collect(),
            total_amount: payment.amount.minor,
            card_holder_name: card.and_then(|card| card.holder.clone()),
            card_issuing_country: card.and_then(|card| card.country.clone()),
            card_last_four: card.and_then(|card| card.last4.clone()),
            card_network: card.and_then(|card| capitals(&card.brand)),
            card_type: card.and_then(|card| capitals(&card.funding)),
            charge_type: match payment.purpose {
                Purpose::Begin => Some("new"),
                Purpose::Renewal | Purpose::Reactivation => Some("renewal"),
                Purpose::OnDemand => Some("on_demand"),
                Purpose::PlanChange => Some("plan_change"),
                Purpose::Purchase | Purpose::PauseSettlement => None,
            },
            checkout_session_id: None,
            custom_field_responses: None,
            discount_id: None,
            discounts: None,
            error_code: declined.map(|(code, _)| code),
            error_message: declined.map(|(_, message)| message),
            invoice_id: payment
                .invoice
                .clone()
                .filter(|_| around.invoice_url.is_some()),
            invoice_url: around.invoice_url,
            payment_link: around.payment_link,
            payment_method: method
                .map(|method| method.kind.clone())
                .filter(|kind| METHODS.contains(&kind.as_str())),
            payment_method_id: payment.method.clone(),
            payment_method_type: card.and_then(|card| card.brand.clone()),
            product_cart: around.cart,
            refund_status: OfPayment::of(payment.captured(), around.refunds),
            settlement_tax: payment.tax_minor,
            status: Status::from(&state),
            subscription_id: payment.subscription.clone(),
            tax: payment.tax_minor,
            updated_at: payment.updated_at,
        }
    }
}

fn service_periods(payment: &domain::payment::Payment, state: &PaymentState) -> Vec<ServicePeriod> {
    match (state, &payment.subscription, payment.period) {
        (PaymentState::Succeeded { .. }, Some(id), Some(period)) if !payment.unapplied => {
            vec![ServicePeriod {
                subscription_id: id.clone(),
                starts_at: period.start,
                ends_at: period.end,
                proration_factor: "1",
            }]
        }
        _ => Vec::new(),
    }
}

/// Dodo's code and a sentence for a decline. The merchant may know the true reason; pages
/// for the customer do not use this.
fn error(code: DeclineCode) -> (&'static str, &'static str) {
    match code {
        DeclineCode::Generic => ("GENERIC_DECLINE", "The payment was declined."),
        DeclineCode::InsufficientFunds => ("INSUFFICIENT_FUNDS", "Not enough money."),
        DeclineCode::ExpiredCard => ("EXPIRED_CARD", "The card has expired."),
        DeclineCode::IncorrectCvc => ("INCORRECT_CVC", "The security code is wrong."),
        DeclineCode::IncorrectNumber => ("INCORRECT_NUMBER", "The number is wrong."),
        DeclineCode::LimitExceeded => ("CARD_VELOCITY_EXCEEDED", "A limit was exceeded."),
        DeclineCode::NotSupported => ("CARD_NOT_SUPPORTED", "The method is not supported."),
        DeclineCode::LostCard => ("LOST_CARD", "The card was reported lost."),
        DeclineCode::StolenCard => ("STOLEN_CARD", "The card was reported stolen."),
        DeclineCode::Fraud => ("FRAUDULENT", "Fraud is suspected."),
        DeclineCode::AuthenticationRequired => (
            "AUTHENTICATION_REQUIRED",
            "The bank wants the customer to confirm.",
        ),
        DeclineCode::AuthenticationFailed => (
            "AUTHENTICATION_FAILURE",
            "The customer's confirmation failed.",
        ),
        DeclineCode::DebitReturned => ("BANK_DEBIT_RETURNED", "The bank returned the debit."),
        DeclineCode::ProcessingError => {
            ("PROCESSING_ERROR", "The bank or the gateway had a fault.")
        }
    }
}
