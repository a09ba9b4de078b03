//! Saved payment methods: what the gateway told us about them, and never a card number.

use jiff::Timestamp;

use super::Scope;
use super::id::{CustomerId, MethodId};

/// A saved payment method. It belongs to one gateway.
#[derive(Clone, Debug)]
pub struct PaymentMethod {
    /// Identity.
    pub id: MethodId,
    /// Business and mode.
    pub scope: Scope,
    /// Whose it is.
    pub customer: CustomerId,
    /// The business's name for the gateway that holds it.
    pub gateway: String,
    /// The gateway's reference to it.
    pub reference: String,
    /// The gateway's reference to the customer, needed to charge it.
    pub customer_reference: Option<String>,
    /// `card`, `bank_debit` … in Dodo's words.
    pub kind: String,
    /// Brand or bank, as the gateway names it (`visa`).
    pub brand: Option<String>,
    /// The last four characters of the number.
    pub last4: Option<String>,
    /// The month it expires, 1 to 12.
    pub expiry_month: Option<u8>,
    /// The year it expires, four digits.
    pub expiry_year: Option<u16>,
    /// The name on it.
    pub holder: Option<String>,
    /// The issuer's country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// `credit`, `debit`, `prepaid`.
    pub funding: Option<String>,
    /// The mandate that off-session charges refer to.
    pub mandate_reference: Option<String>,
    /// The network's reference of the charge that saved it.
    pub network_reference: Option<String>,
    /// When it was saved (business time).
    pub created_at: Timestamp,
    /// When it was last charged or chosen (business time).
    pub last_used_at: Option<Timestamp>,
    /// When its bank said that it must never be charged again, or its gateway that it is gone
    /// (business time); saving it anew ends that.
    pub refused_at: Option<Timestamp>,
    /// Whether it is tried when another is declined at a renewal.
    pub is_backup: bool,
}
