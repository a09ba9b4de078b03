//! Changes of a subscription's plan: what is to be, and what became of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Scope;
use super::addon::Attached;
use super::credit::Credit;
use super::discount::Applied;
use super::extras::Sold;
use super::id::{PaymentId, PlanChangeId, ProductId, SubscriptionId};
use super::money::Money;
use super::period::{Interval, Period};
use super::proration::Mode;
use super::subscription::Subscription;
use super::tax::Totals;
use super::text_enum;

text_enum! {
    /// What a charge that fails does to the change, in the words of Dodo's `on_payment_failure`.
    pub enum OnFailure {
        /// The old plan stays, and nothing is owed.
        Prevent = "prevent_change",
        /// The new plan stands, the amount stays due, and the subscription goes on hold.
        Apply = "apply_change",
    }
}

text_enum! {
    /// Where a change stands.
    pub enum ChangeState {
        /// Its charge is under way; the old plan still stands.
        Pending = "pending",
        /// It waits for the next billing date.
        Scheduled = "scheduled",
        /// The new plan stands.
        Applied = "applied",
        /// Its charge failed, or it was taken back: it never happened.
        Dropped = "dropped",
    }
}

/// A plan that a subscription is to have, at the prices that were agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What is paid for.
    pub product: ProductId,
    /// How many of it.
    pub quantity: u32,
    /// The price of one for one interval.
    pub unit_price: Money,
    /// Whether the price contains the tax.
    pub tax_inclusive: bool,
    /// How often it is paid.
    pub interval: Interval,
    /// Add-ons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addons: Vec<Attached>,
    /// Discounts, as they are once the change stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Applied>,
    /// A period that starts with the change; none when the running one goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// What dates count from once the change stands.
    pub anchor: Timestamp,
    /// Credit that its charge uses up; given back when the charge fails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<Credit>,
}

/// One thing that a plan is made of, by the name it had then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bought {
    /// The product's or add-on's name.
    pub name: String,
    /// How many.
    pub quantity: u32,
}

impl Bought {
    /// What a subscription to `product` is for: that, and its add-ons.
    pub fn all(product: &str, quantity: u32, addons: &[Attached]) -> Vec<Self> {
        let first = Self {
            name: product.to_owned(),
            quantity,
        };
        let addons = addons.iter().map(|addon| Self {
            name: addon.name.clone(),
            quantity: addon.quantity,
        });
        std::iter::once(first).chain(addons).collect()
    }
}

/// One change of a subscription's plan.
#[derive(Clone, Debug)]
pub struct PlanChange {
    /// Identity.
    pub id: PlanChangeId,
    /// Business and mode.
    pub scope: Scope,
    /// Whose plan.
    pub subscription: SubscriptionId,
    /// Where it stands.
    pub state: ChangeState,
    /// The new plan.
    pub terms: Terms,
    /// What pays for it, when it costs anything.
    pub payment: Option<PaymentId>,
    /// When it was asked for (business time).
    pub created_at: Timestamp,
    /// When it was applied or dropped (business time).
    pub closed_at: Option<Timestamp>,
}

impl Terms {
    /// These terms as they are on the date for which they were scheduled, the end of the period of
    /// `subscription`. What its discounts have been used since, they are not used again.
    #[must_use]
    pub fn fallen_due(mut self, subscription: &Subscription) -> Self {
        self.period = None;
        // Another interval counts from this date on.
        self.anchor = if self.interval == subscription.interval {
            subscription.anchor
        } else {
            subscription.period.end
        };
        for discount in &mut self.discounts {
            let mut known = subscription.extras.discounts.iter();
            if let Some(now) = known.find(|now| now.discount == discount.discount) {
                discount.cycles_left = now.cycles_left;
            }
        }
        self
    }

    /// Puts the new plan into `subscription`.
    pub fn put_into(&self, subscription: &mut Subscription) {
        let start = subscription.period.start;
        let sold = subscription.extras.sold_every(start, subscription.interval);
        let goes_on = self.period.is_none() && sold != self.interval;
        subscription.extras.sold = goes_on.then_some(Sold {
            start,
            interval: sold,
        });
        subscription.product = self.product.clone();
        subscription.quantity = self.quantity;
        subscription.unit_price = self.unit_price;
        subscription.tax_inclusive = self.tax_inclusive;
        subscription.interval = self.interval;
        subscription.extras.addons.clone_from(&self.addons);
        subscription.extras.discounts.clone_from(&self.discounts);
        if let Some(period) = self.period {
            subscription.period = period;
        }
        subscription.anchor = self.anchor;
    }

    /// Names the price of this change at `at`: equal for equal contents, and good for that
    /// instant only. Whoever names it agrees to exactly `totals`, and to the credit that is
    /// `left` afterwards.
    pub fn quote(
        &self,
        subscription: &Subscription,
        mode: Mode,
        totals: &Totals,
        left: &[Credit],
        at: Timestamp,
    ) -> String {
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        };
        add(subscription.id.as_str().as_bytes());
        add(mode.as_str().as_bytes());
        add(self.product.as_str().as_bytes());
        add(&self.quantity.to_be_bytes());
        add(&self.unit_price.minor.to_be_bytes());
        for addon in &self.addons {
            add(addon.addon.as_str().as_bytes());
            add(&addon.quantity.to_be_bytes());
            add(&addon.unit.minor.to_be_bytes());
        }
        for discount in &self.discounts {
            add(discount.discount.as_str().as_bytes());
        }
        add(&subscription.period.end.as_microsecond().to_be_bytes());
        add(&totals.gross.minor.to_be_bytes());
        // What is kept in hand afterwards is part of what is agreed to, most of all where
        // nothing is charged.
        for credit in left {
            add(&credit.amount.minor.to_be_bytes());
            add(&credit.rate.0.to_be_bytes());
        }
        add(totals.gross.currency.code().as_bytes());
        let digest = data_encoding::BASE32_NOPAD.encode(&hash.finalize()[..10]);
        format!("{}.{}", at.as_second(), digest.to_ascii_lowercase())
    }
}

/// The instant that a quote is good for.
pub fn quoted_at(quote: &str) -> Option<Timestamp> {
    let (second, _) = quote.split_once('.')?;
    Timestamp::from_second(second.parse().ok()?).ok()
}
