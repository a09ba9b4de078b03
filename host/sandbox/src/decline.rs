//! Why a payment was declined, and what the card networks would advise. The words for the
//! customer are the caller's: the processor says a code, an advice and a plain sentence for
//! developers.

use std::time::Duration;

use serde::Serialize;

/// The reason of a decline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum DeclineCode {
    GenericDecline,
    InsufficientFunds,
    LimitExceeded,
    LostCard,
    StolenCard,
    ExpiredCard,
    IncorrectCvc,
    ProcessingError,
    Fraudulent,
    DoNotHonor,
    AuthenticationRequired,
    AuthenticationFailed,
    DebitFailed,
}

/// What to do after a decline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Advice {
    /// Never charge this method again.
    Never,
    /// The same method may work later.
    Later,
    /// Only another method can work.
    NewMethod,
    /// The customer has to confirm with the bank.
    Authenticate,
}

impl DeclineCode {
    pub(crate) fn advice(self) -> Advice {
        match self {
            Self::GenericDecline
            | Self::InsufficientFunds
            | Self::LimitExceeded
            | Self::ProcessingError => Advice::Later,
            Self::LostCard | Self::StolenCard | Self::Fraudulent | Self::DoNotHonor => {
                Advice::Never
            }
            Self::ExpiredCard
            | Self::IncorrectCvc
            | Self::AuthenticationFailed
            | Self::DebitFailed => Advice::NewMethod,
            Self::AuthenticationRequired => Advice::Authenticate,
        }
    }

    /// How long the same method is not to be charged again.
    pub(crate) fn wait(self) -> Option<Duration> {
        (self == Self::LimitExceeded).then_some(Duration::from_hours(48))
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::GenericDecline => "The bank declined and gave no reason.",
            Self::InsufficientFunds => "There was not enough money on the account.",
            Self::LimitExceeded => "The card is over its limit; try in two days.",
            Self::LostCard => "The card is reported lost.",
            Self::StolenCard => "The card is reported stolen.",
            Self::ExpiredCard => "The card has expired.",
            Self::IncorrectCvc => "The security code is wrong.",
            Self::ProcessingError => "The bank could not process the payment.",
            Self::Fraudulent => "The payment was held to be fraudulent.",
            Self::DoNotHonor => "The bank refuses this card for good.",
            Self::AuthenticationRequired => "The bank wants the cardholder to confirm.",
            Self::AuthenticationFailed => "The cardholder did not confirm the payment.",
            Self::DebitFailed => "The bank returned the direct debit.",
        }
    }
}
