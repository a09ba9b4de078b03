//! What comes with a plan: quantity, add-ons, discount codes, one-time products with the first
//! payment. Amounts are those that the processor's ledger has.

use futures_util::future::join_all;
use jiff::SignedDuration;
use vestibule::domain::addon::Addon;
use vestibule::domain::discount::{CurrencyOption, Discount, DiscountKind, Eligibility};
use vestibule::domain::id::{AddonId, DiscountId, ProductId, SubscriptionId};
use vestibule::domain::invoice::Invoice;
use vestibule::domain::money::Money;
use vestibule::domain::product::Product;
use vestibule::flows::begin::{self, Begun, NewSubscription};
use vestibule::flows::{Ending, Error, addon, discount};

use super::GOOD;
use crate::support::world::{World, buyer};

/// What makes a code a special one.
type Edit = fn(&mut Discount);

/// What a test wants to subscribe to.
#[derive(Clone, Default)]
pub(super) struct Wish {
    pub(super) quantity: u32,
    pub(super) addons: Vec<(AddonId, u32)>,
    pub(super) codes: Vec<String>,
    pub(super) once: Vec<(ProductId, u32)>,
    pub(super) trial: u32,
}

pub(super) fn euros(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

impl World {
    /// The monthly product at another price.
    pub(super) async fn product_at(&self, minor: i64, tax_inclusive: bool) -> Product {
        let product = Product {
            id: self.cx.new_id(),
            price: euros(minor),
            tax_inclusive,
            ..self.product().await
        };
        self.add_product(&product).await;
        product
    }

    pub(super) async fn add_product(&self, product: &Product) {
        let mut tx = self.cx.store.begin().await.unwrap();
        tx.insert_product(product).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) async fn addon_at(&self, minor: i64) -> Addon {
        let new = addon::NewAddon {
            id: self.cx.new_id(),
            name: "Seats".to_owned(),
            description: None,
            price: euros(minor),
            tax_category: "saas".to_owned(),
        };
        addon::create(&self.cx, &self.scope, new).await.unwrap()
    }

    /// A code for `amount` basis points.
    pub(super) async fn code(&self, code: &str, amount: i64, cycles: Option<u32>) -> DiscountId {
        let new = percent(self, code, amount, cycles);
        let made = discount::create(&self.cx, &self.scope, new).await;
        made.unwrap().id
    }

    pub(super) async fn try_to_begin(&self, product: &Product, wish: Wish) -> Result<Begun, Error> {
        let customer = self.customer().await;
        let new = NewSubscription {
            id: self.cx.new_id(),
            payment: self.cx.new_id(),
            customer: customer.id,
            product: product.id.clone(),
            quantity: wish.quantity.max(1),
            addons: wish.addons,
            codes: wish.codes,
            once: wish.once,
            trial_days: Some(wish.trial),
            on_demand: None,
            buyer: buyer(),
            metadata: "{}".to_owned(),
            return_url: None,
        };
        begin::create_subscription(&self.cx, &self.scope, new).await
    }

    /// A subscription as wished whose first payment succeeded.
    pub(super) async fn begun(&self, product: &Product, wish: Wish) -> SubscriptionId {
        let begun = self.try_to_begin(product, wish).await.unwrap();
        let attempt = begin::pay(&self.cx, &self.scope, &begun.payment.id)
            .await
            .unwrap();
        assert_eq!(self.give_card(&attempt, GOOD).await, Ending::Succeeded);
        begun.subscription.unwrap().id
    }

    /// The invoices of a subscription's customer, oldest first.
    pub(super) async fn invoices(&self, id: &SubscriptionId) -> Vec<Invoice> {
        let customer = self.subscription(id).await.customer;
        let mut tx = self.cx.store.read().await.unwrap();
        let found = tx.invoices_of(&self.scope, &customer, 100, 0).await;
        let mut found = found.unwrap();
        found.reverse();
        found
    }

    async fn times_used(&self, id: &DiscountId) -> u32 {
        let mut tx = self.cx.store.read().await.unwrap();
        let discount = tx.discount(&self.scope, id).await.unwrap();
        discount.unwrap().times_used
    }
}

/// A percentage that anybody may redeem.
pub(super) fn percent(world: &World, code: &str, amount: i64, cycles: Option<u32>) -> Discount {
    Discount {
        id: world.cx.new_id(),
        scope: world.scope.clone(),
        code: code.to_owned(),
        name: None,
        kind: DiscountKind::Percentage,
        amount,
        options: Vec::new(),
        restricted_to: Vec::new(),
        eligibility: Eligibility::Any,
        usage_limit: None,
        per_customer_limit: None,
        times_used: 0,
        cycles,
        preserve: false,
        starts_at: None,
        expires_at: None,
        metadata: "{}".to_owned(),
        created_at: world.cx.now(),
        deleted_at: None,
    }
}

/// What a line says: role, quantity and amount.
pub(super) fn words(invoice: &Invoice) -> Vec<(&'static str, u32, i64)> {
    let word = |line: &vestibule::domain::tax::Line| {
        let amount = line.amount().unwrap().minor;
        (line.role.word(), line.quantity, amount)
    };
    invoice.lines.iter().map(word).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn quantity_and_addons_are_charged_in_lines_of_their_own_at_every_renewal() {
    for world in World::each().await {
        for (inclusive, gross, tax) in [(true, 7_500, 1_197), (false, 8_925, 1_425)] {
            let product = world.product_at(2_000, inclusive).await;
            let (seats, storage) = (world.addon_at(500).await, world.addon_at(250).await);
            let wish = Wish {
                quantity: 3,
                addons: vec![(seats.id.clone(), 2), (storage.id.clone(), 2)],
                ..Wish::default()
            };
            let id = world.begun(&product, wish).await;
            // A new price is for new buyers.
            let dearer = addon::Changes {
                price: Some(9_900),
                ..addon::Changes::default()
            };
            addon::update(&world.cx, &world.scope, &seats.id, dearer)
                .await
                .unwrap();
            world.renew(&id).await;
            let charged = world.charged().await;
            assert_eq!(charged[charged.len() - 2..], [gross, gross]);
            for invoice in world.invoices(&id).await {
                let lines = words(&invoice);
                let expected = [
                    ("product", 3, 6_000),
                    ("addon", 2, 1_000),
                    ("addon", 2, 500),
                ];
                assert_eq!(lines, expected);
                assert_eq!(invoice.totals.gross.minor, gross);
                assert_eq!(invoice.totals.tax.minor, tax);
            }
            assert_eq!(world.subscription(&id).await.price().unwrap(), euros(7_500));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_for_its_cycles_and_the_full_price_is_charged_after_them() {
    for world in World::each().await {
        let product = world.product_at(2_900, false).await;
        world.code("TWICE", 2_500, Some(2)).await;
        let wish = Wish {
            codes: vec!["twice".to_owned()],
            ..Wish::default()
        };
        let id = world.begun(&product, wish).await;
        let left = async || world.subscription(&id).await.extras.discounts[0].cycles_left;
        assert_eq!(left().await, Some(1));
        world.renew(&id).await;
        assert_eq!(left().await, Some(0));
        world.renew(&id).await;
        assert_eq!(left().await, Some(0));
        assert_eq!(world.charged().await, [2_588, 2_588, 3_451]);
        let invoices = world.invoices(&id).await;
        assert_eq!(words(&invoices[1])[1], ("discount", 1, -725));
        assert_eq!(invoices[1].totals.tax.minor, 413);
        assert_eq!(words(&invoices[2]).len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_renewal_uses_a_cycle_up_once_however_often_it_is_tried() {
    let world = World::sqlite().await;
    let product = world.product_at(2_900, true).await;
    world.code("HALF", 5_000, Some(3)).await;
    let wish = Wish {
        codes: vec!["HALF".to_owned()],
        ..Wish::default()
    };
    let begun = world.try_to_begin(&product, wish).await.unwrap();
    let attempt = begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    world.give_card(&attempt, super::DECLINED_AT_RENEWAL).await;
    let id = begun.subscription.unwrap().id;
    world.renew(&id).await;
    let back = world.reactivate(&id, vestibule::flows::Choice::New).await;
    assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
    assert_eq!(world.charged().await, [1_450, 1_450]);
    let left = world.subscription(&id).await.extras.discounts[0].cycles_left;
    assert_eq!(left, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_uses_holds_whatever_runs_at_once() {
    for world in World::each().await {
        let product = world.product().await;
        let mut limited = percent(&world, "THREE", 1_000, None);
        limited.usage_limit = Some(3);
        let id = discount::create(&world.cx, &world.scope, limited).await;
        let id = id.unwrap().id;
        let wish = Wish {
            codes: vec!["THREE".to_owned()],
            ..Wish::default()
        };
        let tries = join_all((0..8).map(|_| world.try_to_begin(&product, wish.clone()))).await;
        assert_eq!(tries.iter().filter(|made| made.is_ok()).count(), 3);
        for refused in tries.iter().filter_map(|made| made.as_ref().err()) {
            let field = "discount_code";
            assert!(matches!(refused, Error::Invalid { field: f, .. } if *f == field));
        }
        assert_eq!(world.times_used(&id).await, 3);

        // A page that nobody pays gives its use back.
        let unpaid = tries.into_iter().find_map(Result::ok).unwrap();
        world.cx.clock.advance(SignedDuration::from_hours(25));
        begin::expire(&world.cx, &world.scope, &unpaid.payment.id)
            .await
            .unwrap();
        assert_eq!(world.times_used(&id).await, 2);
        begin::expire(&world.cx, &world.scope, &unpaid.payment.id)
            .await
            .unwrap();
        assert_eq!(world.times_used(&id).await, 2, "given back once");
        world.try_to_begin(&product, wish).await.unwrap();
    }
}

#[tokio::test]
async fn a_code_is_refused_to_whom_and_for_what_it_is_not() {
    let world = World::sqlite().await;
    let product = world.product().await;
    let other = world.product_at(100, true).await;
    let now = world.cx.now();
    let hour = SignedDuration::from_hours(1);
    let codes: [(&str, Edit); 3] = [
        ("FIRST", |new| new.eligibility = Eligibility::Existing),
        ("DOLLARS", |new| {
            new.kind = DiscountKind::Flat;
            new.options = vec![CurrencyOption {
                currency: "USD".parse().unwrap(),
                is_default: true,
                max_amount_possible: Some(500),
                minimum_subtotal: 0,
            }];
        }),
        ("DELETED", |_| {}),
    ];
    for (code, change) in codes {
        let mut new = percent(&world, code, 1_000, None);
        change(&mut new);
        discount::create(&world.cx, &world.scope, new)
            .await
            .unwrap();
    }
    let mut new = percent(&world, "OTHERS", 1_000, None);
    new.restricted_to = vec![other.id.clone()];
    discount::create(&world.cx, &world.scope, new)
        .await
        .unwrap();
    let mut new = percent(&world, "OVER", 1_000, None);
    new.expires_at = Some(now - hour);
    discount::create(&world.cx, &world.scope, new)
        .await
        .unwrap();
    let mut new = percent(&world, "EARLY", 1_000, None);
    new.starts_at = Some(now + hour);
    discount::create(&world.cx, &world.scope, new)
        .await
        .unwrap();
    let deleted = {
        let mut tx = world.cx.store.read().await.unwrap();
        let found = tx.discount_by_code(&world.scope, "DELETED").await;
        found.unwrap().unwrap().id
    };
    discount::delete(&world.cx, &world.scope, &deleted)
        .await
        .unwrap();
    for (code, part) in [
        ("FIRST", "this customer"),
        ("DOLLARS", "this currency"),
        ("OTHERS", "this product"),
        ("OVER", "expired"),
        ("EARLY", "yet"),
        ("DELETED", "no such code"),
        ("NOTHING", "no such code"),
    ] {
        let wish = Wish {
            codes: vec![code.to_owned()],
            ..Wish::default()
        };
        let refused = world.try_to_begin(&product, wish).await.unwrap_err();
        let text = refused.to_string();
        assert!(text.contains(part), "{code}: {text}");
    }
    let wish = Wish {
        codes: vec!["OTHERS".to_owned()],
        ..Wish::default()
    };
    world.try_to_begin(&other, wish).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_time_products_are_paid_once_with_the_first_payment() {
    for world in World::each().await {
        let product = world.product_at(2_900, true).await;
        let mut setup = world.product_at(9_900, true).await;
        setup.id = world.cx.new_id();
        setup.recurring = None;
        world.add_product(&setup).await;
        let wish = Wish {
            once: vec![(setup.id.clone(), 1)],
            ..Wish::default()
        };
        let id = world.begun(&product, wish.clone()).await;
        world.renew(&id).await;
        assert_eq!(world.charged().await, [12_800, 2_900]);
        let lines = words(&world.invoices(&id).await[0]);
        assert_eq!(lines, [("product", 1, 2_900), ("product", 1, 9_900)]);

        // With a trial only they are paid now, and the first period is the trial.
        let wish = Wish { trial: 14, ..wish };
        let id = world.begun(&product, wish).await;
        let subscription = world.subscription(&id).await;
        assert_eq!(world.charged().await[2..], [9_900]);
        assert_eq!(subscription.state.name(), "active");
        let trial = subscription
            .period
            .end
            .duration_since(subscription.period.start);
        assert_eq!(trial, SignedDuration::from_hours(14 * 24));
        assert_eq!(subscription.anchor, subscription.period.end);
        world.renew(&id).await;
        assert_eq!(world.charged().await[3..], [2_900]);
    }
}
