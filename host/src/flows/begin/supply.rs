//! What is supplied and owed: lines with the buyer's tax, and the debt of a period.

use jiff::Timestamp;

use super::super::Error;
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::customer::BuyerDetails;
use crate::domain::debt::{Debt, DebtKind, DebtState};
use crate::domain::period::Period;
use crate::domain::product::Product;
use crate::domain::subscription::Subscription;
use crate::domain::tax::{self, Line};

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
    }
}

/// The debt of the period that starts at `start`; its cause keeps it to one.
pub(in crate::flows) fn period_debt(
    cx: &Cx,
    subscription: &Subscription,
    line: Line,
    start: Timestamp,
    now: Timestamp,
) -> Result<Debt, Error> {
    let lines = vec![line];
    let totals = tax::totals(subscription.unit_price.currency, &lines)?;
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
