//! How charges and set-ups stand, in the host's words, and ending those that are open.

use vestibule_plugin::api::segment;
use vestibule_plugin::gateway::payments::CancelAnswer;
use vestibule_plugin::gateway::{
    ActionNeeded, GatewayError, MethodKind, Outcome, Payment, SavedMethod, SentRequest, SetupState,
};
use vestibule_plugin::{ClientAction, Money, Redirect};

use crate::api::{self, Form};
use crate::decline;
use crate::find::{self, Charge, Found};
use crate::wire::{self, Expandable, Intent, Method, Session, SetupIntent};

/// Seven days, in seconds: when a debit is expected to have ended.
const DEBIT_TAKES: i64 = 7 * 24 * 60 * 60;

/// Stripe's seconds as the host's microseconds.
pub(crate) const fn moment(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000)
}

/// An amount of Stripe's.
pub(crate) fn money(minor: i64, currency: &str) -> Money {
    Money {
        minor,
        currency: currency.to_ascii_uppercase(),
    }
}

/// How a charge stands.
pub(crate) fn payment(charge: Charge) -> Result<Payment, GatewayError> {
    match charge {
        Charge::Intent(intent) => Ok(Payment {
            amount: money(intent.amount, &intent.currency),
            reference: Some(intent.id.clone()),
            customer_reference: intent.customer.clone(),
            outcome: outcome(&intent)?,
            method: saved(intent),
            extra: Vec::new(),
        }),
        Charge::Session(session) => visit(session),
    }
}

/// How a charge on Stripe's page stands. The session stays its reference.
fn visit(mut session: Session) -> Result<Payment, GatewayError> {
    let (Some(amount), Some(currency)) = (session.amount_total, session.currency.as_deref()) else {
        return Err(api::unreadable("a charge without an amount"));
    };
    let amount = money(amount, currency);
    let intent = session.payment_intent.take().and_then(Expandable::whole);
    let (outcome, method) = match session.status.as_deref() {
        Some("open") => (page(&session)?, None),
        Some("expired") => (Outcome::Cancelled, None),
        Some("complete") => {
            let intent = intent.ok_or_else(|| api::unreadable("a payment without its intent"))?;
            (outcome(&intent)?, saved(intent))
        }
        _ => return Err(api::unreadable("a session without a status")),
    };
    Ok(Payment {
        outcome,
        amount,
        reference: Some(session.id),
        customer_reference: session.customer,
        method,
        extra: Vec::new(),
    })
}

/// How a set-up stands.
pub(crate) fn set_up(mut session: Session) -> Result<SetupState, GatewayError> {
    if session.mode != "setup" {
        return Err(api::unreadable("a set-up that is a payment"));
    }
    let intent = session.setup_intent.take().and_then(Expandable::whole);
    let (outcome, method) = match session.status.as_deref() {
        Some("open") => (page(&session)?, None),
        Some("expired") => (Outcome::Cancelled, None),
        Some("complete") => {
            let intent = intent.ok_or_else(|| api::unreadable("a set-up without its intent"))?;
            set_up_outcome(intent)?
        }
        _ => return Err(api::unreadable("a session without a status")),
    };
    Ok(SetupState {
        outcome,
        reference: Some(session.id),
        customer_reference: session.customer,
        method,
        extra: Vec::new(),
    })
}

fn set_up_outcome(intent: SetupIntent) -> Result<(Outcome, Option<SavedMethod>), GatewayError> {
    Ok(match intent.status.as_str() {
        "succeeded" => {
            let method = intent.payment_method.and_then(Expandable::whole);
            let mut method = method
                .filter(|_| intent.customer.is_some())
                .map(described)
                .ok_or_else(|| api::unreadable("a set-up that succeeded without a method"))?;
            method.mandate = intent.mandate.filter(|_| is_debit(&method));
            (Outcome::Succeeded, Some(method))
        }
        "processing" => (
            Outcome::Processing(moment(intent.created.saturating_add(DEBIT_TAKES))),
            None,
        ),
        "canceled" => (Outcome::Cancelled, None),
        "requires_payment_method" => {
            let error = intent
                .last_setup_error
                .ok_or_else(|| api::unreadable("a set-up that failed without a reason"))?;
            (Outcome::Declined(decline::of(error)), None)
        }
        other => return Err(api::unreadable(&format!("a set-up that is {other}"))),
    })
}

/// The customer has Stripe's page to go to.
fn page(session: &Session) -> Result<Outcome, GatewayError> {
    let url = session.url.clone();
    Ok(Outcome::RequiresAction(ActionNeeded {
        action: ClientAction::Redirect(Redirect {
            url: url.ok_or_else(|| api::unreadable("an open session without a page"))?,
        }),
        until: moment(session.expires_at),
    }))
}

fn outcome(intent: &Intent) -> Result<Outcome, GatewayError> {
    Ok(match intent.status.as_str() {
        "succeeded" => Outcome::Succeeded,
        "processing" => Outcome::Processing(moment(intent.created.saturating_add(DEBIT_TAKES))),
        "canceled" => Outcome::Cancelled,
        "requires_action" => {
            let redirect = intent
                .next_action
                .as_ref()
                .and_then(|next| next.redirect_to_url.as_ref());
            let until = intent
                .metadata
                .get(wire::UNTIL)
                .and_then(|until| until.parse().ok())
                .ok_or_else(|| api::unreadable("an action without an end"))?;
            Outcome::RequiresAction(ActionNeeded {
                action: redirect.map_or(ClientAction::Wait, |to| {
                    ClientAction::Redirect(Redirect {
                        url: to.url.clone(),
                    })
                }),
                until: moment(until),
            })
        }
        "requires_payment_method" => {
            let error = intent.last_payment_error.clone();
            Outcome::Declined(decline::of(error.ok_or_else(|| {
                api::unreadable("a payment that failed without a reason")
            })?))
        }
        other => return Err(api::unreadable(&format!("a payment that is {other}"))),
    })
}

/// The method that a payment used, if Stripe keeps it. A debit's mandate stands in the charge.
fn saved(intent: Intent) -> Option<SavedMethod> {
    let method = intent.payment_method?.whole();
    let mut method = described(method.filter(|method| method.customer.is_some())?);
    if is_debit(&method) {
        let charge = intent.latest_charge.and_then(Expandable::whole);
        let debit = charge.and_then(|charge| charge.payment_method_details?.sepa_debit);
        method.mandate = debit.and_then(|debit| debit.mandate);
    }
    Some(method)
}

fn is_debit(method: &SavedMethod) -> bool {
    matches!(method.kind, MethodKind::BankDebit)
}

fn described(method: Method) -> SavedMethod {
    let mut saved = SavedMethod {
        reference: method.id,
        kind: match method.kind.as_str() {
            "card" => MethodKind::Card,
            "sepa_debit" => MethodKind::BankDebit,
            other => MethodKind::Other(other.replace('_', "-")),
        },
        brand: None,
        last4: None,
        expiry_month: None,
        expiry_year: None,
        funding: None,
        holder: method.billing_details.name,
        country: None,
        fingerprint: None,
        mandate: None,
        network: None,
        extra: Vec::new(),
    };
    if let Some(card) = method.card {
        saved.brand = card.brand;
        saved.last4 = card.last4;
        saved.expiry_month = card.exp_month;
        saved.expiry_year = card.exp_year;
        saved.funding = card.funding.filter(|funding| funding != "unknown");
        saved.country = card.country;
        saved.fingerprint = card.fingerprint;
    }
    if let Some(debit) = method.sepa_debit {
        saved.brand = debit.bank_code;
        saved.last4 = debit.last4;
        saved.country = debit.country;
        saved.fingerprint = debit.fingerprint;
    }
    saved
}

/// Ends a charge that is open.
pub(crate) fn cancel(sent: &SentRequest, charge: &Charge) -> Result<CancelAnswer, GatewayError> {
    let asked = match charge {
        Charge::Session(session) if session.status.as_deref() == Some("open") => {
            let id = segment(&session.id);
            let path = format!("/v1/checkout/sessions/{id}/expire");
            api::post::<wire::Named>(&path, None, &Form::new())
        }
        Charge::Intent(intent)
            if !["succeeded", "processing", "canceled"].contains(&intent.status.as_str()) =>
        {
            let id = segment(&intent.id);
            let path = format!("/v1/payment_intents/{id}/cancel");
            api::post::<wire::Named>(&path, None, &Form::new())
        }
        Charge::Session(_) | Charge::Intent(_) => return Ok(ended(charge_again(sent)?)),
    };
    match asked {
        Ok(_) | Err(GatewayError::InvalidRequest(_)) => Ok(ended(charge_again(sent)?)),
        Err(error) => Err(error),
    }
}

/// Only what Stripe says after the wish counts.
fn charge_again(sent: &SentRequest) -> Result<Payment, GatewayError> {
    match find::charge(sent)? {
        Found::This(charge) => payment(charge),
        Found::Nothing | Found::TooMuch => Err(api::unreadable("a charge that went away")),
    }
}

fn ended(payment: Payment) -> CancelAnswer {
    match payment.outcome {
        Outcome::Cancelled => CancelAnswer::Cancelled,
        _ => CancelAnswer::TooLate(payment),
    }
}
