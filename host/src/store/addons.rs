//! Add-ons.

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::addon::Addon;
use crate::domain::id::AddonId;

queries! {
    INSERT = "INSERT INTO addons (id, business_id, mode, name, description, price_minor, \
        currency, tax_category, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    GET = "SELECT * FROM addons WHERE business_id = $1 AND mode = $2 AND id = $3";
    /// Takes the row's lock: two changes at once do not undo each other.
    LOCK = "UPDATE addons SET updated_at = updated_at \
        WHERE business_id = $1 AND mode = $2 AND id = $3 RETURNING *";
    SAVE = "UPDATE addons SET name = $4, description = $5, price_minor = $6, currency = $7, \
        tax_category = $8, updated_at = $9 WHERE business_id = $1 AND mode = $2 AND id = $3";
    LIST = "SELECT * FROM addons WHERE business_id = $1 AND mode = $2 \
        ORDER BY created_at DESC, id DESC LIMIT $3 + 0 OFFSET $4";
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    name: String,
    description: Option<String>,
    price_minor: i64,
    currency: String,
    tax_category: String,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for Addon {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "addons",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            price: columns.money(row.price_minor, &row.currency)?,
            created_at: columns.time("created_at", row.created_at)?,
            updated_at: columns.time("updated_at", row.updated_at)?,
            name: row.name,
            description: row.description,
            tax_category: row.tax_category,
        })
    }
}

impl Tx {
    /// Adds an add-on.
    pub async fn insert_addon(&mut self, addon: &Addon) -> Result<()> {
        execute!(
            self,
            INSERT,
            addon.id.as_str(),
            addon.scope.business.as_str(),
            addon.scope.mode.as_str(),
            &addon.name,
            addon.description.as_deref(),
            addon.price.minor,
            addon.price.currency.code(),
            &addon.tax_category,
            addon.created_at.as_microsecond(),
            addon.updated_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The add-on with this id in this scope.
    pub async fn addon(&mut self, scope: &Scope, id: &AddonId) -> Result<Option<Addon>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Addon::try_from)
        .transpose()
    }

    /// The add-on, locked until the transaction ends.
    pub async fn lock_addon(&mut self, scope: &Scope, id: &AddonId) -> Result<Option<Addon>> {
        fetch_optional!(
            self,
            Row,
            LOCK,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Addon::try_from)
        .transpose()
    }

    /// Writes an add-on that was locked.
    pub async fn save_addon(&mut self, addon: &Addon) -> Result<()> {
        execute!(
            self,
            SAVE,
            addon.scope.business.as_str(),
            addon.scope.mode.as_str(),
            addon.id.as_str(),
            &addon.name,
            addon.description.as_deref(),
            addon.price.minor,
            addon.price.currency.code(),
            &addon.tax_category,
            addon.updated_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// A page of add-ons, newest first.
    pub async fn addons(&mut self, scope: &Scope, limit: u32, offset: u32) -> Result<Vec<Addon>> {
        fetch_all!(
            self,
            Row,
            LIST,
            scope.business.as_str(),
            scope.mode.as_str(),
            i64::from(limit),
            i64::from(offset),
        )?
        .into_iter()
        .map(Addon::try_from)
        .collect()
    }
}
