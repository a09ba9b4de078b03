//! The sample customers, and how each got where it is: products and customers as a merchant
//! makes them, first payments and renewals as they happen.
//!
//! Ids are fixed, and every step looks first whether it was taken, so that a second run goes on
//! where the first ended.

use std::time::Duration;

use jiff::SignedDuration;

use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::customer::{BillingAddress, BuyerDetails};
use crate::domain::id::{CustomerId, PaymentId, ProductId, SubscriptionId};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::CustomerAction;
use crate::domain::period::{Interval, Unit};
use crate::domain::product::{LicenseTerms, Recurring};
use crate::domain::subscription::{Cancellation, SubscriptionState};
use crate::flows::begin::{self, NewSubscription};
use crate::flows::customer::{self, NewCustomer};
use crate::flows::product::{self, NewProduct};
use crate::flows::{Ending, cancellation, renewal, schedule, settlement};

use super::Error;
use super::processor::Processor;

/// The customer whose link the demo prints.
pub(super) const ON_HOLD: &str = "cus_amelie";
pub(super) const ON_HOLD_EMAIL: &str = "amelie@example.com";

/// How soon a renewal that the demo wants is due.
const SOON: Duration = Duration::from_millis(200);

/// What a customer went through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Story {
    /// Made by the merchant, not paid yet.
    Pending,
    /// Paid, and all is well.
    Active,
    /// Paid, then the renewal was declined.
    OnHold,
    /// Paid, then cancelled for the period's end.
    Ending,
    /// Paid, then cancelled at once.
    Cancelled,
}

/// One business's product and customers.
pub(super) struct Samples {
    product: &'static str,
    name: &'static str,
    description: &'static str,
    category: &'static str,
    price: i64,
    country: &'static str,
    city: &'static str,
    people: &'static [Person],
}

struct Person {
    /// Ends the ids of customer, subscription and payment.
    key: &'static str,
    name: &'static str,
    email: &'static str,
    card: &'static str,
    story: Story,
}

const GOOD: &str = "4242424242424242";
const OTHER_GOOD: &str = "5555555555554444";
const DECLINES_AT_RENEWAL: &str = "4000000000000341";

/// In the order of the demo's accounts.
pub(super) const ALL: [&Samples; 2] = [
    &Samples {
        product: "pdt_lumenpro",
        name: "Lumen Pro",
        description: "Everything, on three devices",
        category: "saas",
        price: 2900,
        country: "DE",
        city: "Berlin",
        people: &[
            Person {
                key: "amelie",
                name: "Amélie Moreau",
                email: ON_HOLD_EMAIL,
                card: DECLINES_AT_RENEWAL,
                story: Story::OnHold,
            },
            Person {
                key: "taro",
                name: "山田太郎",
                email: "taro@example.com",
                card: GOOD,
                story: Story::Active,
            },
            Person {
                key: "mohammed",
                name: "محمد",
                email: "mohammed@example.com",
                card: OTHER_GOOD,
                story: Story::Ending,
            },
            Person {
                key: "nora",
                name: "Nora Lindqvist",
                email: "nora@example.com",
                card: GOOD,
                story: Story::Cancelled,
            },
            Person {
                key: "sam",
                name: "Sam Okafor",
                email: "sam@example.com",
                card: GOOD,
                story: Story::Pending,
            },
        ],
    },
    &Samples {
        product: "pdt_bookclub",
        name: "Club de lectura",
        description: "Un libro cada mes",
        category: "e_book",
        price: 1200,
        country: "ES",
        city: "Barcelona",
        people: &[
            Person {
                key: "lucia",
                name: "Lucía Ferrer",
                email: "lucia@example.com",
                card: GOOD,
                story: Story::Active,
            },
            Person {
                key: "jordi",
                name: "Jordi Puig",
                email: "jordi@example.com",
                card: DECLINES_AT_RENEWAL,
                story: Story::OnHold,
            },
        ],
    },
];

/// Makes what is not there yet.
pub(super) async fn make(
    cx: &Cx,
    scope: &Scope,
    samples: &Samples,
    processor: &Processor,
) -> Result<(), Error> {
    product::create(cx, scope, new_product(samples)).await?;
    for person in samples.people {
        let new = NewCustomer {
            id: id(&format!("cus_{}", person.key)),
            email: person.email.parse().expect("an address"),
            name: person.name.to_owned(),
            phone: None,
            metadata: "{}".to_owned(),
        };
        customer::create(cx, scope, new).await?;
        live_through(cx, scope, samples, person, processor).await?;
    }
    Ok(())
}

/// Takes a person from where they are to the end of their story.
async fn live_through(
    cx: &Cx,
    scope: &Scope,
    samples: &Samples,
    person: &Person,
    processor: &Processor,
) -> Result<(), Error> {
    let subscription: SubscriptionId = id(&format!("sub_{}", person.key));
    let payment: PaymentId = id(&format!("pay_{}", person.key));
    if state(cx, scope, &subscription).await?.is_none() {
        let new = new_subscription(samples, person, &subscription, &payment);
        begin::create_subscription(cx, scope, new).await?;
    }
    if person.story == Story::Pending {
        return Ok(());
    }
    if state(cx, scope, &subscription).await? == Some(SubscriptionState::Pending) {
        let attempt = begin::pay(cx, scope, &payment).await?;
        let Ending::Action(CustomerAction::Redirect { url }) = &attempt.ending else {
            return Err(Error::NoPage(person.name));
        };
        processor.type_card(url, person.card, person.name).await?;
        settlement::returned(cx, scope, &payment, &[]).await?;
    } else {
        // The rest of the story, or what a visitor made of it, has happened already.
        return Ok(());
    }
    match person.story {
        Story::Pending | Story::Active => {}
        Story::OnHold => {
            let due = cx.now() + SignedDuration::try_from(SOON).expect("short");
            schedule::set_next_billing_date(cx, scope, &subscription, due).await?;
            tokio::time::sleep(SOON + SOON).await;
            renewal::due(cx, scope, &subscription).await?;
        }
        Story::Ending => {
            let why = Cancellation::default();
            cancellation::at_period_end(cx, scope, &subscription, why).await?;
        }
        Story::Cancelled => {
            cancellation::now(cx, scope, &subscription, Cancellation::default()).await?;
        }
    }
    Ok(())
}

async fn state(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
) -> Result<Option<SubscriptionState>, Error> {
    let mut tx = cx.store.read().await?;
    Ok(tx
        .subscription(scope, id)
        .await?
        .map(|subscription| subscription.state))
}

fn new_product(samples: &Samples) -> NewProduct {
    let euro: Currency = "EUR".parse().expect("a currency");
    NewProduct {
        id: product_id(samples),
        name: samples.name.to_owned(),
        description: Some(samples.description.to_owned()),
        price: Money::new(samples.price, euro),
        tax_inclusive: true,
        tax_category: samples.category.to_owned(),
        recurring: Some(Recurring {
            interval: Interval {
                unit: Unit::Month,
                count: 1,
            },
            term: Interval {
                unit: Unit::Year,
                count: 10,
            },
            trial_days: 0,
        }),
        license: Some(LicenseTerms {
            activations_limit: Some(3),
            duration: None,
            activation_message: None,
        }),
        metadata: "{}".to_owned(),
    }
}

fn new_subscription(
    samples: &Samples,
    person: &Person,
    subscription: &SubscriptionId,
    payment: &PaymentId,
) -> NewSubscription {
    NewSubscription {
        id: subscription.clone(),
        payment: payment.clone(),
        customer: id::<CustomerId>(&format!("cus_{}", person.key)),
        product: product_id(samples),
        quantity: 1,
        addons: Vec::new(),
        codes: Vec::new(),
        once: Vec::new(),
        trial_days: None,
        on_demand: None,
        buyer: BuyerDetails {
            billing: BillingAddress {
                country: samples.country.to_owned(),
                city: Some(samples.city.to_owned()),
                ..BillingAddress::default()
            },
            ..BuyerDetails::default()
        },
        metadata: "{}".to_owned(),
        return_url: None,
    }
}

fn product_id(samples: &Samples) -> ProductId {
    id(samples.product)
}

fn id<T: std::str::FromStr>(text: &str) -> T {
    text.parse().ok().expect("the samples' ids are ids")
}
