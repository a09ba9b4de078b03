//! Add-ons on the wire.

use jiff::Timestamp;
use serde::Serialize;

use super::Null;
use crate::domain;
use crate::domain::id::{AddonId, BusinessId};
use crate::domain::money::Currency;

/// An add-on (`AddonResponse`).
#[derive(Debug, Serialize)]
pub struct Addon {
    /// Identity.
    pub id: AddonId,
    /// Who sells it.
    pub business_id: BusinessId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The currency of the price.
    pub currency: Currency,
    /// Its name.
    pub name: String,
    /// The price of one for one interval of the plan, in minor units.
    pub price: i64,
    /// The row of the business's tax table that applies.
    pub tax_category: String,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// A sentence about it.
    pub description: Option<String>,
    /// None on this host.
    pub image: Null,
}

impl From<&domain::addon::Addon> for Addon {
    fn from(addon: &domain::addon::Addon) -> Self {
        Self {
            id: addon.id.clone(),
            business_id: addon.scope.business.clone(),
            created_at: addon.created_at,
            currency: addon.price.currency,
            name: addon.name.clone(),
            price: addon.price.minor,
            tax_category: addon.tax_category.clone(),
            updated_at: addon.updated_at,
            description: addon.description.clone(),
            image: None,
        }
    }
}
