//! Discount codes: making, changing, redeeming. A use is counted in the transaction that makes
//! what it is for, under the code's lock, so that a limit holds whatever runs at once.

use jiff::Timestamp;

use super::{Error, facts};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::discount::{Applied, Discount, Eligibility};
use crate::domain::id::{CustomerId, DiscountId, ProductId};
use crate::domain::money::{Currency, Money};
use crate::store::{self, Tx};

/// The most codes of one subscription.
pub const MOST_CODES: usize = 20;

/// Makes a discount, or answers the one that has this id.
pub async fn create(cx: &Cx, scope: &Scope, new: Discount) -> Result<Discount, Error> {
    let id = new.id.clone();
    match insert(cx, scope, new).await {
        Err(Error::Store(store::Error::Conflict(_))) => {
            let mut tx = cx.store.read().await?;
            // The first try of this call has made it, or somebody else has the code.
            tx.discount(scope, &id).await?.ok_or_else(taken)
        }
        other => other,
    }
}

async fn insert(cx: &Cx, scope: &Scope, mut new: Discount) -> Result<Discount, Error> {
    let mut tx = cx.store.begin().await?;
    if let Some(known) = tx.discount(scope, &new.id).await? {
        return Ok(known);
    }
    new.created_at = cx.business_now(&mut tx, scope).await?;
    tx.insert_discount(&new).await?;
    let object = new.id.as_str();
    facts::audit(cx, &mut tx, scope, "discount.create", object, None, None).await?;
    tx.commit().await?;
    Ok(new)
}

/// Changes a discount for those who redeem it from now on.
pub async fn update(
    cx: &Cx,
    scope: &Scope,
    id: &DiscountId,
    change: impl FnOnce(&mut Discount) -> Result<(), Error> + Send,
) -> Result<Discount, Error> {
    let mut tx = cx.store.begin().await?;
    let mut discount = tx
        .lock_discount(scope, id)
        .await?
        .ok_or(Error::NotFound("discount"))?;
    change(&mut discount)?;
    tx.save_discount(&discount)
        .await
        .map_err(|error| match error {
            store::Error::Conflict(_) => taken(),
            other => other.into(),
        })?;
    let object = id.as_str();
    facts::audit(cx, &mut tx, scope, "discount.update", object, None, None).await?;
    tx.commit().await?;
    Ok(discount)
}

/// Deletes a discount: nobody redeems it any more, who has redeemed it keeps it. Again is fine.
pub async fn delete(cx: &Cx, scope: &Scope, id: &DiscountId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let Some(mut discount) = tx.lock_discount(scope, id).await? else {
        let known = tx.discount(scope, id).await?;
        return known.map(drop).ok_or(Error::NotFound("discount"));
    };
    discount.deleted_at = Some(cx.business_now(&mut tx, scope).await?);
    tx.save_discount(&discount).await?;
    let object = id.as_str();
    facts::audit(cx, &mut tx, scope, "discount.delete", object, None, None).await?;
    tx.commit().await?;
    Ok(())
}

fn taken() -> Error {
    invalid("code", "another discount has it".to_owned())
}

fn invalid(field: &'static str, problem: String) -> Error {
    Error::Invalid { field, problem }
}

/// Who redeems codes, and for what.
pub(super) struct Redeeming<'a> {
    /// Business and mode.
    pub(super) scope: &'a Scope,
    /// Who.
    pub(super) customer: &'a CustomerId,
    /// For which product.
    pub(super) product: &'a ProductId,
    /// The currency of the price.
    pub(super) currency: Currency,
    /// What makes it one use: the subscription, or the change of its plan.
    pub(super) cause: &'a str,
    /// When (business time).
    pub(super) now: Timestamp,
}

impl Redeeming<'_> {
    /// What `codes` take off, in their order, without counting a use.
    pub(super) async fn look(&self, tx: &mut Tx, codes: &[String]) -> Result<Vec<Applied>, Error> {
        let mut applied: Vec<Applied> = Vec::new();
        check(codes)?;
        for code in codes {
            let discount = self.named(tx, code).await?;
            applied.push(self.allowed(tx, &discount, &applied).await?);
        }
        Ok(applied)
    }

    /// Redeems `codes`, in their order; refused as a whole when one cannot be.
    pub(super) async fn redeem(
        &self,
        tx: &mut Tx,
        codes: &[String],
    ) -> Result<Vec<Applied>, Error> {
        let mut applied: Vec<Applied> = Vec::new();
        check(codes)?;
        let mut wanted = Vec::with_capacity(codes.len());
        for code in codes {
            wanted.push(self.named(tx, code).await?.id);
        }
        tx.hold_discounts(self.scope, wanted.clone()).await?;
        for id in &wanted {
            let locked = tx.lock_discount(self.scope, id).await?;
            let discount = locked.ok_or_else(unknown)?;
            let one = self.allowed(tx, &discount, &applied).await?;
            tx.use_discount(&discount, self.customer, self.cause, self.now)
                .await?;
            applied.push(one);
        }
        Ok(applied)
    }

    async fn named(&self, tx: &mut Tx, code: &str) -> Result<Discount, Error> {
        let code = code.trim().to_uppercase();
        let known = tx.discount_by_code(self.scope, &code).await?;
        known.ok_or_else(unknown)
    }

    async fn allowed(
        &self,
        tx: &mut Tx,
        discount: &Discount,
        others: &[Applied],
    ) -> Result<Applied, Error> {
        let refused = |why: &str| Err(invalid("discount_code", format!("{} {why}", discount.code)));
        if others.iter().any(|other| other.discount == discount.id) {
            return refused("is there twice");
        }
        if discount.starts_at.is_some_and(|start| start > self.now) {
            return refused("cannot be redeemed yet");
        }
        if discount.expires_at.is_some_and(|end| end <= self.now) {
            return refused("has expired");
        }
        if discount
            .usage_limit
            .is_some_and(|limit| discount.times_used >= limit)
        {
            return refused("has been redeemed as often as it may be");
        }
        let products = &discount.restricted_to;
        if !products.is_empty() && !products.contains(self.product) {
            return refused("is not for this product");
        }
        if let Some(limit) = discount.per_customer_limit {
            let uses = tx.discount_uses_by(&discount.id, self.customer).await?;
            if uses >= i64::from(limit) {
                return refused("has been redeemed by this customer as often as it may be");
            }
        }
        if discount.eligibility != Eligibility::Any {
            let has_paid = tx.has_paid(self.scope, self.customer).await?;
            if has_paid != (discount.eligibility == Eligibility::Existing) {
                return refused("is not for this customer");
            }
        }
        match discount.applied(self.currency) {
            Some(applied) => Ok(applied),
            None => refused("is not for this currency"),
        }
    }
}

/// Locks the discounts of `codes`, which are to be redeemed, with those that `cause` has used and
/// gives back: one after the other in two steps, they could be locked crosswise.
pub(super) async fn hold(
    tx: &mut Tx,
    scope: &Scope,
    codes: &[String],
    cause: &str,
) -> Result<(), Error> {
    let mut ids = tx.discounts_used_for(scope, cause).await?;
    for code in codes {
        let code = code.trim().to_uppercase();
        ids.extend(tx.discount_by_code(scope, &code).await?.map(|one| one.id));
    }
    tx.hold_discounts(scope, ids).await?;
    Ok(())
}

/// Refuses codes that work on more than `price` only: whoever redeems one expects that it takes
/// something off, and it would be used up for nothing.
pub(super) fn check_minimum(redeemed: &[Applied], price: Money) -> Result<(), Error> {
    let Some(one) = redeemed.iter().find(|one| one.minimum > price.minor) else {
        return Ok(());
    };
    let problem = format!("{} is for {} minor units or more", one.code, one.minimum);
    Err(invalid("discount_code", problem))
}

fn check(codes: &[String]) -> Result<(), Error> {
    if codes.len() > MOST_CODES {
        let problem = format!("at most {MOST_CODES} at once");
        return Err(invalid("discount_codes", problem));
    }
    Ok(())
}

fn unknown() -> Error {
    invalid("discount_code", "there is no such code".to_owned())
}
