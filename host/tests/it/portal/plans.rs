//! Changing the plan in the portal, where the business allows it: the price first, then a button
//! that charges exactly that.

use std::sync::Arc;

use axum::http::StatusCode;
use vestibule::domain::debt::{Debt, DebtKind, DebtState};
use vestibule::domain::id::ProductId;
use vestibule::domain::period::{Interval, Unit};
use vestibule::domain::product::{Product, Recurring};
use vestibule::domain::subscription::{Subscription, SubscriptionState};
use vestibule::domain::tax::{Line, Role, TaxRate};

use super::{Guest, House, euro};

const MONTH: Interval = Interval {
    unit: Unit::Month,
    count: 1,
};

impl House {
    pub(super) async fn monthly(&self, name: &str, minor: i64) -> ProductId {
        let now = self.now();
        let product = Product {
            id: self.cx.new_id(),
            scope: self.scope.clone(),
            name: name.to_owned(),
            description: None,
            price: euro(minor),
            tax_inclusive: true,
            tax_category: "saas".to_owned(),
            recurring: Some(Recurring {
                interval: MONTH,
                term: MONTH,
                trial_days: 0,
            }),
            license: None,
            metadata: "{}".to_owned(),
            created_at: now,
            updated_at: now,
        };
        self.write(async |tx| tx.insert_product(&product).await.unwrap())
            .await;
        product.id
    }

    /// Lets customers switch between `products`.
    pub(super) fn allow(&self, products: &[&ProductId]) {
        let mut settings = (**self.cx.settings.load()).clone();
        for business in settings.businesses.values_mut() {
            business.allow.plan_change = true;
            let group = products.iter().map(|product| (*product).clone());
            business.plan_change.groups = vec![group.collect()];
        }
        self.cx.settings.store(Arc::new(settings));
    }
}

impl Guest<'_> {
    /// A subscription to `product` whose running period was paid at `minor`.
    pub(super) async fn paid(&self, product: &ProductId, minor: i64) -> Subscription {
        let active = SubscriptionState::Active;
        let subscription = self.subscribe(product.clone(), active).await;
        let debt = Debt {
            id: self.house.cx.new_id(),
            scope: self.house.scope.clone(),
            customer: self.id(),
            subscription: Some(subscription.id.clone()),
            kind: DebtKind::Period,
            cause: "period".to_owned(),
            lines: vec![Line {
                product: Some(product.clone()),
                description: "Basic".to_owned(),
                quantity: 1,
                unit: euro(minor),
                tax_inclusive: true,
                rate: TaxRate(0),
                period: Some(subscription.period),
                role: Role::Product,
                share: None,
                part: None,
            }],
            amount: euro(minor),
            tax_minor: 0,
            state: DebtState::Settled,
            settled_by: None,
            disputed: false,
            created_at: subscription.created_at,
            closed_at: Some(subscription.created_at),
        };
        self.house
            .write(async |tx| assert!(tx.insert_debt(&debt).await.unwrap()))
            .await;
        subscription
    }
}

#[tokio::test]
async fn a_change_of_plan_is_not_offered_unless_the_business_allows_it() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let (basic, pro) = (
        house.monthly("Basic", 2_900).await,
        house.monthly("Pro", 5_900).await,
    );
    let subscription = guest.paid(&basic, 2_900).await;
    let here = format!("/subscriptions/{}", subscription.id);
    let plan = format!("{here}/plan");
    assert!(!guest.get(&here).await.html.contains(&plan));
    assert_eq!(guest.get(&plan).await.status, StatusCode::NOT_FOUND);

    house.allow(&[&basic, &pro]);
    let other = house.monthly("Other", 100).await;
    guest.get(&here).await.leads_to(&plan);
    let page = guest.get(&plan).await;
    page.says("Change your Basic plan");
    page.leads_to(&format!("{plan}?product={pro}"));
    for forbidden in [&other, &basic] {
        let page = guest.get(&format!("{plan}?product={forbidden}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "not of the group");
    }
}

#[tokio::test]
async fn the_price_is_shown_before_the_button_and_an_old_one_is_not_charged() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let (basic, pro) = (
        house.monthly("Basic", 2_900).await,
        house.monthly("Pro", 5_900).await,
    );
    house.allow(&[&basic, &pro]);
    let mut subscription = guest.paid(&basic, 2_900).await;
    let plan = format!("/subscriptions/{}/plan", subscription.id);
    let look = format!("{plan}?product={pro}");
    // A third of the period is left.
    let page = guest.get(&look).await;
    for sentence in [
        "Switch to Pro",
        "€59.00 per month from the next payment on.",
        "Unused: Basic",
        "Total €10.00",
        "please add a payment method first",
    ] {
        page.says(sentence);
    }
    guest.get_in("es", &look).await.says("Cambiar a Pro");

    let method = guest.visa().await;
    subscription.method = Some(method);
    house
        .write(async |tx| tx.save_subscription(&mut subscription).await.unwrap())
        .await;
    let page = guest.get(&look).await;
    page.says("Pay €10.00 and switch");
    page.says("ending in 4242");
    let stale = super::Page {
        html: page
            .html
            .replace("name=\"quote\" value=\"", "name=\"quote\" value=\"1"),
        ..page
    };
    let answer = guest.press(&stale, &plan, &[]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    answer.says("Pay €10.00 and switch");
}

#[tokio::test]
async fn a_cheaper_plan_keeps_the_rest_as_credit_and_is_confirmed() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let (basic, pro) = (
        house.monthly("Basic", 2_900).await,
        house.monthly("Pro", 5_900).await,
    );
    house.allow(&[&basic, &pro]);
    let subscription = guest.paid(&pro, 5_900).await;
    let here = format!("/subscriptions/{}", subscription.id);
    let plan = format!("{here}/plan");
    let page = guest.get(&format!("{plan}?product={basic}")).await;
    page.says("€10.00 you have paid already is kept as credit");
    page.says("Total €0.00");
    let answer = guest.press(&page, &plan, &[]).await;
    answer.redirects_to(&format!("{plan}/done"));
    let done = guest.get(&format!("{plan}/done")).await;
    done.says("You now have Basic");
    // A second press of the old page finds that it is done.
    let again = guest.press(&page, &plan, &[]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}
