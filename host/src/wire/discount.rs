//! Discounts on the wire.

use jiff::Timestamp;
use serde::Serialize;

use super::Metadata;
use crate::domain;
use crate::domain::discount::{Applied, CurrencyOption, DiscountKind, Eligibility};
use crate::domain::id::{BusinessId, DiscountId, ProductId};

/// A discount code (`Discount`).
#[derive(Debug, Serialize)]
pub struct Discount {
    /// Basis points of a percentage.
    pub amount: i64,
    /// Whose it is.
    pub business_id: BusinessId,
    /// What customers type.
    pub code: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who may redeem it.
    pub customer_eligibility: Eligibility,
    /// Identity.
    pub discount_id: DiscountId,
    /// The merchant's remarks.
    pub metadata: Metadata,
    /// Whether it stays when the plan changes.
    pub preserve_on_plan_change: bool,
    /// The products it works for; all when empty.
    pub restricted_to: Vec<ProductId>,
    /// How often it was redeemed.
    pub times_used: u32,
    /// How it counts.
    #[serde(rename = "type")]
    pub kind: DiscountKind,
    /// What it does in each currency.
    pub currency_options: Vec<CurrencyOption>,
    /// Until when it can be redeemed.
    pub expires_at: Option<Timestamp>,
    /// For the merchant.
    pub name: Option<String>,
    /// How often one customer may redeem it.
    pub per_customer_usage_limit: Option<u32>,
    /// From when it can be redeemed.
    pub starts_at: Option<Timestamp>,
    /// For how many periods it works; null is all.
    pub subscription_cycles: Option<u32>,
    /// How often it may be redeemed.
    pub usage_limit: Option<u32>,
}

impl From<&domain::discount::Discount> for Discount {
    fn from(discount: &domain::discount::Discount) -> Self {
        Self {
            amount: discount.amount,
            business_id: discount.scope.business.clone(),
            code: discount.code.clone(),
            created_at: discount.created_at,
            customer_eligibility: discount.eligibility,
            discount_id: discount.id.clone(),
            metadata: Metadata::from_json(&discount.metadata),
            preserve_on_plan_change: discount.preserve,
            restricted_to: discount.restricted_to.clone(),
            times_used: discount.times_used,
            kind: discount.kind,
            currency_options: discount.options.clone(),
            expires_at: discount.expires_at,
            name: discount.name.clone(),
            per_customer_usage_limit: discount.per_customer_limit,
            starts_at: discount.starts_at,
            subscription_cycles: discount.cycles,
            usage_limit: discount.usage_limit,
        }
    }
}

/// A discount of a subscription (`DiscountDetail`).
#[derive(Clone, Debug, Serialize)]
pub struct DiscountDetail {
    /// Basis points of a percentage.
    pub amount: i64,
    /// Whose it is.
    pub business_id: BusinessId,
    /// What the customer typed.
    pub code: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Identity.
    pub discount_id: DiscountId,
    /// The merchant's remarks.
    pub metadata: Metadata,
    /// Its place among the discounts, from 0.
    pub position: usize,
    /// Whether it stays when the plan changes.
    pub preserve_on_plan_change: bool,
    /// The products it works for; all when empty.
    pub restricted_to: Vec<ProductId>,
    /// How often it was redeemed.
    pub times_used: u32,
    /// How it counts.
    #[serde(rename = "type")]
    pub kind: DiscountKind,
    /// For how many more periods it works; null is all.
    pub cycles_remaining: Option<u32>,
    /// Until when it can be redeemed.
    pub expires_at: Option<Timestamp>,
    /// For the merchant.
    pub name: Option<String>,
    /// For how many periods it works in all; null is all.
    pub subscription_cycles: Option<u32>,
    /// How often it may be redeemed.
    pub usage_limit: Option<u32>,
}

impl DiscountDetail {
    /// The discounts of a subscription with what else is known of them; none when it has none.
    pub fn all(applied: &[Applied], known: &[domain::discount::Discount]) -> Option<Vec<Self>> {
        let detail = |(position, applied): (usize, &Applied)| {
            let of = known.iter().find(|known| known.id == applied.discount)?;
            Some(Self {
                // What was redeemed, whatever the code is worth today.
                amount: applied.basis_points.map_or(of.amount, i64::from),
                business_id: of.scope.business.clone(),
                code: applied.code.clone(),
                created_at: of.created_at,
                discount_id: of.id.clone(),
                metadata: Metadata::from_json(&of.metadata),
                position,
                preserve_on_plan_change: applied.preserve,
                restricted_to: of.restricted_to.clone(),
                times_used: of.times_used,
                kind: of.kind,
                cycles_remaining: applied.cycles_left,
                expires_at: of.expires_at,
                name: of.name.clone(),
                subscription_cycles: of.cycles,
                usage_limit: of.usage_limit,
            })
        };
        let details: Vec<_> = applied.iter().enumerate().filter_map(detail).collect();
        (!details.is_empty()).then_some(details)
    }
}

/// A discount of a subscription in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ItemDiscount {
    /// Identity.
    pub discount_id: DiscountId,
    /// For how many more periods it works; null is all.
    pub discount_cycles_remaining: Option<u32>,
}

impl ItemDiscount {
    /// The list's form of `details`.
    pub fn all(details: &[DiscountDetail]) -> Vec<Self> {
        details
            .iter()
            .map(|detail| Self {
                discount_id: detail.discount_id.clone(),
                discount_cycles_remaining: detail.cycles_remaining,
            })
            .collect()
    }
}
