//! Rows to write: a customer with a subscription, what it owes, and payments for that.

use jiff::Timestamp;
use ulid::Ulid;
use vestibule::domain::customer::{BillingAddress, BuyerDetails, Customer};
use vestibule::domain::debt::{Debt, DebtKind, DebtState};
use vestibule::domain::id::{CustomerId, Id, ProductId};
use vestibule::domain::invoice::{Invoice, InvoiceKind, InvoiceState, Party};
use vestibule::domain::money::{Currency, Money};
use vestibule::domain::payment::{Initiator, Payment, PaymentState, Purpose};
use vestibule::domain::period::{Interval, Period, Unit};
use vestibule::domain::product::{Product, Recurring};
use vestibule::domain::subscription::{Cancellation, Extras, Subscription, SubscriptionState};
use vestibule::domain::tax::{self, Line, Role, TaxRate};
use vestibule::domain::{Mode, Scope};
use vestibule::store::Store;

const MONTH: Interval = Interval {
    unit: Unit::Month,
    count: 1,
};
const DECADE: Interval = Interval {
    unit: Unit::Year,
    count: 10,
};

pub(crate) fn id<I: Id>() -> I {
    I::from_ulid(Ulid::generate())
}

pub(crate) fn scope() -> Scope {
    Scope::new("bus_lumen".parse().unwrap(), Mode::Test)
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(crate) fn euros(minor: i64) -> Money {
    Money::new(minor, currency())
}

fn currency() -> Currency {
    "EUR".parse().unwrap()
}

pub(crate) fn customer() -> Customer {
    Customer {
        id: id(),
        scope: scope(),
        email: "Amelie@Example.com".parse().unwrap(),
        name: "Amélie Moreau".into(),
        phone: None,
        locale: Some("es".into()),
        metadata: "{}".into(),
        created_at: at(0),
        updated_at: at(0),
        version: 0,
    }
}

pub(crate) fn product() -> Product {
    Product {
        id: id(),
        scope: scope(),
        name: "Pro".into(),
        description: None,
        price: euros(2_900),
        tax_inclusive: true,
        tax_category: "saas".into(),
        recurring: Some(Recurring {
            interval: MONTH,
            term: DECADE,
            trial_days: 0,
        }),
        license: None,
        metadata: "{}".into(),
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(crate) fn subscription(customer: &CustomerId, product: &ProductId) -> Subscription {
    Subscription {
        id: id(),
        scope: scope(),
        customer: customer.clone(),
        product: product.clone(),
        quantity: 1,
        unit_price: euros(2_900),
        extras: Extras::default(),
        tax_inclusive: true,
        interval: MONTH,
        term: DECADE,
        trial_days: 0,
        state: SubscriptionState::Active,
        anchor: at(0),
        period: Period {
            start: at(0),
            end: at(2_592_000),
        },
        expires_at: None,
        cancel_at_period_end: false,
        cancellation: Cancellation::default(),
        resume_at: None,
        on_demand: false,
        method: None,
        buyer: BuyerDetails {
            billing: BillingAddress {
                country: "DE".into(),
                ..BillingAddress::default()
            },
            ..BuyerDetails::default()
        },
        metadata: "{}".into(),
        return_url: None,
        created_at: at(0),
        updated_at: at(0),
        version: 0,
    }
}

fn lines() -> Vec<Line> {
    vec![Line {
        product: None,
        description: "Pro".into(),
        quantity: 1,
        unit: euros(2_900),
        tax_inclusive: true,
        rate: TaxRate(190_000),
        period: None,
        role: Role::Product,
        share: None,
        part: None,
    }]
}

/// A debt of the subscription that arises for `cause`.
pub(crate) fn debt(subscription: &Subscription, cause: &str) -> Debt {
    Debt {
        id: id(),
        scope: scope(),
        customer: subscription.customer.clone(),
        subscription: Some(subscription.id.clone()),
        kind: DebtKind::Period,
        cause: cause.into(),
        lines: lines(),
        amount: euros(2_900),
        tax_minor: 463,
        state: DebtState::Open,
        settled_by: None,
        disputed: false,
        created_at: at(0),
        closed_at: None,
    }
}

/// A payment that nothing was sent for yet.
pub(crate) fn payment(subscription: &Subscription, initiator: Initiator) -> Payment {
    Payment {
        id: id(),
        scope: scope(),
        customer: subscription.customer.clone(),
        subscription: Some(subscription.id.clone()),
        purpose: Purpose::Reactivation,
        gateway: "main".into(),
        amount: euros(2_900),
        tax_minor: 463,
        method: None,
        initiator,
        state: PaymentState::Created,
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
        metadata: "{}".into(),
        return_url: None,
        buyer: BuyerDetails::default(),
        created_at: at(0),
        updated_at: at(0),
        version: 0,
    }
}

/// A draft over nothing.
pub(crate) fn draft(subscription: &Subscription) -> Invoice {
    Invoice {
        id: id(),
        scope: scope(),
        kind: InvoiceKind::Invoice,
        state: InvoiceState::Draft,
        customer: subscription.customer.clone(),
        subscription: Some(subscription.id.clone()),
        number: None,
        number_text: None,
        issued_at: None,
        currency: currency(),
        lines: lines(),
        totals: tax::totals(currency(), &lines()).unwrap(),
        seller: Party::default(),
        buyer: Party::default(),
        paid_with: None,
        corrects: Vec::new(),
        locale: "en".into(),
        theme: "default".into(),
        time_zone: "UTC".into(),
        created_at: at(0),
    }
}

/// Writes a customer with an active subscription.
pub(crate) async fn subscribed(store: &Store) -> Subscription {
    let (customer, product) = (customer(), product());
    let subscription = subscription(&customer.id, &product.id);
    let mut tx = store.begin().await.unwrap();
    tx.insert_customer(&customer).await.unwrap();
    tx.insert_product(&product).await.unwrap();
    tx.insert_subscription(&subscription).await.unwrap();
    tx.commit().await.unwrap();
    subscription
}
