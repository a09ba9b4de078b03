//! Invoices: drafted over debts, numbered when issued, and never changed after that.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Scope;
use super::id::{CustomerId, InvoiceId, PaymentId, SubscriptionId};
use super::money::Currency;
use super::tax::{Line, Totals};
use super::text_enum;

text_enum! {
    /// What a document is.
    pub enum InvoiceKind {
        /// An invoice.
        Invoice = "invoice",
        /// A credit note that corrects one.
        CreditNote = "credit-note",
    }
}

text_enum! {
    /// Where a document stands.
    pub enum InvoiceState {
        /// Without a number; may still change or be discarded.
        Draft = "draft",
        /// Numbered and final, not paid yet.
        Issued = "issued",
        /// Numbered, final and paid.
        Paid = "paid",
        /// A draft that is no longer wanted.
        Discarded = "discarded",
        /// Corrected by a credit note.
        Credited = "credited",
    }
}

/// The seller or the buyer, as they were when the document was issued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The name, or the company's.
    pub name: String,
    /// The person at the company, when the name is the company's.
    pub attention: Option<String>,
    /// The address, a line each.
    pub address: Vec<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// VAT or other tax id.
    pub tax_id: Option<String>,
    /// Where to write to.
    pub email: Option<String>,
}

/// How a document was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidWith {
    /// The payment.
    pub payment: PaymentId,
    /// When (business time).
    pub at: Timestamp,
    /// Brand or kind of the method.
    pub brand: Option<String>,
    /// The last four characters of its number.
    pub last4: Option<String>,
}

/// An invoice that a credit note corrects, as it is named there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corrected {
    /// Which.
    pub invoice: InvoiceId,
    /// Its number as it was printed.
    pub number: String,
    /// When it was issued (business time).
    pub issued_at: Timestamp,
}

/// A document over debts. From `issued` on every field but `state` and `paid_with` is final.
#[derive(Clone, Debug)]
pub struct Invoice {
    /// Identity.
    pub id: InvoiceId,
    /// Business and mode; test documents say so across the page.
    pub scope: Scope,
    /// Invoice or credit note.
    pub kind: InvoiceKind,
    /// Where it stands.
    pub state: InvoiceState,
    /// Who owes it.
    pub customer: CustomerId,
    /// The subscription it bills, when there is one.
    pub subscription: Option<SubscriptionId>,
    /// Counts within the business, mode and kind without gaps; given when issued.
    pub number: Option<i64>,
    /// The number as it is printed, such as `LUM-2026-00042`.
    pub number_text: Option<String>,
    /// When it was issued (business time).
    pub issued_at: Option<Timestamp>,
    /// The currency of every amount.
    pub currency: Currency,
    /// What was supplied.
    pub lines: Vec<Line>,
    /// The sums.
    pub totals: Totals,
    /// The merchant.
    pub seller: Party,
    /// The customer.
    pub buyer: Party,
    /// How it was paid, once it was; of a credit note, how the money went back.
    pub paid_with: Option<PaidWith>,
    /// The invoices that a credit note corrects; the credit note that an invoice takes back.
    pub corrects: Vec<Corrected>,
    /// The language it is written in, as a BCP 47 tag.
    pub locale: String,
    /// The theme it is set in.
    pub theme: String,
    /// The IANA zone its dates are written in.
    pub time_zone: String,
    /// When it was drafted (business time).
    pub created_at: Timestamp,
}
