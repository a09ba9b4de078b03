//! Products and their prices on the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Empty, Metadata, Null};
use crate::domain;
use crate::domain::id::{BusinessId, ProductId};
use crate::domain::money::Currency;
use crate::domain::period::{Interval, Unit};

/// A price (`Price`). Usage-based prices are not sold on this host.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type")]
pub enum Price {
    /// Paid once.
    #[serde(rename = "one_time_price")]
    OneTime {
        /// The currency.
        currency: Currency,
        /// The price of one, in minor units.
        price: i64,
        /// Discounts stand on codes, not on prices.
        discount: i64,
        /// As above.
        discount_bps: Null,
        /// Never: the price is the price.
        pay_what_you_want: bool,
        /// Never.
        purchasing_power_parity: bool,
        /// None.
        suggested_price: Null,
        /// Whether the price contains the tax.
        tax_inclusive: bool,
    },
    /// Paid again and again.
    #[serde(rename = "recurring_price")]
    Recurring {
        /// The currency.
        currency: Currency,
        /// The price of one for one interval, in minor units.
        price: i64,
        /// How often it is paid: every so many …
        payment_frequency_count: u32,
        /// … of these.
        payment_frequency_interval: Unit,
        /// How long a subscription runs in all: so many …
        subscription_period_count: u32,
        /// … of these.
        subscription_period_interval: Unit,
        /// Discounts stand on codes, not on prices.
        discount: i64,
        /// As above.
        discount_bps: Null,
        /// Never.
        purchasing_power_parity: bool,
        /// Whether the price contains the tax.
        tax_inclusive: bool,
        /// Trials are free.
        trial_amount: Null,
        /// As above.
        trial_apply_discounts: Null,
        /// Never: a trial saves a method first.
        trial_payment_method_optional: bool,
        /// Days without charge before the first payment.
        trial_period_days: u32,
        /// Never.
        zero_amount_payment_method_optional: bool,
    },
}

impl From<&domain::product::Product> for Price {
    fn from(product: &domain::product::Product) -> Self {
        let (currency, price) = (product.price.currency, product.price.minor);
        match &product.recurring {
            None => Self::OneTime {
                currency,
                price,
                discount: 0,
                discount_bps: None,
                pay_what_you_want: false,
                purchasing_power_parity: false,
                suggested_price: None,
                tax_inclusive: product.tax_inclusive,
            },
            Some(recurring) => Self::Recurring {
                currency,
                price,
                payment_frequency_count: recurring.interval.count,
                payment_frequency_interval: recurring.interval.unit,
                subscription_period_count: recurring.term.count,
                subscription_period_interval: recurring.term.unit,
                discount: 0,
                discount_bps: None,
                purchasing_power_parity: false,
                tax_inclusive: product.tax_inclusive,
                trial_amount: None,
                trial_apply_discounts: None,
                trial_payment_method_optional: false,
                trial_period_days: recurring.trial_days,
                zero_amount_payment_method_optional: false,
            },
        }
    }
}

/// How long a license key of a one-time purchase works.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Duration {
    /// So many …
    pub count: u32,
    /// … of these.
    pub interval: Unit,
}

impl From<Interval> for Duration {
    fn from(interval: Interval) -> Self {
        Self {
            count: interval.count,
            interval: interval.unit,
        }
    }
}

/// A product (`Product`).
#[derive(Debug, Serialize)]
pub struct Product {
    /// The business: each has one brand.
    pub brand_id: BusinessId,
    /// Who sells it.
    pub business_id: BusinessId,
    /// When it was made.
    pub created_at: Timestamp,
    /// None on this host.
    pub credit_entitlements: Empty,
    /// None on this host.
    pub entitlements: Empty,
    /// Whether it is paid again and again.
    pub is_recurring: bool,
    /// Whether buyers get license keys.
    pub license_key_enabled: bool,
    /// The merchant's remarks.
    pub metadata: Metadata,
    /// Its price.
    pub price: Price,
    /// Identity.
    pub product_id: ProductId,
    /// The row of the business's tax table that applies.
    pub tax_category: String,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// None on this host.
    pub addons: Null,
    /// A sentence about it.
    pub description: Option<String>,
    /// None on this host.
    pub digital_product_delivery: Null,
    /// None on this host.
    pub image: Null,
    /// What buyers are told about activating.
    pub license_key_activation_message: Option<String>,
    /// How many activations at once; null is unlimited.
    pub license_key_activations_limit: Option<u32>,
    /// How long a key works; null is for ever, or as long as the subscription.
    pub license_key_duration: Option<Duration>,
    /// Its name.
    pub name: String,
    /// One price for all.
    pub pricing_mode: Null,
    /// None on this host.
    pub product_collection_id: Null,
}

impl From<&domain::product::Product> for Product {
    fn from(product: &domain::product::Product) -> Self {
        let license = product.license.as_ref();
        Self {
            brand_id: product.scope.business.clone(),
            business_id: product.scope.business.clone(),
            created_at: product.created_at,
            credit_entitlements: [],
            entitlements: [],
            is_recurring: product.recurring.is_some(),
            license_key_enabled: license.is_some(),
            metadata: Metadata::from_json(&product.metadata),
            price: Price::from(product),
            product_id: product.id.clone(),
            tax_category: product.tax_category.clone(),
            updated_at: product.updated_at,
            addons: None,
            description: product.description.clone(),
            digital_product_delivery: None,
            image: None,
            license_key_activation_message: license
                .and_then(|terms| terms.activation_message.clone()),
            license_key_activations_limit: license.and_then(|terms| terms.activations_limit),
            license_key_duration: license.and_then(|terms| terms.duration).map(Duration::from),
            name: product.name.clone(),
            pricing_mode: None,
            product_collection_id: None,
        }
    }
}

/// A product in a list.
#[derive(Debug, Serialize)]
pub struct ProductItem {
    /// Who sells it.
    pub business_id: BusinessId,
    /// When it was made.
    pub created_at: Timestamp,
    /// None on this host.
    pub entitlements: Empty,
    /// Whether it is paid again and again.
    pub is_recurring: bool,
    /// The merchant's remarks.
    pub metadata: Metadata,
    /// Identity.
    pub product_id: ProductId,
    /// The row of the business's tax table that applies.
    pub tax_category: String,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The currency of the price.
    pub currency: Currency,
    /// A sentence about it.
    pub description: Option<String>,
    /// None on this host.
    pub image: Null,
    /// Its name.
    pub name: String,
    /// The price of one, in minor units.
    pub price: i64,
    /// The whole price.
    pub price_detail: Price,
    /// One price for all.
    pub pricing_mode: Null,
    /// Whether the price contains the tax.
    pub tax_inclusive: bool,
}

impl From<&domain::product::Product> for ProductItem {
    fn from(product: &domain::product::Product) -> Self {
        Self {
            business_id: product.scope.business.clone(),
            created_at: product.created_at,
            entitlements: [],
            is_recurring: product.recurring.is_some(),
            metadata: Metadata::from_json(&product.metadata),
            product_id: product.id.clone(),
            tax_category: product.tax_category.clone(),
            updated_at: product.updated_at,
            currency: product.price.currency,
            description: product.description.clone(),
            image: None,
            name: product.name.clone(),
            price: product.price.minor,
            price_detail: Price::from(product),
            pricing_mode: None,
            tax_inclusive: product.tax_inclusive,
        }
    }
}
