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
    /// When a declined renewal is tried again during the grace, counted from the first decline.
    #[serde(deserialize_with = "duration::list")]
    pub retry_after: Vec<SignedDuration>,
    /// Charges of one method within `tries_window`.
    pub tries_per_method: u32,
    /// The window of `tries_per_method`.
    #[serde(deserialize_with = "duration::one")]
    pub tries_window: SignedDuration,
    /// Charges of one method within a day.
    pub tries_per_method_a_day: u32,
    /// New payment methods of one customer within a day.
    pub new_methods_a_day: u32,
    /// How long a payment may await the customer before the gateway is asked to cancel it.
    #[serde(deserialize_with = "duration::one")]
    pub payment_expiry: SignedDuration,
    /// How long the page of a `payment_link` works.
    #[serde(deserialize_with = "duration::one")]
    pub payment_link_lifetime: SignedDuration,
    /// What happens to money that pays no debt.
    pub unapplied: Unapplied,
    /// How long such money waits before it is refunded.
    #[serde(deserialize_with = "duration::one")]
    pub unapplied_refund_after: SignedDuration,
    /// What cancelling does to the dues.
    pub dues_at_cancel: DuesAtCancel,
    /// Where the period bought by a reactivation starts.
    pub reactivation_anchor: ReactivationAnchor,
    /// Whether a payment that is processing grants access until it should have arrived.
    pub access_while_processing: bool,
    /// Working days added to the date at which a processing payment is expected.
    pub processing_working_days: u32,
    /// What a reversal (returned debit, lost dispute) does to the subscription.
    pub reversal: Reversal,
    /// When an open or unknown payment is first looked up, counted from its sending.
    #[serde(deserialize_with = "duration::list")]
    pub lookup_after: Vec<SignedDuration>,
    /// How often it is looked up after that.
    #[serde(deserialize_with = "duration::one")]
    pub lookup_every: SignedDuration,
    /// The least age of the last sending before `absent` may count as "never happened".
    #[serde(deserialize_with = "duration::one")]
    pub absent_after: SignedDuration,
    /// How far apart two `absent` answers must be to agree.
    #[serde(deserialize_with = "duration::one")]
    pub absent_again_after: SignedDuration,
}

/// What happens to money that pays no debt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unapplied {
    /// Refunded after `unapplied_refund_after`.
    Refund,
    /// Kept on the operator's list until someone decides.
    Hold,
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

/// What a reversal does to the subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reversal {
    /// It goes on hold until the customer pays.
    Hold,
    /// It ends.
    End,
}

impl Default for Billing {
    fn default() -> Self {
        Self {
            grace: SignedDuration::ZERO,
            retry_after: [1, 3, 5].map(days).to_vec(),
            tries_per_method: 15,
            tries_window: days(30),
            tries_per_method_a_day: 10,
            new_methods_a_day: 5,
            payment_expiry: SignedDuration::from_mins(30),
            payment_link_lifetime: SignedDuration::from_hours(24),
            unapplied: Unapplied::Refund,
            unapplied_refund_after: SignedDuration::from_hours(24),
            dues_at_cancel: DuesAtCancel::WriteOff,
            reactivation_anchor: ReactivationAnchor::Payment,
            access_while_processing: false,
            processing_working_days: 2,
            reversal: Reversal::Hold,
            lookup_after: vec![
                SignedDuration::from_mins(1),
                SignedDuration::from_mins(5),
                SignedDuration::from_hours(1),
            ],
            lookup_every: SignedDuration::from_hours(24),
            absent_after: SignedDuration::from_mins(15),
            absent_again_after: SignedDuration::from_mins(5),
        }
    }
}

const fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count * 24)
}

impl Billing {
    pub(super) fn check(&self, source: &Source, problems: &mut Vec<Problem>) {
        for (key, list) in [
            ("billing.retry_after", &self.retry_after),
            ("billing.lookup_after", &self.lookup_after),
        ] {
            if !list.is_sorted() {
                problems.push(source.problem(
                    key,
                    "is not in ascending order",
                    "Each duration counts from the same moment; write the shortest first.",
                ));
            }
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
