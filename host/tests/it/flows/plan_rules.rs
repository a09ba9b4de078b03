//! Where a change of plan is refused, when it waits for its date, and what it does to keys and
//! discounts.

use vestibule::domain::debt::{Debt, DebtKind};
use vestibule::domain::discount::{CurrencyOption, Discount};
use vestibule::domain::payment::Initiator;
use vestibule::domain::plan::ChangeState;
use vestibule::domain::product::Product;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::plan_change::{self, Order, Wish};
use vestibule::flows::{Ending, Error, Refused, cancellation, discount};

use super::extras::{self, euros, percent};
use super::plan_changes::{is_refused, to};
use super::refunds::deliver;
use super::{DECLINED_AT_RENEWAL, GOOD};
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_refused_where_the_state_does_not_allow_it() {
    let world = World::sqlite().await;
    let pro = world.product_at(5_900, true).await;
    let pending = world.pending().await.subscription.unwrap().id;
    let held = world.on_hold().await;
    for id in [&pending, &held] {
        let tried = world.try_to_change(id, to(&pro)).await;
        assert!(is_refused(&tried, Refused::State));
    }
    let ending = world.paying(2_900, GOOD).await;
    let why = Cancellation::default();
    cancellation::at_period_end(&world.cx, &world.scope, &ending, why)
        .await
        .unwrap();
    let tried = world.try_to_change(&ending, to(&pro)).await;
    assert!(is_refused(&tried, Refused::EndScheduled));
    let mut dollars = world.product_at(5_900, true).await;
    dollars.id = world.cx.new_id();
    dollars.price.currency = "USD".parse().unwrap();
    world.add_product(&dollars).await;
    let id = world.paying(2_900, GOOD).await;
    let tried = world.try_to_change(&id, to(&dollars)).await;
    assert!(matches!(
        tried,
        Err(Error::Invalid {
            field: "product_id",
            ..
        })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_change_waits_for_its_date_and_can_be_taken_back_and_replaced() {
    for world in World::each().await {
        let id = world.paying(2_900, GOOD).await;
        let (pro, team) = (
            world.product_at(5_900, true).await,
            world.product_at(9_900, true).await,
        );
        let later = |product: &Product| Wish {
            at_next_date: true,
            ..to(product)
        };
        let first = world.switch(&id, later(&pro)).await;
        assert_eq!(world.state(&first.change.id).await, ChangeState::Scheduled);
        let tried = world.try_to_change(&id, to(&team)).await;
        assert!(is_refused(&tried, Refused::ChangeScheduled));
        plan_change::cancel_scheduled(&world.cx, &world.scope, &id)
            .await
            .unwrap();
        assert_eq!(world.state(&first.change.id).await, ChangeState::Dropped);
        plan_change::cancel_scheduled(&world.cx, &world.scope, &id)
            .await
            .unwrap();
        world.switch(&id, later(&pro)).await;
        let wish = Wish {
            replaces_scheduled: true,
            ..later(&team)
        };
        let last = world.switch(&id, wish).await;
        let old = world.subscription(&id).await;
        assert_ne!(old.product, team.id);
        world.wait_and_renew(&id).await;
        let after = world.subscription(&id).await;
        assert_eq!(after.product, team.id);
        assert_eq!(after.period.start, old.period.end);
        assert_eq!(world.charged().await, [2_900, 9_900]);
        assert_eq!(world.state(&last.change.id).await, ChangeState::Applied);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_change_gives_way_to_one_that_stands_and_not_to_one_that_is_prevented() {
    for world in World::each().await {
        let (pro, team) = (
            world.product_at(5_900, true).await,
            world.product_at(9_900, true).await,
        );
        let code = world.code("TENTH", 1_000, None).await;
        let times_used = async || {
            let mut tx = world.cx.store.read().await.unwrap();
            let discount = tx.discount(&world.scope, &code).await.unwrap();
            discount.unwrap().times_used
        };
        let later = Wish {
            at_next_date: true,
            codes: Some(vec!["TENTH".to_owned()]),
            ..to(&pro)
        };
        let instead = Wish {
            replaces_scheduled: true,
            ..to(&team)
        };
        let id = world.paying(2_900, DECLINED_AT_RENEWAL).await;
        let scheduled = world.switch(&id, later.clone()).await.change.id;
        let prevented = world.switch(&id, instead.clone()).await;
        assert!(matches!(prevented.ending, Some(Ending::Declined(_))));
        let state = world.state(&prevented.change.id).await;
        assert_eq!(state, ChangeState::Dropped);
        assert_eq!(world.state(&scheduled).await, ChangeState::Scheduled);
        assert_eq!(times_used().await, 1);
        // Nothing stands in the way of another try.
        let again = world.switch(&id, instead.clone()).await;
        assert!(matches!(again.ending, Some(Ending::Declined(_))));
        assert_eq!(world.state(&scheduled).await, ChangeState::Scheduled);

        let id = world.paying(2_900, GOOD).await;
        let scheduled = world.switch(&id, later).await.change.id;
        let stands = world.switch(&id, instead).await;
        assert_eq!(stands.ending, Some(Ending::Succeeded));
        assert_eq!(world.state(&scheduled).await, ChangeState::Dropped);
        assert_eq!(times_used().await, 1, "the other's");
        assert_eq!(world.subscription(&id).await.product, team.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_follow_the_quantity_of_the_plan() {
    let world = World::sqlite().await;
    let id = world.paying(1_000, GOOD).await;
    let mut product = to(&world.product_at(1_000, true).await);
    product.product = world.subscription(&id).await.product;
    let count = async || {
        let mut tx = world.cx.store.begin().await.unwrap();
        let now = world.cx.now();
        tx.keep_licenses(&world.scope, &id, 100, now).await.unwrap()
    };
    for (quantity, keys) in [(3, 3), (2, 2)] {
        let wish = Wish {
            quantity,
            ..product.clone()
        };
        world.switch(&id, wish).await;
        assert_eq!(count().await, keys);
        assert_eq!(world.subscription(&id).await.quantity, quantity);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discount_that_is_to_stay_stays_and_others_go() {
    let world = World::sqlite().await;
    let product = world.product_at(2_000, true).await;
    let mut stays = percent(&world, "STAYS", 5_000, Some(1));
    stays.preserve = true;
    discount::create(&world.cx, &world.scope, stays)
        .await
        .unwrap();
    world.code("GOES", 1_000, None).await;
    let wish = extras::Wish {
        codes: vec!["GOES".to_owned(), "STAYS".to_owned()],
        ..extras::Wish::default()
    };
    let id = world.begun(&product, wish).await;
    let pro = world.product_at(4_000, true).await;
    world.wait_half(&id).await;
    let started = world.switch(&id, to(&pro)).await;
    assert_eq!(started.ending, Some(Ending::Succeeded));
    // Paid 9.00 of 20.00; half of it comes back, and half of the new plan costs 10.00.
    assert_eq!(world.charged().await, [900, 550]);
    let discounts = world.subscription(&id).await.extras.discounts;
    assert_eq!(discounts.len(), 1);
    assert_eq!(discounts[0].code, "STAYS");
    world.wait_and_renew(&id).await;
    assert_eq!(world.charged().await[2..], [4_000], "its one cycle is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_more_than_the_new_plan_costs_is_refused_and_stays_unused() {
    for world in World::each().await {
        let id = world.paying(2_900, GOOD).await;
        let pro = world.product_at(5_900, true).await;
        let large = Discount {
            usage_limit: Some(1),
            options: vec![CurrencyOption {
                currency: "EUR".parse().unwrap(),
                is_default: true,
                max_amount_possible: None,
                minimum_subtotal: 11_800,
            }],
            ..percent(&world, "LARGE", 1_000, None)
        };
        discount::create(&world.cx, &world.scope, large)
            .await
            .unwrap();
        let wish = |quantity, at_next_date| Wish {
            quantity,
            at_next_date,
            codes: Some(vec!["LARGE".to_owned()]),
            ..to(&pro)
        };
        for at_next_date in [false, true] {
            let tried = world.try_to_change(&id, wish(1, at_next_date)).await;
            assert!(matches!(
                tried,
                Err(Error::Invalid {
                    field: "discount_code",
                    ..
                })
            ));
        }
        let started = world.switch(&id, wish(2, false)).await;
        assert_eq!(started.ending, Some(Ending::Succeeded));
        // What is there already stays there, and works again when the plan costs enough.
        world.switch(&id, wish(1, false)).await;
        let discounts = world.subscription(&id).await.extras.discounts;
        assert_eq!(discounts.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_after_a_hundred_others_still_takes_back_what_was_paid_for_the_period() {
    for world in World::each().await {
        let id = world.paying(2_900, GOOD).await;
        let pro = world.product_at(5_900, true).await;
        world.wait_half(&id).await;
        let now = world.cx.now();
        let mut tx = world.cx.store.begin().await.unwrap();
        let paid = tx.settled_debts_of(&world.scope, &id).await.unwrap();
        for n in 0..100 {
            let other = Debt {
                id: world.cx.new_id(),
                kind: DebtKind::PlanChange,
                cause: format!("change {n}"),
                lines: Vec::new(),
                amount: euros(0),
                tax_minor: 0,
                settled_by: None,
                created_at: now,
                closed_at: Some(now),
                ..paid[0].clone()
            };
            assert!(tx.insert_debt(&other).await.unwrap());
        }
        tx.commit().await.unwrap();
        world.switch(&id, to(&pro)).await;
        assert_eq!(world.charged().await, [2_900, 1_500]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_waits_until_the_renewal_that_is_due_has_happened() {
    let world = World::sqlite().await;
    let id = world.paying(2_900, GOOD).await;
    let pro = world.product_at(5_900, true).await;
    let end = world.subscription(&id).await.period.end;
    world.wait(end.duration_since(world.cx.now()));
    for at_next_date in [false, true] {
        let wish = Wish {
            at_next_date,
            ..to(&pro)
        };
        let tried = world.try_to_change(&id, wish).await;
        assert!(is_refused(&tried, Refused::PaymentUnderWay));
    }
    world.wait_and_renew(&id).await;
    world.switch(&id, to(&pro)).await;
    assert_eq!(world.subscription(&id).await.product, pro.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_in_a_trial_that_began_with_a_purchase_costs_nothing() {
    let world = World::sqlite().await;
    let (basic, pro) = (
        world.product_at(2_900, true).await,
        world.product_at(5_900, true).await,
    );
    let mut once = basic.clone();
    once.id = world.cx.new_id();
    once.recurring = None;
    world.add_product(&once).await;
    let wish = extras::Wish {
        once: vec![(once.id, 1)],
        trial: 14,
        ..extras::Wish::default()
    };
    let id = world.begun(&basic, wish).await;
    world.switch(&id, to(&pro)).await;
    assert_eq!(world.charged().await, [2_900], "the purchase alone");
    world.wait_and_renew(&id).await;
    assert_eq!(world.charged().await, [2_900, 5_900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_bank_decides_about_a_method_only_its_customer_charges_it_for_a_change() {
    let world = World::sqlite().await;
    let id = world.paying(2_900, GOOD).await;
    let payment = world.paid_by(&id).await.unwrap();
    let opened = world.contest(&payment).await;
    deliver(&world, "dispute.opened", &opened).await;
    let pro = world.product_at(5_900, true).await;
    world.wait_half(&id).await;
    let tried = world.try_to_change(&id, to(&pro)).await;
    assert!(is_refused(&tried, Refused::Disputed));
    let order = Order {
        initiator: Initiator::Customer,
        ..world.order(None)
    };
    plan_change::start(&world.cx, &world.scope, &id, to(&pro), order)
        .await
        .unwrap();
    assert_eq!(world.charged().await, [2_900, 1_500]);
}
