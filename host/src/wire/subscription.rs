//! Subscriptions on the wire.

use jiff::Timestamp;
use serde::Serialize;

use super::customer::CustomerDetails;
use super::discount::{DiscountDetail, ItemDiscount};
use super::plan_change::ScheduledChange;
use super::{Billing, Empty, Metadata, Null};
use crate::domain;
use crate::domain::discount::Discount;
use crate::domain::id::{AddonId, BusinessId, DiscountId, MethodId, ProductId, SubscriptionId};
use crate::domain::money::Currency;
use crate::domain::period::Unit;
use crate::domain::subscription::{CancellationFeedback, SubscriptionState};
use crate::domain::text_enum;

text_enum! {
    /// Dodo's `SubscriptionStatus`.
    pub enum Status {
        /// Made, not paid for yet.
        Pending = "pending",
        /// In use.
        Active = "active",
        /// On hold until the dues are paid.
        OnHold = "on_hold",
        /// Suspended by wish.
        Paused = "paused",
        /// Ended by someone.
        Cancelled = "cancelled",
        /// Never came to life.
        Failed = "failed",
        /// Its term is over.
        Expired = "expired",
        /// A renewal failed, and access is kept for a while.
        PastDue = "past_due",
    }
}

impl From<&SubscriptionState> for Status {
    fn from(state: &SubscriptionState) -> Self {
        match state {
            SubscriptionState::Pending => Self::Pending,
            SubscriptionState::Active => Self::Active,
            SubscriptionState::PastDue { .. } => Self::PastDue,
            SubscriptionState::OnHold { .. } => Self::OnHold,
            SubscriptionState::Paused { .. } => Self::Paused,
            SubscriptionState::Cancelled { .. } => Self::Cancelled,
            SubscriptionState::Failed { .. } => Self::Failed,
            SubscriptionState::Expired { .. } => Self::Expired,
        }
    }
}

impl Status {
    /// The state's name in the store.
    pub const fn state_name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::OnHold => "on-hold",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::PastDue => "past-due",
        }
    }
}

/// An add-on of a subscription (`AddonCartResponseItem`).
#[derive(Clone, Debug, Serialize)]
pub struct AddonItem {
    /// Which.
    pub addon_id: AddonId,
    /// How many.
    pub quantity: u32,
}

/// A subscription (`Subscription`).
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are Dodo's")]
pub struct Subscription {
    /// What comes on top of the product.
    pub addons: Vec<AddonItem>,
    /// Where the customer is.
    pub billing: Billing,
    /// The business: each has one brand.
    pub brand_id: BusinessId,
    /// Whether it ends with its period.
    pub cancel_at_next_billing_date: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// None on this host.
    pub credit_entitlement_cart: Empty,
    /// The currency of every amount.
    pub currency: Currency,
    /// Who pays.
    pub customer: CustomerDetails,
    /// Whether renewals have a method to charge.
    pub has_payment_method: bool,
    /// The merchant's remarks.
    pub metadata: Metadata,
    /// None on this host.
    pub meter_credit_entitlement_cart: Empty,
    /// None on this host.
    pub meters: Empty,
    /// The end of the period paid for, or of the trial.
    pub next_billing_date: Timestamp,
    /// Whether it is charged when the merchant says so, never by itself.
    pub on_demand: bool,
    /// It is paid every so many …
    pub payment_frequency_count: u32,
    /// … of these.
    pub payment_frequency_interval: Unit,
    /// The start of the period paid for.
    pub previous_billing_date: Timestamp,
    /// What is paid for.
    pub product_id: ProductId,
    /// How many of it.
    pub quantity: u32,
    /// What one interval costs with all add-ons as the prices were set, in minor units;
    /// `tax_inclusive` says whether the tax is in it.
    pub recurring_pre_tax_amount: i64,
    /// Where it stands.
    pub status: Status,
    /// Identity.
    pub subscription_id: SubscriptionId,
    /// It runs for so many …
    pub subscription_period_count: u32,
    /// … of these in all.
    pub subscription_period_interval: Unit,
    /// Whether the price contains the tax.
    pub tax_inclusive: bool,
    /// Days without charge before the first payment.
    pub trial_period_days: u32,
    /// What the customer wrote when cancelling.
    pub cancellation_comment: Option<String>,
    /// The reason the customer chose.
    pub cancellation_feedback: Option<CancellationFeedback>,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// None on this host.
    pub custom_field_responses: Null,
    /// The company to name on documents.
    pub customer_business_name: Option<String>,
    /// For how many more periods the first discount works; null is all.
    pub discount_cycles_remaining: Option<u32>,
    /// The first discount.
    pub discount_id: Option<DiscountId>,
    /// All discounts, in the order in which they count.
    pub discounts: Option<Vec<DiscountDetail>>,
    /// When its term is over.
    pub expires_at: Option<Timestamp>,
    /// Since when it is paused.
    pub paused_at: Option<Timestamp>,
    /// The method that renewals charge.
    pub payment_method_id: Option<MethodId>,
    /// When a pause ends by itself; not among Dodo's keys.
    pub resume_at: Option<Timestamp>,
    /// A change of plan that waits for the next date.
    pub scheduled_change: Option<ScheduledChange>,
    /// The customer's tax id.
    pub tax_id: Option<String>,
    /// Trials are free.
    pub trial_amount: Null,
}

impl Subscription {
    /// A subscription of `customer`; `discounts` are those that it names.
    pub fn new(
        subscription: &domain::subscription::Subscription,
        customer: &domain::customer::Customer,
        discounts: &[Discount],
    ) -> Self {
        let price = subscription.price().unwrap_or(subscription.unit_price);
        let extras = &subscription.extras;
        let first = extras.discounts.first();
        Self {
            addons: extras
                .addons
                .iter()
                .map(|addon| AddonItem {
                    addon_id: addon.addon.clone(),
                    quantity: addon.quantity,
                })
                .collect(),
            billing: Billing::from(&subscription.buyer.billing),
            brand_id: subscription.scope.business.clone(),
            cancel_at_next_billing_date: subscription.cancel_at_period_end,
            created_at: subscription.created_at,
            credit_entitlement_cart: [],
            currency: subscription.unit_price.currency,
            customer: CustomerDetails::from(customer),
            has_payment_method: subscription.method.is_some(),
            metadata: Metadata::from_json(&subscription.metadata),
            meter_credit_entitlement_cart: [],
            meters: [],
            next_billing_date: subscription.period.end,
            on_demand: subscription.on_demand,
            payment_frequency_count: subscription.interval.count,
            payment_frequency_interval: subscription.interval.unit,
            previous_billing_date: subscription.period.start,
            product_id: subscription.product.clone(),
            quantity: subscription.quantity,
            recurring_pre_tax_amount: price.minor,
            status: Status::from(&subscription.state),
            subscription_id: subscription.id.clone(),
            subscription_period_count: subscription.term.count,
            subscription_period_interval: subscription.term.unit,
            tax_inclusive: subscription.tax_inclusive,
            trial_period_days: subscription.trial_days,
            cancellation_comment: subscription.cancellation.comment.clone(),
            cancellation_feedback: subscription.cancellation.feedback,
            cancelled_at: cancelled_at(&subscription.state),
            custom_field_responses: None,
            customer_business_name: subscription.buyer.business_name.clone(),
            discount_cycles_remaining: first.and_then(|discount| discount.cycles_left),
            discount_id: first.map(|discount| discount.discount.clone()),
            discounts: DiscountDetail::all(&extras.discounts, discounts),
            expires_at: subscription.expires_at,
            paused_at: subscription.state.paused_since(),
            payment_method_id: subscription.method.clone(),
            resume_at: subscription.resume_at,
            scheduled_change: None,
            tax_id: subscription.buyer.tax_id.clone(),
            trial_amount: None,
        }
    }
}

/// A subscription in a list; it has fewer keys, and the product's name.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are Dodo's")]
pub struct SubscriptionItem {
    /// Where the customer is.
    pub billing: Billing,
    /// Whether it ends with its period.
    pub cancel_at_next_billing_date: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The currency of every amount.
    pub currency: Currency,
    /// Who pays.
    pub customer: CustomerDetails,
    /// All discounts.
    pub discounts: Vec<ItemDiscount>,
    /// Whether renewals have a method to charge.
    pub has_payment_method: bool,
    /// The merchant's remarks.
    pub metadata: Metadata,
    /// The end of the period paid for, or of the trial.
    pub next_billing_date: Timestamp,
    /// Whether it is charged when the merchant says so, never by itself.
    pub on_demand: bool,
    /// It is paid every so many …
    pub payment_frequency_count: u32,
    /// … of these.
    pub payment_frequency_interval: Unit,
    /// The start of the period paid for.
    pub previous_billing_date: Timestamp,
    /// What is paid for.
    pub product_id: ProductId,
    /// How many of it.
    pub quantity: u32,
    /// What one interval costs as the price was set, in minor units; `tax_inclusive` says
    /// whether the tax is in it.
    pub recurring_pre_tax_amount: i64,
    /// Where it stands.
    pub status: Status,
    /// Identity.
    pub subscription_id: SubscriptionId,
    /// It runs for so many …
    pub subscription_period_count: u32,
    /// … of these in all.
    pub subscription_period_interval: Unit,
    /// Whether the price contains the tax.
    pub tax_inclusive: bool,
    /// Days without charge before the first payment.
    pub trial_period_days: u32,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// The company to name on documents.
    pub customer_business_name: Option<String>,
    /// For how many more periods the first discount works; null is all.
    pub discount_cycles_remaining: Option<u32>,
    /// The first discount.
    pub discount_id: Option<DiscountId>,
    /// Since when it is paused.
    pub paused_at: Option<Timestamp>,
    /// The method that renewals charge.
    pub payment_method_id: Option<MethodId>,
    /// The product's name.
    pub product_name: Option<String>,
    /// A change of plan that waits for the next date.
    pub scheduled_change: Option<ScheduledChange>,
    /// The customer's tax id.
    pub tax_id: Option<String>,
    /// Trials are free.
    pub trial_amount: Null,
}

impl SubscriptionItem {
    /// The list's form of a whole subscription.
    pub fn new(whole: Subscription, product_name: Option<String>) -> Self {
        Self {
            billing: whole.billing,
            cancel_at_next_billing_date: whole.cancel_at_next_billing_date,
            created_at: whole.created_at,
            currency: whole.currency,
            customer: whole.customer,
            discounts: ItemDiscount::all(whole.discounts.as_deref().unwrap_or_default()),
            has_payment_method: whole.has_payment_method,
            metadata: whole.metadata,
            next_billing_date: whole.next_billing_date,
            on_demand: whole.on_demand,
            payment_frequency_count: whole.payment_frequency_count,
            payment_frequency_interval: whole.payment_frequency_interval,
            previous_billing_date: whole.previous_billing_date,
            product_id: whole.product_id,
            quantity: whole.quantity,
            recurring_pre_tax_amount: whole.recurring_pre_tax_amount,
            status: whole.status,
            subscription_id: whole.subscription_id,
            subscription_period_count: whole.subscription_period_count,
            subscription_period_interval: whole.subscription_period_interval,
            tax_inclusive: whole.tax_inclusive,
            trial_period_days: whole.trial_period_days,
            cancelled_at: whole.cancelled_at,
            customer_business_name: whole.customer_business_name,
            discount_cycles_remaining: whole.discount_cycles_remaining,
            discount_id: whole.discount_id,
            paused_at: whole.paused_at,
            payment_method_id: whole.payment_method_id,
            product_name,
            scheduled_change: whole.scheduled_change,
            tax_id: whole.tax_id,
            trial_amount: None,
        }
    }
}

fn cancelled_at(state: &SubscriptionState) -> Option<Timestamp> {
    match state {
        SubscriptionState::Cancelled { at } => Some(*at),
        _ => None,
    }
}
