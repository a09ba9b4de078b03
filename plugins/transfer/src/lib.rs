//! A gateway of another shape than a card processor's: the customer approves each transfer at the
//! bank, nothing is saved, nothing is charged without them, and money cannot be sent back. The
//! payer of a transfer is known by the merchant's own id of it, amounts are decimals, and the
//! bank takes days.

mod bank;
mod decimal;
mod webhook;

use vestibule_plugin::gateway::{
    self, GatewayError, MethodChoice, MethodKind, Outcome, Payment, SentRequest, info, invalid,
    payments, types, webhooks,
};
use vestibule_plugin::{ClientAction, Kv, Redirect};

/// The gateway.
struct Transfer;

vestibule_plugin::gateway!(Transfer, webhooks);

/// Three days, in microseconds: when a transfer that was approved has arrived.
const TAKES: i64 = 3 * 24 * 60 * 60 * 1_000_000;
/// The bounds of a transfer, in minor units.
const LEAST: i64 = 1;
const GREATEST: i64 = 100_000_000;

impl info::Guest for Transfer {
    fn describe() -> info::Descriptor {
        info::Descriptor {
            name: "Bank transfer".to_owned(),
            methods: vec![info::AcceptedMethod {
                kind: MethodKind::BankRedirect,
                reusable: false,
                delayed: true,
            }],
            amounts: decimal::CURRENCIES
                .iter()
                .map(|(code, _)| info::AmountRange {
                    currency: (*code).to_owned(),
                    least: LEAST,
                    greatest: Some(GREATEST),
                })
                .collect(),
            // The bank knows a transfer by the id that it was ordered under, from the first
            // moment and for ever.
            lookup_lag: 0,
            key_lifetime: 365 * 24 * 60 * 60,
            browser_origins: vec!["setting:base_url".to_owned()],
            extra: Vec::new(),
        }
    }
}

impl payments::Guest for Transfer {
    fn charge(request: types::ChargeRequest) -> Result<Payment, GatewayError> {
        match &request.method {
            MethodChoice::Stored(_) => {
                return Err(GatewayError::Unsupported(
                    "a transfer without the customer".to_owned(),
                ));
            }
            MethodChoice::Collect(kinds)
                if !kinds.is_empty()
                    && !kinds.iter().any(|k| matches!(k, MethodKind::BankRedirect)) =>
            {
                return Err(invalid("kinds", "only bank transfers are taken"));
            }
            MethodChoice::Collect(_) => {}
        }
        if !(LEAST..=GREATEST).contains(&request.amount.minor) {
            return Err(invalid("amount", "it is out of bounds"));
        }
        let order = bank::Order {
            amount: decimal::text(&request.amount)
                .ok_or_else(|| invalid("currency", "the bank has no such accounts"))?,
            currency: request.amount.currency.clone(),
            purpose: request.description.clone(),
            back: request.return_url.clone(),
            valid_until: request.expires_at.div_euclid(1_000_000),
        };
        bank::order(&request.key, &order).and_then(payment)
    }

    fn resume(sent: SentRequest, _returned: Vec<Kv>) -> Result<Payment, GatewayError> {
        // What the browser brought may be forged: only the bank's own word counts.
        match bank::transfer(&sent.key)? {
            Some(transfer) => payment(transfer),
            None => Err(GatewayError::UnknownOutcome(
                "the bank does not know this transfer yet".to_owned(),
            )),
        }
    }

    fn lookup(sent: SentRequest) -> Result<payments::LookupAnswer, GatewayError> {
        let found = bank::transfer(&sent.key).and_then(|known| known.map(payment).transpose());
        match found {
            Ok(Some(payment)) => Ok(payments::LookupAnswer::Found(payment)),
            Ok(None) => Ok(payments::LookupAnswer::Absent),
            Err(error) if gateway::is_silence(&error) => Ok(payments::LookupAnswer::CannotTell),
            Err(error) => Err(error),
        }
    }

    fn cancel(sent: SentRequest) -> Result<payments::CancelAnswer, GatewayError> {
        let Some(transfer) = bank::withdraw(&sent.key)? else {
            return Err(GatewayError::NotExecuted(
                "the bank does not know this transfer, so there is nothing to withdraw yet"
                    .to_owned(),
            ));
        };
        let payment = payment(transfer)?;
        Ok(match payment.outcome {
            Outcome::Cancelled => payments::CancelAnswer::Cancelled,
            _ => payments::CancelAnswer::TooLate(payment),
        })
    }
}

impl webhooks::Guest for Transfer {
    fn parse(delivery: webhooks::Delivery) -> Result<webhooks::Parsed, webhooks::ParseError> {
        webhook::parse(&delivery)
    }
}

/// How a transfer stands, in the host's words.
fn payment(transfer: bank::Transfer) -> Result<Payment, GatewayError> {
    let amount = decimal::money(&transfer.amount, &transfer.currency)
        .ok_or_else(|| bank::unreadable("an amount that is none"))?;
    let outcome = match transfer.state.as_str() {
        "offered" => Outcome::RequiresAction(types::ActionNeeded {
            action: ClientAction::Redirect(Redirect {
                url: transfer.approve,
            }),
            until: transfer.valid_until.saturating_mul(1_000_000),
        }),
        "approved" => Outcome::Processing(
            transfer
                .ordered_at
                .saturating_mul(1_000_000)
                .saturating_add(TAKES),
        ),
        "executed" => Outcome::Succeeded,
        "withdrawn" | "expired" => Outcome::Cancelled,
        "refused" => Outcome::Declined(types::Decline {
            code: types::DeclineCode::Refused,
            advice: types::Advice::NewMethod,
            not_before: None,
            gateway_code: transfer.reason,
            message: None,
        }),
        other => return Err(bank::unreadable(&format!("a transfer that is {other}"))),
    };
    Ok(Payment {
        outcome,
        amount,
        reference: Some(transfer.id),
        customer_reference: None,
        method: None,
        extra: Vec::new(),
    })
}
