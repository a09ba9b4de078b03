//! What comes with a plan besides its product: add-ons, discounts, credit.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::addon::Attached;
use super::credit::Credit;
use super::discount::Applied;
use super::money::{Money, MoneyError};
use super::period::Interval;

/// What comes with a plan besides its product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extras {
    /// Add-ons, at the prices that were agreed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addons: Vec<Attached>,
    /// Discounts, in the order in which they count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Applied>,
    /// What is in hand after a downgrade, oldest first; the next debts use it up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<Credit>,
    /// For which interval a period was sold, when a change without a bill within it led to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sold: Option<Sold>,
}

/// How often the plan was paid for which a period was sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sold {
    /// When the period starts; of another one nothing is said.
    pub start: Timestamp,
    /// How often its plan was paid.
    pub interval: Interval,
}

impl Extras {
    /// How often the plan was paid for which the period was sold that starts at `start`: as it is
    /// `now`, but for a change without a bill within it.
    pub fn sold_every(&self, start: Timestamp, now: Interval) -> Interval {
        let known = self.sold.filter(|sold| sold.start == start);
        known.map_or(now, |sold| sold.interval)
    }

    /// What one interval of all add-ons costs; the same currency as `zero`.
    pub fn addons_price(&self, zero: Money) -> Result<Money, MoneyError> {
        self.addons
            .iter()
            .try_fold(zero, |sum, addon| sum.checked_add(addon.amount()?))
    }
}
