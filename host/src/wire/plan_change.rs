//! Changes of plan on the wire.

use jiff::Timestamp;
use serde::Serialize;

use super::subscription::Subscription;
use crate::domain::id::{AddonId, PlanChangeId, ProductId};
use crate::domain::money::Currency;
use crate::domain::part::Part;
use crate::domain::plan;
use crate::domain::tax::{self, Line, Role};
use crate::flows::plan_change;

/// A change that waits for the next billing date (`ScheduledPlanChange`).
#[derive(Clone, Debug, Serialize)]
pub struct ScheduledChange {
    /// Identity.
    pub id: PlanChangeId,
    /// Its add-ons.
    pub addons: Vec<ScheduledAddon>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it happens.
    pub effective_at: Timestamp,
    /// What will be paid for.
    pub product_id: ProductId,
    /// How many of it.
    pub quantity: u32,
    /// A sentence about it.
    pub product_description: Option<String>,
    /// Its name.
    pub product_name: Option<String>,
}

/// An add-on of a scheduled change.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduledAddon {
    /// Which.
    pub addon_id: AddonId,
    /// Its name.
    pub name: String,
    /// How many.
    pub quantity: u32,
}

impl ScheduledChange {
    /// `change`, which happens at `effective_at`, with name and description of its product.
    pub fn new(
        change: plan::PlanChange,
        effective_at: Timestamp,
        product: Option<(String, Option<String>)>,
    ) -> Self {
        let (name, description) = product.unzip();
        let addons = change.terms.addons.into_iter();
        Self {
            id: change.id,
            addons: addons
                .map(|addon| ScheduledAddon {
                    addon_id: addon.addon,
                    name: addon.name,
                    quantity: addon.quantity,
                })
                .collect(),
            created_at: change.created_at,
            effective_at,
            product_id: change.terms.product,
            quantity: change.terms.quantity,
            product_description: description.flatten(),
            product_name: name,
        }
    }
}

/// What a change would cost (`SubscriptionPreviewChangePlanResponse`).
#[derive(Debug, Serialize)]
pub struct Preview {
    /// What is charged when it happens.
    pub immediate_charge: Charge,
    /// The subscription as it would be.
    pub new_plan: Subscription,
    /// Not one of Dodo's keys: sent with the change, exactly this is charged, or nothing.
    pub quote_id: String,
}

/// The charge of a change.
#[derive(Debug, Serialize)]
pub struct Charge {
    /// When it happens.
    pub effective_at: Timestamp,
    /// What it is for.
    pub line_items: Vec<Item>,
    /// The sums.
    pub summary: Summary,
}

/// A line of a charge.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Item {
    /// The product, or what is taken off or back.
    Subscription {
        /// Names the line.
        id: String,
        /// The currency.
        currency: Currency,
        /// The product.
        product_id: ProductId,
        /// How much of a whole period it is for.
        proration_factor: f64,
        /// How many.
        quantity: u32,
        /// Whether the price contains the tax.
        tax_inclusive: bool,
        /// The price of one, below zero for what lowers the charge.
        unit_price: i64,
        /// None on this host.
        description: Option<String>,
        /// Its name.
        name: Option<String>,
        /// The tax of this line alone; rounded by itself.
        tax: Option<i64>,
        /// The rate in percent.
        tax_rate: Option<f64>,
    },
    /// An add-on.
    Addon {
        /// Which.
        id: AddonId,
        /// The currency.
        currency: Currency,
        /// Its name.
        name: String,
        /// How much of a whole period it is for.
        proration_factor: f64,
        /// How many.
        quantity: u32,
        /// The row of the business's tax table that applies.
        tax_category: String,
        /// Whether the price contains the tax.
        tax_inclusive: bool,
        /// The rate in percent.
        tax_rate: f64,
        /// The price of one.
        unit_price: i64,
        /// None on this host.
        description: Option<String>,
        /// The tax of this line alone; rounded by itself.
        tax: Option<i64>,
    },
}

/// The sums of a charge.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The currency.
    pub currency: Currency,
    /// By how much the subscription's credit grows; below zero when it is used up.
    pub customer_credits: i64,
    /// The same as `total_amount`: nothing is converted.
    pub settlement_amount: i64,
    /// The same as `currency`.
    pub settlement_currency: Currency,
    /// What is charged.
    pub total_amount: i64,
    /// The same as `tax`.
    pub settlement_tax: Option<i64>,
    /// The tax in it.
    pub tax: Option<i64>,
}

impl Preview {
    /// What was `seen`, with the subscription as it would be.
    pub fn new(seen: &plan_change::Preview, new_plan: Subscription) -> Self {
        let totals = &seen.totals;
        let currency = totals.gross.currency;
        let item = |(place, line): (usize, &Line)| item(seen, place, line);
        Self {
            immediate_charge: Charge {
                effective_at: seen.effective_at,
                line_items: seen.lines.iter().enumerate().map(item).collect(),
                summary: Summary {
                    currency,
                    customer_credits: seen.credit,
                    settlement_amount: totals.gross.minor,
                    settlement_currency: currency,
                    total_amount: totals.gross.minor,
                    settlement_tax: Some(totals.tax.minor),
                    tax: Some(totals.tax.minor),
                },
            },
            new_plan,
            quote_id: seen.quote.clone(),
        }
    }
}

fn item(seen: &plan_change::Preview, place: usize, line: &Line) -> Item {
    let currency = line.unit.currency;
    let alone = tax::totals(currency, std::slice::from_ref(line));
    let tax = alone.ok().map(|totals| totals.tax.minor);
    let tax_rate = f64::from(line.rate.0) / 10_000.0;
    let factor = match line.role {
        Role::Product | Role::Addon { .. } => factor(seen.part),
        _ => 1.0,
    };
    if let Role::Addon { addon } = &line.role {
        let addons = &seen.changed.extras.addons;
        let of = addons.iter().find(|known| known.addon == *addon);
        return Item::Addon {
            id: addon.clone(),
            currency,
            name: line.description.clone(),
            proration_factor: factor,
            quantity: line.quantity,
            tax_category: of
                .map(|addon| addon.tax_category.clone())
                .unwrap_or_default(),
            tax_inclusive: line.tax_inclusive,
            tax_rate,
            unit_price: line.unit.minor,
            description: None,
            tax,
        };
    }
    let product = line.product.clone();
    Item::Subscription {
        id: format!("{}-{place}", line.role.word()),
        currency,
        product_id: product.unwrap_or_else(|| seen.product.id.clone()),
        proration_factor: factor,
        quantity: line.quantity,
        tax_inclusive: line.tax_inclusive,
        unit_price: line.unit.minor,
        description: None,
        name: Some(line.description.clone()),
        tax,
        tax_rate: Some(tax_rate),
    }
}

/// To a millionth; the amounts are not made of it.
fn factor(part: Part) -> f64 {
    let millionths = i128::from(part.of) * 1_000_000 / i128::from(part.whole.max(1));
    f64::from(u32::try_from(millionths).unwrap_or(1_000_000)) / 1_000_000.0
}
