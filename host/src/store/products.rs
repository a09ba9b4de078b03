//! Products.

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{CustomerId, ProductId};
use crate::domain::product::{LicenseTerms, Product, Recurring};

queries! {
    INSERT = "INSERT INTO products (id, business_id, mode, name, description, price_minor, \
        currency, tax_inclusive, tax_category, is_recurring, interval_unit, interval_count, \
        term_unit, term_count, trial_days, license_key_enabled, activations_limit, license_unit, \
        license_count, activation_message, metadata, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
        $19, $20, $21, $22, $23)";
    GET = "SELECT * FROM products WHERE business_id = $1 AND mode = $2 AND id = $3";
    NAMES = "SELECT id, name FROM products WHERE business_id = $1 AND mode = $2 AND id IN \
        (SELECT product_id FROM subscriptions \
        WHERE business_id = $1 AND mode = $2 AND customer_id = $3)";
    LIST = "SELECT * FROM products WHERE business_id = $1 AND mode = $2 \
        AND (CAST($3 AS BOOLEAN) IS NULL OR is_recurring = $3) \
        ORDER BY created_at DESC, id DESC LIMIT $4 + 0 OFFSET $5";
}

#[derive(sqlx::FromRow)]
struct Name {
    id: String,
    name: String,
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
    tax_inclusive: bool,
    tax_category: String,
    is_recurring: bool,
    interval_unit: Option<String>,
    interval_count: Option<i64>,
    term_unit: Option<String>,
    term_count: Option<i64>,
    trial_days: i64,
    license_key_enabled: bool,
    activations_limit: Option<i64>,
    license_unit: Option<String>,
    license_count: Option<i64>,
    activation_message: Option<String>,
    metadata: String,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for Product {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "products",
            id: &row.id,
        };
        let interval = |unit: &Option<String>, count: Option<i64>| {
            columns.interval(
                columns.present("interval_unit", unit.as_deref())?,
                columns.present("interval_count", count)?,
            )
        };
        let recurring = if row.is_recurring {
            Some(Recurring {
                interval: interval(&row.interval_unit, row.interval_count)?,
                term: interval(&row.term_unit, row.term_count)?,
                trial_days: columns.number("trial_days", row.trial_days)?,
            })
        } else {
            None
        };
        let license = if row.license_key_enabled {
            Some(LicenseTerms {
                activations_limit: columns
                    .number_some("activations_limit", row.activations_limit)?,
                duration: match row.license_unit {
                    Some(_) => Some(interval(&row.license_unit, row.license_count)?),
                    None => None,
                },
                activation_message: row.activation_message.clone(),
            })
        } else {
            None
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            price: columns.money(row.price_minor, &row.currency)?,
            created_at: columns.time("created_at", row.created_at)?,
            updated_at: columns.time("updated_at", row.updated_at)?,
            name: row.name,
            description: row.description,
            tax_inclusive: row.tax_inclusive,
            tax_category: row.tax_category,
            recurring,
            license,
            metadata: row.metadata,
        })
    }
}

impl Tx {
    /// Adds a product.
    pub async fn insert_product(&mut self, product: &Product) -> Result<()> {
        let recurring = product.recurring.as_ref();
        let license = product.license.as_ref();
        let duration = license.and_then(|terms| terms.duration);
        execute!(
            self,
            INSERT,
            product.id.as_str(),
            product.scope.business.as_str(),
            product.scope.mode.as_str(),
            &product.name,
            product.description.as_deref(),
            product.price.minor,
            product.price.currency.code(),
            product.tax_inclusive,
            &product.tax_category,
            recurring.is_some(),
            recurring.map(|r| r.interval.unit.as_str()),
            recurring.map(|r| i64::from(r.interval.count)),
            recurring.map(|r| r.term.unit.as_str()),
            recurring.map(|r| i64::from(r.term.count)),
            recurring.map_or(0, |r| i64::from(r.trial_days)),
            license.is_some(),
            license.and_then(|l| l.activations_limit).map(i64::from),
            duration.map(|d| d.unit.as_str()),
            duration.map(|d| i64::from(d.count)),
            license.and_then(|l| l.activation_message.as_deref()),
            &product.metadata,
            product.created_at.as_microsecond(),
            product.updated_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The product with this id in this scope.
    pub async fn product(&mut self, scope: &Scope, id: &ProductId) -> Result<Option<Product>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Product::try_from)
        .transpose()
    }

    /// The names of all products that a customer has subscribed to.
    pub async fn product_names(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
    ) -> Result<Vec<(ProductId, String)>> {
        fetch_all!(
            self,
            Name,
            NAMES,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.as_str(),
        )?
        .into_iter()
        .map(|row| {
            let columns = Columns {
                table: "products",
                id: &row.id,
            };
            Ok((columns.parse("id", &row.id)?, row.name))
        })
        .collect()
    }

    /// A page of products, newest first; `recurring` narrows to one kind of price.
    pub async fn products(
        &mut self,
        scope: &Scope,
        recurring: Option<bool>,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Product>> {
        fetch_all!(
            self,
            Row,
            LIST,
            scope.business.as_str(),
            scope.mode.as_str(),
            recurring,
            i64::from(limit),
            i64::from(offset),
        )?
        .into_iter()
        .map(Product::try_from)
        .collect()
    }
}
