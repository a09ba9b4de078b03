//! Discount codes, and who used them for what.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::{Columns, contains, json};
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::discount::{Discount, DiscountKind};
use crate::domain::id::{CustomerId, DiscountId, ProductId};

queries! {
    INSERT = "INSERT INTO discounts (id, business_id, mode, code, name, kind, amount, options, \
        restricted_to, eligibility, usage_limit, per_customer_limit, times_used, cycles, preserve, \
        starts_at, expires_at, metadata, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14, $15, $16, $17, $18)";
    GET = "SELECT * FROM discounts WHERE business_id = $1 AND mode = $2 AND id = $3";
    BY_CODE = "SELECT * FROM discounts WHERE business_id = $1 AND mode = $2 AND code = $3 \
        AND deleted_at IS NULL";
    /// Takes the row's lock: of two who take the last use one waits, and finds it taken.
    LOCK = "UPDATE discounts SET times_used = times_used \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND deleted_at IS NULL RETURNING *";
    SAVE = "UPDATE discounts SET code = $4, name = $5, kind = $6, amount = $7, options = $8, \
        restricted_to = $9, eligibility = $10, usage_limit = $11, per_customer_limit = $12, \
        cycles = $13, preserve = $14, starts_at = $15, expires_at = $16, metadata = $17, \
        deleted_at = $18 WHERE business_id = $1 AND mode = $2 AND id = $3";
    LIST = "SELECT * FROM discounts WHERE business_id = $1 AND mode = $2 AND deleted_at IS NULL \
        AND (CAST($3 AS TEXT) IS NULL OR code = $3) \
        AND (CAST($4 AS TEXT) IS NULL OR kind = $4) \
        AND (CAST($5 AS TEXT) IS NULL OR restricted_to = '[]' \
            OR restricted_to LIKE $5 ESCAPE '!') \
        AND (CAST($6 AS BOOLEAN) IS NULL OR $6 = \
            ((starts_at IS NULL OR starts_at <= $7) AND (expires_at IS NULL OR expires_at > $7) \
            AND (usage_limit IS NULL OR times_used < usage_limit))) \
        ORDER BY created_at DESC, id DESC LIMIT $8 + 0 OFFSET $9";
    USE = "INSERT INTO discount_uses (discount_id, cause, business_id, mode, customer_id, used_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    COUNT = "UPDATE discounts SET times_used = times_used + 1 WHERE id = $1";
    USES_BY = "SELECT COUNT(*) AS count FROM discount_uses \
        WHERE discount_id = $1 AND customer_id = $2";
    USED_FOR = "SELECT discount_id FROM discount_uses \
        WHERE business_id = $1 AND mode = $2 AND cause = $3 ORDER BY discount_id";
    HOLD = "UPDATE discounts SET times_used = times_used \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
    UNCOUNT = "UPDATE discounts SET times_used = times_used - 1 \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
    GIVE_BACK = "DELETE FROM discount_uses WHERE business_id = $1 AND mode = $2 AND cause = $3";
    HAS_PAID = "SELECT COUNT(*) AS count FROM (SELECT id FROM payments \
        WHERE business_id = $1 AND mode = $2 AND customer_id = $3 AND state = 'succeeded' \
        AND amount_minor > 0 AND NOT unapplied LIMIT 1) AS paid";
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    code: String,
    name: Option<String>,
    kind: String,
    amount: i64,
    options: String,
    restricted_to: String,
    eligibility: String,
    usage_limit: Option<i64>,
    per_customer_limit: Option<i64>,
    times_used: i64,
    cycles: Option<i64>,
    preserve: bool,
    starts_at: Option<i64>,
    expires_at: Option<i64>,
    metadata: String,
    created_at: i64,
    deleted_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Used {
    discount_id: String,
}

#[derive(sqlx::FromRow)]
struct Count {
    count: i64,
}

/// Which discounts to list; an absent field does not narrow.
#[derive(Clone, Debug, Default)]
pub struct DiscountFilter {
    /// With this code.
    pub code: Option<String>,
    /// Of this kind.
    pub kind: Option<DiscountKind>,
    /// That works for this product.
    pub product: Option<ProductId>,
    /// Whether it can be redeemed now.
    pub active: Option<bool>,
}

impl TryFrom<Row> for Discount {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "discounts",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            kind: columns.parse("kind", &row.kind)?,
            options: columns.json("options", &row.options)?,
            restricted_to: columns.json("restricted_to", &row.restricted_to)?,
            eligibility: columns.parse("eligibility", &row.eligibility)?,
            usage_limit: columns.number_some("usage_limit", row.usage_limit)?,
            per_customer_limit: columns
                .number_some("per_customer_limit", row.per_customer_limit)?,
            times_used: columns.number("times_used", row.times_used)?,
            cycles: columns.number_some("cycles", row.cycles)?,
            starts_at: columns.time_some("starts_at", row.starts_at)?,
            expires_at: columns.time_some("expires_at", row.expires_at)?,
            created_at: columns.time("created_at", row.created_at)?,
            deleted_at: columns.time_some("deleted_at", row.deleted_at)?,
            code: row.code,
            name: row.name,
            amount: row.amount,
            preserve: row.preserve,
            metadata: row.metadata,
        })
    }
}

impl Tx {
    /// Adds a discount; [`Error::Conflict`] when another has its code.
    pub async fn insert_discount(&mut self, discount: &Discount) -> Result<()> {
        execute!(
            self,
            INSERT,
            discount.id.as_str(),
            discount.scope.business.as_str(),
            discount.scope.mode.as_str(),
            &discount.code,
            discount.name.as_deref(),
            discount.kind.as_str(),
            discount.amount,
            json(&discount.options),
            json(&discount.restricted_to),
            discount.eligibility.as_str(),
            discount.usage_limit.map(i64::from),
            discount.per_customer_limit.map(i64::from),
            discount.cycles.map(i64::from),
            discount.preserve,
            discount.starts_at.map(Timestamp::as_microsecond),
            discount.expires_at.map(Timestamp::as_microsecond),
            &discount.metadata,
            discount.created_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The discount with this id in this scope, deleted or not.
    pub async fn discount(&mut self, scope: &Scope, id: &DiscountId) -> Result<Option<Discount>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Discount::try_from)
        .transpose()
    }

    /// The discount that has this code now.
    pub async fn discount_by_code(
        &mut self,
        scope: &Scope,
        code: &str,
    ) -> Result<Option<Discount>> {
        fetch_optional!(
            self,
            Row,
            BY_CODE,
            scope.business.as_str(),
            scope.mode.as_str(),
            code
        )?
        .map(Discount::try_from)
        .transpose()
    }

    /// The discount, unless it is deleted; locked until the transaction ends.
    pub async fn lock_discount(
        &mut self,
        scope: &Scope,
        id: &DiscountId,
    ) -> Result<Option<Discount>> {
        fetch_optional!(
            self,
            Row,
            LOCK,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Discount::try_from)
        .transpose()
    }

    /// Writes a locked discount, but not how often it was used; [`Error::Conflict`] when another
    /// has its code.
    pub async fn save_discount(&mut self, discount: &Discount) -> Result<()> {
        execute!(
            self,
            SAVE,
            discount.scope.business.as_str(),
            discount.scope.mode.as_str(),
            discount.id.as_str(),
            &discount.code,
            discount.name.as_deref(),
            discount.kind.as_str(),
            discount.amount,
            json(&discount.options),
            json(&discount.restricted_to),
            discount.eligibility.as_str(),
            discount.usage_limit.map(i64::from),
            discount.per_customer_limit.map(i64::from),
            discount.cycles.map(i64::from),
            discount.preserve,
            discount.starts_at.map(Timestamp::as_microsecond),
            discount.expires_at.map(Timestamp::as_microsecond),
            &discount.metadata,
            discount.deleted_at.map(Timestamp::as_microsecond),
        )?;
        Ok(())
    }

    /// A page of discounts that are not deleted, newest first; `now` decides which are active.
    pub async fn discounts(
        &mut self,
        scope: &Scope,
        filter: &DiscountFilter,
        now: Timestamp,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Discount>> {
        let product = filter.product.as_ref().map(|id| contains(id.as_str()));
        fetch_all!(
            self,
            Row,
            LIST,
            scope.business.as_str(),
            scope.mode.as_str(),
            filter.code.as_deref(),
            filter.kind.map(DiscountKind::as_str),
            product.as_deref(),
            filter.active,
            now.as_microsecond(),
            i64::from(limit),
            i64::from(offset),
        )?
        .into_iter()
        .map(Discount::try_from)
        .collect()
    }

    /// Counts a use of a locked discount by `customer` for `cause`.
    pub async fn use_discount(
        &mut self,
        discount: &Discount,
        customer: &CustomerId,
        cause: &str,
        now: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            USE,
            discount.id.as_str(),
            cause,
            discount.scope.business.as_str(),
            discount.scope.mode.as_str(),
            customer.as_str(),
            now.as_microsecond(),
        )?;
        execute!(self, COUNT, discount.id.as_str())?;
        Ok(())
    }

    /// How often `customer` has used a discount.
    pub async fn discount_uses_by(
        &mut self,
        discount: &DiscountId,
        customer: &CustomerId,
    ) -> Result<i64> {
        let row = fetch_optional!(self, Count, USES_BY, discount.as_str(), customer.as_str())?;
        Ok(row.map_or(0, |row| row.count))
    }

    /// The discounts that `cause` has used, in the order of their ids.
    pub async fn discounts_used_for(
        &mut self,
        scope: &Scope,
        cause: &str,
    ) -> Result<Vec<DiscountId>> {
        let rows = fetch_all!(
            self,
            Used,
            USED_FOR,
            scope.business.as_str(),
            scope.mode.as_str(),
            cause
        )?;
        let columns = Columns {
            table: "discount_uses",
            id: cause,
        };
        rows.iter()
            .map(|row| columns.parse("discount_id", &row.discount_id))
            .collect()
    }

    /// Locks these discounts, deleted or not, until the transaction ends. Always in the order of
    /// their ids, so that no two transactions wait for each other.
    pub async fn hold_discounts(&mut self, scope: &Scope, mut ids: Vec<DiscountId>) -> Result<()> {
        ids.sort();
        ids.dedup();
        for id in &ids {
            execute!(
                self,
                HOLD,
                scope.business.as_str(),
                scope.mode.as_str(),
                id.as_str()
            )?;
        }
        Ok(())
    }

    /// Gives back every use that `cause` has made: nothing came of it. Whoever has locked other
    /// discounts before has locked these with them.
    pub async fn give_discounts_back(&mut self, scope: &Scope, cause: &str) -> Result<()> {
        for id in self.discounts_used_for(scope, cause).await? {
            execute!(
                self,
                UNCOUNT,
                scope.business.as_str(),
                scope.mode.as_str(),
                id.as_str()
            )?;
        }
        execute!(
            self,
            GIVE_BACK,
            scope.business.as_str(),
            scope.mode.as_str(),
            cause
        )?;
        Ok(())
    }

    /// Whether a customer has ever paid.
    pub async fn has_paid(&mut self, scope: &Scope, customer: &CustomerId) -> Result<bool> {
        let row = fetch_optional!(
            self,
            Count,
            HAS_PAID,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.as_str()
        )?;
        Ok(row.is_some_and(|row| row.count > 0))
    }
}
