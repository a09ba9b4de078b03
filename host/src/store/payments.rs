//! Payments.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::{Columns, json};
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{InvoiceId, MethodId, PaymentId, SubscriptionId};
use crate::domain::payment::{Decline, Payment, PaymentState};

queries! {
    INSERT = "INSERT INTO payments (id, business_id, mode, customer_id, subscription_id, purpose, \
        gateway, amount_minor, tax_minor, currency, method_id, initiator, state, state_at, \
        decline_code, decline_advice, decline_gateway_code, action, sent_at, request, gateway_ref, \
        invoice_id, attempt, period_start, period_end, quote, unapplied, lookups, absent_since, \
        buyer, metadata, return_url, created_at, updated_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
        $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35)";
    GET = "SELECT * FROM payments WHERE business_id = $1 AND mode = $2 AND id = $3";
    /// Takes the row's lock on both databases; what is read cannot change until the commit.
    LOCK = "UPDATE payments SET version = version + 1 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 RETURNING *";
    SAVE = "UPDATE payments SET method_id = $5, state = $6, state_at = $7, decline_code = $8, \
        decline_advice = $9, decline_gateway_code = $10, action = $11, sent_at = $12, \
        request = $13, gateway_ref = $14, invoice_id = $15, period_start = $16, period_end = $17, \
        unapplied = $18, lookups = $19, absent_since = $20, updated_at = $21, \
        moved_minor = $22, moved_currency = $23, version = version + 1 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND version = $4";
    OPEN_OF = "SELECT * FROM payments \
        WHERE business_id = $1 AND mode = $2 AND subscription_id = $3 \
        AND state IN ('created', 'awaiting-customer', 'processing', 'unknown') ORDER BY id";
    /// The debts and the amount are part of a quote's name, so that at most one pays it.
    PAID_QUOTE = "SELECT * FROM payments WHERE business_id = $1 AND mode = $2 \
        AND subscription_id = $3 AND quote = $4 AND state = 'succeeded' \
        ORDER BY id DESC LIMIT 1";
    OPEN_BY_METHOD = "SELECT subscription_id FROM payments \
        WHERE business_id = $1 AND mode = $2 AND method_id = $3 \
        AND state IN ('created', 'awaiting-customer', 'processing', 'unknown')";
    BY_GATEWAY_REF = "SELECT * FROM payments WHERE business_id = $1 AND mode = $2 \
        AND gateway = $3 AND gateway_ref = $4 ORDER BY id LIMIT 1";
}

#[derive(sqlx::FromRow)]
struct Charged {
    subscription_id: Option<String>,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    business_id: String,
    mode: String,
    customer_id: String,
    subscription_id: Option<String>,
    purpose: String,
    gateway: String,
    amount_minor: i64,
    tax_minor: i64,
    currency: String,
    method_id: Option<String>,
    initiator: String,
    state: String,
    state_at: Option<i64>,
    decline_code: Option<String>,
    decline_advice: Option<String>,
    decline_gateway_code: Option<String>,
    action: Option<String>,
    sent_at: Option<i64>,
    request: Option<String>,
    gateway_ref: Option<String>,
    invoice_id: Option<String>,
    attempt: i64,
    period_start: Option<i64>,
    period_end: Option<i64>,
    quote: Option<String>,
    unapplied: bool,
    lookups: i64,
    absent_since: Option<i64>,
    moved_minor: Option<i64>,
    moved_currency: Option<String>,
    buyer: String,
    metadata: String,
    return_url: Option<String>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

fn state(row: &Row, columns: &Columns<'_>) -> Result<PaymentState> {
    let at = || columns.time("state_at", columns.present("state_at", row.state_at)?);
    Ok(match row.state.as_str() {
        "created" => PaymentState::Created,
        "awaiting-customer" => PaymentState::AwaitingCustomer {
            action: columns.json("action", columns.present("action", row.action.as_deref())?)?,
            expires_at: at()?,
        },
        "processing" => PaymentState::Processing {
            expected_by: columns.time_some("state_at", row.state_at)?,
        },
        "unknown" => PaymentState::Unknown { since: at()? },
        "succeeded" => PaymentState::Succeeded { at: at()? },
        "declined" => {
            let code = columns.present("decline_code", row.decline_code.as_deref())?;
            let advice = columns.present("decline_advice", row.decline_advice.as_deref())?;
            let decline = Decline {
                code: columns.parse("decline_code", code)?,
                advice: columns.parse("decline_advice", advice)?,
                gateway_code: row.decline_gateway_code.clone(),
            };
            PaymentState::Declined { decline, at: at()? }
        }
        "cancelled" => PaymentState::Cancelled { at: at()? },
        other => return Err(columns.corrupt("state", other)),
    })
}

/// The columns that a state's facts stand in.
struct Facts<'a> {
    at: Option<i64>,
    decline: Option<&'a Decline>,
    action: Option<String>,
}

fn facts(state: &PaymentState) -> Facts<'_> {
    let (at, decline, action) = match state {
        PaymentState::Created => (None, None, None),
        PaymentState::AwaitingCustomer { action, expires_at } => {
            (Some(*expires_at), None, Some(json(action)))
        }
        PaymentState::Processing { expected_by } => (*expected_by, None, None),
        PaymentState::Unknown { since: at }
        | PaymentState::Succeeded { at }
        | PaymentState::Cancelled { at } => (Some(*at), None, None),
        PaymentState::Declined { decline, at } => (Some(*at), Some(decline), None),
    };
    Facts {
        at: at.map(Timestamp::as_microsecond),
        decline,
        action,
    }
}

impl TryFrom<Row> for Payment {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "payments",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            subscription: columns.parse_some("subscription_id", row.subscription_id.as_deref())?,
            purpose: columns.parse("purpose", &row.purpose)?,
            amount: columns.money(row.amount_minor, &row.currency)?,
            tax_minor: row.tax_minor,
            method: columns.parse_some("method_id", row.method_id.as_deref())?,
            initiator: columns.parse("initiator", &row.initiator)?,
            state: state(&row, &columns)?,
            sent_at: columns.time_some("sent_at", row.sent_at)?,
            invoice: columns.parse_some("invoice_id", row.invoice_id.as_deref())?,
            attempt: columns.number("attempt", row.attempt)?,
            period: match (row.period_start, row.period_end) {
                (Some(start), Some(end)) => Some(columns.period(start, end)?),
                _ => None,
            },
            lookups: columns.number("lookups", row.lookups)?,
            absent_since: columns.time_some("absent_since", row.absent_since)?,
            moved: match (row.moved_minor, &row.moved_currency) {
                (Some(minor), Some(currency)) => Some(columns.money(minor, currency)?),
                _ => None,
            },
            buyer: columns.json("buyer", &row.buyer)?,
            created_at: columns.time("created_at", row.created_at)?,
            updated_at: columns.time("updated_at", row.updated_at)?,
            gateway: row.gateway,
            request: row.request,
            gateway_ref: row.gateway_ref,
            quote: row.quote,
            unapplied: row.unapplied,
            metadata: row.metadata,
            return_url: row.return_url,
            version: row.version,
        })
    }
}

impl Tx {
    /// Adds a payment; [`Error::Conflict`] when the subscription has an open one that its
    /// customer started, or when the id exists.
    pub async fn insert_payment(&mut self, payment: &Payment) -> Result<()> {
        let facts = facts(&payment.state);
        execute!(
            self,
            INSERT,
            payment.id.as_str(),
            payment.scope.business.as_str(),
            payment.scope.mode.as_str(),
            payment.customer.as_str(),
            payment.subscription.as_ref().map(SubscriptionId::as_str),
            payment.purpose.as_str(),
            &payment.gateway,
            payment.amount.minor,
            payment.tax_minor,
            payment.amount.currency.code(),
            payment.method.as_ref().map(MethodId::as_str),
            payment.initiator.as_str(),
            payment.state.name(),
            facts.at,
            facts.decline.map(|decline| decline.code.as_str()),
            facts.decline.map(|decline| decline.advice.as_str()),
            facts
                .decline
                .and_then(|decline| decline.gateway_code.as_deref()),
            facts.action.as_deref(),
            payment.sent_at.map(Timestamp::as_microsecond),
            payment.request.as_deref(),
            payment.gateway_ref.as_deref(),
            payment.invoice.as_ref().map(InvoiceId::as_str),
            i64::from(payment.attempt),
            payment.period.map(|period| period.start.as_microsecond()),
            payment.period.map(|period| period.end.as_microsecond()),
            payment.quote.as_deref(),
            payment.unapplied,
            i64::from(payment.lookups),
            payment.absent_since.map(Timestamp::as_microsecond),
            json(&payment.buyer),
            &payment.metadata,
            payment.return_url.as_deref(),
            payment.created_at.as_microsecond(),
            payment.updated_at.as_microsecond(),
            payment.version,
        )?;
        Ok(())
    }

    /// The payment with this id in this scope.
    pub async fn payment(&mut self, scope: &Scope, id: &PaymentId) -> Result<Option<Payment>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Payment::try_from)
        .transpose()
    }

    /// The payment, locked until the transaction ends; lock its subscription first.
    pub async fn lock_payment(&mut self, scope: &Scope, id: &PaymentId) -> Result<Option<Payment>> {
        fetch_optional!(
            self,
            Row,
            LOCK,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Payment::try_from)
        .transpose()
    }

    /// Writes a payment; [`Error::Stale`] when it changed since it was read.
    pub async fn save_payment(&mut self, payment: &mut Payment) -> Result<()> {
        let facts = facts(&payment.state);
        let touched = execute!(
            self,
            SAVE,
            payment.scope.business.as_str(),
            payment.scope.mode.as_str(),
            payment.id.as_str(),
            payment.version,
            payment.method.as_ref().map(MethodId::as_str),
            payment.state.name(),
            facts.at,
            facts.decline.map(|decline| decline.code.as_str()),
            facts.decline.map(|decline| decline.advice.as_str()),
            facts
                .decline
                .and_then(|decline| decline.gateway_code.as_deref()),
            facts.action.as_deref(),
            payment.sent_at.map(Timestamp::as_microsecond),
            payment.request.as_deref(),
            payment.gateway_ref.as_deref(),
            payment.invoice.as_ref().map(InvoiceId::as_str),
            payment.period.map(|period| period.start.as_microsecond()),
            payment.period.map(|period| period.end.as_microsecond()),
            payment.unapplied,
            i64::from(payment.lookups),
            payment.absent_since.map(Timestamp::as_microsecond),
            payment.updated_at.as_microsecond(),
            payment.moved.map(|moved| moved.minor),
            payment.moved.map(|moved| moved.currency.code()),
        )?;
        super::row::touched_one(touched, "payments", payment.id.as_str())?;
        payment.version += 1;
        Ok(())
    }

    /// The payments of a subscription that have no end yet, oldest first.
    pub async fn open_payments_of(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
    ) -> Result<Vec<Payment>> {
        fetch_all!(
            self,
            Row,
            OPEN_OF,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
        )?
        .into_iter()
        .map(Payment::try_from)
        .collect()
    }

    /// The payment that paid this quote of a subscription.
    pub async fn payment_of_quote(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
        quote: &str,
    ) -> Result<Option<Payment>> {
        fetch_optional!(
            self,
            Row,
            PAID_QUOTE,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
            quote,
        )?
        .map(Payment::try_from)
        .transpose()
    }

    /// The subscriptions of the open payments that charge a method; none for a payment without
    /// one.
    pub async fn charged_with(
        &mut self,
        scope: &Scope,
        method: &MethodId,
    ) -> Result<Vec<Option<SubscriptionId>>> {
        let rows = fetch_all!(
            self,
            Charged,
            OPEN_BY_METHOD,
            scope.business.as_str(),
            scope.mode.as_str(),
            method.as_str(),
        )?;
        let columns = Columns {
            table: "payments",
            id: method.as_str(),
        };
        rows.iter()
            .map(|row| columns.parse_some("subscription_id", row.subscription_id.as_deref()))
            .collect()
    }

    /// The payment that a gateway knows under its own reference.
    pub async fn payment_by_gateway_ref(
        &mut self,
        scope: &Scope,
        gateway: &str,
        reference: &str,
    ) -> Result<Option<Payment>> {
        fetch_optional!(
            self,
            Row,
            BY_GATEWAY_REF,
            scope.business.as_str(),
            scope.mode.as_str(),
            gateway,
            reference,
        )?
        .map(Payment::try_from)
        .transpose()
    }
}
