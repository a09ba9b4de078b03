//! What is sold on top of a plan: priced for one interval of whatever it is attached to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Scope;
use super::id::AddonId;
use super::money::{Money, MoneyError};

/// An add-on that a merchant sells. Its price contains the tax where the plan's does.
#[derive(Clone, Debug)]
pub struct Addon {
    /// Identity.
    pub id: AddonId,
    /// Business and mode.
    pub scope: Scope,
    /// Its name on pages and documents.
    pub name: String,
    /// A sentence about it.
    pub description: Option<String>,
    /// The price of one for one interval of the plan.
    pub price: Money,
    /// The row of the business's tax table that applies.
    pub tax_category: String,
    /// When it was made (business time).
    pub created_at: Timestamp,
    /// When it last changed (business time).
    pub updated_at: Timestamp,
}

/// An add-on of a subscription, as it was when it was agreed: a later price is for later buyers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Which.
    pub addon: AddonId,
    /// Its name at the time.
    pub name: String,
    /// How many, at least 1.
    pub quantity: u32,
    /// The price of one for one interval.
    pub unit: Money,
    /// The row of the business's tax table that applies.
    pub tax_category: String,
}

impl Attached {
    /// `quantity` of `addon` at today's price.
    pub fn of(addon: &Addon, quantity: u32) -> Self {
        Self {
            addon: addon.id.clone(),
            name: addon.name.clone(),
            quantity,
            unit: addon.price,
            tax_category: addon.tax_category.clone(),
        }
    }

    /// What one interval of all of them costs.
    pub fn amount(&self) -> Result<Money, MoneyError> {
        self.unit.checked_mul(i64::from(self.quantity))
    }
}
