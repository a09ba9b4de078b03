//! What a gateway answers: plain records that were checked on their way out of the guest.
//! The meaning of each is written in `wit/gateway/v1`; what to do with it is for the flows.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::money::{Currency, Money};

/// What a payment method is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MethodKind {
    /// A payment card.
    Card,
    /// A debit that settles or fails days later.
    BankDebit,
    /// A transfer that the customer confirms at the bank, at once.
    BankRedirect,
    /// A wallet of a third party.
    Wallet,
    /// A kind that this host has no word for.
    Other(String),
}

/// A payment method that the gateway keeps, as far as a customer may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedMethod {
    /// The gateway's reference.
    pub reference: String,
    /// What it is.
    pub kind: MethodKind,
    /// Lower-case brand, such as `visa`; for a debit, the bank's name.
    pub brand: Option<String>,
    /// The last four digits.
    pub last4: Option<String>,
    /// Month of expiry, 1 to 12.
    pub expiry_month: Option<u8>,
    /// Year of expiry, four digits.
    pub expiry_year: Option<u16>,
    /// `credit`, `debit` or `prepaid`.
    pub funding: Option<String>,
    /// The holder's name.
    pub holder: Option<String>,
    /// ISO 3166-1 alpha-2 code of the issuing country.
    pub country: Option<String>,
    /// The same for two references of the same card or account.
    pub fingerprint: Option<String>,
    /// The mandate to quote in later charges.
    pub mandate: Option<String>,
    /// The network's reference to quote in later charges.
    pub network: Option<String>,
}

/// What the customer's browser has to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAction {
    /// Go to this page of the gateway or the bank. Checked: absolute, no user info, and of an
    /// origin that the operator granted.
    Redirect {
        /// The page.
        url: String,
    },
    /// It was a page that nobody granted, and nobody is sent there.
    Refused {
        /// The page's origin.
        origin: String,
    },
    /// The customer approves elsewhere; there is nothing to show. Also every action that
    /// this host does not know.
    Wait,
}

/// How a request ended, or where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The money moved, or the method is set up.
    Succeeded,
    /// Under way without anybody's doing.
    Processing {
        /// When the result is expected.
        expected_by: Timestamp,
    },
    /// The customer has to do something.
    RequiresAction {
        /// What.
        action: ClientAction,
        /// Past this moment it can no longer succeed.
        until: Timestamp,
    },
    /// Refused for good under this key.
    Declined(Decline),
    /// Given up before it happened, for good.
    Cancelled,
}

/// A refusal by issuer or gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// Why.
    pub code: DeclineCode,
    /// What to do next.
    pub advice: Advice,
    /// With [`Advice::Later`]: not before this moment.
    pub not_before: Option<Timestamp>,
    /// The gateway's own code, for the operator.
    pub gateway_code: Option<String>,
    /// The gateway's own text, for the operator, never for the customer.
    pub message: Option<String>,
}

/// Why a charge or set-up was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeclineCode {
    /// The issuer said nothing more.
    Refused,
    /// Not enough money.
    InsufficientFunds,
    /// Over a limit of the account.
    LimitExceeded,
    /// The card has expired.
    Expired,
    /// Number, date or security code is wrong.
    IncorrectDetails,
    /// Reported lost or stolen.
    LostOrStolen,
    /// Held to be fraud.
    SuspectedFraud,
    /// The issuer wants the customer to confirm.
    AuthenticationRequired,
    /// The customer did not confirm, or failed to.
    AuthenticationFailed,
    /// The method cannot pay this.
    NotSupported,
    /// The account is closed or does not exist.
    AccountClosed,
    /// The agreement to charge was withdrawn.
    MandateRevoked,
    /// Issuer or network is not reachable now.
    IssuerUnavailable,
    /// A reason that this host has no word for.
    Other(String),
}

/// What a refusal means for the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advice {
    /// Never try this method again.
    Never,
    /// The same method may work later.
    Later,
    /// Ask for another method.
    NewMethod,
    /// The same method works once the customer confirms.
    Authenticate,
}

/// A payment as the gateway sees it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// How it stands.
    pub outcome: Outcome,
    /// The amount that was, or is to be, charged. The flow compares it with its own.
    pub amount: Money,
    /// The gateway's reference of the payment.
    pub reference: Option<String>,
    /// The gateway's reference of the customer.
    pub customer_reference: Option<String>,
    /// The method that was used, when the gateway saved it.
    pub method: Option<SavedMethod>,
}

/// A set-up as the gateway sees it now. A succeeded one has its `method`: that is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// How it stands.
    pub outcome: Outcome,
    /// The gateway's reference of the set-up.
    pub reference: Option<String>,
    /// The gateway's reference of the customer.
    pub customer_reference: Option<String>,
    /// The saved method.
    pub method: Option<SavedMethod>,
}

/// What the gateway knows about a key. `T` is [`Payment`] or [`Refund`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It is there, and stands like this.
    Found(T),
    /// The gateway answered and knows nothing of it.
    Absent,
    /// The gateway cannot be asked, or did not answer.
    CannotTell,
}

/// How a wish to cancel ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one per call, matched at once")]
pub enum Cancellation {
    /// Confirmed: it can no longer succeed.
    Cancelled,
    /// It had gone on already, and stands like this.
    TooLate(Payment),
    /// The gateway cannot cancel.
    Unsupported,
}

/// How a refund stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefundOutcome {
    /// The money is on its way back.
    Succeeded,
    /// Under way.
    Processing {
        /// When the result is expected.
        expected_by: Timestamp,
    },
    /// It did not work, for good under this key; why, for the operator.
    Failed(String),
}

/// A refund as the gateway sees it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// How it stands.
    pub outcome: RefundOutcome,
    /// How much.
    pub amount: Money,
    /// The gateway's reference of the refund.
    pub reference: Option<String>,
}

/// What a gateway is and can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The name for people.
    pub name: String,
    /// The kinds of payment methods it takes.
    pub methods: Vec<AcceptedMethod>,
    /// The currencies it takes, each with its bounds.
    pub amounts: Vec<AmountRange>,
    /// How long after a request was sent a lookup may still miss it.
    pub lookup_lag: Duration,
    /// How long a repeated key surely is the same request.
    pub key_lifetime: Duration,
    /// Origins of its pages that customers may be sent to, `setting:…` resolved.
    pub browser_origins: Vec<String>,
    /// The optional operations it has.
    pub capabilities: Capabilities,
}

impl Description {
    /// The bounds of amounts in `currency`; none when the gateway does not take it.
    pub fn amounts_in(&self, currency: Currency) -> Option<&AmountRange> {
        self.amounts.iter().find(|range| range.currency == currency)
    }
}

/// A kind of payment method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedMethod {
    /// The kind.
    pub kind: MethodKind,
    /// Whether it can be charged later without the customer.
    pub reusable: bool,
    /// Whether its charges may be processing for days.
    pub delayed: bool,
}

/// What can be charged in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmountRange {
    /// The currency.
    pub currency: Currency,
    /// The least amount, in minor units.
    pub least: i64,
    /// The greatest amount, in minor units.
    pub greatest: Option<i64>,
}

/// The optional operations of a gateway: each is an interface that its component exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five independent interfaces, each there or not"
)]
pub struct Capabilities {
    /// Saving a method without a charge.
    pub setup: bool,
    /// Giving money back.
    pub refunds: bool,
    /// Forgetting methods.
    pub methods: bool,
    /// Sending news.
    pub webhooks: bool,
    /// Reading its books.
    pub ledger: bool,
}

/// One movement in the gateway's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// What moved: `charge`, `refund`, `reversal` or the gateway's own word.
    pub kind: LedgerKind,
    /// The gateway's reference of the movement.
    pub reference: String,
    /// The host's key, where the gateway keeps it.
    pub key: Option<String>,
    /// How much, without a sign.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
}

/// What moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerKind {
    /// Money taken.
    Charge,
    /// Money given back.
    Refund,
    /// Money taken back by bank or network.
    Reversal,
    /// A kind that this host has no word for.
    Other(String),
}

/// A part of the gateway's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPage {
    /// Oldest first.
    pub entries: Vec<LedgerEntry>,
    /// Where the next part begins; none at the end.
    pub next: Option<String>,
}
