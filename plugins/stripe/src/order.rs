//! Orders: charges and set-ups as Stripe takes them. The same request makes the same order, so
//! that Stripe's idempotency knows it again.

use vestibule_plugin::Money;
use vestibule_plugin::api::segment;
use vestibule_plugin::gateway::invalid;
use vestibule_plugin::gateway::{
    ChargeRequest, Customer, GatewayError, Initiator, MethodKind, Outcome, Payment, SetupState,
    StoredMethod,
};
use vestibule_plugin::gateway::{info, setup};
use vestibule_plugin::host::clock;
use vestibule_plugin::operator;

use crate::api::{self, Answer, Form};
use crate::decline;
use crate::find::{self, Charge, Found, Standing};
use crate::stand;
use crate::wire::{self, Intent, Method, Session};

/// The currencies that this plugin takes, and the least that Stripe charges in each. Those whose
/// smallest unit at Stripe is not that of ISO 4217 (ISK, UGX, MGA and all with three decimals)
/// are left out.
const LEAST: [(&str, i64); 22] = [
    ("AED", 200),
    ("AUD", 50),
    ("BGN", 100),
    ("BRL", 50),
    ("CAD", 50),
    ("CHF", 50),
    ("CZK", 1500),
    ("DKK", 250),
    ("EUR", 50),
    ("GBP", 30),
    ("HKD", 400),
    ("HUF", 17500),
    ("JPY", 50),
    ("MXN", 1000),
    ("MYR", 200),
    ("NOK", 300),
    ("NZD", 50),
    ("PLN", 200),
    ("RON", 200),
    ("SEK", 300),
    ("SGD", 50),
    ("USD", 50),
];
/// The greatest amount: eight digits, in any currency.
const GREATEST: i64 = 99_999_999;

/// A session lives half an hour at least and a day at most, and Stripe refuses any other: a wish that
/// ends sooner gets that much more, and one that ends later gets less; the host is told so.
const SESSION_LEAST: i64 = 31 * 60;
const SESSION_MOST: i64 = 23 * 60 * 60;
const HOUR: i64 = 60 * 60;

/// The longest description, in characters; Stripe refuses a request with a much longer one, and a
/// purchase of many things names them all.
const LONGEST: usize = 250;

/// What can be charged.
pub(crate) fn ranges() -> Vec<info::AmountRange> {
    LEAST
        .iter()
        .map(|(currency, least)| info::AmountRange {
            currency: (*currency).to_owned(),
            least: *least,
            greatest: Some(GREATEST),
        })
        .collect()
}

/// Whether this can be charged.
pub(crate) fn check(amount: &Money) -> Result<(), GatewayError> {
    let Some((_, least)) = LEAST.iter().find(|(code, _)| *code == amount.currency) else {
        let message = format!("{} is not among the plugin's currencies", amount.currency);
        return Err(invalid("currency", message));
    };
    if !(*least..=GREATEST).contains(&amount.minor) {
        let message = format!("not between {least} and {GREATEST} {}", amount.currency);
        return Err(invalid("amount", message));
    }
    Ok(())
}

/// Charges a saved method at once.
pub(crate) fn charge(
    request: &ChargeRequest,
    method: &StoredMethod,
) -> Result<Payment, GatewayError> {
    let customer = match &request.customer.reference {
        Some(reference) => reference.clone(),
        None => owner(method)?,
    };
    let mut form = Form::new();
    form.set("amount", request.amount.minor.to_string())
        .set("currency", request.amount.currency.to_ascii_lowercase())
        .set("customer", customer.as_str())
        .set("payment_method", method.reference.as_str())
        .set("confirm", "true");
    for part in find::WITH_INTENT {
        form.set("expand[]", part);
    }
    match request.initiator {
        Initiator::CustomerPresent => form.set("return_url", request.return_url.as_str()),
        Initiator::MerchantRecurring | Initiator::MerchantUnscheduled => {
            form.set("off_session", "true")
        }
    };
    let debit = method.mandate.is_some();
    let kinds = payment_method_types(&[], &request.amount.currency, debit)?;
    for (at, kind) in kinds.iter().enumerate() {
        form.set(&format!("payment_method_types[{at}]"), *kind);
    }
    if let Some(mandate) = &method.mandate {
        form.set("mandate", mandate.as_str());
    }
    form.set("description", short(&request.description));
    mark(&mut form, "metadata", &request.key, request.expires_at);
    match api::order::<Intent>("/v1/payment_intents", &request.key, &form)? {
        Answer::Done(intent) => stand::payment(Charge::Intent(intent)),
        Answer::Declined(mut refusal) => Ok(Payment {
            reference: refusal.payment_intent.take().map(|intent| intent.id),
            outcome: Outcome::Declined(decline::of(refusal)),
            amount: request.amount.clone(),
            customer_reference: Some(customer),
            method: None,
            extra: Vec::new(),
        }),
    }
}

/// Charges what the customer gives on Stripe's page.
pub(crate) fn collect(
    request: &ChargeRequest,
    kinds: &[MethodKind],
) -> Result<Payment, GatewayError> {
    let currency = &request.amount.currency;
    let kinds = payment_method_types(kinds, currency, false)?;
    let mut form = session_form(
        "payment",
        &request.return_url,
        &kinds,
        &request.key,
        request.expires_at,
    );
    form.set("line_items[0][quantity]", "1")
        .set(
            "line_items[0][price_data][currency]",
            currency.to_ascii_lowercase(),
        )
        .set(
            "line_items[0][price_data][unit_amount]",
            request.amount.minor.to_string(),
        )
        .set(
            "line_items[0][price_data][product_data][name]",
            short(&request.description),
        )
        .set(
            "payment_intent_data[description]",
            short(&request.description),
        );
    if request.save {
        form.set("payment_intent_data[setup_future_usage]", "off_session");
    }
    mark(
        &mut form,
        "payment_intent_data[metadata]",
        &request.key,
        request.expires_at,
    );
    let session = visit(&request.customer, &request.key, &form)?;
    stand::payment(Charge::Session(session))
}

/// Saves what the customer gives on Stripe's page.
pub(crate) fn set_up(request: &setup::SetupRequest) -> Result<SetupState, GatewayError> {
    let kinds = payment_method_types(&request.kinds, &request.currency, false)?;
    let mut form = session_form(
        "setup",
        &request.return_url,
        &kinds,
        &request.key,
        request.expires_at,
    );
    form.set("currency", request.currency.to_ascii_lowercase());
    mark(
        &mut form,
        "setup_intent_data[metadata]",
        &request.key,
        request.expires_at,
    );
    let session = visit(&request.customer, &request.key, &form)?;
    stand::set_up(session)
}

/// A visit to Stripe's page. A customer whom the merchant deleted at Stripe stays away for good, so
/// that the same request leads to the same new one, and its visit has a key of its own.
fn visit(customer: &Customer, key: &str, form: &Form) -> Result<Session, GatewayError> {
    let Some(known) = &customer.reference else {
        return open(&new_customer(customer, key)?, key, key, form);
    };
    let refused = match open(known, key, key, form) {
        Err(GatewayError::InvalidRequest(fields)) => fields,
        told => return told,
    };
    let is_gone = refused.iter().any(|field| field.field == "customer")
        && !matches!(find::standing(known).map_err(not_charged)?, Standing::There);
    if !is_gone {
        return Err(GatewayError::InvalidRequest(refused));
    }
    let again = format!("{key}/again");
    open(&new_customer(customer, key)?, key, &again, form)
}

/// Opens the visit of a charge or set-up with `key`. How long a short one lasts is counted from now,
/// so that a repeat may not look like the first request: then the first visit is the one.
fn open(customer: &str, key: &str, sent_as: &str, form: &Form) -> Result<Session, GatewayError> {
    let mut form = form.clone();
    form.set("customer", customer);
    if let Some(session) = api::make("/v1/checkout/sessions", sent_as, &form)? {
        return Ok(session);
    }
    match find::session_of_late(key, customer) {
        Ok(Found::This(session)) => Ok(session),
        // Without an answer it stays as unclear as it is.
        Ok(Found::Nothing | Found::TooMuch) | Err(_) => Err(api::used_before()),
    }
}

fn session_form(mode: &str, return_url: &str, kinds: &[&str], key: &str, expires_at: i64) -> Form {
    let mut form = Form::new();
    form.set("mode", mode)
        .set("client_reference_id", key)
        .set("success_url", return_url)
        .set("cancel_url", return_url);
    for (at, kind) in kinds.iter().enumerate() {
        form.set(&format!("payment_method_types[{at}]"), *kind);
    }
    let now = clock::now().div_euclid(1_000_000);
    let wished = expires_at.div_euclid(1_000_000);
    let until = if wished.saturating_sub(now) < SESSION_LEAST {
        wished.saturating_add(SESSION_LEAST)
    } else {
        // The most is counted from a whole hour: a repeat within it is the same request.
        let hour = now.div_euclid(HOUR).saturating_mul(HOUR);
        wished.min(hour.saturating_add(SESSION_MOST))
    };
    form.set("expires_at", until.to_string());
    mark(&mut form, "metadata", key, expires_at);
    form
}

/// A description as long as Stripe takes it.
fn short(description: &str) -> String {
    description.chars().take(LONGEST).collect()
}

/// Puts the host's key, and when its wish ends, where a lookup finds them.
fn mark(form: &mut Form, metadata: &str, key: &str, expires_at: i64) {
    form.set(&format!("{metadata}[{}]", wire::KEY), key).set(
        &format!("{metadata}[{}]", wire::UNTIL),
        expires_at.div_euclid(1_000_000).to_string(),
    );
}

/// Stripe's words for the kinds that are wanted and possible.
fn payment_method_types(
    kinds: &[MethodKind],
    currency: &str,
    debit: bool,
) -> Result<Vec<&'static str>, GatewayError> {
    let wants = |wanted: fn(&MethodKind) -> bool| kinds.is_empty() || kinds.iter().any(wanted);
    let mut types = Vec::new();
    if wants(|kind| matches!(kind, MethodKind::Card)) {
        types.push("card");
    }
    if currency == "EUR"
        && (debit || operator::is_on("sepa_debit"))
        && wants(|kind| matches!(kind, MethodKind::BankDebit))
    {
        types.push("sepa_debit");
    }
    if types.is_empty() {
        let message = "cards, and in euros SEPA debits where they are switched on, are all";
        return Err(invalid("kinds", message));
    }
    Ok(types)
}

/// A customer of Stripe's, made now under a key of its own.
fn new_customer(customer: &Customer, key: &str) -> Result<String, GatewayError> {
    let mut form = Form::new();
    form.set("email", customer.email.as_str()).set(
        &format!("metadata[{}]", wire::CUSTOMER),
        customer.id.as_str(),
    );
    if let Some(name) = &customer.name {
        form.set("name", name.as_str());
    }
    let made: Result<wire::Customer, _> =
        api::post("/v1/customers", Some(&format!("{key}/customer")), &form);
    made.map(|made| made.id).map_err(not_charged)
}

/// Whose method it is.
fn owner(method: &StoredMethod) -> Result<String, GatewayError> {
    let path = format!("/v1/payment_methods/{}", segment(&method.reference));
    match api::get_if_known::<Method>(&path, &Form::new()) {
        Ok(Some(Method {
            customer: Some(customer),
            ..
        })) => Ok(customer),
        Ok(_) => Err(invalid("method", "Stripe keeps no such method")),
        Err(error) => Err(not_charged(error)),
    }
}

/// What failed before anything was charged: reading, or making a customer.
fn not_charged(error: GatewayError) -> GatewayError {
    match error {
        GatewayError::UnknownOutcome(why) => GatewayError::NotExecuted(why),
        other => other,
    }
}
