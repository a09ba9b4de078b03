//! Requests on their way to the guest.

use crate::domain::money::Money;
use crate::plugins::bindings::exports::vestibule::gateway::{methods, refunds, setup, webhooks};
use crate::plugins::bindings::vestibule::gateway::types as wit;
use crate::plugins::bindings::vestibule::types::types as wit_types;
use crate::plugins::gateway::answer::MethodKind;
use crate::plugins::gateway::request::{
    ChargeRequest, Customer, Delivery, DetachRequest, Initiator, MethodChoice, Pair, RefundRequest,
    SentRequest, SetupRequest, StoredMethod,
};

pub(in super::super) fn charge_request(request: &ChargeRequest) -> wit::ChargeRequest {
    wit::ChargeRequest {
        key: request.key.clone(),
        customer: customer(&request.customer),
        amount: money(request.amount),
        method: match &request.method {
            MethodChoice::Stored(method) => wit::MethodChoice::Stored(stored_method(method)),
            MethodChoice::Collect(kinds) => wit::MethodChoice::Collect(method_kinds(kinds)),
        },
        initiator: match request.initiator {
            Initiator::CustomerPresent => wit::Initiator::CustomerPresent,
            Initiator::MerchantRecurring => wit::Initiator::MerchantRecurring,
            Initiator::MerchantUnscheduled => wit::Initiator::MerchantUnscheduled,
        },
        save: request.save,
        return_url: request.return_url.clone(),
        description: request.description.clone(),
        expires_at: request.expires_at.as_microsecond(),
        extra: Vec::new(),
    }
}

pub(in super::super) fn setup_request(request: &SetupRequest) -> setup::SetupRequest {
    setup::SetupRequest {
        key: request.key.clone(),
        customer: customer(&request.customer),
        kinds: method_kinds(&request.kinds),
        currency: request.currency.code().to_owned(),
        return_url: request.return_url.clone(),
        expires_at: request.expires_at.as_microsecond(),
        extra: Vec::new(),
    }
}

pub(in super::super) fn sent_request(sent: &SentRequest) -> wit::SentRequest {
    wit::SentRequest {
        key: sent.key.clone(),
        reference: sent.reference.clone(),
        customer_reference: sent.customer_reference.clone(),
        first_sent_at: sent.first_sent_at.as_microsecond(),
        amount: sent.amount.map(money),
        extra: Vec::new(),
    }
}

pub(in super::super) fn refund_request(request: &RefundRequest) -> refunds::RefundRequest {
    refunds::RefundRequest {
        key: request.key.clone(),
        payment: sent_request(&request.payment),
        amount: money(request.amount),
        reason: request.reason.clone(),
        extra: Vec::new(),
    }
}

pub(in super::super) fn detach_request(request: &DetachRequest) -> methods::DetachRequest {
    methods::DetachRequest {
        method: stored_method(&request.method),
        customer_reference: request.customer_reference.clone(),
    }
}

pub(in super::super) fn delivery(delivery: &Delivery) -> webhooks::Delivery {
    webhooks::Delivery {
        headers: pairs(&delivery.headers),
        query: pairs(&delivery.query),
        body: delivery.body.clone(),
        received_at: delivery.received_at.as_microsecond(),
    }
}

pub(in super::super) fn pairs(pairs: &[Pair]) -> Vec<wit_types::Kv> {
    pairs
        .iter()
        .map(|pair| wit_types::Kv {
            name: pair.name.clone(),
            value: pair.value.clone(),
        })
        .collect()
}

fn money(money: Money) -> wit_types::Money {
    wit_types::Money {
        minor: money.minor,
        currency: money.currency.code().to_owned(),
    }
}

fn customer(customer: &Customer) -> wit::Customer {
    wit::Customer {
        id: customer.id.clone(),
        email: customer.email.as_str().to_owned(),
        name: customer.name.clone(),
        reference: customer.reference.clone(),
        locale: customer.locale.clone(),
        country: customer.country.clone(),
    }
}

fn stored_method(method: &StoredMethod) -> wit::StoredMethod {
    wit::StoredMethod {
        reference: method.reference.clone(),
        mandate: method.mandate.clone(),
        network: method.network.clone(),
    }
}

fn method_kinds(kinds: &[MethodKind]) -> Vec<wit::MethodKind> {
    kinds
        .iter()
        .map(|kind| match kind {
            MethodKind::Card => wit::MethodKind::Card,
            MethodKind::BankDebit => wit::MethodKind::BankDebit,
            MethodKind::BankRedirect => wit::MethodKind::BankRedirect,
            MethodKind::Wallet => wit::MethodKind::Wallet,
            MethodKind::Other(word) => wit::MethodKind::Other(word.clone()),
        })
        .collect()
}
