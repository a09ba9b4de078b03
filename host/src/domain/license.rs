//! License keys: who may use what, and on how many devices.

use jiff::Timestamp;

use super::Scope;
use super::id::{CustomerId, LicenseId, LicenseInstanceId, PaymentId, ProductId, SubscriptionId};
use super::text_enum;

text_enum! {
    /// A key's status in Dodo's words.
    pub enum LicenseStatus {
        /// It works.
        Active = "active",
        /// It works no longer, for good.
        Expired = "expired",
        /// It is switched off, perhaps for a while.
        Disabled = "disabled",
    }
}

text_enum! {
    /// How a key came to be, in Dodo's words.
    pub enum LicenseSource {
        /// With a purchase.
        Auto = "auto",
        /// The merchant brought it.
        Import = "import",
        /// A person made it for one grant; nothing here does.
        Manual = "manual",
    }
}

/// A license key and what it allows.
#[derive(Clone, Debug)]
pub struct License {
    /// Identity of the row; the key itself is the secret.
    pub id: LicenseId,
    /// Business and mode.
    pub scope: Scope,
    /// Whose it is.
    pub customer: CustomerId,
    /// What it unlocks.
    pub product: ProductId,
    /// The subscription it follows, when there is one.
    pub subscription: Option<SubscriptionId>,
    /// The payment that brought it.
    pub payment: Option<PaymentId>,
    /// The key.
    pub key: String,
    /// How many activations at once; none is unlimited.
    pub activations_limit: Option<u32>,
    /// How many activations there are.
    pub activations: u32,
    /// Switched off by the merchant.
    pub disabled: bool,
    /// Switched off because its subscription is on hold or paused.
    pub suspended: bool,
    /// When it stops, or stopped, for good (business time).
    pub expires_at: Option<Timestamp>,
    /// When it was made (business time).
    pub created_at: Timestamp,
}

impl License {
    /// How it came to be.
    pub fn source(&self) -> LicenseSource {
        if self.payment.is_none() && self.subscription.is_none() {
            LicenseSource::Import
        } else {
            LicenseSource::Auto
        }
    }

    /// Whether the key works at `now` (business time).
    pub fn status(&self, now: Timestamp) -> LicenseStatus {
        if self.expires_at.is_some_and(|end| end <= now) {
            LicenseStatus::Expired
        } else if self.disabled || self.suspended {
            LicenseStatus::Disabled
        } else {
            LicenseStatus::Active
        }
    }
}

/// One device on which a key was activated.
#[derive(Clone, Debug)]
pub struct LicenseInstance {
    /// Identity.
    pub id: LicenseInstanceId,
    /// The key.
    pub license: LicenseId,
    /// The device's name, as it was given.
    pub name: String,
    /// When it was activated (business time).
    pub created_at: Timestamp,
}
