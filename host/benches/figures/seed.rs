//! The database that is measured: customers, each with a session, a card and subscriptions,
//! written by the store itself.

use std::path::Path;

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use ulid::Ulid;
use vestibule::cx::Clock;
use vestibule::domain::Scope;
use vestibule::domain::access::{Session, SessionSource};
use vestibule::domain::customer::{BillingAddress, BuyerDetails, Customer};
use vestibule::domain::id::{CustomerId, Id, ProductId};
use vestibule::domain::method::PaymentMethod;
use vestibule::domain::money::Money;
use vestibule::domain::period::{Interval, Period, Unit};
use vestibule::domain::product::{Product, Recurring};
use vestibule::domain::subscription::{Cancellation, Extras, Subscription, SubscriptionState};
use vestibule::store::{Store, Tx};

/// How many customers there are, each with a session of its own.
pub(crate) const CUSTOMERS: usize = 10_000;
/// How many subscriptions each of them has.
pub(crate) const SUBSCRIPTIONS: usize = 10;
const PRODUCTS: usize = 5;
/// Customers of one transaction.
const AT_ONCE: usize = 1_000;

const MONTH: Interval = Interval {
    unit: Unit::Month,
    count: 1,
};
const DECADE: Interval = Interval {
    unit: Unit::Year,
    count: 10,
};

/// Fills the SQLite file at `path` with so many customers, whole thousands; answers the tokens of
/// their sessions.
pub(crate) async fn fill(
    path: &Path,
    scope: &Scope,
    customers: usize,
) -> anyhow::Result<Vec<String>> {
    let store = Store::open_sqlite(path, 1).await?;
    store.migrate().await?;
    let mut tx = store.begin().await?;
    let mut products = Vec::new();
    for number in 0..PRODUCTS {
        let product = product(scope, number);
        tx.insert_product(&product).await?;
        products.push(product.id);
    }
    tx.commit().await?;
    let mut tokens = Vec::with_capacity(customers);
    for first in (0..customers).step_by(AT_ONCE) {
        let mut tx = store.begin().await?;
        for number in first..first + AT_ONCE {
            tokens.push(customer(&mut tx, scope, &products, number).await?);
        }
        tx.commit().await?;
    }
    store.close().await;
    Ok(tokens)
}

fn id<I: Id>() -> I {
    I::from_ulid(Ulid::generate())
}

fn euros(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().expect("a currency"))
}

/// A product at 29.00 € a month.
pub(crate) fn product(scope: &Scope, number: usize) -> Product {
    let now = Clock::default().now();
    Product {
        id: id(),
        scope: scope.clone(),
        name: format!("Lumen Pro {number}"),
        description: None,
        price: euros(2_900),
        tax_inclusive: true,
        tax_category: "saas".to_owned(),
        recurring: Some(Recurring {
            interval: MONTH,
            term: DECADE,
            trial_days: 0,
        }),
        license: None,
        metadata: "{}".to_owned(),
        created_at: now,
        updated_at: now,
    }
}

async fn customer(
    tx: &mut Tx,
    scope: &Scope,
    products: &[ProductId],
    number: usize,
) -> anyhow::Result<String> {
    let now = Clock::default().now();
    let customer = Customer {
        id: id(),
        scope: scope.clone(),
        email: format!("customer{number}@example.com").parse()?,
        name: format!("Customer {number}"),
        phone: None,
        locale: None,
        metadata: "{}".to_owned(),
        created_at: now,
        updated_at: now,
        version: 0,
    };
    tx.insert_customer(&customer).await?;
    let method = tx.keep_method(&method(&customer), now).await?;
    for place in 0..SUBSCRIPTIONS {
        let product = &products[place % products.len()];
        let mut subscription = subscription(&customer, product, place);
        subscription.method = Some(method.id.clone());
        tx.insert_subscription(&subscription).await?;
    }
    let token = format!("token-of-customer-{number}-of-{}", scope.business);
    let hash = HEXLOWER.encode(&Sha256::digest(token.as_bytes()));
    tx.insert_session(&session(&customer, now), &hash).await?;
    Ok(token)
}

fn method(customer: &Customer) -> PaymentMethod {
    PaymentMethod {
        id: id(),
        scope: customer.scope.clone(),
        customer: customer.id.clone(),
        gateway: "sandbox".to_owned(),
        reference: format!("card_{}", customer.id),
        customer_reference: None,
        kind: "card".to_owned(),
        brand: Some("visa".to_owned()),
        last4: Some("4242".to_owned()),
        expiry_month: Some(12),
        expiry_year: Some(2099),
        holder: None,
        country: None,
        funding: None,
        mandate_reference: None,
        network_reference: None,
        created_at: customer.created_at,
        last_used_at: None,
        refused_at: None,
        is_backup: false,
    }
}

fn subscription(customer: &Customer, product: &ProductId, place: usize) -> Subscription {
    let now = customer.created_at;
    let days = i64::try_from(place).expect("few") * 24 + 48;
    Subscription {
        id: id(),
        scope: customer.scope.clone(),
        customer: customer.id.clone(),
        product: product.clone(),
        quantity: 1,
        unit_price: euros(2_900),
        extras: Extras::default(),
        tax_inclusive: true,
        interval: MONTH,
        term: DECADE,
        trial_days: 0,
        state: SubscriptionState::Active,
        anchor: now,
        period: Period {
            start: now,
            end: now + SignedDuration::from_hours(days),
        },
        expires_at: None,
        cancel_at_period_end: false,
        cancellation: Cancellation::default(),
        resume_at: None,
        on_demand: false,
        method: None,
        buyer: BuyerDetails {
            billing: BillingAddress {
                country: "DE".to_owned(),
                city: Some("Berlin".to_owned()),
                state: None,
                street: Some("Example Street 2".to_owned()),
                zipcode: Some("10117".to_owned()),
            },
            tax_id: None,
            business_name: None,
        },
        metadata: "{}".to_owned(),
        return_url: None,
        created_at: now,
        updated_at: now,
        version: 0,
    }
}

/// A session of the customer that began `now`.
pub(crate) fn session(customer: &Customer, now: Timestamp) -> Session {
    Session {
        id: id(),
        scope: customer.scope.clone(),
        customer: Some::<CustomerId>(customer.id.clone()),
        email_folded: customer.email.folded(),
        source: SessionSource::Request,
        made_by: None,
        return_url: None,
        network: "127.0.0.0/24".to_owned(),
        agent: "figures".to_owned(),
        signed_in_at: now,
        last_used_at: now,
        ends_at: now + SignedDuration::from_hours(24),
    }
}
