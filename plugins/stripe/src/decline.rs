//! Stripe's decline codes in the host's words, and what each means for the next try.

use vestibule_plugin::gateway::{Advice, Decline, DeclineCode};

use crate::wire;

/// The refusal of an issuer, of Stripe, or of the bank of a debit.
pub(crate) fn of(refusal: wire::Refusal) -> Decline {
    // `code` says `card_declined` where `decline_code` says why.
    let said = refusal.decline_code.or(refusal.code);
    let (code, usual) = meaning(said.as_deref().unwrap_or("generic_decline"));
    let advice = match refusal.advice_code.as_deref() {
        Some("do_not_try_again") => Advice::Never,
        Some("try_again_later") => Advice::Later,
        Some("confirm_card_data") => Advice::NewMethod,
        _ => usual,
    };
    Decline {
        code,
        advice,
        not_before: None,
        gateway_code: said,
        message: refusal.message,
    }
}

fn meaning(said: &str) -> (DeclineCode, Advice) {
    match said {
        "generic_decline"
        | "card_declined"
        | "do_not_honor"
        | "call_issuer"
        | "no_action_taken"
        | "refer_to_customer"
        | "payment_intent_payment_attempt_failed" => (DeclineCode::Refused, Advice::Later),
        "restricted_card"
        | "pickup_card"
        | "do_not_try_again"
        | "service_not_allowed"
        | "bank_account_restricted" => (DeclineCode::Refused, Advice::Never),
        "insufficient_funds" => (DeclineCode::InsufficientFunds, Advice::Later),
        "withdrawal_count_limit_exceeded"
        | "card_velocity_exceeded"
        | "pin_try_exceeded"
        | "debit_exceeds_limit" => (DeclineCode::LimitExceeded, Advice::Later),
        "expired_card" => (DeclineCode::Expired, Advice::NewMethod),
        "incorrect_number"
        | "invalid_number"
        | "incorrect_cvc"
        | "invalid_cvc"
        | "incorrect_zip"
        | "incorrect_address"
        | "invalid_expiry_month"
        | "invalid_expiry_year"
        | "incorrect_pin"
        | "invalid_pin"
        | "invalid_account" => (DeclineCode::IncorrectDetails, Advice::NewMethod),
        "lost_card" | "stolen_card" => (DeclineCode::LostOrStolen, Advice::Never),
        "fraudulent" | "merchant_blacklist" | "security_violation" | "highest_risk_level" => {
            (DeclineCode::SuspectedFraud, Advice::Never)
        }
        "authentication_required"
        | "authentication_not_handled"
        | "offline_pin_required"
        | "online_or_offline_pin_required" => {
            (DeclineCode::AuthenticationRequired, Advice::Authenticate)
        }
        "payment_intent_authentication_failure" | "setup_intent_authentication_failure" => {
            (DeclineCode::AuthenticationFailed, Advice::NewMethod)
        }
        "card_not_supported"
        | "currency_not_supported"
        | "invalid_amount"
        | "transaction_not_allowed"
        | "not_permitted"
        | "testmode_decline"
        | "live_mode_test_card"
        | "test_mode_live_card" => (DeclineCode::NotSupported, Advice::NewMethod),
        "account_closed"
        | "no_account"
        | "bank_account_unusable"
        | "new_account_information_available" => (DeclineCode::AccountClosed, Advice::NewMethod),
        "revocation_of_authorization"
        | "revocation_of_all_authorizations"
        | "stop_payment_order"
        | "debit_not_authorized" => (DeclineCode::MandateRevoked, Advice::Never),
        "processing_error"
        | "issuer_not_available"
        | "try_again_later"
        | "reenter_transaction"
        | "approve_with_id" => (DeclineCode::IssuerUnavailable, Advice::Later),
        // Of a code to come nothing is known; another method is never wrong.
        other => (
            DeclineCode::Other(other.replace('_', "-")),
            Advice::NewMethod,
        ),
    }
}
