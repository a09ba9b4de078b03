//! Invoices, their numbers and their bytes.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::{Columns, json, touched_one};
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{CustomerId, DebtId, InvoiceId, SubscriptionId};
use crate::domain::invoice::{Invoice, InvoiceKind, PaidWith};

queries! {
    INSERT = "INSERT INTO invoices (id, business_id, mode, kind, state, customer_id, \
        subscription_id, number, number_text, issued_at, currency, lines, totals, gross_minor, \
        seller, buyer, paid_with, locale, theme, time_zone, created_at, corrects) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
        $19, $20, $21, $22)";
    GET = "SELECT id, business_id, mode, kind, state, customer_id, subscription_id, number, \
        number_text, issued_at, currency, lines, totals, seller, buyer, paid_with, corrects, \
        locale, theme, time_zone, created_at FROM invoices WHERE business_id = $1 AND mode = $2 AND id = $3";
    SAVE_DRAFT = "UPDATE invoices SET state = $4, number = $5, number_text = $6, issued_at = $7, \
        lines = $8, totals = $9, gross_minor = $10, seller = $11, buyer = $12, paid_with = $13, \
        locale = $14, theme = $15, time_zone = $16 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND state = 'draft'";
    NEXT_NUMBER = "INSERT INTO invoice_numbers (business_id, mode, kind, last) \
        VALUES ($1, $2, $3, 1) \
        ON CONFLICT (business_id, mode, kind) DO UPDATE SET last = invoice_numbers.last + 1 \
        RETURNING last";
    OF_CUSTOMER = "SELECT id, business_id, mode, kind, state, customer_id, subscription_id, number, \
        number_text, issued_at, currency, lines, totals, seller, buyer, paid_with, corrects, \
        locale, theme, time_zone, created_at FROM invoices \
        WHERE business_id = $1 AND mode = $2 AND customer_id = $3 AND number IS NOT NULL \
        ORDER BY issued_at DESC, id DESC LIMIT $4 + 0 OFFSET $5";
    DRAFT_OF = "SELECT id, business_id, mode, kind, state, customer_id, subscription_id, number, \
        number_text, issued_at, currency, lines, totals, seller, buyer, paid_with, corrects, \
        locale, theme, time_zone, created_at FROM invoices \
        WHERE business_id = $1 AND mode = $2 AND subscription_id = $3 AND state = 'draft' \
        ORDER BY id DESC LIMIT 1";
    BILL = "INSERT INTO invoice_debts (invoice_id, debt_id, live, business_id, mode) \
        SELECT id, $2, TRUE, business_id, mode FROM invoices WHERE id = $1";
    BILLED = "SELECT debt_id FROM invoice_debts WHERE invoice_id = $1 AND live ORDER BY debt_id";
    UNBILL = "UPDATE invoice_debts SET live = FALSE WHERE invoice_id = $1";
    /// The state is no part of the document.
    CREDITED = "UPDATE invoices SET state = 'credited' \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND state IN ('issued', 'paid')";
    /// What was credited came back.
    UNCREDITED = "UPDATE invoices SET state = 'paid' \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND state = 'credited'";
    /// The money was taken back, or came again.
    UNPAID = "UPDATE invoices SET state = 'issued' \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND state = 'paid'";
    PAID = "UPDATE invoices SET state = 'paid', paid_with = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND state = 'issued'";
    ISSUED_OF = "SELECT invoices.id FROM invoice_debts \
        JOIN invoices ON invoices.id = invoice_debts.invoice_id \
        WHERE invoice_debts.debt_id = $1 AND invoice_debts.live AND invoices.number IS NOT NULL \
        LIMIT 1";
    PDF = "SELECT pdf FROM invoices WHERE business_id = $1 AND mode = $2 AND id = $3";
    /// The first bytes stay: an issued document never changes.
    KEEP_PDF = "UPDATE invoices SET pdf = $4, pdf_sha256 = $5 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND pdf IS NULL AND number IS NOT NULL";
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    kind: String,
    state: String,
    customer_id: String,
    subscription_id: Option<String>,
    number: Option<i64>,
    number_text: Option<String>,
    issued_at: Option<i64>,
    currency: String,
    lines: String,
    totals: String,
    seller: String,
    buyer: String,
    paid_with: Option<String>,
    corrects: Option<String>,
    locale: String,
    theme: String,
    time_zone: String,
    created_at: i64,
}

#[derive(sqlx::FromRow)]
struct Last {
    last: i64,
}

#[derive(sqlx::FromRow)]
struct Billed {
    debt_id: String,
}

#[derive(sqlx::FromRow)]
struct Issued {
    id: String,
}

#[derive(sqlx::FromRow)]
struct Pdf {
    pdf: Option<Vec<u8>>,
}

impl TryFrom<Row> for Invoice {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "invoices",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            kind: columns.parse("kind", &row.kind)?,
            state: columns.parse("state", &row.state)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            subscription: columns.parse_some("subscription_id", row.subscription_id.as_deref())?,
            issued_at: columns.time_some("issued_at", row.issued_at)?,
            currency: columns.parse("currency", &row.currency)?,
            lines: columns.json("lines", &row.lines)?,
            totals: columns.json("totals", &row.totals)?,
            seller: columns.json("seller", &row.seller)?,
            buyer: columns.json("buyer", &row.buyer)?,
            paid_with: match &row.paid_with {
                Some(text) => Some(columns.json("paid_with", text)?),
                None => None,
            },
            corrects: match &row.corrects {
                Some(text) => columns.json("corrects", text)?,
                None => Vec::new(),
            },
            created_at: columns.time("created_at", row.created_at)?,
            number: row.number,
            number_text: row.number_text,
            locale: row.locale,
            theme: row.theme,
            time_zone: row.time_zone,
        })
    }
}

impl Tx {
    /// Adds a document.
    pub async fn insert_invoice(&mut self, invoice: &Invoice) -> Result<()> {
        execute!(
            self,
            INSERT,
            invoice.id.as_str(),
            invoice.scope.business.as_str(),
            invoice.scope.mode.as_str(),
            invoice.kind.as_str(),
            invoice.state.as_str(),
            invoice.customer.as_str(),
            invoice.subscription.as_ref().map(SubscriptionId::as_str),
            invoice.number,
            invoice.number_text.as_deref(),
            invoice.issued_at.map(Timestamp::as_microsecond),
            invoice.currency.code(),
            json(&invoice.lines),
            json(&invoice.totals),
            invoice.totals.gross.minor,
            json(&invoice.seller),
            json(&invoice.buyer),
            invoice.paid_with.as_ref().map(json),
            &invoice.locale,
            &invoice.theme,
            &invoice.time_zone,
            invoice.created_at.as_microsecond(),
            (!invoice.corrects.is_empty()).then(|| json(&invoice.corrects)),
        )?;
        Ok(())
    }

    /// The document with this id in this scope.
    pub async fn invoice(&mut self, scope: &Scope, id: &InvoiceId) -> Result<Option<Invoice>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Invoice::try_from)
        .transpose()
    }

    /// Writes a document that was a draft until now; [`Error::Stale`] when it no longer was.
    pub async fn save_draft(&mut self, invoice: &Invoice) -> Result<()> {
        let touched = execute!(
            self,
            SAVE_DRAFT,
            invoice.scope.business.as_str(),
            invoice.scope.mode.as_str(),
            invoice.id.as_str(),
            invoice.state.as_str(),
            invoice.number,
            invoice.number_text.as_deref(),
            invoice.issued_at.map(Timestamp::as_microsecond),
            json(&invoice.lines),
            json(&invoice.totals),
            invoice.totals.gross.minor,
            json(&invoice.seller),
            json(&invoice.buyer),
            invoice.paid_with.as_ref().map(json),
            &invoice.locale,
            &invoice.theme,
            &invoice.time_zone,
        )?;
        super::row::touched_one(touched, "invoices", invoice.id.as_str())
    }

    /// The next number of a series. Given in the transaction that issues the document, so
    /// that a rolled-back one leaves no gap.
    pub async fn next_invoice_number(&mut self, scope: &Scope, kind: InvoiceKind) -> Result<i64> {
        fetch_optional!(
            self,
            Last,
            NEXT_NUMBER,
            scope.business.as_str(),
            scope.mode.as_str(),
            kind.as_str(),
        )?
        .map(|row| row.last)
        .ok_or_else(|| Error::Stale {
            table: "invoice_numbers",
            id: scope.to_string(),
        })
    }

    /// A page of the customer's issued documents, newest first.
    pub async fn invoices_of(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Invoice>> {
        fetch_all!(
            self,
            Row,
            OF_CUSTOMER,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.as_str(),
            i64::from(limit),
            i64::from(offset),
        )?
        .into_iter()
        .map(Invoice::try_from)
        .collect()
    }

    /// The draft over the dues of a subscription, when there is one.
    pub async fn draft_of(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
    ) -> Result<Option<Invoice>> {
        fetch_optional!(
            self,
            Row,
            DRAFT_OF,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
        )?
        .map(Invoice::try_from)
        .transpose()
    }

    /// Puts a debt into a document; [`Error::Conflict`] when another live one has it.
    pub async fn bill_debt(&mut self, invoice: &InvoiceId, debt: &DebtId) -> Result<()> {
        let touched = execute!(self, BILL, invoice.as_str(), debt.as_str())?;
        touched_one(touched, "invoices", invoice.as_str())
    }

    /// The debts that a live document bills.
    pub async fn billed_debts(&mut self, invoice: &InvoiceId) -> Result<Vec<DebtId>> {
        let columns = Columns {
            table: "invoice_debts",
            id: invoice.as_str(),
        };
        fetch_all!(self, Billed, BILLED, invoice.as_str())?
            .iter()
            .map(|row| columns.parse("debt_id", &row.debt_id))
            .collect()
    }

    /// Takes all debts out of a document that is no longer wanted.
    pub async fn unbill_debts(&mut self, invoice: &InvoiceId) -> Result<()> {
        execute!(self, UNBILL, invoice.as_str())?;
        Ok(())
    }

    /// Notes that credit notes have corrected all of an invoice.
    pub async fn mark_credited(&mut self, scope: &Scope, id: &InvoiceId) -> Result<()> {
        execute!(
            self,
            CREDITED,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
        )?;
        Ok(())
    }

    /// An issued invoice is not credited any more: what went back came again.
    pub async fn mark_uncredited(&mut self, scope: &Scope, id: &InvoiceId) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        execute!(self, UNCREDITED, business, mode, id.as_str())?;
        Ok(())
    }

    /// Notes that the money for an issued document is gone.
    pub async fn mark_unpaid(&mut self, scope: &Scope, id: &InvoiceId) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        execute!(self, UNPAID, business, mode, id.as_str())?;
        Ok(())
    }

    /// Notes that an issued document was paid.
    pub async fn mark_paid(
        &mut self,
        scope: &Scope,
        id: &InvoiceId,
        with: &PaidWith,
    ) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        execute!(self, PAID, business, mode, id.as_str(), json(with))?;
        Ok(())
    }

    /// The issued document that bills a debt.
    pub async fn issued_document_of(&mut self, debt: &DebtId) -> Result<Option<InvoiceId>> {
        let columns = Columns {
            table: "invoice_debts",
            id: debt.as_str(),
        };
        fetch_optional!(self, Issued, ISSUED_OF, debt.as_str())?
            .map(|row| columns.parse("invoice_id", &row.id))
            .transpose()
    }

    /// The stored bytes of a document.
    pub async fn invoice_pdf(&mut self, scope: &Scope, id: &InvoiceId) -> Result<Option<Vec<u8>>> {
        let row = fetch_optional!(
            self,
            Pdf,
            PDF,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
        )?;
        Ok(row.and_then(|row| row.pdf))
    }

    /// Stores the bytes of an issued document unless it has some; answers whether these are
    /// the ones that stay.
    pub async fn keep_invoice_pdf(
        &mut self,
        scope: &Scope,
        id: &InvoiceId,
        pdf: &[u8],
        sha256: &str,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            KEEP_PDF,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            pdf,
            sha256,
        )?;
        Ok(touched == 1)
    }
}
