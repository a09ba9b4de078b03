//! Ids: a prefix that names the kind and a sortable random part, such as
//! `cus_01k9z3v6e8q4w2r7t5y1p0s9d8`. An id of one kind is never accepted as another.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use ulid::Ulid;

use super::Scope;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id that starts with `{prefix}_`")]
pub struct InvalidId {
    /// The prefix that was expected, without the underscore.
    pub prefix: &'static str,
}

/// What every id type can do; lets `Cx::new_id` make any of them.
pub trait Id: Sized {
    /// The kind's prefix, without the underscore.
    const PREFIX: &'static str;

    /// The id with the given sortable part.
    fn from_ulid(ulid: Ulid) -> Self;

    /// An id that is the same whenever `parts` are the same, dated `at`: what is made
    /// twice, even from a restored database, is made under one id.
    fn derived(at: Timestamp, parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        let mut random = [0; 16];
        random[6..].copy_from_slice(&digest[..10]);
        Self::from_ulid(Ulid::from_parts(
            u64::try_from(at.as_millisecond()).unwrap_or_default(),
            u128::from_be_bytes(random),
        ))
    }
}

const MAX_SUFFIX: usize = 40;

fn check(prefix: &'static str, text: &str) -> Result<(), InvalidId> {
    let suffix = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'));
    match suffix {
        Some(s)
            if (1..=MAX_SUFFIX).contains(&s.len())
                && s.bytes()
                    .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()) =>
        {
            Ok(())
        }
        _ => Err(InvalidId { prefix }),
    }
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The whole id, prefix included.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The host time at which the id was made, in milliseconds; none for ids that
            /// people chose.
            pub fn made_at(&self) -> Option<Timestamp> {
                let suffix = self.0.split_once('_')?.1;
                let ulid = Ulid::from_string(&suffix.to_ascii_uppercase()).ok()?;
                Timestamp::from_millisecond(i64::try_from(ulid.timestamp_ms()).ok()?).ok()
            }
        }

        impl Id for $name {
            const PREFIX: &'static str = $prefix;

            fn from_ulid(ulid: Ulid) -> Self {
                Self(format!("{}_{}", $prefix, ulid.to_string().to_ascii_lowercase()))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                check($prefix, text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                check($prefix, &text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// A merchant on this host.
    BusinessId = "bus",
    /// A customer of one business in one mode.
    CustomerId = "cus",
    /// Something a merchant sells.
    ProductId = "pdt",
    /// Something sold on top of a plan.
    AddonId = "adn",
    /// A discount code.
    DiscountId = "dsc",
    /// One change of a subscription's plan.
    PlanChangeId = "pch",
    /// A subscription.
    SubscriptionId = "sub",
    /// One supply that is owed.
    DebtId = "dbt",
    /// One attempt to take money; also the idempotency key of its charge.
    PaymentId = "pay",
    /// One attempt to give money back; also the idempotency key at the gateway.
    RefundId = "ref",
    /// A dispute, or a debit that the bank returned.
    DisputeId = "dsp",
    /// A comparison of a gateway's books with ours.
    BalanceId = "bal",
    /// One attempt to save a payment method without charging.
    SetupId = "set",
    /// A saved payment method.
    MethodId = "pm",
    /// An invoice or credit note.
    InvoiceId = "inv",
    /// A license key's row (not the key itself).
    LicenseId = "lic",
    /// One activation of a license key.
    LicenseInstanceId = "lki",
    /// The asking that a failed renewal causes.
    DunningId = "dun",
    /// One method for all subscriptions of a customer.
    RoundId = "rnd",
    /// A hosted page on which a new method is given.
    PageId = "pag",
    /// A fact told to the merchant by webhook.
    EventId = "evt",
    /// An endpoint of a merchant that events are delivered to.
    EndpointId = "whk",
    /// One try to deliver an event.
    AttemptId = "att",
    /// A row of the job queue.
    JobId = "job",
    /// A signed-in browser.
    SessionId = "ses",
    /// A request for a login link.
    LoginRequestId = "lgr",
    /// A mailed or copied link.
    LinkId = "lnk",
    /// A merchant's API key's row.
    ApiKeyId = "key",
    /// A call of the merchant API that makes something.
    CallId = "req",
    /// A member of a merchant's staff.
    StaffId = "stf",
    /// A row of the audit log.
    AuditId = "aud",
}

impl BusinessId {
    /// The id under which rows stand that belong to no business, such as those of staff signing
    /// in. No merchant can have it.
    pub fn of_host() -> Self {
        Self("bus_host".to_owned())
    }
}

impl EndpointId {
    /// The endpoint that a business's file names: it has no row, and this id before all others.
    pub fn of_file(scope: &Scope) -> Self {
        let parts = ["file", scope.business.as_str(), scope.mode.as_str()];
        Self::derived(Timestamp::UNIX_EPOCH, &parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_kind_or_shape_is_refused() {
        assert!("cus_01k".parse::<CustomerId>().is_ok());
        for bad in [
            "sub_01k", "cus_", "cus", "cus_01K", "cus_0 1", "", "cus_../x",
        ] {
            assert!(bad.parse::<CustomerId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_derived_id_depends_on_every_part_and_on_nothing_else() {
        let at = Timestamp::from_second(1_800_000_000).expect("in range");
        let id = |parts: &[&str]| PaymentId::derived(at, parts);
        assert_eq!(id(&["sub_1", "2026", "0"]), id(&["sub_1", "2026", "0"]));
        assert_ne!(id(&["sub_1", "2026", "0"]), id(&["sub_1", "2026", "1"]));
        assert_ne!(id(&["sub_12", "026"]), id(&["sub_1", "2026"]));
    }
}
