//! One invoice or credit note: as a page, and as the PDF that was issued.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::reactivation::{Bill, Item, Tax};
use super::sample;
use super::view::{Document, Method};
use crate::domain::invoice::{Invoice, InvoiceKind, InvoiceState, PaidWith, Party};
use crate::domain::money::Money;
use crate::themes::Page;
use crate::web::{Error, Owned, document};

/// One document.
#[derive(Clone, Debug, Serialize)]
pub struct InvoicePage {
    /// Its id.
    pub id: String,
    /// Invoice or credit note.
    pub kind: InvoiceKind,
    /// Where it stands.
    pub state: InvoiceState,
    /// Its number as printed.
    pub number: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Who bills.
    pub seller: Party,
    /// Who is billed.
    pub buyer: Party,
    /// What for.
    pub items: Vec<Item>,
    /// The tax, by rate.
    pub taxes: Vec<Tax>,
    /// Without tax.
    pub net: Money,
    /// With tax.
    pub total: Money,
    /// How it was paid; of a credit note, how the money went back.
    pub paid: Option<PaidBy>,
    /// The invoices that a credit note corrects.
    pub corrects: Vec<Document>,
}

/// How a document was paid.
#[derive(Clone, Debug, Serialize)]
pub struct PaidBy {
    /// The payment.
    pub payment: String,
    /// When.
    pub at: Timestamp,
    /// With what.
    pub method: Option<Method>,
}

/// `GET /invoices/{id}`.
pub(super) async fn show(Owned { who, item }: Owned<Invoice>) -> Result<Response, Error> {
    let page = InvoicePage::of(&item).ok_or_else(Error::not_found)?;
    who.render(&page)
}

/// `GET /invoices/{id}/pdf`.
pub(super) async fn pdf(Owned { who, item }: Owned<Invoice>) -> Result<Response, Error> {
    document::pdf(&who.web, &item.scope, &item.id).await
}

impl InvoicePage {
    /// `invoice`, once it was issued.
    fn of(invoice: &Invoice) -> Option<Self> {
        Some(Self {
            id: invoice.id.to_string(),
            kind: invoice.kind,
            state: invoice.state,
            number: invoice.number_text.clone()?,
            issued_at: invoice.issued_at?,
            seller: invoice.seller.clone(),
            buyer: invoice.buyer.clone(),
            items: Item::all(&invoice.lines),
            taxes: Tax::all(&invoice.totals.rates, &invoice.lines),
            net: invoice.totals.net,
            total: invoice.totals.gross,
            paid: invoice.paid_with.as_ref().map(PaidBy::of),
            corrects: invoice.corrects.iter().map(Document::corrected).collect(),
        })
    }
}

impl PaidBy {
    fn of(paid: &PaidWith) -> Self {
        let method = paid.brand.as_ref().map(|brand| Method {
            id: String::new(),
            brand: brand.clone(),
            last4: paid.last4.clone(),
            expires: None,
            expired: false,
        });
        Self {
            payment: paid.payment.to_string(),
            at: paid.at,
            method,
        }
    }
}

impl Page for InvoicePage {
    const TEMPLATE: &'static str = "pages/invoice.html";

    fn samples() -> Vec<Self> {
        let bill = Bill::long_sample();
        let seller = Party {
            name: "Northwind Software GmbH".to_owned(),
            attention: None,
            address: vec!["Musterweg 1".to_owned(), "10115 Berlin".to_owned()],
            country: "DE".to_owned(),
            tax_id: Some("DE123456789".to_owned()),
            email: Some("billing@northwind.example.com".to_owned()),
        };
        let buyer = Party {
            name: "山田太郎".to_owned(),
            attention: Some("経理部".to_owned()),
            address: Vec::new(),
            country: "JP".to_owned(),
            tax_id: None,
            email: None,
        };
        let paid = Self {
            id: "inv_sample".to_owned(),
            kind: InvoiceKind::Invoice,
            state: InvoiceState::Paid,
            number: "NW-2026-00042".to_owned(),
            issued_at: sample::at("2026-11-22"),
            seller,
            buyer,
            items: bill.lines,
            taxes: bill.taxes,
            net: sample::money(123_459_137, "EUR"),
            total: sample::money(123_459_600, "EUR"),
            paid: Some(PaidBy {
                payment: "pay_sample".to_owned(),
                at: sample::at("2026-11-22"),
                method: Some(sample::visa()),
            }),
            corrects: Vec::new(),
        };
        let issued = Self {
            state: InvoiceState::Issued,
            paid: None,
            ..paid.clone()
        };
        let credit = Self {
            kind: InvoiceKind::CreditNote,
            paid: Some(PaidBy {
                payment: "pay_sample".to_owned(),
                at: sample::at("2026-11-22"),
                method: None,
            }),
            corrects: vec![sample::document()],
            ..paid.clone()
        };
        vec![paid, issued, credit]
    }
}
