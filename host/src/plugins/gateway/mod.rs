//! Payment gateways: what is asked, what is answered, and one typed call per function of
//! `vestibule:gateway`. Every call is a fresh instance; nothing of a guest outlives it.

pub mod answer;
pub mod config;
mod convert;
pub(super) mod exports;
pub mod news;
pub mod request;

use std::sync::Arc;

use jiff::Timestamp;

use self::answer::{
    Cancellation, Capabilities, Description, LedgerPage, Lookup, Payment, Refund, Setup,
};
use self::convert::{Checked, Malformed};
use self::exports::GatewayPart;
use self::news::{Parsed, WebhookError};
use self::request::{
    ChargeRequest, Delivery, DetachRequest, Pair, RefundRequest, SentRequest, SetupRequest,
};
use super::binding::Binding;
use super::bindings::exports::vestibule::gateway::webhooks::ParseError;
use super::bindings::vestibule::gateway::types::GatewayError;
use super::error::{Error, FieldError, UnknownCause};
use super::load::Loaded;
use super::turns::Lane;

/// A gateway of one business and mode, ready for calls. Cheap to clone; a plugin that is
/// replaced meanwhile stays in use by the handles that were there before.
#[derive(Clone)]
pub struct Gateway {
    plugin: Arc<Loaded>,
    binding: Arc<Binding>,
}

/// Calls one exported function in a fresh instance: interface, function, arguments.
macro_rules! call {
    ($gateway:expr, $operation:literal, $interface:expr, $function:ident($($argument:expr),*)) => {
        call!($gateway, Lane::Own, $operation, $interface, $function($($argument),*))
    };
    ($gateway:expr, $lane:expr, $operation:literal, $interface:expr, $function:ident($($argument:expr),*)) => {{
        let interface = $interface.clone();
        $gateway
            .plugin
            .code
            .call_in(
                $lane,
                &$gateway.binding,
                $operation,
                Box::new(move |store, instance, entered| {
                    Box::pin(async move {
                        let guest = interface.load(&mut *store, &instance)?;
                        entered.enter(store);
                        guest.$function(store, $($argument),*).await
                    })
                }),
            )
            .await
    }};
}

impl Gateway {
    pub(super) fn new(plugin: Arc<Loaded>, binding: Arc<Binding>) -> Self {
        Self { plugin, binding }
    }

    /// The id of the plugin behind it.
    pub fn plugin(&self) -> &str {
        self.plugin.code.id()
    }

    /// What it is and can do.
    pub fn description(&self) -> Description {
        let part = self.part();
        Description {
            browser_origins: self.checked().browser_origins(&part.description),
            ..part.description.clone()
        }
    }

    /// The optional operations it has.
    pub fn capabilities(&self) -> Capabilities {
        self.part().description.capabilities
    }

    /// Charges. The same key twice is one charge.
    pub async fn charge(&self, request: &ChargeRequest) -> Result<Payment, Error> {
        let request = convert::charge_request(request);
        let payments = &self.part().exports.payments;
        let answer = call!(self, "payments.charge", payments, call_charge(&request))?;
        self.answered(answer, |payment| self.checked().payment(payment))
    }

    /// The customer came back with `returned` (query and form fields, perhaps forged):
    /// finishes what the action began.
    pub async fn resume(&self, sent: &SentRequest, returned: &[Pair]) -> Result<Payment, Error> {
        let (sent, returned) = (convert::sent_request(sent), convert::pairs(returned));
        let payments = &self.part().exports.payments;
        let answer = call!(
            self,
            "payments.resume",
            payments,
            call_resume(&sent, &returned)
        )?;
        self.answered(answer, |payment| self.checked().payment(payment))
    }

    /// Asks what became of a charge. Changes nothing; an error of any kind means that nothing
    /// was learnt.
    pub async fn lookup(&self, sent: &SentRequest) -> Result<Lookup<Payment>, Error> {
        let sent = convert::sent_request(sent);
        let payments = &self.part().exports.payments;
        let answer = call!(self, "payments.lookup", payments, call_lookup(&sent))?;
        self.answered(answer, |answer| self.checked().lookup(answer))
    }

    /// Ends an open charge, so that it can no longer succeed.
    pub async fn cancel(&self, sent: &SentRequest) -> Result<Cancellation, Error> {
        let sent = convert::sent_request(sent);
        let payments = &self.part().exports.payments;
        let answer = call!(self, "payments.cancel", payments, call_cancel(&sent))?;
        self.answered(answer, |answer| self.checked().cancellation(answer))
    }

    /// Begins to save a method without a charge. The same key twice is one set-up.
    pub async fn setup_begin(&self, request: &SetupRequest) -> Result<Setup, Error> {
        let request = convert::setup_request(request);
        let setup = self.optional(self.part().exports.setup.as_ref(), "setup.begin")?;
        let answer = call!(self, "setup.begin", setup, call_begin(&request))?;
        self.answered(answer, |state| self.checked().setup(state))
    }

    /// Finishes a set-up after the customer came back, or asks how it stands when nothing was
    /// `returned`.
    pub async fn setup_complete(
        &self,
        sent: &SentRequest,
        returned: &[Pair],
    ) -> Result<Setup, Error> {
        let (sent, returned) = (convert::sent_request(sent), convert::pairs(returned));
        let setup = self.optional(self.part().exports.setup.as_ref(), "setup.complete")?;
        let answer = call!(
            self,
            "setup.complete",
            setup,
            call_complete(&sent, &returned)
        )?;
        self.answered(answer, |state| self.checked().setup(state))
    }

    /// Gives money back. The same key twice is one refund.
    pub async fn refund(&self, request: &RefundRequest) -> Result<Refund, Error> {
        let request = convert::refund_request(request);
        let refunds = self.optional(self.part().exports.refunds.as_ref(), "refunds.refund")?;
        let answer = call!(self, "refunds.refund", refunds, call_refund(&request))?;
        self.answered(answer, convert::refund)
    }

    /// Asks what became of a refund. Changes nothing.
    pub async fn refund_lookup(&self, sent: &SentRequest) -> Result<Lookup<Refund>, Error> {
        let sent = convert::sent_request(sent);
        let refunds = self.optional(self.part().exports.refunds.as_ref(), "refunds.lookup")?;
        let answer = call!(self, "refunds.lookup", refunds, call_lookup(&sent))?;
        self.answered(answer, convert::refund_lookup)
    }

    /// Makes the gateway forget a method. One that is gone already is a success.
    pub async fn detach(&self, request: &DetachRequest) -> Result<(), Error> {
        let request = convert::detach_request(request);
        let methods = self.optional(self.part().exports.methods.as_ref(), "methods.detach")?;
        let answer = call!(self, "methods.detach", methods, call_detach(&request))?;
        self.answered(answer, Ok)
    }

    /// Checks and reads a delivery of the gateway's webhook, or what somebody sends as one: what
    /// waits here leaves the turns of charges alone. Changes nothing.
    pub async fn parse_webhook(&self, delivery: &Delivery) -> Result<Parsed, WebhookError> {
        let delivery = convert::delivery(delivery);
        let webhooks = self.optional(self.part().exports.webhooks.as_ref(), "webhooks.parse")?;
        let answer = call!(
            self,
            Lane::Strangers,
            "webhooks.parse",
            webhooks,
            call_parse(&delivery)
        )?;
        match answer {
            Ok(parsed) => {
                let parsed = self.checked().parsed(parsed);
                parsed.map_err(|error| self.malformed(&error).into())
            }
            Err(ParseError::BadSignature) => Err(WebhookError::BadSignature),
            Err(ParseError::Stale) => Err(WebhookError::Stale),
            Err(ParseError::Malformed(why)) => Err(WebhookError::Malformed(convert::note(&why))),
            Err(ParseError::Misconfigured(why)) => Err(Error::Misconfigured {
                plugin: self.plugin().to_owned(),
                reason: convert::note(&why),
            }
            .into()),
        }
    }

    /// The gateway's books from `start` on and before `end`, from an earlier page's cursor on.
    pub async fn ledger_list(
        &self,
        start: Timestamp,
        end: Timestamp,
        cursor: Option<&str>,
    ) -> Result<LedgerPage, Error> {
        let (start, end) = (start.as_microsecond(), end.as_microsecond());
        let cursor = cursor.map(str::to_owned);
        let ledger = self.optional(self.part().exports.ledger.as_ref(), "ledger.list")?;
        let answer = call!(
            self,
            "ledger.list",
            ledger,
            call_list(start, end, cursor.as_deref())
        )?;
        self.answered(answer, convert::ledger_page)
    }

    fn part(&self) -> &GatewayPart {
        let part = self.plugin.gateway.as_ref();
        part.expect("a handle is made only for a plugin of kind gateway")
    }

    fn checked(&self) -> Checked<'_> {
        Checked::new(&self.binding, &self.plugin.code)
    }

    fn optional<'a, T>(
        &self,
        interface: Option<&'a T>,
        operation: &'static str,
    ) -> Result<&'a T, Error> {
        interface.ok_or_else(|| Error::Unsupported {
            plugin: self.plugin().to_owned(),
            operation: operation.to_owned(),
        })
    }

    /// The host's word for an answer: the checked record, or why there is none.
    fn answered<Raw, T>(
        &self,
        answer: Result<Raw, GatewayError>,
        check: impl FnOnce(Raw) -> Result<T, Malformed>,
    ) -> Result<T, Error> {
        let plugin = self.plugin().to_owned();
        match answer {
            Ok(raw) => check(raw).map_err(|error| self.malformed(&error)),
            Err(GatewayError::NotExecuted(reason)) => Err(Error::NotExecuted {
                plugin,
                reason: convert::note(&reason),
            }),
            Err(GatewayError::UnknownOutcome(why)) => Err(Error::Unknown {
                plugin,
                cause: UnknownCause::Said(convert::note(&why)),
            }),
            Err(GatewayError::RateLimited(seconds)) => Err(Error::RateLimited {
                plugin,
                retry_after: seconds.map(convert::seconds),
            }),
            Err(GatewayError::InvalidRequest(fields)) => Err(Error::InvalidRequest {
                plugin,
                fields: fields
                    .into_iter()
                    .take(convert::MOST_FIELDS)
                    .map(|field| FieldError {
                        field: convert::note(&field.field),
                        message: convert::note(&field.message),
                    })
                    .collect(),
            }),
            Err(GatewayError::Misconfigured(reason)) => Err(Error::Misconfigured {
                plugin,
                reason: convert::note(&reason),
            }),
            Err(GatewayError::Unsupported(operation)) => Err(Error::Unsupported {
                plugin,
                operation: convert::note(&operation),
            }),
        }
    }

    fn malformed(&self, error: &Malformed) -> Error {
        self.plugin
            .code
            .answered_nonsense("answer", &error.to_string());
        Error::Unknown {
            plugin: self.plugin().to_owned(),
            cause: UnknownCause::Malformed(error.to_string()),
        }
    }
}
