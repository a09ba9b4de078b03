//! License keys as the merchant keeps them: bringing keys that were made elsewhere, changing what a
//! key allows, naming a device.

use jiff::Timestamp;
use serde_json::json;

use super::{Change, Error, Refused, facts};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::{CustomerId, LicenseId, LicenseInstanceId, ProductId};
use crate::domain::license::{License, LicenseInstance};
use crate::store;

/// A key that was made elsewhere.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Chosen by the caller, so that a repeat finds the key that the first one brought.
    pub id: LicenseId,
    /// Whose it is.
    pub customer: CustomerId,
    /// What it unlocks.
    pub product: ProductId,
    /// The key itself.
    pub key: String,
    /// How many activations at once; none is unlimited.
    pub activations_limit: Option<u32>,
    /// When it stops (business time).
    pub expires_at: Option<Timestamp>,
}

/// What to change of a key; an absent field stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// How many activations at once.
    pub activations_limit: Change<u32>,
    /// Whether it is switched off.
    pub disabled: Option<bool>,
    /// When it stops (business time).
    pub expires_at: Change<Timestamp>,
}

/// Takes a key that was made elsewhere, or answers the one that has this id.
pub async fn import(cx: &Cx, scope: &Scope, new: NewKey) -> Result<License, Error> {
    let id = new.id.clone();
    match insert(cx, scope, new).await {
        Err(Error::Store(store::Error::Conflict(_))) => {
            // Made by the first try of this call, still running a moment ago, or somebody's key.
            let known = cx.store.read().await?.license(scope, &id).await?;
            known.ok_or(Error::Refused(Refused::KeyTaken))
        }
        other => other,
    }
}

async fn insert(cx: &Cx, scope: &Scope, new: NewKey) -> Result<License, Error> {
    let mut tx = cx.store.begin().await?;
    if let Some(known) = tx.license(scope, &new.id).await? {
        return Ok(known);
    }
    if tx.customer(scope, &new.customer).await?.is_none() {
        return Err(Error::NotFound("customer"));
    }
    if tx.product(scope, &new.product).await?.is_none() {
        return Err(Error::NotFound("product"));
    }
    let now = cx.business_now(&mut tx, scope).await?;
    let license = License {
        id: new.id,
        scope: scope.clone(),
        customer: new.customer,
        product: new.product,
        subscription: None,
        payment: None,
        key: new.key,
        activations_limit: new.activations_limit,
        activations: 0,
        disabled: false,
        suspended: false,
        expires_at: new.expires_at,
        created_at: now,
    };
    tx.insert_license(&license).await?;
    let id = license.id.as_str();
    facts::tell(cx, &mut tx, scope, "license_key.created", id, now).await?;
    facts::audit(cx, &mut tx, scope, "license.import", id, None, None).await?;
    tx.commit().await?;
    Ok(license)
}

/// Changes what a key allows.
pub async fn update(
    cx: &Cx,
    scope: &Scope,
    id: &LicenseId,
    changes: Changes,
) -> Result<License, Error> {
    let mut tx = cx.store.begin().await?;
    // Nobody takes a place while it is counted.
    tx.lock_license(id).await?;
    let license = tx.license(scope, id).await?;
    let mut license = license.ok_or(Error::NotFound("license key"))?;
    let told = |license: &License| {
        json!({
            "activations_limit": license.activations_limit,
            "disabled": license.disabled,
            "expires_at": license.expires_at,
        })
    };
    let before = told(&license);
    if license.subscription.is_some() && !matches!(changes.expires_at, Change::Keep) {
        return Err(Error::Refused(Refused::FollowsSubscription));
    }
    changes.expires_at.apply(&mut license.expires_at);
    changes
        .activations_limit
        .apply(&mut license.activations_limit);
    if license
        .activations_limit
        .is_some_and(|limit| limit < license.activations)
    {
        return Err(Error::Refused(Refused::MoreAreActive));
    }
    license.disabled = changes.disabled.unwrap_or(license.disabled);
    tx.save_license(&license).await?;
    let after = Some(told(&license));
    facts::audit(
        cx,
        &mut tx,
        scope,
        "license.update",
        id.as_str(),
        Some(before),
        after,
    )
    .await?;
    tx.commit().await?;
    Ok(license)
}

/// Gives a device another name.
pub async fn rename(
    cx: &Cx,
    scope: &Scope,
    id: &LicenseInstanceId,
    name: String,
) -> Result<LicenseInstance, Error> {
    let unknown = || Error::NotFound("license key instance");
    let mut tx = cx.store.begin().await?;
    let mut instance = tx.license_instance(id).await?.ok_or_else(unknown)?;
    if tx.license(scope, &instance.license).await?.is_none() {
        return Err(unknown());
    }
    instance.name = name;
    tx.rename_license_instance(&instance).await?;
    let license = instance.license.as_str();
    facts::audit(cx, &mut tx, scope, "license.rename", license, None, None).await?;
    tx.commit().await?;
    Ok(instance)
}
