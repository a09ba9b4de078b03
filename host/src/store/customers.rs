//! Customers.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::email::Email;
use crate::domain::id::CustomerId;

queries! {
    INSERT = "INSERT INTO customers (id, business_id, mode, email, email_folded, name, name_folded, \
        phone, locale, metadata, created_at, updated_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    GET = "SELECT id, business_id, mode, email, name, phone, locale, metadata, created_at, \
        updated_at, version FROM customers WHERE business_id = $1 AND mode = $2 AND id = $3";
    SAVE = "UPDATE customers SET email = $5, email_folded = $6, name = $7, name_folded = $8, \
        phone = $9, locale = $10, metadata = $11, updated_at = $12, version = version + 1 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND version = $4";
    BY_EMAIL = "SELECT id, business_id, mode, email, name, phone, locale, metadata, created_at, \
        updated_at, version FROM customers \
        WHERE business_id = $1 AND mode = $2 AND email_folded = $3 ORDER BY id LIMIT 50";
    LIST = "SELECT id, business_id, mode, email, name, phone, locale, metadata, created_at, \
        updated_at, version FROM customers \
        WHERE business_id = $1 AND mode = $2 \
        AND (CAST($3 AS TEXT) IS NULL OR email_folded = $3) \
        AND (CAST($4 AS TEXT) IS NULL OR name_folded LIKE $4 ESCAPE '!') \
        AND (CAST($5 AS BIGINT) IS NULL OR created_at >= $5) AND (CAST($6 AS BIGINT) IS NULL OR created_at <= $6) \
        ORDER BY created_at DESC, id DESC LIMIT $7 + 0 OFFSET $8";
    ANY = "SELECT id FROM customers WHERE business_id = $1 AND mode = $2 LIMIT 1";
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    business_id: String,
    mode: String,
    email: String,
    name: String,
    phone: Option<String>,
    locale: Option<String>,
    metadata: String,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl TryFrom<Row> for Customer {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "customers",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            email: columns.parse("email", &row.email)?,
            created_at: columns.time("created_at", row.created_at)?,
            updated_at: columns.time("updated_at", row.updated_at)?,
            name: row.name,
            phone: row.phone,
            locale: row.locale,
            metadata: row.metadata,
            version: row.version,
        })
    }
}

/// Which customers to list; an absent field does not narrow.
#[derive(Clone, Debug, Default)]
pub struct CustomerFilter {
    /// Exactly this address, whatever its case.
    pub email: Option<Email>,
    /// A name that contains this text, whatever its case.
    pub name: Option<String>,
    /// Made at this time or later.
    pub created_from: Option<Timestamp>,
    /// Made at this time or earlier.
    pub created_to: Option<Timestamp>,
}

impl Tx {
    /// Adds a customer.
    pub async fn insert_customer(&mut self, customer: &Customer) -> Result<()> {
        execute!(
            self,
            INSERT,
            customer.id.as_str(),
            customer.scope.business.as_str(),
            customer.scope.mode.as_str(),
            customer.email.as_str(),
            customer.email.folded(),
            &customer.name,
            customer.name.to_lowercase(),
            customer.phone.as_deref(),
            customer.locale.as_deref(),
            &customer.metadata,
            customer.created_at.as_microsecond(),
            customer.updated_at.as_microsecond(),
            customer.version,
        )?;
        Ok(())
    }

    /// The customer with this id in this scope.
    pub async fn customer(&mut self, scope: &Scope, id: &CustomerId) -> Result<Option<Customer>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Customer::try_from)
        .transpose()
    }

    /// Whether there is any customer in this scope.
    pub async fn has_customers(&mut self, scope: &Scope) -> Result<bool> {
        let any = fetch_optional!(
            self,
            (String,),
            ANY,
            scope.business.as_str(),
            scope.mode.as_str()
        )?;
        Ok(any.is_some())
    }

    /// Writes a customer that was read in this or an earlier transaction.
    pub async fn save_customer(&mut self, customer: &Customer) -> Result<()> {
        let touched = execute!(
            self,
            SAVE,
            customer.scope.business.as_str(),
            customer.scope.mode.as_str(),
            customer.id.as_str(),
            customer.version,
            customer.email.as_str(),
            customer.email.folded(),
            &customer.name,
            customer.name.to_lowercase(),
            customer.phone.as_deref(),
            customer.locale.as_deref(),
            &customer.metadata,
            customer.updated_at.as_microsecond(),
        )?;
        super::row::touched_one(touched, "customers", customer.id.as_str())
    }

    /// The customers with this address, oldest first, 50 at most.
    pub async fn customers_by_email(
        &mut self,
        scope: &Scope,
        email: &Email,
    ) -> Result<Vec<Customer>> {
        fetch_all!(
            self,
            Row,
            BY_EMAIL,
            scope.business.as_str(),
            scope.mode.as_str(),
            email.folded(),
        )?
        .into_iter()
        .map(Customer::try_from)
        .collect()
    }

    /// A page of customers, newest first.
    pub async fn customers(
        &mut self,
        scope: &Scope,
        filter: &CustomerFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Customer>> {
        fetch_all!(
            self,
            Row,
            LIST,
            scope.business.as_str(),
            scope.mode.as_str(),
            filter.email.as_ref().map(Email::folded),
            filter.name.as_deref().map(super::row::contains),
            filter.created_from.map(Timestamp::as_microsecond),
            filter.created_to.map(Timestamp::as_microsecond),
            i64::from(limit),
            i64::from(offset),
        )?
        .into_iter()
        .map(Customer::try_from)
        .collect()
    }
}
