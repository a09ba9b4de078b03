//! What is supplied and owed: lines with the buyer's tax, and the debt of a period or a purchase.

use jiff::Timestamp;

use super::super::Error;
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::addon::Attached;
use crate::domain::customer::{BuyerDetails, Customer};
use crate::domain::debt::{Debt, DebtKind, DebtState};
use crate::domain::id::{PaymentId, ProductId};
use crate::domain::period::Period;
use crate::domain::product::Product;
use crate::domain::subscription::Subscription;
use crate::domain::tax::{self, Line, Role};
use crate::domain::{Scope, credit, discount};
use crate::store::Tx;

/// One line of a supply at `now`, with the tax of the buyer's country.
pub(in crate::flows) fn line(
    business: &Business,
    product: &Product,
    quantity: u32,
    buyer: &BuyerDetails,
    now: Timestamp,
    period: Option<Period>,
) -> Line {
    Line {
        product: Some(product.id.clone()),
        description: product.name.clone(),
        quantity,
        unit: product.price,
        tax_inclusive: product.tax_inclusive,
        rate: business
            .tax
            .rate(&buyer.billing.country, &product.tax_category, now),
        period,
        role: Role::Product,
        share: None,
        part: None,
    }
}

/// What one period of a subscription costs at `now`: its product at the price that was agreed, a
/// line for each add-on, and what its discounts take off.
pub(in crate::flows) fn period_lines(
    business: &Business,
    product: &Product,
    subscription: &Subscription,
    now: Timestamp,
    period: Option<Period>,
) -> Result<Vec<Line>, Error> {
    let (buyer, extras) = (&subscription.buyer, &subscription.extras);
    let own = Line {
        unit: subscription.unit_price,
        tax_inclusive: subscription.tax_inclusive,
        ..line(business, product, subscription.quantity, buyer, now, period)
    };
    let addon = |addon: &Attached| Line {
        product: None,
        description: addon.name.clone(),
        quantity: addon.quantity,
        unit: addon.unit,
        tax_inclusive: subscription.tax_inclusive,
        rate: business
            .tax
            .rate(&buyer.billing.country, &addon.tax_category, now),
        period,
        role: Role::Addon {
            addon: addon.addon.clone(),
        },
        share: None,
        part: None,
    };
    let lines = std::iter::once(own)
        .chain(extras.addons.iter().map(addon))
        .collect();
    Ok(discount::discounted(lines, &extras.discounts)?)
}

/// The debt of the period that starts at `start`; its cause keeps it to one. Uses up one period
/// of the discounts, and as much of the subscription's credit as the debt takes: save both with
/// the debt, or neither.
pub(in crate::flows) fn period_debt(
    cx: &Cx,
    subscription: &mut Subscription,
    mut lines: Vec<Line>,
    start: Timestamp,
    now: Timestamp,
) -> Result<Debt, Error> {
    let currency = subscription.unit_price.currency;
    let extras = &mut subscription.extras;
    discount::use_cycle(&mut extras.discounts);
    let before = tax::totals(currency, &lines)?;
    let taken = credit::take(&extras.credits, before.gross)?;
    extras.credits = taken.left;
    lines.extend(taken.lines);
    let totals = tax::totals(currency, &lines)?;
    Ok(Debt {
        id: cx.new_id(),
        scope: subscription.scope.clone(),
        customer: subscription.customer.clone(),
        subscription: Some(subscription.id.clone()),
        kind: DebtKind::Period,
        cause: start.as_microsecond().to_string(),
        lines,
        amount: totals.gross,
        tax_minor: totals.tax.minor,
        state: DebtState::Open,
        settled_by: None,
        disputed: false,
        created_at: now,
        closed_at: None,
    })
}

/// Lines and names of one-time products.
pub(super) async fn once(
    tx: &mut Tx,
    scope: &Scope,
    business: &Business,
    items: &[(ProductId, u32)],
    buyer: &BuyerDetails,
    now: Timestamp,
) -> Result<(Vec<Line>, Vec<String>), Error> {
    let mut lines = Vec::new();
    let mut names = Vec::new();
    for (id, quantity) in items {
        let product = tx.product(scope, id).await?;
        let product = product.ok_or(Error::NotFound("product"))?;
        if product.recurring.is_some() || *quantity == 0 {
            return Err(Error::Invalid {
                field: "product_cart",
                problem: format!("{id} needs a one-time price and a quantity of 1 or more"),
            });
        }
        lines.push(line(business, &product, *quantity, buyer, now, None));
        names.push(product.name);
    }
    Ok((lines, names))
}

/// What is owed for one-time products; `payment` keeps it to one.
pub(super) fn purchase_debt(
    cx: &Cx,
    customer: &Customer,
    lines: Vec<Line>,
    payment: &PaymentId,
    now: Timestamp,
) -> Result<Debt, Error> {
    let Some(first) = lines.first() else {
        return Err(Error::Invalid {
            field: "product_cart",
            problem: "is empty".to_owned(),
        });
    };
    let totals = tax::totals(first.unit.currency, &lines)?;
    Ok(Debt {
        id: cx.new_id(),
        scope: customer.scope.clone(),
        customer: customer.id.clone(),
        subscription: None,
        kind: DebtKind::Purchase,
        cause: payment.to_string(),
        amount: totals.gross,
        tax_minor: totals.tax.minor,
        lines,
        state: DebtState::Open,
        settled_by: None,
        disputed: false,
        created_at: now,
        closed_at: None,
    })
}
