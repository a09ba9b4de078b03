//! Dodo's JSON: the objects of the merchant API and of webhooks, made from domain values.
//!
//! Every key is always present, with an explicit null where there is nothing; arrays and
//! metadata are never null. Serialised without spaces and in the order of the fields, these
//! are the bytes that webhooks sign. Nothing here decides, writes or knows HTTP.

pub mod addon;
pub mod customer;
pub mod discount;
pub mod dispute;
pub mod dunning;
pub mod endpoint;
pub mod event;
pub mod license;
pub mod load;
pub mod metadata;
pub mod method;
pub mod payment;
pub mod payment_item;
pub mod plan_change;
pub mod product;
pub mod refund;
pub mod subscription;
pub mod webhook;

pub use self::metadata::Metadata;

use serde::{Deserialize, Serialize};

use crate::domain::customer::BillingAddress;

/// A key of Dodo's that has nothing to say on this host; always `null`.
pub type Null = Option<()>;

/// A list of Dodo's that is always empty on this host.
pub type Empty = [(); 0];

/// A page of a list.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    /// The items; an empty page is the end.
    pub items: Vec<T>,
}

/// A postal address; unlike the domain's, every key is told even when it is null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billing {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Town.
    #[serde(default)]
    pub city: Option<String>,
    /// State or province.
    #[serde(default)]
    pub state: Option<String>,
    /// Street and number.
    #[serde(default)]
    pub street: Option<String>,
    /// Postal code.
    #[serde(default)]
    pub zipcode: Option<String>,
}

impl From<&BillingAddress> for Billing {
    fn from(address: &BillingAddress) -> Self {
        Self {
            country: address.country.clone(),
            city: address.city.clone(),
            state: address.state.clone(),
            street: address.street.clone(),
            zipcode: address.zipcode.clone(),
        }
    }
}
