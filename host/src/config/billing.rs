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
    /// When a declined renewal is tried again, counted from its failure, where the decline
    /// allows it.
    #[serde(deserialize_with = "duration::list")]
    pub retries: Vec<SignedDuration>,
    /// On which dates, counted from the failure, the customer is asked to pay.
    #[serde(deserialize_with = "duration::list")]
    pub reminders: Vec<SignedDuration>,
    /// How long before its end a trial is told of.
    #[serde(deserialize_with = "duration::list")]
    pub trial_notices: Vec<SignedDuration>,
    /// How long before it a renewal is told of.
    #[serde(deserialize_with = "duration::list")]
    pub renewal_notices: Vec<SignedDuration>,
    /// The same where a period is a year or longer.
    #[serde(deserialize_with = "duration::list")]
    pub yearly_renewal_notices: Vec<SignedDuration>,
    /// How long after the last charge the next one comes where several periods have run unpaid.
    #[serde(deserialize_with = "duration::one")]
    pub catch_up_every: SignedDuration,
    /// How long before its end a card is told of; zero for never.
    #[serde(deserialize_with = "duration::one")]
    pub card_notice: SignedDuration,
    /// How often one method may be declined within a day before it is left alone.
    pub tries_a_day: u32,
    /// The same within 30 days.
    pub tries_in_30_days: u32,
    /// How long after a request that was certainly not executed the same one is sent again.
    #[serde(deserialize_with = "duration::one")]
    pub send_again_after: SignedDuration,
    /// How long what cannot be tried at the moment waits; a renewal that the gateway cannot be
    /// asked for waits longer each time, up to sixteen times this.
    #[serde(deserialize_with = "duration::one")]
    pub try_again_after: SignedDuration,
    /// Between two looks at whether a payment that is under way still keeps a retry, the end of a
    /// grace or the date of a pause waiting.
    #[serde(deserialize_with = "duration::one")]
    pub bank_wait: SignedDuration,
    /// How many working days a bank may be late before the access that was lent ends.
    pub lent_working_days: u32,
    /// How often a set-up that has expired is asked for while its gateway does not answer.
    #[serde(deserialize_with = "duration::one")]
    pub setup_lookup_every: SignedDuration,
    /// For how long it is.
    #[serde(deserialize_with = "duration::one")]
    pub setup_patience: SignedDuration,
    /// The longest wait that a gateway is granted when it names one.
    #[serde(deserialize_with = "duration::one")]
    pub longest_wait: SignedDuration,
    /// New payment methods of one customer within a day.
    pub new_methods_a_day: u32,
    /// How long a payment may await the customer before the gateway is asked to cancel it.
    #[serde(deserialize_with = "duration::one")]
    pub payment_expiry: SignedDuration,
    /// How long the page of a `payment_link` works.
    #[serde(deserialize_with = "duration::one")]
    pub payment_link_lifetime: SignedDuration,
    /// How long the price of a plan change that was shown can be agreed to.
    #[serde(deserialize_with = "duration::one")]
    pub plan_quote_lifetime: SignedDuration,
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
            retries: [1, 3, 5, 7, 13].map(days).to_vec(),
            reminders: [3, 7, 13].map(days).to_vec(),
            trial_notices: [7, 2].map(days).to_vec(),
            renewal_notices: Vec::new(),
            yearly_renewal_notices: vec![days(30)],
            catch_up_every: days(1),
            card_notice: days(30),
            tries_a_day: 10,
            tries_in_30_days: 15,
            send_again_after: SignedDuration::from_secs(5),
            try_again_after: SignedDuration::from_hours(1),
            bank_wait: SignedDuration::from_hours(6),
            lent_working_days: 2,
            setup_lookup_every: SignedDuration::from_hours(1),
            setup_patience: SignedDuration::from_hours(24),
            longest_wait: days(30),
            new_methods_a_day: 5,
            payment_expiry: SignedDuration::from_mins(30),
            payment_link_lifetime: SignedDuration::from_hours(24),
            plan_quote_lifetime: SignedDuration::from_mins(15),
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

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

impl Billing {
    pub(super) fn check(&self, source: &Source, problems: &mut Vec<Problem>) {
        for (key, dates) in [
            ("billing.lookup_after", &self.lookup_after),
            ("billing.retries", &self.retries),
            ("billing.reminders", &self.reminders),
        ] {
            if !dates.is_sorted() {
                problems.push(source.problem(
                    key,
                    "is not in ascending order",
                    "Each duration counts from the same moment; write the shortest first.",
                ));
            }
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
