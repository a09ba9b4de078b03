//! The gateway to Stripe. Customers type cards and bank accounts on Stripe's own page (Checkout);
//! saved methods are charged by payment intents. It keeps nothing and decides nothing: Stripe's
//! metadata holds the host's key, and what may have happened is an *unknown outcome*.

mod api;
mod books;
mod decline;
mod find;
mod order;
mod refund;
mod stand;
mod webhook;
mod wire;

use vestibule_plugin::api::segment;
use vestibule_plugin::gateway::{
    self, GatewayError, info, ledger, methods, payments, refunds, setup, types, webhooks,
};
use vestibule_plugin::{Kv, Timestamp};

use find::Found;

/// The gateway.
struct Stripe;

vestibule_plugin::gateway!(Stripe, setup, refunds, methods, webhooks, ledger);

/// How late a lookup may be, in seconds. It reads Stripe's lists, which are current; only where
/// those are too long does it search, and what the search does not know it cannot tell.
const LOOKUP_LAG: u32 = 60;
/// For how many seconds Stripe remembers a key at least.
const KEY_LIFETIME: u32 = 24 * 60 * 60;
/// Stripe's pages, and where it sends for a confirmation.
const PAGES: [&str; 3] = [
    "https://checkout.stripe.com",
    "https://hooks.stripe.com",
    "setting:pages_url",
];

impl info::Guest for Stripe {
    fn describe() -> info::Descriptor {
        let accepts = |kind, delayed| info::AcceptedMethod {
            kind,
            reusable: true,
            delayed,
        };
        info::Descriptor {
            name: "Stripe".to_owned(),
            methods: vec![
                accepts(types::MethodKind::Card, false),
                accepts(types::MethodKind::BankDebit, true),
            ],
            amounts: order::ranges(),
            lookup_lag: LOOKUP_LAG,
            key_lifetime: KEY_LIFETIME,
            browser_origins: PAGES.iter().map(|page| (*page).to_owned()).collect(),
            extra: Vec::new(),
        }
    }
}

impl payments::Guest for Stripe {
    fn charge(request: types::ChargeRequest) -> Result<types::Payment, GatewayError> {
        order::check(&request.amount)?;
        match &request.method {
            types::MethodChoice::Stored(method) => order::charge(&request, method),
            types::MethodChoice::Collect(kinds) => order::collect(&request, kinds),
        }
    }

    fn resume(
        sent: types::SentRequest,
        _returned: Vec<Kv>,
    ) -> Result<types::Payment, GatewayError> {
        // What the browser brought may be forged: only Stripe's own word counts.
        match find::charge(&sent)? {
            Found::This(charge) => stand::payment(charge),
            Found::Nothing | Found::TooMuch => Err(not_seen()),
        }
    }

    fn lookup(sent: types::SentRequest) -> Result<payments::LookupAnswer, GatewayError> {
        let found = find::charge(&sent).and_then(|found| {
            Ok(match found {
                Found::This(charge) => payments::LookupAnswer::Found(stand::payment(charge)?),
                Found::Nothing => payments::LookupAnswer::Absent,
                Found::TooMuch => payments::LookupAnswer::CannotTell,
            })
        });
        match found {
            Err(error) if gateway::is_silence(&error) => Ok(payments::LookupAnswer::CannotTell),
            told => told,
        }
    }

    fn cancel(sent: types::SentRequest) -> Result<payments::CancelAnswer, GatewayError> {
        match find::charge(&sent)? {
            Found::This(charge) => stand::cancel(&sent, &charge),
            Found::Nothing | Found::TooMuch => Err(GatewayError::NotExecuted(
                "Stripe does not know the charge, so there is nothing to cancel yet".to_owned(),
            )),
        }
    }
}

impl setup::Guest for Stripe {
    fn begin(request: setup::SetupRequest) -> Result<types::SetupState, GatewayError> {
        order::set_up(&request)
    }

    fn complete(
        sent: types::SentRequest,
        _returned: Vec<Kv>,
    ) -> Result<types::SetupState, GatewayError> {
        match find::session(&sent)? {
            Found::This(session) => stand::set_up(session),
            Found::Nothing | Found::TooMuch => Err(not_seen()),
        }
    }
}

impl refunds::Guest for Stripe {
    fn refund(request: refunds::RefundRequest) -> Result<types::RefundState, GatewayError> {
        refund::order(&request)
    }

    fn lookup(sent: types::SentRequest) -> Result<refunds::RefundLookupAnswer, GatewayError> {
        match refund::find(&sent) {
            Err(error) if gateway::is_silence(&error) => {
                Ok(refunds::RefundLookupAnswer::CannotTell)
            }
            told => told,
        }
    }
}

impl methods::Guest for Stripe {
    fn detach(request: methods::DetachRequest) -> Result<(), GatewayError> {
        let method = format!("/v1/payment_methods/{}", segment(&request.method.reference));
        match api::post::<wire::Method>(&format!("{method}/detach"), None, &api::Form::new()) {
            Ok(_) => Ok(()),
            // Stripe refuses what is detached already, and what it never had.
            Err(GatewayError::InvalidRequest(fields)) => {
                match api::get_if_known::<wire::Method>(&method, &api::Form::new())? {
                    Some(known) if known.customer.is_some() => {
                        Err(GatewayError::InvalidRequest(fields))
                    }
                    _ => Ok(()),
                }
            }
            Err(error) => Err(error),
        }
    }
}

impl webhooks::Guest for Stripe {
    fn parse(delivery: webhooks::Delivery) -> Result<webhooks::Parsed, webhooks::ParseError> {
        webhook::parse(&delivery)
    }
}

impl ledger::Guest for Stripe {
    fn list(
        start: Timestamp,
        end: Timestamp,
        cursor: Option<String>,
    ) -> Result<ledger::Page, GatewayError> {
        books::page(start, end, cursor)
    }
}

fn not_seen() -> GatewayError {
    GatewayError::UnknownOutcome("Stripe does not know this key yet".to_owned())
}
