//! From the host's words to the processor's and back.

use std::collections::BTreeMap;

use vestibule_plugin::api;
use vestibule_plugin::gateway::{
    ActionNeeded, Advice, ChargeRequest, Customer, Decline, DeclineCode, GatewayError, Initiator,
    MethodChoice, MethodKind, Outcome, Payment, RefundOutcome, RefundState, SavedMethod,
    SetupState, invalid, ledger, setup, webhooks,
};
use vestibule_plugin::{ClientAction, Kv, Money, Redirect};

use crate::api::WHOM;
use crate::wire;

/// Five days, in microseconds: when a bank debit ends for which the processor names no time.
const DEBIT_TAKES: i64 = 5 * 24 * 60 * 60 * 1_000_000;

/// The order for a charge.
pub(crate) fn charge_order(request: &ChargeRequest) -> Result<wire::NewCharge, GatewayError> {
    let (source, only_kind, network_reference) = match &request.method {
        MethodChoice::Stored(method) => (
            wire::Source::Method(method.reference.clone()),
            None,
            method.network.clone().or_else(|| method.mandate.clone()),
        ),
        MethodChoice::Collect(kinds) => (wire::Source::Collect, only_kind(kinds)?, None),
    };
    Ok(wire::NewCharge {
        customer: customer(&request.customer),
        amount: money_out(&request.amount),
        source,
        initiator: match request.initiator {
            Initiator::CustomerPresent => "customer_present",
            Initiator::MerchantRecurring => "merchant_recurring",
            Initiator::MerchantUnscheduled => "merchant_unscheduled",
        },
        save_method: request.save,
        return_url: request.return_url.clone(),
        expires_at: request.expires_at,
        description: request.description.clone(),
        only_kind,
        network_reference,
        metadata: metadata(&request.extra),
    })
}

/// The order for a set-up.
pub(crate) fn setup_order(request: &setup::SetupRequest) -> Result<wire::NewSetup, GatewayError> {
    Ok(wire::NewSetup {
        customer: customer(&request.customer),
        return_url: request.return_url.clone(),
        expires_at: request.expires_at,
        only_kind: only_kind(&request.kinds)?,
        metadata: metadata(&request.extra),
    })
}

fn customer(customer: &Customer) -> wire::Customer {
    wire::Customer {
        reference: customer
            .reference
            .clone()
            .unwrap_or_else(|| customer.id.clone()),
        name: customer.name.clone(),
    }
}

/// The one kind that is wanted; none when both will do.
fn only_kind(kinds: &[MethodKind]) -> Result<Option<wire::MethodKind>, GatewayError> {
    let wants = |wanted: fn(&MethodKind) -> bool| kinds.is_empty() || kinds.iter().any(wanted);
    let card = wants(|kind| matches!(kind, MethodKind::Card));
    let debit = wants(|kind| matches!(kind, MethodKind::BankDebit));
    match (card, debit) {
        (true, true) => Ok(None),
        (true, false) => Ok(Some(wire::MethodKind::Card)),
        (false, true) => Ok(Some(wire::MethodKind::BankDebit)),
        (false, false) => Err(invalid(
            "kinds",
            "the processor takes cards and bank debits only",
        )),
    }
}

pub(crate) fn metadata(extra: &[Kv]) -> BTreeMap<String, String> {
    extra
        .iter()
        .map(|kv| (kv.name.clone(), kv.value.clone()))
        .collect()
}

pub(crate) fn money_out(money: &Money) -> wire::Money {
    wire::Money {
        minor: money.minor,
        currency: money.currency.clone(),
    }
}

fn money_in(money: wire::Money) -> Money {
    Money {
        minor: money.minor,
        currency: money.currency,
    }
}

/// The answer, if it is about the host's own request.
pub(crate) fn ours(intent: wire::Intent, key: &str) -> Result<wire::Intent, GatewayError> {
    if intent.key == key {
        Ok(intent)
    } else {
        Err(unreadable("it is about another key"))
    }
}

fn unreadable(why: &str) -> GatewayError {
    api::unreadable(WHOM, why)
}

/// How a charge stands.
pub(crate) fn payment(mut charge: wire::Intent) -> Result<Payment, GatewayError> {
    let amount = charge
        .amount
        .take()
        .ok_or_else(|| unreadable("a charge without an amount"))?;
    Ok(Payment {
        outcome: outcome(&mut charge)?,
        amount: money_in(amount),
        reference: Some(charge.id),
        customer_reference: Some(charge.customer),
        method: charge
            .method
            .filter(|method| method.saved)
            .map(saved_method),
        extra: Vec::new(),
    })
}

/// How a set-up stands.
pub(crate) fn setup_state(mut made: wire::Intent) -> Result<SetupState, GatewayError> {
    let outcome = outcome(&mut made)?;
    let method = made.method.filter(|method| method.saved).map(saved_method);
    if matches!(outcome, Outcome::Succeeded) && method.is_none() {
        return Err(unreadable("a set-up that succeeded without a method"));
    }
    Ok(SetupState {
        outcome,
        reference: Some(made.id),
        customer_reference: Some(made.customer),
        method,
        extra: Vec::new(),
    })
}

fn outcome(intent: &mut wire::Intent) -> Result<Outcome, GatewayError> {
    Ok(match intent.status {
        wire::Status::Succeeded => Outcome::Succeeded,
        wire::Status::Cancelled => Outcome::Cancelled,
        wire::Status::Processing => Outcome::Processing(
            intent
                .expected_by
                .unwrap_or_else(|| intent.created_at.saturating_add(DEBIT_TAKES)),
        ),
        wire::Status::Declined => {
            let decline = intent.decline.take();
            Outcome::Declined(refused(decline.ok_or_else(|| unreadable("no reason"))?))
        }
        wire::Status::RequiresAction => {
            let action = intent
                .action
                .take()
                .ok_or_else(|| unreadable("no action"))?;
            Outcome::RequiresAction(ActionNeeded {
                action: ClientAction::Redirect(Redirect { url: action.url }),
                until: action
                    .expires_at
                    .ok_or_else(|| unreadable("an action without an end"))?,
            })
        }
    })
}

fn refused(decline: wire::Decline) -> Decline {
    Decline {
        code: match decline.code.as_str() {
            "generic_decline" | "do_not_honor" => DeclineCode::Refused,
            "debit_failed" => DeclineCode::Other("debit-returned".to_owned()),
            "insufficient_funds" => DeclineCode::InsufficientFunds,
            "limit_exceeded" => DeclineCode::LimitExceeded,
            "lost_card" | "stolen_card" => DeclineCode::LostOrStolen,
            "expired_card" => DeclineCode::Expired,
            "incorrect_cvc" => DeclineCode::IncorrectDetails,
            "processing_error" => DeclineCode::IssuerUnavailable,
            "fraudulent" => DeclineCode::SuspectedFraud,
            "authentication_required" => DeclineCode::AuthenticationRequired,
            "authentication_failed" => DeclineCode::AuthenticationFailed,
            other => DeclineCode::Other(other.replace('_', "-")),
        },
        advice: match decline.advice.as_str() {
            "never" => Advice::Never,
            "later" => Advice::Later,
            "authenticate" => Advice::Authenticate,
            // Also for an advice of a later processor: another method is never wrong.
            _ => Advice::NewMethod,
        },
        not_before: decline.not_before,
        gateway_code: Some(decline.code),
        message: Some(decline.message),
    }
}

fn saved_method(method: wire::Method) -> SavedMethod {
    let (kind, mandate, network) = match method.kind {
        wire::MethodKind::Card => (MethodKind::Card, None, Some(method.network_reference)),
        wire::MethodKind::BankDebit => {
            (MethodKind::BankDebit, Some(method.network_reference), None)
        }
    };
    SavedMethod {
        reference: method.id,
        kind,
        brand: Some(method.brand),
        last4: Some(method.last_four),
        expiry_month: method.expiry_month,
        expiry_year: method.expiry_year,
        funding: Some(method.funding),
        holder: Some(method.holder),
        country: None,
        fingerprint: Some(method.fingerprint),
        mandate,
        network,
        extra: Vec::new(),
    }
}

/// How a refund stands.
pub(crate) fn refund_state(refund: wire::Refund) -> RefundState {
    RefundState {
        outcome: match refund.status {
            wire::RefundStatus::Succeeded => RefundOutcome::Succeeded,
            wire::RefundStatus::Processing => {
                RefundOutcome::Processing(refund.created_at.saturating_add(DEBIT_TAKES))
            }
            wire::RefundStatus::Failed => {
                RefundOutcome::Failed("the bank did not take the money back".to_owned())
            }
        },
        amount: money_in(refund.amount),
        reference: Some(refund.id),
        extra: Vec::new(),
    }
}

/// How far the bank has come with taking money back.
pub(crate) fn reversal(dispute: wire::Dispute) -> webhooks::Reversal {
    webhooks::Reversal {
        about: webhooks::About {
            key: Some(dispute.key),
            reference: Some(dispute.charge),
        },
        reference: dispute.id,
        stage: match dispute.status {
            wire::DisputeStatus::Opened => webhooks::ReversalStage::DisputeOpened,
            wire::DisputeStatus::Won => webhooks::ReversalStage::DisputeWon,
            wire::DisputeStatus::Lost => webhooks::ReversalStage::DisputeLost,
            wire::DisputeStatus::Returned => webhooks::ReversalStage::DebitReturned,
        },
        amount: money_in(dispute.amount),
        reason: Some(dispute.reason),
    }
}

/// A page of the ledger.
pub(crate) fn ledger_page(page: wire::LedgerPage) -> ledger::Page {
    ledger::Page {
        entries: page
            .data
            .into_iter()
            .map(|entry| ledger::Entry {
                kind: match entry.kind {
                    wire::EntryKind::Charge => ledger::EntryKind::Charge,
                    wire::EntryKind::Refund => ledger::EntryKind::Refund,
                    wire::EntryKind::Reversal => ledger::EntryKind::Reversal,
                    wire::EntryKind::ReversalReturned => {
                        ledger::EntryKind::Other("reversal-returned".to_owned())
                    }
                },
                reference: entry.reference,
                key: Some(entry.idempotency_key),
                amount: Money {
                    minor: entry.amount,
                    currency: entry.currency,
                },
                at: entry.at,
                extra: Vec::new(),
            })
            .collect(),
        next: page.next_cursor.map(|cursor| cursor.to_string()),
    }
}
