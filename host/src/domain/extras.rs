//! What comes with a plan besides its product: add-ons, discounts, credit.

use serde::{Deserialize, Serialize};

use super::addon::Attached;
use super::credit::Credit;
use super::discount::Applied;
use super::money::{Money, MoneyError};

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
}

impl Extras {
    /// What one interval of all add-ons costs; the same currency as `zero`.
    pub fn addons_price(&self, zero: Money) -> Result<Money, MoneyError> {
        self.addons
            .iter()
            .try_fold(zero, |sum, addon| sum.checked_add(addon.amount()?))
    }
}
