//! License keys.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::{Columns, touched_one};
use super::{Error, Result, Tx};
use crate::domain::id::{CustomerId, LicenseId, PaymentId, ProductId, SubscriptionId};
use crate::domain::license::{License, LicenseSource, LicenseStatus};
use crate::domain::{Mode, Scope};

/// A page of the keys that are `$whose`, newest first.
macro_rules! listed {
    ($whose:literal) => {
        concat!(
            "SELECT licenses.*, (SELECT COUNT(*) FROM license_instances \
            WHERE license_id = licenses.id) AS activations \
            FROM licenses WHERE business_id = $1 AND mode = $2 AND ",
            $whose,
            " AND (CAST($4 AS TEXT) IS NULL OR product_id = $4) \
            AND (CAST($5 AS TEXT) IS NULL OR subscription_id = $5) \
            ORDER BY created_at DESC, id DESC LIMIT $6 + 0 OFFSET $7"
        )
    };
}

/// A page of the keys that are `$whose` and match, newest first.
macro_rules! found {
    ($whose:literal) => {
        concat!(
            "SELECT licenses.*, (SELECT COUNT(*) FROM license_instances \
            WHERE license_id = licenses.id) AS activations \
            FROM licenses WHERE business_id = $1 AND mode = $2 AND ",
            $whose,
            " AND (CAST($4 AS TEXT) IS NULL OR product_id = $4) \
            AND (CAST($5 AS TEXT) IS NULL OR $5 = CASE \
                WHEN expires_at IS NOT NULL AND expires_at <= CAST($6 AS BIGINT) THEN 'expired' \
                WHEN disabled OR suspended THEN 'disabled' ELSE 'active' END) \
            AND (CAST($7 AS BIGINT) IS NULL OR created_at >= $7) \
            AND (CAST($8 AS BIGINT) IS NULL OR created_at <= $8) \
            AND (CAST($11 AS TEXT) IS NULL OR $11 = CASE \
                WHEN payment_id IS NULL AND subscription_id IS NULL THEN 'import' \
                ELSE 'auto' END) \
            ORDER BY created_at DESC, id DESC LIMIT $9 + 0 OFFSET $10"
        )
    };
}

queries! {
    INSERT = "INSERT INTO licenses (id, business_id, mode, customer_id, product_id, \
        subscription_id, payment_id, license_key, activations_limit, disabled, suspended, \
        expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    GET = "SELECT licenses.*, (SELECT COUNT(*) FROM license_instances \
        WHERE license_id = licenses.id) AS activations \
        FROM licenses WHERE business_id = $1 AND mode = $2 AND id = $3";
    /// By the key alone: the public endpoints know no business.
    BY_KEY = "SELECT licenses.*, (SELECT COUNT(*) FROM license_instances \
        WHERE license_id = licenses.id) AS activations \
        FROM licenses WHERE mode = $1 AND license_key = $2";
    LIST = listed!("(CAST($3 AS TEXT) IS NULL OR customer_id = $3)");
    /// The same of one customer: a wish that may be absent uses no index.
    LIST_OF = listed!("customer_id = $3");
    FIND = found!("(CAST($3 AS TEXT) IS NULL OR customer_id = $3)");
    FIND_OF = found!("customer_id = $3");
    OF_PAYMENT = "SELECT COUNT(*) AS count FROM licenses \
        WHERE business_id = $1 AND mode = $2 AND payment_id = $3";
    SUSPEND = "UPDATE licenses SET suspended = $4 \
        WHERE business_id = $1 AND mode = $2 AND subscription_id = $3";
    END = "UPDATE licenses SET suspended = FALSE, expires_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND subscription_id = $3 \
        AND (expires_at IS NULL OR expires_at > $4)";
    TAKE_OVER = "UPDATE licenses SET suspended = FALSE, payment_id = $4 \
        WHERE business_id = $1 AND mode = $2 AND payment_id = $3 AND subscription_id IS NULL";
    /// Takes the key's lock, so that two activations cannot both take the last place.
    LOCK = "UPDATE licenses SET disabled = disabled WHERE id = $1";
    /// An end that is set by hand is nobody else's to move.
    CHANGE = "UPDATE licenses SET activations_limit = CAST($4 AS BIGINT), disabled = $5, \
        refunded = refunded AND expires_at IS NOT DISTINCT FROM CAST($6 AS BIGINT), \
        expires_at = CAST($6 AS BIGINT) WHERE business_id = $1 AND mode = $2 AND id = $3";
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    business_id: String,
    mode: String,
    customer_id: String,
    product_id: String,
    subscription_id: Option<String>,
    payment_id: Option<String>,
    license_key: String,
    activations_limit: Option<i64>,
    activations: i64,
    disabled: bool,
    suspended: bool,
    expires_at: Option<i64>,
    created_at: i64,
}

impl TryFrom<Row> for License {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "licenses",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            product: columns.parse("product_id", &row.product_id)?,
            subscription: columns.parse_some("subscription_id", row.subscription_id.as_deref())?,
            payment: columns.parse_some("payment_id", row.payment_id.as_deref())?,
            activations_limit: columns.number_some("activations_limit", row.activations_limit)?,
            activations: columns.number("activations", row.activations)?,
            expires_at: columns.time_some("expires_at", row.expires_at)?,
            created_at: columns.time("created_at", row.created_at)?,
            key: row.license_key,
            disabled: row.disabled,
            suspended: row.suspended,
        })
    }
}

/// Which keys to find; an absent field does not narrow.
#[derive(Clone, Debug, Default)]
pub struct LicenseFilter {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Of this product.
    pub product: Option<ProductId>,
    /// With this status at this time (business time).
    pub status: Option<(LicenseStatus, Timestamp)>,
    /// That came to be like this.
    pub source: Option<LicenseSource>,
    /// Made at this time or later.
    pub created_from: Option<Timestamp>,
    /// Made at this time or earlier.
    pub created_to: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Count {
    count: i64,
}

impl Tx {
    /// Adds a key; [`Error::Conflict`] when the mode has the same key already.
    pub async fn insert_license(&mut self, license: &License) -> Result<()> {
        execute!(
            self,
            INSERT,
            license.id.as_str(),
            license.scope.business.as_str(),
            license.scope.mode.as_str(),
            license.customer.as_str(),
            license.product.as_str(),
            license.subscription.as_ref().map(SubscriptionId::as_str),
            license.payment.as_ref().map(PaymentId::as_str),
            &license.key,
            license.activations_limit.map(i64::from),
            license.disabled,
            license.suspended,
            license.expires_at.map(Timestamp::as_microsecond),
            license.created_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The key's row with this id in this scope.
    pub async fn license(&mut self, scope: &Scope, id: &LicenseId) -> Result<Option<License>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(License::try_from)
        .transpose()
    }

    /// The row of a key, which is unique in its mode over all businesses.
    pub async fn license_by_key(&mut self, mode: Mode, key: &str) -> Result<Option<License>> {
        fetch_optional!(self, Row, BY_KEY, mode.as_str(), key)?
            .map(License::try_from)
            .transpose()
    }

    /// Keys of a customer, product or subscription, newest first.
    pub async fn licenses(
        &mut self,
        scope: &Scope,
        customer: Option<&CustomerId>,
        product: Option<&ProductId>,
        subscription: Option<&SubscriptionId>,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<License>> {
        let sql = if customer.is_some() { LIST_OF } else { LIST };
        fetch_all!(
            self,
            Row,
            sql,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.map(CustomerId::as_str),
            product.map(ProductId::as_str),
            subscription.map(SubscriptionId::as_str),
            i64::from(limit),
            i64::from(offset),
        )?
        .into_iter()
        .map(License::try_from)
        .collect()
    }

    /// A page of the keys that match, newest first.
    pub async fn find_licenses(
        &mut self,
        scope: &Scope,
        filter: &LicenseFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<License>> {
        let sql = match filter.customer {
            Some(_) => FIND_OF,
            None => FIND,
        };
        fetch_all!(
            self,
            Row,
            sql,
            scope.business.as_str(),
            scope.mode.as_str(),
            filter.customer.as_ref().map(CustomerId::as_str),
            filter.product.as_ref().map(ProductId::as_str),
            filter.status.map(|(status, _)| status.as_str()),
            filter.status.map(|(_, now)| now.as_microsecond()),
            filter.created_from.map(Timestamp::as_microsecond),
            filter.created_to.map(Timestamp::as_microsecond),
            i64::from(limit),
            i64::from(offset),
            filter.source.map(LicenseSource::as_str),
        )?
        .into_iter()
        .map(License::try_from)
        .collect()
    }

    /// Whether a payment brought keys.
    pub async fn has_licenses(&mut self, scope: &Scope, payment: &PaymentId) -> Result<bool> {
        let row = fetch_optional!(
            self,
            Count,
            OF_PAYMENT,
            scope.business.as_str(),
            scope.mode.as_str(),
            payment.as_str(),
        )?;
        Ok(row.is_some_and(|row| row.count > 0))
    }

    /// Switches the keys of a subscription off while it is on hold, and on again.
    pub async fn suspend_licenses(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
        suspended: bool,
    ) -> Result<()> {
        execute!(
            self,
            SUSPEND,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
            suspended,
        )?;
        Ok(())
    }

    /// Lets the keys of a one-time purchase that `from` brought work again as those of `to`, which has
    /// paid for it since; answers how many there are.
    pub async fn take_licenses_over(
        &mut self,
        scope: &Scope,
        from: &PaymentId,
        to: &PaymentId,
    ) -> Result<u64> {
        execute!(
            self,
            TAKE_OVER,
            scope.business.as_str(),
            scope.mode.as_str(),
            from.as_str(),
            to.as_str(),
        )
    }

    /// Ends the keys of a subscription for good.
    pub async fn end_licenses(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            END,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
            at.as_microsecond(),
        )?;
        Ok(())
    }

    /// Writes what a merchant may change of a key: how many activations, whether it is switched
    /// off, when it stops.
    pub async fn save_license(&mut self, license: &License) -> Result<()> {
        let touched = execute!(
            self,
            CHANGE,
            license.scope.business.as_str(),
            license.scope.mode.as_str(),
            license.id.as_str(),
            license.activations_limit.map(i64::from),
            license.disabled,
            license.expires_at.map(Timestamp::as_microsecond),
        )?;
        touched_one(touched, "licenses", license.id.as_str())
    }

    /// Takes the lock of a key until the transaction ends.
    pub async fn lock_license(&mut self, id: &LicenseId) -> Result<()> {
        execute!(self, LOCK, id.as_str())?;
        Ok(())
    }
}
