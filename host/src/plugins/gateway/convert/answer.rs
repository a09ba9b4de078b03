//! Answers on their way out of the guest.

use url::Url;

use super::{
    Checked, Malformed, money, note, optional_reference, ours, reference, shown, timestamp,
};
use crate::plugins::bindings::exports::vestibule::gateway::{info, ledger, payments, refunds};
use crate::plugins::bindings::vestibule::gateway::types as wit;
use crate::plugins::bindings::vestibule::types::types::ClientAction as WitAction;
use crate::plugins::gateway::answer::{
    AcceptedMethod, Advice, AmountRange, Cancellation, Capabilities, ClientAction, Decline,
    DeclineCode, Description, LedgerEntry, LedgerKind, LedgerPage, Lookup, MethodKind, Outcome,
    Payment, Refund, RefundOutcome, SavedMethod, Setup,
};
use crate::plugins::grants::Origin;

const MOST_ENTRIES: usize = 200;
const MOST_URL: usize = 2048;
const MOST_LISTED: usize = 300;

impl Checked<'_> {
    pub(in super::super) fn payment(&self, payment: wit::Payment) -> Result<Payment, Malformed> {
        Ok(Payment {
            outcome: self.outcome(payment.outcome)?,
            amount: money(&payment.amount)?,
            reference: optional_reference(payment.reference)?,
            customer_reference: optional_reference(payment.customer_reference)?,
            method: payment.method.map(saved_method).transpose()?,
        })
    }

    pub(in super::super) fn setup(&self, setup: wit::SetupState) -> Result<Setup, Malformed> {
        let setup = Setup {
            outcome: self.outcome(setup.outcome)?,
            reference: optional_reference(setup.reference)?,
            customer_reference: optional_reference(setup.customer_reference)?,
            method: setup.method.map(saved_method).transpose()?,
        };
        if setup.outcome == Outcome::Succeeded && setup.method.is_none() {
            return Err(Malformed::new("a set-up succeeded without a method"));
        }
        Ok(setup)
    }

    pub(in super::super) fn lookup(
        &self,
        answer: payments::LookupAnswer,
    ) -> Result<Lookup<Payment>, Malformed> {
        Ok(match answer {
            payments::LookupAnswer::Found(payment) => Lookup::Found(self.payment(payment)?),
            payments::LookupAnswer::Absent => Lookup::Absent,
            payments::LookupAnswer::CannotTell => Lookup::CannotTell,
        })
    }

    pub(in super::super) fn cancellation(
        &self,
        answer: payments::CancelAnswer,
    ) -> Result<Cancellation, Malformed> {
        Ok(match answer {
            payments::CancelAnswer::Cancelled => Cancellation::Cancelled,
            payments::CancelAnswer::TooLate(payment) => {
                Cancellation::TooLate(self.payment(payment)?)
            }
            payments::CancelAnswer::Unsupported => Cancellation::Unsupported,
        })
    }

    fn outcome(&self, outcome: wit::Outcome) -> Result<Outcome, Malformed> {
        Ok(match outcome {
            wit::Outcome::Succeeded => Outcome::Succeeded,
            wit::Outcome::Processing(expected) => Outcome::Processing {
                expected_by: timestamp(expected)?,
            },
            wit::Outcome::RequiresAction(needed) => Outcome::RequiresAction {
                action: self.action(needed.action)?,
                until: timestamp(needed.until)?,
            },
            wit::Outcome::Declined(declined) => Outcome::Declined(decline(declined)?),
            wit::Outcome::Cancelled => Outcome::Cancelled,
        })
    }

    fn action(&self, action: WitAction) -> Result<ClientAction, Malformed> {
        Ok(match action {
            WitAction::Redirect(redirect) => self.redirect(&redirect.url)?,
            // Fields of another origin need a script on the portal's own page, which works
            // without any.
            WitAction::HostedFields(_) => {
                return Err(Malformed::new(
                    "hosted fields are not shown by this host; answer a redirect to a page of \
                     the gateway",
                ));
            }
            // An action without a word here can only be waited for.
            WitAction::Wait | WitAction::Other(_) => ClientAction::Wait,
        })
    }

    /// A page that the customer is sent to, where the operator granted its origin. Another one is
    /// nothing to be done, and not a doubt about money: the payment waits until it can no longer
    /// succeed, or until the customer takes another way.
    fn redirect(&self, url: &str) -> Result<ClientAction, Malformed> {
        let bad = || Malformed::new("an action's URL is not an absolute https URL");
        if url.len() > MOST_URL {
            return Err(bad());
        }
        let url = Url::parse(url).map_err(|_| bad())?;
        let origin = Origin::of(&url).ok_or_else(bad)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad());
        }
        if self.binding.permissions.browser.permits(&origin) {
            return Ok(ClientAction::Redirect { url: url.into() });
        }
        let origin = origin.to_string();
        self.code.answered_nonsense("answer", &format!(
            "it sends a customer to {origin}, and `browser` of its plugin.toml and of the grants \
             does not permit that"
        ));
        Ok(ClientAction::Refused { origin })
    }
}

pub(in super::super) fn refund(refund: wit::RefundState) -> Result<Refund, Malformed> {
    Ok(Refund {
        outcome: match refund.outcome {
            wit::RefundOutcome::Succeeded => RefundOutcome::Succeeded,
            wit::RefundOutcome::Processing(expected) => RefundOutcome::Processing {
                expected_by: timestamp(expected)?,
            },
            wit::RefundOutcome::Failed(why) => RefundOutcome::Failed(note(&why)),
        },
        amount: money(&refund.amount)?,
        reference: optional_reference(refund.reference)?,
    })
}

pub(in super::super) fn refund_lookup(
    answer: refunds::RefundLookupAnswer,
) -> Result<Lookup<Refund>, Malformed> {
    Ok(match answer {
        refunds::RefundLookupAnswer::Found(state) => Lookup::Found(self::refund(state)?),
        refunds::RefundLookupAnswer::Absent => Lookup::Absent,
        refunds::RefundLookupAnswer::CannotTell => Lookup::CannotTell,
    })
}

pub(in super::super) fn ledger_page(page: ledger::Page) -> Result<LedgerPage, Malformed> {
    if page.entries.len() > MOST_ENTRIES {
        return Err(Malformed::new(format!("more than {MOST_ENTRIES} entries")));
    }
    let entries = page.entries.into_iter().map(|entry| {
        Ok(LedgerEntry {
            kind: match entry.kind {
                ledger::EntryKind::Charge => LedgerKind::Charge,
                ledger::EntryKind::Refund => LedgerKind::Refund,
                ledger::EntryKind::Reversal => LedgerKind::Reversal,
                ledger::EntryKind::Other(word) => LedgerKind::Other(note(&word)),
            },
            reference: reference(entry.reference)?,
            key: ours(entry.key),
            amount: money(&entry.amount)?,
            at: timestamp(entry.at)?,
        })
    });
    Ok(LedgerPage {
        entries: entries.collect::<Result<_, Malformed>>()?,
        next: optional_reference(page.next)?,
    })
}

fn decline(decline: wit::Decline) -> Result<Decline, Malformed> {
    Ok(Decline {
        code: match decline.code {
            wit::DeclineCode::Refused => DeclineCode::Refused,
            wit::DeclineCode::InsufficientFunds => DeclineCode::InsufficientFunds,
            wit::DeclineCode::LimitExceeded => DeclineCode::LimitExceeded,
            wit::DeclineCode::Expired => DeclineCode::Expired,
            wit::DeclineCode::IncorrectDetails => DeclineCode::IncorrectDetails,
            wit::DeclineCode::LostOrStolen => DeclineCode::LostOrStolen,
            wit::DeclineCode::SuspectedFraud => DeclineCode::SuspectedFraud,
            wit::DeclineCode::AuthenticationRequired => DeclineCode::AuthenticationRequired,
            wit::DeclineCode::AuthenticationFailed => DeclineCode::AuthenticationFailed,
            wit::DeclineCode::NotSupported => DeclineCode::NotSupported,
            wit::DeclineCode::AccountClosed => DeclineCode::AccountClosed,
            wit::DeclineCode::MandateRevoked => DeclineCode::MandateRevoked,
            wit::DeclineCode::IssuerUnavailable => DeclineCode::IssuerUnavailable,
            wit::DeclineCode::Other(word) => DeclineCode::Other(note(&word)),
        },
        advice: match decline.advice {
            wit::Advice::Never => Advice::Never,
            wit::Advice::Later => Advice::Later,
            wit::Advice::NewMethod => Advice::NewMethod,
            wit::Advice::Authenticate => Advice::Authenticate,
        },
        not_before: decline.not_before.map(timestamp).transpose()?,
        gateway_code: shown(decline.gateway_code, 100),
        message: decline.message.as_deref().map(note),
    })
}

fn method_kind(kind: wit::MethodKind) -> MethodKind {
    match kind {
        wit::MethodKind::Card => MethodKind::Card,
        wit::MethodKind::BankDebit => MethodKind::BankDebit,
        wit::MethodKind::BankRedirect => MethodKind::BankRedirect,
        wit::MethodKind::Wallet => MethodKind::Wallet,
        wit::MethodKind::Other(word) => {
            MethodKind::Other(shown(Some(word), 50).unwrap_or_else(|| "other".to_owned()))
        }
    }
}

fn saved_method(method: wit::SavedMethod) -> Result<SavedMethod, Malformed> {
    // More digits than these would begin to be a card number.
    let last4 = method.last4;
    let digits = |text: &String| text.len() == 4 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if last4.as_ref().is_some_and(|text| !digits(text)) {
        return Err(Malformed::new(
            "a method's last four are not four characters",
        ));
    }
    let country = |code: &String| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    Ok(SavedMethod {
        reference: reference(method.reference)?,
        kind: method_kind(method.kind),
        brand: shown(method.brand, 50),
        last4,
        expiry_month: method.expiry_month.filter(|month| (1..=12).contains(month)),
        expiry_year: method
            .expiry_year
            .filter(|year| (2000..=2199).contains(year)),
        funding: shown(method.funding, 20),
        holder: shown(method.holder, 100),
        country: method.country.filter(country),
        fingerprint: optional_reference(method.fingerprint)?,
        mandate: optional_reference(method.mandate)?,
        network: optional_reference(method.network)?,
    })
}

/// The description, with browser origins as declared.
pub(in super::super) fn description(
    descriptor: info::Descriptor,
    capabilities: Capabilities,
) -> Result<Description, Malformed> {
    let lists = [
        descriptor.methods.len(),
        descriptor.amounts.len(),
        descriptor.browser_origins.len(),
    ];
    if lists.iter().any(|len| *len > MOST_LISTED) {
        return Err(Malformed::new(format!("a list of more than {MOST_LISTED}")));
    }
    if descriptor.methods.is_empty() || descriptor.amounts.is_empty() {
        return Err(Malformed::new("no payment method or no currency"));
    }
    if descriptor.key_lifetime == 0 {
        return Err(Malformed::new("keys that live for no time"));
    }
    let amounts = descriptor.amounts.into_iter().map(|range| {
        let currency = range.currency.parse();
        let range = AmountRange {
            currency: currency.map_err(|error| Malformed::new(format!("{error}")))?,
            least: range.least,
            greatest: range.greatest,
        };
        if range.least < 0 || range.greatest.is_some_and(|most| most < range.least) {
            let code = range.currency;
            return Err(Malformed::new(format!("impossible amounts in {code}")));
        }
        Ok(range)
    });
    for declared in &descriptor.browser_origins {
        if !declared.starts_with("setting:") {
            let origin = declared.parse::<Origin>();
            origin.map_err(|error| Malformed::new(error.to_string()))?;
        }
    }
    Ok(Description {
        name: shown(Some(descriptor.name), 64).ok_or_else(|| Malformed::new("no name"))?,
        methods: descriptor
            .methods
            .into_iter()
            .map(|method| AcceptedMethod {
                kind: method_kind(method.kind),
                reusable: method.reusable,
                delayed: method.delayed,
            })
            .collect(),
        amounts: amounts.collect::<Result<_, _>>()?,
        lookup_lag: super::seconds(descriptor.lookup_lag),
        key_lifetime: super::seconds(descriptor.key_lifetime),
        browser_origins: descriptor.browser_origins,
        capabilities,
    })
}
