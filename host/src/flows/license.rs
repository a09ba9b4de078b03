//! Activating a license key on a device, and taking that back. The key is the only secret
//! that the caller shows.

use super::{Error, facts};
use crate::cx::Cx;
use crate::domain::Mode;
use crate::domain::customer::Customer;
use crate::domain::id::{LicenseId, LicenseInstanceId};
use crate::domain::license::{License, LicenseInstance, LicenseStatus};
use crate::domain::product::Product;
use crate::store::Tx;

/// The longest name of a device, in characters.
const MAX_NAME: usize = 255;

/// What activating a key came to.
#[derive(Clone, Debug)]
pub enum Activated {
    /// The device is there.
    Done(Box<Activation>),
    /// The key is switched off or has expired.
    Inactive,
    /// Every place is taken.
    Full,
}

/// A device on which a key works.
#[derive(Clone, Debug)]
pub struct Activation {
    /// The key.
    pub license: License,
    /// The device.
    pub instance: LicenseInstance,
    /// Whose key it is.
    pub customer: Customer,
    /// What it unlocks.
    pub product: Product,
}

/// Activates the key of `license` on a device called `name`. `id` is chosen by the caller,
/// so that a repeat finds the device that the first one made.
pub async fn activate(
    cx: &Cx,
    license: &License,
    id: LicenseInstanceId,
    name: &str,
) -> Result<Activated, Error> {
    if name.trim().is_empty() || name.chars().count() > MAX_NAME {
        return Err(Error::Invalid {
            field: "name",
            problem: format!("must have 1 to {MAX_NAME} characters"),
        });
    }
    let scope = &license.scope;
    let mut tx = cx.store.begin().await?;
    let license = locked(&mut tx, license).await?;
    let product = tx
        .product(scope, &license.product)
        .await?
        .ok_or(Error::NotFound("product"))?;
    let customer = tx
        .customer(scope, &license.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let done = |license, instance| {
        let activation = Activation {
            license,
            instance,
            customer,
            product,
        };
        Ok(Activated::Done(Box::new(activation)))
    };
    if let Some(instance) = tx.license_instance(&id).await? {
        return done(license, instance);
    }
    let now = cx.business_now(&mut tx, scope).await?;
    if license.status(now) != LicenseStatus::Active {
        return Ok(Activated::Inactive);
    }
    if license
        .activations_limit
        .is_some_and(|limit| license.activations >= limit)
    {
        return Ok(Activated::Full);
    }
    let instance = LicenseInstance {
        id,
        license: license.id.clone(),
        name: name.trim().to_owned(),
        created_at: now,
    };
    tx.insert_license_instance(&instance).await?;
    let id = license.id.as_str();
    facts::audit(cx, &mut tx, scope, "license.activate", id, None, None).await?;
    tx.commit().await?;
    done(license, instance)
}

/// Removes a device of a key; answers false when the device is not the key's.
pub async fn deactivate(
    cx: &Cx,
    license: &License,
    instance: &LicenseInstanceId,
) -> Result<bool, Error> {
    let mut tx = cx.store.begin().await?;
    if !tx.delete_license_instance(instance, &license.id).await? {
        return Ok(false);
    }
    let id = license.id.as_str();
    facts::audit(
        cx,
        &mut tx,
        &license.scope,
        "license.deactivate",
        id,
        None,
        None,
    )
    .await?;
    tx.commit().await?;
    Ok(true)
}

/// The license whose key was shown.
pub async fn by_key(cx: &Cx, mode: Mode, key: &str) -> Result<Option<License>, Error> {
    Ok(cx.store.read().await?.license_by_key(mode, key).await?)
}

/// The license with its count of devices as it is under its lock.
async fn locked(tx: &mut Tx, license: &License) -> Result<License, Error> {
    let id: &LicenseId = &license.id;
    tx.lock_license(id).await?;
    tx.license(&license.scope, id)
        .await?
        .ok_or(Error::NotFound("license"))
}
