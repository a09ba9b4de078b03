//! Making products.

use super::{Error, facts};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::ProductId;
use crate::domain::money::Money;
use crate::domain::product::{LicenseTerms, Product, Recurring};
use crate::store;

/// A product to make.
#[derive(Clone, Debug)]
pub struct NewProduct {
    /// Chosen by the caller, so that a repeat finds the product that the first one made.
    pub id: ProductId,
    /// Its name on pages and documents.
    pub name: String,
    /// A sentence about it.
    pub description: Option<String>,
    /// The price of one (per interval when recurring).
    pub price: Money,
    /// Whether the price contains the tax.
    pub tax_inclusive: bool,
    /// The row of the business's tax table that applies.
    pub tax_category: String,
    /// How it is paid when it is paid more than once.
    pub recurring: Option<Recurring>,
    /// Whether buyers get license keys.
    pub license: Option<LicenseTerms>,
    /// The merchant's metadata (a JSON object).
    pub metadata: String,
}

/// Makes a product, or answers the one that has this id. A term shorter than the interval that is
/// paid is invalid.
pub async fn create(cx: &Cx, scope: &Scope, new: NewProduct) -> Result<Product, Error> {
    if new
        .recurring
        .is_some_and(|recurring| recurring.ends_early())
    {
        return Err(Error::Invalid {
            field: "price.subscription_period_count",
            problem: "gives a term that may be over before the first payment interval is; agree \
                      on one interval or more"
                .to_owned(),
        });
    }
    let id = new.id.clone();
    match insert(cx, scope, new).await {
        // The first try of this call, still running a moment ago, has made it.
        Err(Error::Store(store::Error::Conflict(_))) => {
            let mut tx = cx.store.read().await?;
            tx.product(scope, &id)
                .await?
                .ok_or(Error::NotFound("product"))
        }
        other => other,
    }
}

async fn insert(cx: &Cx, scope: &Scope, new: NewProduct) -> Result<Product, Error> {
    let mut tx = cx.store.begin().await?;
    if let Some(known) = tx.product(scope, &new.id).await? {
        return Ok(known);
    }
    let now = cx.business_now(&mut tx, scope).await?;
    let product = Product {
        id: new.id,
        scope: scope.clone(),
        name: new.name,
        description: new.description,
        price: new.price,
        tax_inclusive: new.tax_inclusive,
        tax_category: new.tax_category,
        recurring: new.recurring,
        license: new.license,
        metadata: new.metadata,
        created_at: now,
        updated_at: now,
    };
    tx.insert_product(&product).await?;
    facts::audit(
        cx,
        &mut tx,
        scope,
        "product.create",
        product.id.as_str(),
        None,
        None,
    )
    .await?;
    tx.commit().await?;
    Ok(product)
}
