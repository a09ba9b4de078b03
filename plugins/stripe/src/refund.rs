//! Giving money back.

use vestibule_plugin::api::segment;
use vestibule_plugin::gateway::invalid;
use vestibule_plugin::gateway::refunds::{RefundLookupAnswer, RefundRequest};
use vestibule_plugin::gateway::{GatewayError, RefundOutcome, RefundState, SentRequest};

use crate::api::{self, Form};
use crate::find::{self, Charge, Found};
use crate::stand;
use crate::wire::{self, Expandable, Refund};

/// Five days, in seconds: when a refund that is under way is expected to have ended.
const TAKES: i64 = 5 * 24 * 60 * 60;

/// The longest value that Stripe keeps in metadata, in characters; it refuses a request with more.
const LONGEST_NOTE: usize = 500;

/// Gives a payment back, whole or in part.
pub(crate) fn order(request: &RefundRequest) -> Result<RefundState, GatewayError> {
    let payment = match &request.payment.reference {
        Some(reference) if reference.starts_with("pi_") => reference.clone(),
        _ => paid(&request.payment)?,
    };
    let mut form = Form::new();
    form.set("payment_intent", payment)
        .set("amount", request.amount.minor.to_string())
        .set(&format!("metadata[{}]", wire::KEY), request.key.as_str());
    if let Some(reason) = &request.reason {
        let reason: String = reason.chars().take(LONGEST_NOTE).collect();
        form.set("metadata[reason]", reason);
    }
    api::post("/v1/refunds", Some(&request.key), &form).map(state)
}

/// The intent that took the money of a payment. Finding it gives nothing back.
fn paid(payment: &SentRequest) -> Result<String, GatewayError> {
    let found = find::charge(payment).map_err(|error| match error {
        GatewayError::UnknownOutcome(why) => GatewayError::NotExecuted(why),
        other => other,
    })?;
    match found {
        Found::This(Charge::Intent(intent)) => Ok(intent.id),
        Found::This(Charge::Session(session)) => match session.payment_intent {
            Some(Expandable::Id(id)) => Ok(id),
            Some(Expandable::Whole(intent)) => Ok(intent.id),
            None => Err(invalid("payment", "it was never paid")),
        },
        Found::Nothing | Found::TooMuch => Err(GatewayError::NotExecuted(
            "Stripe does not know the payment yet".to_owned(),
        )),
    }
}

/// What Stripe knows of a refund.
pub(crate) fn find(sent: &SentRequest) -> Result<RefundLookupAnswer, GatewayError> {
    if let Some(reference) = &sent.reference {
        let path = format!("/v1/refunds/{}", segment(reference));
        return Ok(match api::get_if_known::<Refund>(&path, &Form::new())? {
            Some(refund) if find::marked(&refund.metadata, &sent.key) => {
                RefundLookupAnswer::Found(state(refund))
            }
            Some(_) => return Err(api::unreadable("it is about another key")),
            // Stripe gave the reference and forgets none: this is another account.
            None => RefundLookupAnswer::CannotTell,
        });
    }
    // Refunds are not listed by customer.
    let of_all = SentRequest {
        customer_reference: None,
        ..sent.clone()
    };
    let found = find::walk(
        "/v1/refunds",
        &find::window(&of_all),
        |refund: &Refund| &refund.id,
        |refund| find::marked(&refund.metadata, &sent.key),
    )?;
    Ok(match found {
        Found::This(refund) => RefundLookupAnswer::Found(state(refund)),
        Found::Nothing => RefundLookupAnswer::Absent,
        Found::TooMuch => RefundLookupAnswer::CannotTell,
    })
}

/// How a refund stands.
pub(crate) fn state(refund: Refund) -> RefundState {
    RefundState {
        outcome: match refund.status.as_deref() {
            Some("succeeded") => RefundOutcome::Succeeded,
            Some("failed" | "canceled") => RefundOutcome::Failed(
                refund
                    .failure_reason
                    .unwrap_or_else(|| "Stripe does not say why".to_owned()),
            ),
            // `pending`, `requires_action`, and what is still to be invented.
            _ => RefundOutcome::Processing(stand::moment(refund.created.saturating_add(TAKES))),
        },
        amount: stand::money(refund.amount, &refund.currency),
        reference: Some(refund.id),
        extra: Vec::new(),
    }
}
