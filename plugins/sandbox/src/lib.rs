//! The gateway to the sandbox payment processor (`vestibule sandbox`): a component that turns
//! the host's words into the processor's API and back. It keeps nothing, decides nothing, and
//! must never say more than it knows: what may have happened is an *unknown outcome*.

mod api;
mod convert;
mod webhook;
mod wire;

use vestibule_plugin::api::segment;
use vestibule_plugin::gateway::{
    self, GatewayError, info, ledger, methods, payments, refunds, setup, types, webhooks,
};
use vestibule_plugin::{Kv, Timestamp};

/// The gateway.
struct Sandbox;

vestibule_plugin::gateway!(Sandbox, setup, refunds, methods, webhooks, ledger);

/// How late a lookup may be, in seconds: the processor's default.
const LOOKUP_LAG: u32 = 60;
/// For how many seconds the processor remembers a key, by default.
const KEY_LIFETIME: u32 = 24 * 60 * 60;
/// The bounds of every charge, in minor units of any currency.
const LEAST: i64 = 50;
const GREATEST: i64 = 99_999_999;
/// The currencies that the processor takes.
const CURRENCIES: [&str; 28] = [
    "AED", "AUD", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD",
    "HUF", "INR", "JPY", "KRW", "KWD", "MXN", "NOK", "NZD", "PLN", "SEK", "SGD", "TND", "TRY",
    "USD", "ZAR",
];

impl info::Guest for Sandbox {
    fn describe() -> info::Descriptor {
        let accepts = |kind, delayed| info::AcceptedMethod {
            kind,
            reusable: true,
            delayed,
        };
        info::Descriptor {
            name: "Sandbox".to_owned(),
            methods: vec![
                accepts(types::MethodKind::Card, false),
                accepts(types::MethodKind::BankDebit, true),
            ],
            amounts: CURRENCIES
                .iter()
                .map(|currency| info::AmountRange {
                    currency: (*currency).to_owned(),
                    least: LEAST,
                    greatest: Some(GREATEST),
                })
                .collect(),
            lookup_lag: LOOKUP_LAG,
            key_lifetime: KEY_LIFETIME,
            browser_origins: vec!["setting:base_url".to_owned()],
            extra: Vec::new(),
        }
    }
}

impl payments::Guest for Sandbox {
    fn charge(request: types::ChargeRequest) -> Result<types::Payment, GatewayError> {
        let order = convert::charge_order(&request)?;
        let charge: wire::Intent = api::order("/v1/charges", &request.key, &order)?;
        convert::ours(charge, &request.key).and_then(convert::payment)
    }

    fn resume(
        sent: types::SentRequest,
        _returned: Vec<Kv>,
    ) -> Result<types::Payment, GatewayError> {
        // What the browser brought may be forged: only the processor's own word counts.
        match find(&sent, Kind::Charge)? {
            Some(charge) => convert::payment(charge),
            None => Err(not_seen()),
        }
    }

    fn lookup(sent: types::SentRequest) -> Result<payments::LookupAnswer, GatewayError> {
        let found = find(&sent, Kind::Charge).and_then(|c| c.map(convert::payment).transpose());
        match found {
            Ok(Some(payment)) => Ok(payments::LookupAnswer::Found(payment)),
            Ok(None) => Ok(payments::LookupAnswer::Absent),
            Err(error) if gateway::is_silence(&error) => Ok(payments::LookupAnswer::CannotTell),
            Err(error) => Err(error),
        }
    }

    fn cancel(sent: types::SentRequest) -> Result<payments::CancelAnswer, GatewayError> {
        let Some(charge) = find(&sent, Kind::Charge)? else {
            return Err(GatewayError::NotExecuted(
                "the processor does not know the charge, so there is nothing to cancel yet"
                    .to_owned(),
            ));
        };
        let path = format!("/v1/charges/{}/cancel", segment(&charge.id));
        let answer: wire::Cancelled = api::post(&path, &wire::Empty {})?;
        match answer.result {
            wire::CancelResult::Cancelled => Ok(payments::CancelAnswer::Cancelled),
            wire::CancelResult::TooLate => {
                convert::payment(answer.object).map(payments::CancelAnswer::TooLate)
            }
        }
    }
}

impl setup::Guest for Sandbox {
    fn begin(request: setup::SetupRequest) -> Result<types::SetupState, GatewayError> {
        let order = convert::setup_order(&request)?;
        let made: wire::Intent = api::order("/v1/setups", &request.key, &order)?;
        convert::ours(made, &request.key).and_then(convert::setup_state)
    }

    fn complete(
        sent: types::SentRequest,
        _returned: Vec<Kv>,
    ) -> Result<types::SetupState, GatewayError> {
        match find(&sent, Kind::Setup)? {
            Some(made) => convert::setup_state(made),
            None => Err(not_seen()),
        }
    }
}

impl refunds::Guest for Sandbox {
    fn refund(request: refunds::RefundRequest) -> Result<types::RefundState, GatewayError> {
        let charge = match &request.payment.reference {
            Some(reference) => reference.clone(),
            None => match find(&request.payment, Kind::Charge)? {
                Some(charge) => charge.id,
                None => return Err(not_seen()),
            },
        };
        let order = wire::NewRefund {
            charge,
            amount: convert::money_out(&request.amount),
            metadata: convert::metadata(&request.extra),
        };
        api::order("/v1/refunds", &request.key, &order).map(convert::refund_state)
    }

    fn lookup(sent: types::SentRequest) -> Result<refunds::RefundLookupAnswer, GatewayError> {
        let path = format!("/v1/refunds?key={}", segment(&sent.key));
        match api::get::<wire::Found<wire::Refund>>(&path) {
            Ok(mut found) => Ok(match found.data.pop() {
                Some(refund) => refunds::RefundLookupAnswer::Found(convert::refund_state(refund)),
                None => refunds::RefundLookupAnswer::Absent,
            }),
            Err(error) if gateway::is_silence(&error) => {
                Ok(refunds::RefundLookupAnswer::CannotTell)
            }
            Err(error) => Err(error),
        }
    }
}

impl methods::Guest for Sandbox {
    fn detach(request: methods::DetachRequest) -> Result<(), GatewayError> {
        let path = format!("/v1/methods/{}/detach", segment(&request.method.reference));
        // One that the processor does not know is as gone as one that it let go.
        api::post_if_known::<wire::Method>(&path, &wire::Empty {}).map(|_| ())
    }
}

impl webhooks::Guest for Sandbox {
    fn parse(delivery: webhooks::Delivery) -> Result<webhooks::Parsed, webhooks::ParseError> {
        webhook::parse(&delivery)
    }
}

impl ledger::Guest for Sandbox {
    fn list(
        start: Timestamp,
        end: Timestamp,
        cursor: Option<String>,
    ) -> Result<ledger::Page, GatewayError> {
        let cursor = cursor.unwrap_or_else(|| "0".to_owned());
        let path = format!(
            "/v1/ledger?from={start}&to={end}&cursor={}",
            segment(&cursor)
        );
        api::get(&path).map(convert::ledger_page)
    }
}

/// The two kinds of things that are asked for by their key.
#[derive(Clone, Copy)]
enum Kind {
    Charge,
    Setup,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::Charge => "/v1/charges",
            Self::Setup => "/v1/setups",
        }
    }
}

/// What the processor knows of an earlier request: by its own reference where there is one,
/// since that is never late, otherwise by the host's key.
fn find(sent: &types::SentRequest, kind: Kind) -> Result<Option<wire::Intent>, GatewayError> {
    if let Some(reference) = &sent.reference {
        let path = format!("{}/{}", kind.path(), segment(reference));
        if let Some(found) = api::get_if_known::<wire::Intent>(&path)? {
            return convert::ours(found, &sent.key).map(Some);
        }
    }
    let path = format!("{}?key={}", kind.path(), segment(&sent.key));
    let found: wire::Found<wire::Intent> = api::get(&path)?;
    // Several under one key happen only when a key outlived the processor's memory. The one
    // that moved money is the one that matters.
    Ok(found
        .data
        .into_iter()
        .max_by_key(|intent| match intent.status {
            wire::Status::Succeeded => 3,
            wire::Status::Processing => 2,
            wire::Status::RequiresAction => 1,
            wire::Status::Declined | wire::Status::Cancelled => 0,
        }))
}

fn not_seen() -> GatewayError {
    GatewayError::UnknownOutcome("the processor does not know this key yet".to_owned())
}
