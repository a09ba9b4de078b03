//! What a merchant sells.

use jiff::Timestamp;

use super::Scope;
use super::id::ProductId;
use super::money::Money;
use super::period::Interval;

/// A product with one price.
#[derive(Clone, Debug)]
pub struct Product {
    /// Identity.
    pub id: ProductId,
    /// Business and mode.
    pub scope: Scope,
    /// Its name on pages and documents.
    pub name: String,
    /// A sentence about it.
    pub description: Option<String>,
    /// The price of one (per interval when recurring).
    pub price: Money,
    /// Whether the price contains the tax.
    pub tax_inclusive: bool,
    /// The row of the business's tax table that applies (Dodo's `tax_category`).
    pub tax_category: String,
    /// How it is paid when it is paid more than once.
    pub recurring: Option<Recurring>,
    /// Whether buyers get license keys.
    pub license: Option<LicenseTerms>,
    /// The merchant's metadata (a JSON object).
    pub metadata: String,
    /// When it was made (business time).
    pub created_at: Timestamp,
    /// When it last changed (business time).
    pub updated_at: Timestamp,
}

/// How a recurring price recurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurring {
    /// How often it is paid.
    pub interval: Interval,
    /// How long a subscription runs in all.
    pub term: Interval,
    /// Days without charge before the first payment.
    pub trial_days: u32,
}

impl Recurring {
    /// Whether a subscription may be over before its first interval is: a period that nobody could
    /// have to its end would be sold.
    pub fn ends_early(&self) -> bool {
        self.term.may_end_before(self.interval)
    }
}

/// What the license keys of a product allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseTerms {
    /// How many activations at once; none is unlimited.
    pub activations_limit: Option<u32>,
    /// How long a key of a one-time purchase works; keys of subscriptions follow those.
    pub duration: Option<Interval>,
    /// What the buyer is told about activating.
    pub activation_message: Option<String>,
}
