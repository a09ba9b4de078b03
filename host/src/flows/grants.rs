//! What a payment grants: license keys, one per unit of quantity.

use jiff::Timestamp;

use super::{Error, facts};
use crate::cx::{Cx, random};
use crate::domain::Scope;
use crate::domain::debt::Debt;
use crate::domain::id::{PaymentId, ProductId, SubscriptionId};
use crate::domain::license::License;
use crate::domain::payment::Payment;
use crate::domain::product::Product;
use crate::domain::subscription::Subscription;
use crate::store::Tx;

/// Grants what a subscription that begins comes with.
pub(super) async fn of_subscription(
    cx: &Cx,
    tx: &mut Tx,
    subscription: &Subscription,
    payment: impl Into<Option<&PaymentId>>,
    now: Timestamp,
) -> Result<(), Error> {
    let grant = Grant {
        scope: &subscription.scope,
        customer: &subscription.customer,
        subscription: Some(&subscription.id),
        payment: payment.into(),
        now,
    };
    grant
        .keys(cx, tx, &subscription.product, subscription.quantity)
        .await
}

/// Fits the keys of a subscription to its new plan: another kind of key takes the place of the
/// old ones, otherwise those there are stay and their number follows the quantity.
pub(super) async fn of_change(
    cx: &Cx,
    tx: &mut Tx,
    before: &Subscription,
    after: &Subscription,
    payment: Option<&PaymentId>,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &after.scope;
    let terms = |product: Option<Product>| product.and_then(|product| product.license);
    let old = terms(tx.product(scope, &before.product).await?);
    let new = terms(tx.product(scope, &after.product).await?);
    let wanted = if new.is_some() { after.quantity } else { 0 };
    let keep = if old == new { wanted } else { 0 };
    let there = tx.keep_licenses(scope, &after.id, keep, now).await?;
    let grant = Grant {
        scope,
        customer: &after.customer,
        subscription: Some(&after.id),
        payment,
        now,
    };
    let missing = wanted.saturating_sub(there);
    grant.keys(cx, tx, &after.product, missing).await
}

/// Grants what a one-time purchase comes with. Keys that another payment brought for the same debts,
/// before a bank took it back, work again instead, with their activations.
pub(super) async fn of_purchase(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    debts: &[Debt],
    now: Timestamp,
) -> Result<(), Error> {
    let grant = Grant {
        scope: &payment.scope,
        customer: &payment.customer,
        subscription: None,
        payment: Some(&payment.id),
        now,
    };
    if debts.is_empty() {
        return Ok(());
    }
    let mut there = 0;
    for tried in tx.tries_at(grant.scope, &payment.id).await? {
        if tried.id != payment.id {
            let (from, to) = (&tried.id, &payment.id);
            there += tx.take_licenses_over(grant.scope, from, to).await?;
        }
    }
    if there > 0 {
        return Ok(());
    }
    for line in debts.iter().flat_map(|debt| &debt.lines) {
        if let Some(product) = &line.product {
            grant.keys(cx, tx, product, line.quantity).await?;
        }
    }
    Ok(())
}

struct Grant<'a> {
    scope: &'a Scope,
    customer: &'a crate::domain::id::CustomerId,
    subscription: Option<&'a SubscriptionId>,
    payment: Option<&'a PaymentId>,
    now: Timestamp,
}

impl Grant<'_> {
    async fn keys(
        &self,
        cx: &Cx,
        tx: &mut Tx,
        product: &ProductId,
        quantity: u32,
    ) -> Result<(), Error> {
        let product: Product = tx
            .product(self.scope, product)
            .await?
            .ok_or(Error::NotFound("product"))?;
        let Some(terms) = &product.license else {
            return Ok(());
        };
        let (business, _) = cx
            .business(self.scope)
            .ok_or_else(|| Error::Unavailable("its file is gone".to_owned()))?;
        // A key of a subscription follows it and has no end of its own.
        let expires_at = match (&terms.duration, self.subscription) {
            (Some(duration), None) => Some(duration.after(self.now, 1, &business.time_zone)?),
            _ => None,
        };
        for _ in 0..quantity {
            let license = License {
                id: cx.new_id(),
                scope: self.scope.clone(),
                customer: self.customer.clone(),
                product: product.id.clone(),
                subscription: self.subscription.cloned(),
                payment: self.payment.cloned(),
                key: new_key(),
                activations_limit: terms.activations_limit,
                activations: 0,
                disabled: false,
                suspended: false,
                expires_at,
                created_at: self.now,
            };
            tx.insert_license(&license).await?;
            facts::tell(
                cx,
                tx,
                self.scope,
                "license_key.created",
                license.id.as_str(),
                self.now,
            )
            .await?;
        }
        Ok(())
    }
}

/// 125 random bits that a person can read out: five groups of five, without I, L, O and U.
fn new_key() -> String {
    let alphabet = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let characters: Vec<u8> = random::<25>()
        .iter()
        .map(|byte| alphabet[usize::from(byte % 32)])
        .collect();
    let groups: Vec<_> = characters
        .chunks(5)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    groups.join("-")
}
