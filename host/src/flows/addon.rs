//! Making and changing add-ons. A change is for those who buy from now on: subscriptions keep
//! what was agreed.

use super::{Change, Error, facts};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::addon::Addon;
use crate::domain::id::AddonId;
use crate::domain::money::{Currency, Money};
use crate::store;

/// An add-on to make.
#[derive(Clone, Debug)]
pub struct NewAddon {
    /// Chosen by the caller, so that a repeat finds the add-on that the first one made.
    pub id: AddonId,
    /// Its name on pages and documents.
    pub name: String,
    /// A sentence about it.
    pub description: Option<String>,
    /// The price of one for one interval of the plan.
    pub price: Money,
    /// The row of the business's tax table that applies.
    pub tax_category: String,
}

/// What to change; an absent field stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Its name.
    pub name: Option<String>,
    /// A sentence about it.
    pub description: Change<String>,
    /// The price, in minor units.
    pub price: Option<i64>,
    /// The currency of the price.
    pub currency: Option<Currency>,
    /// The row of the business's tax table that applies.
    pub tax_category: Option<String>,
}

/// Makes an add-on, or answers the one that has this id.
pub async fn create(cx: &Cx, scope: &Scope, new: NewAddon) -> Result<Addon, Error> {
    let id = new.id.clone();
    match insert(cx, scope, new).await {
        // The first try of this call, still running a moment ago, has made it.
        Err(Error::Store(store::Error::Conflict(_))) => {
            let mut tx = cx.store.read().await?;
            tx.addon(scope, &id).await?.ok_or(Error::NotFound("add-on"))
        }
        other => other,
    }
}

async fn insert(cx: &Cx, scope: &Scope, new: NewAddon) -> Result<Addon, Error> {
    let mut tx = cx.store.begin().await?;
    if let Some(known) = tx.addon(scope, &new.id).await? {
        return Ok(known);
    }
    let now = cx.business_now(&mut tx, scope).await?;
    let addon = Addon {
        id: new.id,
        scope: scope.clone(),
        name: new.name,
        description: new.description,
        price: new.price,
        tax_category: new.tax_category,
        created_at: now,
        updated_at: now,
    };
    tx.insert_addon(&addon).await?;
    let object = addon.id.as_str();
    facts::audit(cx, &mut tx, scope, "addon.create", object, None, None).await?;
    tx.commit().await?;
    Ok(addon)
}

/// Changes an add-on for those who buy it from now on.
pub async fn update(
    cx: &Cx,
    scope: &Scope,
    id: &AddonId,
    changes: Changes,
) -> Result<Addon, Error> {
    let mut tx = cx.store.begin().await?;
    let mut addon = tx
        .lock_addon(scope, id)
        .await?
        .ok_or(Error::NotFound("add-on"))?;
    let before = addon.price;
    if let Some(name) = changes.name {
        addon.name = name;
    }
    changes.description.apply(&mut addon.description);
    addon.price = Money::new(
        changes.price.unwrap_or(before.minor),
        changes.currency.unwrap_or(before.currency),
    );
    if let Some(category) = changes.tax_category {
        addon.tax_category = category;
    }
    addon.updated_at = cx.business_now(&mut tx, scope).await?;
    tx.save_addon(&addon).await?;
    facts::audit(
        cx,
        &mut tx,
        scope,
        "addon.update",
        id.as_str(),
        Some(serde_json::json!({ "price": before })),
        Some(serde_json::json!({ "price": addon.price })),
    )
    .await?;
    tx.commit().await?;
    Ok(addon)
}
