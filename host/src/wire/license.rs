//! License keys on the wire.

use jiff::Timestamp;
use serde::Serialize;

use super::customer::CustomerDetails;
use crate::domain;
use crate::domain::id::{
    BusinessId, CustomerId, LicenseId, LicenseInstanceId, PaymentId, ProductId, SubscriptionId,
};
use crate::domain::license::{LicenseSource, LicenseStatus};

/// A license key (`LicenseKey`).
#[derive(Debug, Serialize)]
pub struct LicenseKey {
    /// Identity of the row; the key itself is the secret.
    pub id: LicenseId,
    /// The business: each has one brand.
    pub brand_id: BusinessId,
    /// Whose it is to sell.
    pub business_id: BusinessId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// How many activations there are.
    pub instances_count: u32,
    /// The key.
    pub key: String,
    /// What it unlocks.
    pub product_id: ProductId,
    /// How it came to be.
    pub source: LicenseSource,
    /// Whether it works.
    pub status: LicenseStatus,
    /// How many activations at once; null is unlimited.
    pub activations_limit: Option<u32>,
    /// When it stops, or stopped.
    pub expires_at: Option<Timestamp>,
    /// The payment that brought it.
    pub payment_id: Option<PaymentId>,
    /// The subscription it follows.
    pub subscription_id: Option<SubscriptionId>,
}

impl LicenseKey {
    /// The key as it is at `now` (business time).
    pub fn new(license: &domain::license::License, now: Timestamp) -> Self {
        Self {
            id: license.id.clone(),
            brand_id: license.scope.business.clone(),
            business_id: license.scope.business.clone(),
            created_at: license.created_at,
            customer_id: license.customer.clone(),
            instances_count: license.activations,
            key: license.key.clone(),
            product_id: license.product.clone(),
            source: license.source(),
            status: license.status(now),
            activations_limit: license.activations_limit,
            expires_at: license.expires_at,
            payment_id: license.payment.clone(),
            subscription_id: license.subscription.clone(),
        }
    }
}

/// One device on which a key was activated (`LicenseKeyInstance`).
#[derive(Debug, Serialize)]
pub struct Instance {
    /// Identity.
    pub id: LicenseInstanceId,
    /// Whose it is to sell.
    pub business_id: BusinessId,
    /// When it was activated.
    pub created_at: Timestamp,
    /// The key.
    pub license_key_id: LicenseId,
    /// The device's name.
    pub name: String,
}

impl Instance {
    /// A device of a key of `business`.
    pub fn new(instance: &domain::license::LicenseInstance, business: &BusinessId) -> Self {
        Self {
            id: instance.id.clone(),
            business_id: business.clone(),
            created_at: instance.created_at,
            license_key_id: instance.license.clone(),
            name: instance.name.clone(),
        }
    }
}

/// What activating a key answers.
#[derive(Debug, Serialize)]
pub struct Activation {
    /// The new device.
    #[serde(flatten)]
    pub instance: Instance,
    /// Whose key it is.
    pub customer: CustomerDetails,
    /// What it unlocks.
    pub product: ActivatedProduct,
}

/// The product of an activation.
#[derive(Debug, Serialize)]
pub struct ActivatedProduct {
    /// Identity.
    pub product_id: ProductId,
    /// Its name.
    pub name: Option<String>,
}
