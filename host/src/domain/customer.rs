//! Customers and where they are.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Scope;
use super::email::Email;
use super::id::CustomerId;

/// A customer of one business in one mode. Addresses are not unique: several customers may
/// share one.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Identity.
    pub id: CustomerId,
    /// Business and mode.
    pub scope: Scope,
    /// Where mails go and who may sign in.
    pub email: Email,
    /// How they are addressed.
    pub name: String,
    /// Their telephone number, as given.
    pub phone: Option<String>,
    /// The language they last chose, as a BCP 47 tag.
    pub locale: Option<String>,
    /// The merchant's metadata (a JSON object).
    pub metadata: String,
    /// When they were made (business time).
    pub created_at: Timestamp,
    /// When they last changed (business time).
    pub updated_at: Timestamp,
    /// Counts writes; a save with an old number is refused.
    pub version: i64,
}

/// A postal address as on Dodo's wire; the country decides the tax.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingAddress {
    /// ISO 3166-1 alpha-2 in upper case.
    pub country: String,
    /// Town.
    pub city: Option<String>,
    /// State or province.
    pub state: Option<String>,
    /// Street and number.
    pub street: Option<String>,
    /// Postal code.
    pub zipcode: Option<String>,
}

/// Who buys, as documents name them; frozen with each payment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuyerDetails {
    /// Where they are.
    pub billing: BillingAddress,
    /// Their tax id.
    pub tax_id: Option<String>,
    /// The company to name.
    pub business_name: Option<String>,
}
