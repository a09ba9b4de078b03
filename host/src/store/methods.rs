//! Saved payment methods.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{CustomerId, MethodId};
use crate::domain::method::PaymentMethod;

queries! {
    /// A method that the gateway names again is the same method; a detached one comes back.
    KEEP = "INSERT INTO payment_methods (id, business_id, mode, customer_id, gateway, reference, \
        customer_reference, kind, brand, last4, expiry_month, expiry_year, holder, country, \
        funding, mandate_reference, network_reference, created_at, last_used_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
        ON CONFLICT (business_id, mode, gateway, reference, customer_id) DO UPDATE SET \
        customer_reference = COALESCE(excluded.customer_reference, \
        payment_methods.customer_reference), kind = excluded.kind, \
        brand = excluded.brand, last4 = excluded.last4, expiry_month = excluded.expiry_month, \
        expiry_year = excluded.expiry_year, holder = excluded.holder, country = excluded.country, \
        funding = excluded.funding, \
        mandate_reference = COALESCE(excluded.mandate_reference, \
        payment_methods.mandate_reference), \
        network_reference = COALESCE(excluded.network_reference, \
        payment_methods.network_reference), last_used_at = excluded.last_used_at, \
        detached_at = NULL, \
        refused_at = CASE WHEN payment_methods.refused_at < $20 THEN NULL \
        ELSE payment_methods.refused_at END \
        RETURNING *";
    GET = "SELECT * FROM payment_methods \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND detached_at IS NULL";
    LOCK = "UPDATE payment_methods SET reference = reference \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND detached_at IS NULL RETURNING *";
    GET_ANY = "SELECT * FROM payment_methods WHERE business_id = $1 AND mode = $2 AND id = $3";
    OF_CUSTOMER = "SELECT * FROM payment_methods \
        WHERE business_id = $1 AND mode = $2 AND customer_id = $3 AND detached_at IS NULL \
        ORDER BY COALESCE(last_used_at, created_at) DESC, id DESC LIMIT 100";
    USED = "UPDATE payment_methods SET last_used_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
    DETACH = "UPDATE payment_methods SET detached_at = $4, is_backup = FALSE \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND detached_at IS NULL";
    /// It is no backup for another one either.
    REFUSE = "UPDATE payment_methods SET refused_at = COALESCE(refused_at, $4), \
        is_backup = FALSE WHERE business_id = $1 AND mode = $2 AND id = $3";
    /// One method at the gateway may have been saved by several customers.
    BY_REFERENCE = "SELECT * FROM payment_methods WHERE business_id = $1 AND mode = $2 \
        AND gateway = $3 AND reference = $4 AND detached_at IS NULL \
        AND (saved_at IS NULL OR saved_at < $5) ORDER BY id LIMIT 100 + 0";
    SAVED = "UPDATE payment_methods SET saved_at = CASE WHEN saved_at > $4 THEN saved_at \
        ELSE $4 END WHERE business_id = $1 AND mode = $2 AND id = $3";
    BACKUP_OF = "SELECT * FROM payment_methods WHERE business_id = $1 AND mode = $2 \
        AND customer_id = $3 AND is_backup AND detached_at IS NULL";
    NO_BACKUP = "UPDATE payment_methods SET is_backup = FALSE \
        WHERE business_id = $1 AND mode = $2 AND customer_id = $3 AND is_backup";
    SET_BACKUP = "UPDATE payment_methods SET is_backup = TRUE \
        WHERE business_id = $1 AND mode = $2 AND customer_id = $3 AND id = $4 \
        AND detached_at IS NULL";
    /// What the networks count: declines, and tries that may still become one.
    TRIES = "SELECT COALESCE(SUM(CASE WHEN state = 'declined' THEN 1 ELSE 0 END), 0) AS declined, \
        COALESCE(SUM(CASE WHEN state = 'declined' THEN 0 ELSE 1 END), 0) AS unanswered \
        FROM payments WHERE business_id = $1 AND mode = $2 AND method_id = $3 \
        AND created_at > $4 AND state IN ('declined', 'created', 'unknown')";
}

/// How often a method was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Tries {
    /// Declined.
    pub declined: i64,
    /// Without an answer yet.
    pub unanswered: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    customer_id: String,
    gateway: String,
    reference: String,
    customer_reference: Option<String>,
    kind: String,
    brand: Option<String>,
    last4: Option<String>,
    expiry_month: Option<i64>,
    expiry_year: Option<i64>,
    holder: Option<String>,
    country: Option<String>,
    funding: Option<String>,
    mandate_reference: Option<String>,
    network_reference: Option<String>,
    created_at: i64,
    last_used_at: Option<i64>,
    refused_at: Option<i64>,
    is_backup: bool,
}

impl TryFrom<Row> for PaymentMethod {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "payment_methods",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            expiry_month: columns.number_some("expiry_month", row.expiry_month)?,
            expiry_year: columns.number_some("expiry_year", row.expiry_year)?,
            created_at: columns.time("created_at", row.created_at)?,
            last_used_at: columns.time_some("last_used_at", row.last_used_at)?,
            refused_at: columns.time_some("refused_at", row.refused_at)?,
            is_backup: row.is_backup,
            gateway: row.gateway,
            reference: row.reference,
            customer_reference: row.customer_reference,
            kind: row.kind,
            brand: row.brand,
            last4: row.last4,
            holder: row.holder,
            country: row.country,
            funding: row.funding,
            mandate_reference: row.mandate_reference,
            network_reference: row.network_reference,
        })
    }
}

impl Tx {
    /// Keeps a method that a gateway saved; answers the row that stands for it, which is an
    /// older one when the gateway named the same method before. Only what was asked for after a
    /// method was refused, `since`, shows that it can be charged again.
    pub async fn keep_method(
        &mut self,
        method: &PaymentMethod,
        since: Timestamp,
    ) -> Result<PaymentMethod> {
        fetch_optional!(
            self,
            Row,
            KEEP,
            method.id.as_str(),
            method.scope.business.as_str(),
            method.scope.mode.as_str(),
            method.customer.as_str(),
            &method.gateway,
            &method.reference,
            method.customer_reference.as_deref(),
            &method.kind,
            method.brand.as_deref(),
            method.last4.as_deref(),
            method.expiry_month.map(i64::from),
            method.expiry_year.map(i64::from),
            method.holder.as_deref(),
            method.country.as_deref(),
            method.funding.as_deref(),
            method.mandate_reference.as_deref(),
            method.network_reference.as_deref(),
            method.created_at.as_microsecond(),
            method.last_used_at.map(Timestamp::as_microsecond),
            since.as_microsecond(),
        )?
        .ok_or_else(|| Error::Stale {
            table: "payment_methods",
            id: method.id.to_string(),
        })?
        .try_into()
    }

    /// The method with this id in this scope, unless it was detached.
    pub async fn method(&mut self, scope: &Scope, id: &MethodId) -> Result<Option<PaymentMethod>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(PaymentMethod::try_from)
        .transpose()
    }

    /// The same, locked until the transaction ends: nobody detaches it, or begins to use it,
    /// meanwhile. Lock subscription and payment first.
    pub async fn lock_method(
        &mut self,
        scope: &Scope,
        id: &MethodId,
    ) -> Result<Option<PaymentMethod>> {
        fetch_optional!(
            self,
            Row,
            LOCK,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(PaymentMethod::try_from)
        .transpose()
    }

    /// The method with this id even if it was detached, for history and documents.
    pub async fn method_ever(
        &mut self,
        scope: &Scope,
        id: &MethodId,
    ) -> Result<Option<PaymentMethod>> {
        fetch_optional!(
            self,
            Row,
            GET_ANY,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(PaymentMethod::try_from)
        .transpose()
    }

    /// The customer's methods, last used first.
    pub async fn methods_of(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
    ) -> Result<Vec<PaymentMethod>> {
        fetch_all!(
            self,
            Row,
            OF_CUSTOMER,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.as_str(),
        )?
        .into_iter()
        .map(PaymentMethod::try_from)
        .collect()
    }

    /// Notes that a method was charged or chosen at `at`.
    pub async fn method_used(&mut self, scope: &Scope, id: &MethodId, at: Timestamp) -> Result<()> {
        execute!(
            self,
            USED,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The methods that a gateway knows under this reference, of all customers who saved it before
    /// `until` (host time) and not again since.
    pub async fn methods_by_reference(
        &mut self,
        scope: &Scope,
        gateway: &str,
        reference: &str,
        until: Timestamp,
    ) -> Result<Vec<PaymentMethod>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let until = until.as_microsecond();
        let sql = BY_REFERENCE;
        let rows = fetch_all!(self, Row, sql, business, mode, gateway, reference, until)?;
        rows.into_iter().map(PaymentMethod::try_from).collect()
    }

    /// Notes that a gateway saved a method, at `at` or later (host time).
    pub async fn method_saved(
        &mut self,
        scope: &Scope,
        id: &MethodId,
        at: Timestamp,
    ) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let (id, at) = (id.as_str(), at.as_microsecond());
        execute!(self, SAVED, business, mode, id, at)?;
        Ok(())
    }

    /// Notes that a method must never be charged again: its bank says so, or it is gone.
    pub async fn refuse_method(
        &mut self,
        scope: &Scope,
        id: &MethodId,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            REFUSE,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            at.as_microsecond(),
        )?;
        Ok(())
    }

    /// How often a method was tried after `since` (business time). Whoever locks the method
    /// counts alone.
    pub async fn tries_with(
        &mut self,
        scope: &Scope,
        id: &MethodId,
        since: Timestamp,
    ) -> Result<Tries> {
        let tries = fetch_optional!(
            self,
            Tries,
            TRIES,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            since.as_microsecond(),
        )?;
        Ok(tries.unwrap_or(Tries {
            declined: 0,
            unanswered: 0,
        }))
    }

    /// The method that is tried when another of the customer is declined at a renewal.
    pub async fn backup_method(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
    ) -> Result<Option<PaymentMethod>> {
        fetch_optional!(
            self,
            Row,
            BACKUP_OF,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.as_str(),
        )?
        .map(PaymentMethod::try_from)
        .transpose()
    }

    /// Makes `id` the customer's one backup method, or leaves the customer without; answers
    /// false when there is no such method.
    pub async fn set_backup_method(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
        id: Option<&MethodId>,
    ) -> Result<bool> {
        execute!(
            self,
            NO_BACKUP,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.as_str(),
        )?;
        let Some(id) = id else { return Ok(true) };
        let touched = execute!(
            self,
            SET_BACKUP,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.as_str(),
            id.as_str(),
        )?;
        Ok(touched == 1)
    }

    /// Hides a method for good; answers whether it was there.
    pub async fn detach_method(
        &mut self,
        scope: &Scope,
        id: &MethodId,
        at: Timestamp,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            DETACH,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            at.as_microsecond(),
        )?;
        Ok(touched == 1)
    }
}
