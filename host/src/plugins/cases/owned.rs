//! The customer of a case and what they have, made of the few words that a case says.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value as Json;

use super::given::Given;
use crate::domain::Scope;
use crate::domain::customer::{BuyerDetails, Customer};
use crate::domain::extras::Extras;
use crate::domain::id::CustomerId;
use crate::domain::license::License;
use crate::domain::money::Money;
use crate::domain::payment::{
    Advice, CustomerAction, Decline, DeclineCode, Initiator, Payment, PaymentState, Purpose,
};
use crate::domain::period::{Interval, Period, Unit};
use crate::domain::subscription::{Cancellation, HoldReason, Subscription, SubscriptionState};
use crate::plugins::rehearsal::Owned;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CustomerText {
    name: String,
    email: String,
    locale: Option<String>,
    created_at: Option<Timestamp>,
}

impl Default for CustomerText {
    fn default() -> Self {
        Self {
            name: "Alex Example".to_owned(),
            email: "alex@example.com".to_owned(),
            locale: None,
            created_at: None,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubscriptionText {
    id: String,
    product: String,
    #[serde(default = "usual_product")]
    product_id: String,
    #[serde(default = "active")]
    state: String,
    #[serde(default = "one")]
    quantity: u32,
    price: Money,
    started_at: Option<Timestamp>,
    period_end: Option<Timestamp>,
    #[serde(default)]
    ends: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PaymentText {
    id: String,
    amount: Money,
    #[serde(default = "succeeded")]
    state: String,
    subscription: Option<String>,
    created_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LicenseText {
    id: String,
    subscription: Option<String>,
    #[serde(default)]
    activations: u32,
    limit: Option<u32>,
}

fn usual_product() -> String {
    "pdt_example".to_owned()
}

fn active() -> String {
    "active".to_owned()
}

fn succeeded() -> String {
    "succeeded".to_owned()
}

fn one() -> u32 {
    1
}

impl Given {
    /// What the customer has, and what the plugin keeps. The error says what cannot be.
    pub(super) fn owned(&self, scope: &Scope, id: &CustomerId) -> Result<Owned, String> {
        let now = self.now();
        let whose = (scope, id, now);
        let text = self.customer.clone().unwrap_or_default();
        let customer = Customer {
            id: id.clone(),
            scope: scope.clone(),
            email: parsed("customer.email", &text.email)?,
            name: text.name,
            phone: None,
            locale: text.locale,
            metadata: "{}".to_owned(),
            created_at: text.created_at.unwrap_or(now),
            updated_at: now,
            version: 1,
        };
        let subscriptions = self.subscriptions.iter().flatten();
        let payments = self.payments.iter().flatten();
        let licenses = self.licenses.iter().flatten();
        let kept = self
            .store
            .iter()
            .map(|(key, value)| (key.clone(), bytes(value)));
        Ok(Owned {
            customer: Some(customer),
            subscriptions: subscriptions
                .map(|text| text.made(whose))
                .collect::<Result<_, _>>()?,
            payments: payments
                .map(|text| text.made(whose))
                .collect::<Result<_, _>>()?,
            licenses: licenses
                .map(|text| text.made(whose))
                .collect::<Result<_, _>>()?,
            store: kept.collect(),
        })
    }
}

/// A text is kept as it is, anything else as JSON.
fn bytes(value: &Json) -> Vec<u8> {
    match value {
        Json::String(text) => text.clone().into_bytes(),
        other => other.to_string().into_bytes(),
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    key: &str,
    text: &str,
) -> Result<T, String> {
    text.parse()
        .map_err(|error| format!("given.{key}: `{text}`: {error}"))
}

type Whose<'a> = (&'a Scope, &'a CustomerId, Timestamp);

impl SubscriptionText {
    fn made(&self, (scope, customer, now): Whose<'_>) -> Result<(Subscription, String), String> {
        let month = SignedDuration::from_hours(24 * 30);
        let started = self.started_at.unwrap_or(now);
        let subscription = Subscription {
            id: parsed("subscriptions.id", &self.id)?,
            scope: scope.clone(),
            customer: customer.clone(),
            product: parsed("subscriptions.product_id", &self.product_id)?,
            quantity: self.quantity,
            unit_price: self.price,
            tax_inclusive: true,
            extras: Extras::default(),
            interval: Interval {
                unit: Unit::Month,
                count: 1,
            },
            term: Interval {
                unit: Unit::Year,
                count: 10,
            },
            trial_days: 0,
            state: subscription_state(&self.state, now)?,
            anchor: started,
            period: Period {
                start: started,
                end: self.period_end.unwrap_or(started + month),
            },
            expires_at: None,
            cancel_at_period_end: self.ends,
            cancellation: Cancellation::default(),
            resume_at: None,
            on_demand: false,
            method: None,
            buyer: BuyerDetails::default(),
            metadata: "{}".to_owned(),
            return_url: None,
            created_at: started,
            updated_at: now,
            version: 1,
        };
        Ok((subscription, self.product.clone()))
    }
}

fn subscription_state(word: &str, at: Timestamp) -> Result<SubscriptionState, String> {
    let why = HoldReason::RenewalFailed;
    let states = [
        SubscriptionState::Pending,
        SubscriptionState::Active,
        SubscriptionState::PastDue { until: at },
        SubscriptionState::OnHold { why, since: at },
        SubscriptionState::Paused { since: at },
        SubscriptionState::Cancelled { at },
        SubscriptionState::Failed { at },
        SubscriptionState::Expired { at },
    ];
    of_name("subscriptions.state", word, states, SubscriptionState::name)
}

fn of_name<T, const N: usize>(
    key: &str,
    word: &str,
    all: [T; N],
    name: fn(&T) -> &'static str,
) -> Result<T, String> {
    let known = all.each_ref().map(name).join(", ");
    let found = all.into_iter().find(|one| name(one) == word);
    found.ok_or_else(|| format!("given.{key}: `{word}` is not one of: {known}"))
}

impl PaymentText {
    fn made(&self, (scope, customer, now): Whose<'_>) -> Result<Payment, String> {
        let decline = Decline {
            code: DeclineCode::Generic,
            advice: Advice::Later,
            gateway_code: None,
        };
        let states = [
            PaymentState::Created,
            PaymentState::AwaitingCustomer {
                action: CustomerAction::Wait,
                expires_at: now,
            },
            PaymentState::Processing { expected_by: None },
            PaymentState::Unknown { since: now },
            PaymentState::Succeeded { at: now },
            PaymentState::Declined { decline, at: now },
            PaymentState::Cancelled { at: now },
        ];
        let subscription = self.subscription.as_deref();
        Ok(Payment {
            id: parsed("payments.id", &self.id)?,
            scope: scope.clone(),
            customer: customer.clone(),
            subscription: subscription
                .map(|id| parsed("payments.subscription", id))
                .transpose()?,
            purpose: Purpose::Purchase,
            gateway: "example".to_owned(),
            amount: self.amount,
            tax_minor: 0,
            method: None,
            initiator: Initiator::Customer,
            state: of_name("payments.state", &self.state, states, PaymentState::name)?,
            sent_at: None,
            request: None,
            gateway_ref: None,
            invoice: None,
            attempt: 0,
            period: None,
            quote: None,
            unapplied: false,
            moved: None,
            lookups: 0,
            absent_since: None,
            buyer: BuyerDetails::default(),
            metadata: "{}".to_owned(),
            return_url: None,
            created_at: self.created_at.unwrap_or(now),
            updated_at: now,
            version: 1,
        })
    }
}

impl LicenseText {
    fn made(&self, (scope, customer, now): Whose<'_>) -> Result<License, String> {
        let subscription = self.subscription.as_deref();
        Ok(License {
            id: parsed("licenses.id", &self.id)?,
            scope: scope.clone(),
            customer: customer.clone(),
            product: parsed("licenses.product", &usual_product())?,
            subscription: subscription
                .map(|id| parsed("licenses.subscription", id))
                .transpose()?,
            payment: None,
            key: "EXAMPLE".to_owned(),
            activations_limit: self.limit,
            activations: self.activations,
            disabled: false,
            suspended: false,
            expires_at: None,
            created_at: now,
        })
    }
}
