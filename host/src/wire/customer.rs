//! Customers on the wire.

use jiff::Timestamp;
use serde::Serialize;

use super::{Metadata, Null};
use crate::domain;
use crate::domain::id::{BusinessId, CustomerId};

/// A customer (`Customer`).
#[derive(Debug, Serialize)]
pub struct Customer {
    /// Whose customer.
    pub business_id: BusinessId,
    /// When they were made.
    pub created_at: Timestamp,
    /// Identity.
    pub customer_id: CustomerId,
    /// Where mails go.
    pub email: String,
    /// How they are addressed.
    pub name: String,
    /// Nobody is blocked on this host.
    pub blocked_at: Null,
    /// As above.
    pub blocklist_entry_id: Null,
    /// The merchant's remarks.
    pub metadata: Metadata,
    /// Their telephone number.
    pub phone_number: Option<String>,
}

impl From<&domain::customer::Customer> for Customer {
    fn from(customer: &domain::customer::Customer) -> Self {
        Self {
            business_id: customer.scope.business.clone(),
            created_at: customer.created_at,
            customer_id: customer.id.clone(),
            email: customer.email.as_str().to_owned(),
            name: customer.name.clone(),
            blocked_at: None,
            blocklist_entry_id: None,
            metadata: Metadata::from_json(&customer.metadata),
            phone_number: customer.phone.clone(),
        }
    }
}

/// A customer inside another object (`CustomerLimitedDetails`).
#[derive(Clone, Debug, Serialize)]
pub struct CustomerDetails {
    /// Identity.
    pub customer_id: CustomerId,
    /// Where mails go.
    pub email: String,
    /// How they are addressed.
    pub name: String,
    /// The merchant's remarks.
    pub metadata: Metadata,
    /// Their telephone number.
    pub phone_number: Option<String>,
}

impl From<&domain::customer::Customer> for CustomerDetails {
    fn from(customer: &domain::customer::Customer) -> Self {
        Self {
            customer_id: customer.id.clone(),
            email: customer.email.as_str().to_owned(),
            name: customer.name.clone(),
            metadata: Metadata::from_json(&customer.metadata),
            phone_number: customer.phone.clone(),
        }
    }
}
