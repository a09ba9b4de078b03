//! The cards and bank accounts of the test world and how each behaves. Any other number is
//! refused, so that nobody leaves a real one here. A full number lives in this file's
//! functions only: what goes on to the database is the last four digits and a keyed hash.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::decline::DeclineCode;

/// How a method acts when it is charged. Kept with the saved method, since its number is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum Behaviour {
    Succeeds,
    DeclinesGeneric,
    DeclinesInsufficientFunds,
    DeclinesLost,
    DeclinesStolen,
    DeclinesExpired,
    DeclinesCvc,
    DeclinesProcessingError,
    DeclinesFraudulent,
    DeclinesHard,
    /// Confirms when it is entered, never again.
    ConfirmsOnce,
    /// Confirms every time; a charge without the customer is declined for that.
    ConfirmsAlways,
    /// Confirms, and is declined all the same.
    ConfirmsThenDeclines,
    DeclinesAtRenewal,
    DeclinesHardAtRenewal,
    /// Declined at the first two renewals, then there is money again.
    DeclinesTwiceAtRenewal,
    /// Over a limit at renewal, and not to be tried for two days.
    LimitedAtRenewal,
    /// Its bank has replaced it since it was saved.
    ExpiresAtRenewal,
    DebitSettles,
    DebitFails,
}

/// What the processor decides about one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Succeed,
    Decline(DeclineCode),
    /// The customer has to confirm first.
    Confirm,
    /// A bank debit: the outcome comes later.
    Process,
}

impl Behaviour {
    /// The verdict on a method that the customer has just entered.
    pub(crate) fn when_entered(self) -> Verdict {
        match self {
            Self::DeclinesGeneric => Verdict::Decline(DeclineCode::GenericDecline),
            Self::DeclinesInsufficientFunds => Verdict::Decline(DeclineCode::InsufficientFunds),
            Self::DeclinesLost => Verdict::Decline(DeclineCode::LostCard),
            Self::DeclinesStolen => Verdict::Decline(DeclineCode::StolenCard),
            Self::DeclinesExpired => Verdict::Decline(DeclineCode::ExpiredCard),
            Self::DeclinesCvc => Verdict::Decline(DeclineCode::IncorrectCvc),
            Self::DeclinesProcessingError => Verdict::Decline(DeclineCode::ProcessingError),
            Self::DeclinesFraudulent => Verdict::Decline(DeclineCode::Fraudulent),
            Self::DeclinesHard => Verdict::Decline(DeclineCode::DoNotHonor),
            Self::ConfirmsOnce | Self::ConfirmsAlways | Self::ConfirmsThenDeclines => {
                Verdict::Confirm
            }
            Self::Succeeds
            | Self::DeclinesAtRenewal
            | Self::DeclinesHardAtRenewal
            | Self::DeclinesTwiceAtRenewal
            | Self::LimitedAtRenewal
            | Self::ExpiresAtRenewal => Verdict::Succeed,
            Self::DebitSettles | Self::DebitFails => Verdict::Process,
        }
    }

    /// The verdict on a saved method while the customer is there.
    pub(crate) fn when_chosen(self) -> Verdict {
        match self {
            Self::ConfirmsOnce => Verdict::Succeed,
            other => other.when_entered(),
        }
    }

    /// The verdict on a saved method that the merchant charges without the customer, after it
    /// was declined so for `declined` times.
    pub(crate) fn when_renewed(self, declined: i64) -> Verdict {
        match self {
            Self::DeclinesTwiceAtRenewal if declined < 2 => {
                Verdict::Decline(DeclineCode::InsufficientFunds)
            }
            Self::LimitedAtRenewal => Verdict::Decline(DeclineCode::LimitExceeded),
            Self::ExpiresAtRenewal => Verdict::Decline(DeclineCode::ExpiredCard),
            Self::DeclinesAtRenewal => Verdict::Decline(DeclineCode::GenericDecline),
            Self::DeclinesHardAtRenewal => Verdict::Decline(DeclineCode::DoNotHonor),
            Self::ConfirmsAlways => Verdict::Decline(DeclineCode::AuthenticationRequired),
            other => other.when_chosen(),
        }
    }

    /// The verdict once the customer has confirmed.
    pub(crate) fn when_confirmed(self) -> Verdict {
        match self {
            Self::ConfirmsThenDeclines => Verdict::Decline(DeclineCode::GenericDecline),
            _ => Verdict::Succeed,
        }
    }
}

/// A card or an account of the test world.
#[derive(Debug)]
pub(crate) struct Instrument {
    /// The number in full; a constant of the test world, nobody's card.
    pub(crate) number: &'static str,
    pub(crate) brand: &'static str,
    pub(crate) funding: &'static str,
    pub(crate) behaviour: Behaviour,
    /// What it does, for the list on the hosted page.
    pub(crate) note: &'static str,
}

const fn card(
    number: &'static str,
    brand: &'static str,
    funding: &'static str,
    behaviour: Behaviour,
    note: &'static str,
) -> Instrument {
    Instrument {
        number,
        brand,
        funding,
        behaviour,
        note,
    }
}

/// Every test card.
pub(crate) const CARDS: &[Instrument] = &[
    card(
        "4242424242424242",
        "visa",
        "credit",
        Behaviour::Succeeds,
        "Succeeds",
    ),
    card(
        "5555555555554444",
        "mastercard",
        "credit",
        Behaviour::Succeeds,
        "Succeeds",
    ),
    card(
        "4000056655665556",
        "visa",
        "debit",
        Behaviour::Succeeds,
        "Succeeds (debit card)",
    ),
    card(
        "4000002500003155",
        "visa",
        "credit",
        Behaviour::ConfirmsOnce,
        "Asks to confirm, once",
    ),
    card(
        "4000002760003184",
        "visa",
        "credit",
        Behaviour::ConfirmsAlways,
        "Asks to confirm every time; renewals are declined until it is confirmed",
    ),
    card(
        "4000008400001629",
        "visa",
        "credit",
        Behaviour::ConfirmsThenDeclines,
        "Asks to confirm, then is declined",
    ),
    card(
        "4000000000000341",
        "visa",
        "credit",
        Behaviour::DeclinesAtRenewal,
        "Succeeds now, is declined at renewal",
    ),
    card(
        "4000000000000515",
        "visa",
        "credit",
        Behaviour::DeclinesHardAtRenewal,
        "Succeeds now, is refused for good at renewal",
    ),
    card(
        "4000000000000366",
        "visa",
        "credit",
        Behaviour::DeclinesTwiceAtRenewal,
        "Succeeds now, has no money at two renewals, then succeeds",
    ),
    card(
        "4000000000000424",
        "visa",
        "credit",
        Behaviour::LimitedAtRenewal,
        "Succeeds now, is over its limit at renewal for two days",
    ),
    card(
        "4000000000000481",
        "visa",
        "credit",
        Behaviour::ExpiresAtRenewal,
        "Succeeds now, has expired at renewal",
    ),
    card(
        "4000000000000002",
        "visa",
        "credit",
        Behaviour::DeclinesGeneric,
        "Declined, no reason",
    ),
    card(
        "4000000000009995",
        "visa",
        "credit",
        Behaviour::DeclinesInsufficientFunds,
        "Declined, not enough money",
    ),
    card(
        "4000000000009987",
        "visa",
        "credit",
        Behaviour::DeclinesLost,
        "Declined, lost card",
    ),
    card(
        "4000000000009979",
        "visa",
        "credit",
        Behaviour::DeclinesStolen,
        "Declined, stolen card",
    ),
    card(
        "4000000000000069",
        "visa",
        "credit",
        Behaviour::DeclinesExpired,
        "Declined, expired",
    ),
    card(
        "4000000000000127",
        "visa",
        "credit",
        Behaviour::DeclinesCvc,
        "Declined, wrong code",
    ),
    card(
        "4000000000000119",
        "visa",
        "credit",
        Behaviour::DeclinesProcessingError,
        "Declined, error at the bank",
    ),
    card(
        "4100000000000019",
        "visa",
        "credit",
        Behaviour::DeclinesFraudulent,
        "Declined, fraud",
    ),
    card(
        "4000000000000507",
        "visa",
        "credit",
        Behaviour::DeclinesHard,
        "Refused for good",
    ),
];

/// Every test account for direct debit.
pub(crate) const ACCOUNTS: &[Instrument] = &[
    card(
        "DE89370400440532013000",
        "sepa_debit",
        "debit",
        Behaviour::DebitSettles,
        "Settles later",
    ),
    card(
        "DE62370400440532013001",
        "sepa_debit",
        "debit",
        Behaviour::DebitFails,
        "Fails later",
    ),
];

/// The test card with this number, written with or without spaces.
pub(crate) fn card_by_number(number: &str) -> Option<&'static Instrument> {
    find(CARDS, number)
}

/// The test account with this IBAN, written with or without spaces, in any letter case.
pub(crate) fn account_by_iban(iban: &str) -> Option<&'static Instrument> {
    find(ACCOUNTS, iban)
}

fn find(list: &'static [Instrument], number: &str) -> Option<&'static Instrument> {
    let plain: String = number
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    list.iter().find(|instrument| instrument.number == plain)
}

impl Instrument {
    /// The digits that may be shown.
    pub(crate) fn last_four(&self) -> &'static str {
        &self.number[self.number.len() - 4..]
    }

    /// The number in groups of four, as cards print it.
    pub(crate) fn grouped(&self) -> String {
        let groups: Vec<&str> = (0..self.number.len())
            .step_by(4)
            .map(|at| &self.number[at..(at + 4).min(self.number.len())])
            .collect();
        groups.join(" ")
    }

    /// Recognises the same card or account again without keeping its number.
    pub(crate) fn fingerprint(&self, key: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.update(self.number.as_bytes());
        data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()[..12])
    }
}
