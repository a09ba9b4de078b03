//! `[billing]`: every duration, count and choice of the money rules.

use jiff::SignedDuration;
use serde::Deserialize;

use crate::domain::quote::ReactivationAnchor;

use super::duration;
use super::problem::Problem;
use super::source::Source;

/// Every duration, count and choice of the money rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Billing {
    /// How long a subscription stays past-due, with access, after a renewal failed. Zero puts it
    /// on hold at once.
    #[serde(deserialize_with = "duration::one")]
    pub grace: SignedDuration,
    /// New payment methods of one customer within a day.
    pub new_methods_a_day: u32,
    /// How long a payment may await the customer before the gateway is asked to cancel it.
    #[serde(deserialize_with = "duration::one")]
    pub payment_expiry: SignedDuration,
    /// How long the page of a `payment_link` works.
    #[serde(deserialize_with = "duration::one")]
    pub payment_link_lifetime: SignedDuration,
    /// What cancelling does to the dues.
    pub dues_at_cancel: DuesAtCancel,
    /// Where the period bought by a reactivation starts.
    pub reactivation_anchor: ReactivationAnchor,
    /// Whether a payment that is processing grants access until it should have arrived.
    pub access_while_processing: bool,
    /// When an open or unknown payment is first looked up, counted from its sending.
    #[serde(deserialize_with = "duration::list")]
    pub lookup_after: Vec<SignedDuration>,
    /// How often it is looked up after that.
    #[serde(deserialize_with = "duration::one")]
    pub lookup_every: SignedDuration,
    /// The least age of the last sending before `absent` may count as "never happened".
    #[serde(deserialize_with = "duration::one")]
    pub absent_after: SignedDuration,
    /// What becomes of money that settled nothing.
    pub unapplied: Unapplied,
    /// What a lost dispute or a returned debit does to the subscription.
    pub on_reversal: OnReversal,
    /// How often a gateway's own books are compared with ours.
    #[serde(deserialize_with = "duration::one")]
    pub balance_every: SignedDuration,
    /// How far back they are compared.
    #[serde(deserialize_with = "duration::one")]
    pub balance_window: SignedDuration,
    /// How long comparisons are kept.
    #[serde(deserialize_with = "duration::one")]
    pub balance_keep: SignedDuration,
    /// How far apart two `absent` answers must be to agree.
    #[serde(deserialize_with = "duration::one")]
    pub absent_again_after: SignedDuration,
}

/// What a lost dispute or a returned debit does to the subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnReversal {
    /// It is on hold until the customer has paid again.
    Hold,
    /// It ends.
    Cancel,
}

/// What becomes of money that settled nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unapplied {
    /// It goes back after so long.
    After(SignedDuration),
    /// It stays until somebody decides.
    Hold,
}

impl<'de> Deserialize<'de> for Unapplied {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "hold" {
            return Ok(Self::Hold);
        }
        let text = serde::de::value::StringDeserializer::new(text);
        duration::one(text).map(Self::After)
    }
}

/// What cancelling does to the dues of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DuesAtCancel {
    /// They are written off.
    WriteOff,
    /// They stay owed.
    Keep,
}

impl Default for Billing {
    fn default() -> Self {
        Self {
            grace: SignedDuration::ZERO,
            new_methods_a_day: 5,
            payment_expiry: SignedDuration::from_mins(30),
            payment_link_lifetime: SignedDuration::from_hours(24),
            dues_at_cancel: DuesAtCancel::WriteOff,
            reactivation_anchor: ReactivationAnchor::Payment,
            access_while_processing: false,
            lookup_after: vec![
                SignedDuration::from_mins(1),
                SignedDuration::from_mins(5),
                SignedDuration::from_hours(1),
            ],
            lookup_every: SignedDuration::from_hours(24),
            absent_after: SignedDuration::from_mins(15),
            absent_again_after: SignedDuration::from_mins(5),
            unapplied: Unapplied::After(SignedDuration::from_hours(24)),
            on_reversal: OnReversal::Hold,
            balance_every: SignedDuration::from_hours(24),
            balance_window: SignedDuration::from_hours(40 * 24),
            balance_keep: SignedDuration::from_hours(90 * 24),
        }
    }
}

impl Billing {
    pub(super) fn check(&self, source: &Source, problems: &mut Vec<Problem>) {
        if !self.lookup_after.is_sorted() {
            problems.push(source.problem(
                "billing.lookup_after",
                "is not in ascending order",
                "Each duration counts from the same moment; write the shortest first.",
            ));
        }
        if self.balance_every.is_zero() {
            problems.push(source.problem(
                "billing.balance_every",
                "is zero",
                "The gateway's books would be read without pause; write at least \"1h\".",
            ));
        }
        if self.lookup_every.is_zero() {
            problems.push(source.problem(
                "billing.lookup_every",
                "is zero",
                "The gateway would be asked without pause; write at least \"1s\".",
            ));
        }
    }
}
