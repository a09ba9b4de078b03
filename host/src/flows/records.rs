//! Between the gateway's records and the domain: what we send about a customer and a method,
//! and what its answers mean. Nothing here decides or writes.

use jiff::Timestamp;

use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::id::CustomerId;
use crate::domain::method::PaymentMethod;
use crate::domain::money::Money;
use crate::domain::payment::{
    Advice, CustomerAction, Decline, DeclineCode, Initiator, Payment, PaymentEvent,
};
use crate::plugins::gateway::{answer, request};

/// What a gateway said about a payment, from whichever road.
#[derive(Clone, Debug)]
pub(super) struct News {
    pub(super) event: PaymentEvent,
    pub(super) amount: Option<Money>,
    pub(super) reference: Option<String>,
    pub(super) customer_reference: Option<String>,
    pub(super) method: Option<answer::SavedMethod>,
    /// Whether the gateway refused the request as one that can never be carried out.
    pub(super) impossible: bool,
    /// Why the gateway could not be asked at all, for the operator.
    pub(super) trouble: Option<String>,
    /// Before when the gateway does not want the same charge again (host time).
    pub(super) not_before: Option<Timestamp>,
}

impl News {
    /// News without any of the gateway's facts.
    pub(super) fn bare(event: PaymentEvent) -> Self {
        Self {
            event,
            amount: None,
            reference: None,
            customer_reference: None,
            method: None,
            impossible: false,
            trouble: None,
            not_before: None,
        }
    }
}

impl From<answer::Payment> for News {
    fn from(payment: answer::Payment) -> Self {
        let not_before = match &payment.outcome {
            answer::Outcome::Declined(decline) => decline.not_before.map(micros),
            _ => None,
        };
        Self {
            not_before,
            event: event(payment.outcome),
            amount: Some(payment.amount),
            reference: payment.reference,
            customer_reference: payment.customer_reference,
            method: payment.method,
            impossible: false,
            trouble: None,
        }
    }
}

/// What an outcome means for a payment.
fn event(outcome: answer::Outcome) -> PaymentEvent {
    match outcome {
        answer::Outcome::Succeeded => PaymentEvent::Succeeded,
        answer::Outcome::Processing { expected_by } => PaymentEvent::Processing {
            expected_by: Some(micros(expected_by)),
        },
        answer::Outcome::RequiresAction {
            action: wanted,
            until,
        } => PaymentEvent::RequiresAction {
            action: action(wanted),
            expires_at: micros(until),
        },
        answer::Outcome::Declined(refusal) => PaymentEvent::Declined(decline(refusal)),
        answer::Outcome::Cancelled => PaymentEvent::Cancelled,
    }
}

/// A gateway's time in the precision that the store keeps.
fn micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

pub(super) fn action(action: answer::ClientAction) -> CustomerAction {
    match action {
        answer::ClientAction::Redirect { url } => CustomerAction::Redirect { url },
        // Nothing can be done about a page that nobody granted, but to take another way.
        answer::ClientAction::Refused { .. } | answer::ClientAction::Wait => CustomerAction::Wait,
    }
}

pub(super) fn decline(decline: answer::Decline) -> Decline {
    use answer::DeclineCode as Said;
    let code = match decline.code {
        Said::InsufficientFunds => DeclineCode::InsufficientFunds,
        Said::LimitExceeded => DeclineCode::LimitExceeded,
        Said::Expired => DeclineCode::ExpiredCard,
        Said::IncorrectDetails => DeclineCode::IncorrectNumber,
        Said::LostOrStolen => DeclineCode::LostCard,
        Said::SuspectedFraud => DeclineCode::Fraud,
        Said::AuthenticationRequired => DeclineCode::AuthenticationRequired,
        Said::AuthenticationFailed => DeclineCode::AuthenticationFailed,
        Said::NotSupported => DeclineCode::NotSupported,
        Said::IssuerUnavailable => DeclineCode::ProcessingError,
        Said::AccountClosed | Said::MandateRevoked => DeclineCode::DebitReturned,
        Said::Refused => DeclineCode::Generic,
        // A word of ours that the contract has no code for, such as `debit-returned`.
        Said::Other(word) => word.parse().unwrap_or(DeclineCode::Generic),
    };
    let advice = match decline.advice {
        answer::Advice::Never => Advice::Never,
        answer::Advice::Later => Advice::Later,
        answer::Advice::NewMethod => Advice::NewMethod,
        answer::Advice::Authenticate => Advice::Authenticate,
    };
    Decline {
        code,
        advice,
        gateway_code: decline.gateway_code,
    }
}

/// The customer as a gateway sees them; `reference` is the gateway's own, when it gave one.
pub(super) fn customer(
    customer: &Customer,
    reference: Option<String>,
    default_locale: &str,
    country: Option<String>,
) -> request::Customer {
    request::Customer {
        id: customer.id.to_string(),
        email: customer.email.clone(),
        name: Some(customer.name.clone()).filter(|name| !name.is_empty()),
        reference,
        locale: customer
            .locale
            .clone()
            .unwrap_or_else(|| default_locale.to_owned()),
        country: country.filter(|country| !country.is_empty()),
    }
}

pub(super) fn stored(method: &PaymentMethod) -> request::StoredMethod {
    request::StoredMethod {
        reference: method.reference.clone(),
        mandate: method.mandate_reference.clone(),
        network: method.network_reference.clone(),
    }
}

pub(super) fn initiator(initiator: Initiator) -> request::Initiator {
    match initiator {
        Initiator::Customer => request::Initiator::CustomerPresent,
        Initiator::Recurring => request::Initiator::MerchantRecurring,
        Initiator::Unscheduled => request::Initiator::MerchantUnscheduled,
    }
}

/// All that the gateway may need to find what was sent for `payment`.
pub(super) fn sent(payment: &Payment, now: Timestamp) -> request::SentRequest {
    let customer_reference = payment
        .request
        .as_deref()
        .and_then(|text| serde_json::from_str::<request::ChargeRequest>(text).ok())
        .and_then(|request| request.customer.reference);
    request::SentRequest {
        key: payment.id.to_string(),
        reference: payment.gateway_ref.clone(),
        customer_reference,
        first_sent_at: payment.sent_at.unwrap_or(now),
        amount: Some(payment.amount),
    }
}

/// A saved method as our row, in Dodo's words for its kind.
pub(super) fn method(
    cx: &Cx,
    scope: &Scope,
    customer: &CustomerId,
    gateway: &str,
    saved: answer::SavedMethod,
    customer_reference: Option<String>,
    now: Timestamp,
) -> PaymentMethod {
    let kind = match saved.kind {
        answer::MethodKind::Card => "card".to_owned(),
        answer::MethodKind::BankDebit => "bank_debit".to_owned(),
        answer::MethodKind::BankRedirect => "bank_redirect".to_owned(),
        answer::MethodKind::Wallet => "wallet".to_owned(),
        answer::MethodKind::Other(name) => name,
    };
    PaymentMethod {
        id: cx.new_id(),
        scope: scope.clone(),
        customer: customer.clone(),
        gateway: gateway.to_owned(),
        reference: saved.reference,
        customer_reference,
        kind,
        brand: saved.brand,
        last4: saved.last4,
        expiry_month: saved.expiry_month,
        expiry_year: saved.expiry_year,
        holder: saved.holder,
        country: saved.country,
        funding: saved.funding,
        mandate_reference: saved.mandate,
        network_reference: saved.network,
        created_at: now,
        last_used_at: Some(now),
        refused_at: None,
        is_backup: false,
    }
}
