//! Mails about getting in, as they may be ordered from the queue.

use serde::{Deserialize, Serialize};

use crate::domain::id::{CustomerId, LinkId};

/// A mail about getting in. Links are made again from the ids when it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "access")]
pub enum AccessMail {
    /// A dynamic link, to its customer.
    PortalLink {
        /// Which.
        link: LinkId,
    },
    /// The static link, to a customer.
    Invitation {
        /// To whom.
        customer: CustomerId,
        /// Tells two invitations of one customer apart.
        nonce: String,
    },
    /// The link that proves a new address, to that address.
    EmailConfirmation {
        /// Which change.
        change: LinkId,
    },
    /// Word of a change of address, to the old one.
    EmailChanged {
        /// Which change.
        change: LinkId,
    },
}

impl AccessMail {
    /// The same for every repeat of one mail; the Message-ID is made of it.
    pub fn message_key(&self) -> String {
        let (name, object) = match self {
            Self::PortalLink { link } => ("portal-link", link.as_str()),
            Self::Invitation { nonce, .. } => ("invitation", nonce.as_str()),
            Self::EmailConfirmation { change } => ("confirm-email", change.as_str()),
            Self::EmailChanged { change } => ("email-changed", change.as_str()),
        };
        format!("mail:{name}:{object}")
    }
}
