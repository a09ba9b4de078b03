//! First payments.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use vestibule::domain::debt::DebtState;
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::method::PaymentMethod;
use vestibule::domain::subscription::SubscriptionState;
use vestibule::flows::{AttemptOf, Ending, Error, Refused, begin, reconciliation, settlement};

use super::{DECLINED, GOOD, extras, page};
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_first_charge_brings_a_subscription_to_life_with_its_key_and_invoice() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let subscription = world.subscription(&id).await;
        assert_eq!(subscription.state, SubscriptionState::Active);
        assert!(
            subscription.method.is_some(),
            "the method is saved for renewals"
        );
        assert!(subscription.period.end > world.cx.now());
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
        assert_eq!(world.charged().await, [2900]);
        assert_eq!(world.mails().await, ["started"]);
        assert_eq!(world.told(id.as_str()).await, ["subscription.active"]);

        let mut tx = world.cx.store.read().await.unwrap();
        let invoices = tx
            .invoices_of(&world.scope, &subscription.customer, 10, 0)
            .await
            .unwrap();
        assert_eq!(invoices.len(), 1);
        assert_eq!(invoices[0].number_text.as_deref(), Some("TEST-LUM-000001"));
        assert_eq!(invoices[0].totals.gross.minor, 2900);
        assert_eq!(invoices[0].totals.tax.minor, 463);
        assert_eq!(invoices[0].lines[0].period, Some(subscription.period));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_first_charge_may_be_tried_again_with_a_new_key() {
    let world = World::sqlite().await;
    let begun = world.pending().await;
    let first = begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    assert!(matches!(
        world.give_card(&first, DECLINED).await,
        Ending::Declined(_)
    ));
    let second = begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    assert_ne!(first.of, second.of);
    assert_eq!(world.give_card(&second, GOOD).await, Ending::Succeeded);
    assert_eq!(world.charged().await, [2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pressing_twice_opens_one_page() {
    let world = World::sqlite().await;
    let begun = world.pending().await;
    let first = begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    let again = begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    assert_eq!(first.of, again.of);
    assert_eq!(first.ending, again.ending);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_expired_ends_the_subscription_and_cannot_be_paid() {
    let world = World::sqlite().await;
    let begun = world.pending().await;
    world.cx.clock.advance(jiff::SignedDuration::from_hours(25));
    assert!(
        begin::pay(&world.cx, &world.scope, &begun.payment.id)
            .await
            .is_err()
    );
    begin::expire(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    let id = begun.subscription.unwrap().id;
    assert_eq!(world.subscription(&id).await.state.name(), "failed");
    assert_eq!(world.charged().await, [0_i64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_in_the_moment_of_expiry_is_either_first_or_refused() {
    for world in World::each().await {
        for press_first in [true, false] {
            let begun = world.pending().await;
            let id = begun.payment.id;
            let subscription = begun.subscription.unwrap().id;
            let (cx, scope, first) = (world.cx.clone(), world.scope.clone(), id.clone());
            let press = async move { begin::pay(&cx, &scope, &first).await.map(drop) };
            let (cx, scope, first) = (world.cx.clone(), world.scope.clone(), id.clone());
            let expiry = async move { begin::expire(&cx, &scope, &first).await };

            // Both come to the lock while it is held, one after the other.
            let mut held = world.cx.store.begin().await.unwrap();
            held.lock_subscription(&world.scope, &subscription)
                .await
                .unwrap();
            let (one, two) = if press_first {
                (waiting(press).await, waiting(expiry).await)
            } else {
                let expiry = waiting(expiry).await;
                (waiting(press).await, expiry)
            };
            drop(held);
            let pressed = one.await.unwrap();
            two.await.unwrap().unwrap();

            let subscription = world.subscription(&subscription).await;
            let mut tx = world.cx.store.read().await.unwrap();
            let open = tx
                .open_payments_of(&world.scope, &subscription.id)
                .await
                .unwrap();
            let tries = tx.tries_at(&world.scope, &id).await.unwrap();
            let tries: Vec<_> = tries.iter().map(|payment| payment.id.to_string()).collect();
            let debts = tx.debts_of_payment(&id).await.unwrap();
            let owed = debts.iter().all(|debt| debt.state == DebtState::Open);
            let waits = subscription.state == SubscriptionState::Pending;
            assert_eq!(
                (owed, waits),
                (!open.is_empty(), !open.is_empty()),
                "an open payment keeps what it pays for; pressing answered {pressed:?}"
            );
            let asked = world
                .sandbox
                .call(Method::GET, "/control/charges", None)
                .await;
            let asked = asked["data"].as_array().unwrap().iter();
            let waiting: Vec<_> = asked
                .filter(|charge| !charge["action"].is_null())
                .map(|charge| charge["key"].as_str().unwrap().to_owned())
                .filter(|key| tries.contains(key))
                .collect();
            let known: Vec<_> = open.iter().map(|payment| payment.id.to_string()).collect();
            assert_eq!(
                waiting, known,
                "the gateway waits for nothing given up here"
            );
        }
    }
}

/// A task that has come as far as a lock that is held.
async fn waiting<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    let mut task = tokio::spawn(task);
    let early = tokio::time::timeout(Duration::from_millis(150), &mut task).await;
    assert!(early.is_err(), "nothing is decided while the lock is held");
    task
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_payment_that_is_unknown_at_expiry_is_ended_by_a_later_look() {
    let world = World::sqlite().await;
    let begun = world.pending().await;
    let lost = json!({ "operation": "charge", "answer": "cut_before", "times": 1 });
    world.sandbox.fault(lost).await;
    begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    let id = begun.subscription.unwrap().id;
    world.cx.clock.advance(jiff::SignedDuration::from_hours(25));

    // Two looks of the reconciliation, five minutes apart, and the expiry after each.
    for standing in ["pending", "failed"] {
        reconciliation::look(&world.cx, &world.scope, &begun.payment.id)
            .await
            .unwrap();
        begin::expire(&world.cx, &world.scope, &begun.payment.id)
            .await
            .unwrap();
        assert_eq!(world.subscription(&id).await.state.name(), standing);
        let asked_again = world.due("expire-begin").await > world.cx.now();
        assert_eq!(asked_again, standing == "pending", "{standing}");
        world.cx.clock.advance(jiff::SignedDuration::from_mins(6));
    }
    assert_eq!(world.charged().await, [0_i64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_begins_with_a_method_and_without_a_charge() {
    let world = World::sqlite().await;
    let begun = world.pending_with_trial(14).await;
    let attempt = begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    let AttemptOf::Setup(setup) = &attempt.of else {
        panic!("not a set-up: {attempt:?}")
    };
    world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
    let ending = settlement::setup_returned(&world.cx, &world.scope, setup, &[])
        .await
        .unwrap();
    assert_eq!(ending, Ending::Succeeded);
    let id = begun.subscription.unwrap().id;
    assert_eq!(world.paid_by(&id).await, Some(begun.payment.id));
    let subscription = world.subscription(&id).await;
    assert_eq!(subscription.state, SubscriptionState::Active);
    let days = subscription
        .period
        .end
        .duration_since(subscription.period.start);
    assert_eq!(days.as_hours(), 14 * 24);
    assert_eq!(world.charged().await, [0_i64; 0]);

    world.renew(&id).await;
    assert_eq!(
        world.charged().await,
        [2900],
        "the first period follows the trial"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_of_nothing_collects_a_method_and_gives_a_whole_first_period() {
    for world in World::each().await {
        let begun = world.pending_for_nothing().await;
        let first = begun.payment.id;
        let attempt = begin::pay(&world.cx, &world.scope, &first).await.unwrap();
        let AttemptOf::Setup(setup) = &attempt.of else {
            panic!("not a set-up: {attempt:?}")
        };
        world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
        let ending = settlement::setup_returned(&world.cx, &world.scope, setup, &[])
            .await
            .unwrap();
        assert_eq!(ending, Ending::Succeeded);
        let id = begun.subscription.unwrap().id;
        let subscription = world.subscription(&id).await;
        assert_eq!(subscription.state, SubscriptionState::Active);
        let period = subscription.period;
        assert!(period.end.duration_since(period.start).as_hours() >= 28 * 24);
        assert_eq!(subscription.anchor, period.start);
        assert_eq!(world.paid_by(&id).await, Some(first.clone()));

        let mut tx = world.cx.store.read().await.unwrap();
        let debts = tx.debts_of_payment(&first).await.unwrap();
        assert_eq!(debts.len(), 1);
        assert_eq!(debts[0].state, DebtState::Settled);
        let dues = tx.dues_of(&world.scope, &id).await.unwrap();
        assert!(dues.is_empty(), "nothing is due");
        drop(tx);
        world.renew(&id).await;
        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [0_i64; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_bought_together_costs_to_the_cent_what_its_invoice_says() {
    let world = World::sqlite().await;
    // With 19 % tax each alone is rounded up.
    let monthly = world.product_at(1_003, false).await;
    let mut once = monthly.clone();
    once.id = world.cx.new_id();
    once.recurring = None;
    world.add_product(&once).await;
    let wish = extras::Wish {
        once: vec![(once.id, 1)],
        ..extras::Wish::default()
    };
    let id = world.begun(&monthly, wish).await;
    let invoice = world.invoices(&id).await.remove(0);
    assert_eq!(invoice.totals.gross.minor, 2_387);
    assert_eq!(world.charged().await, [2_387]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_trial_that_runs_takes_no_other_method() {
    let world = World::sqlite().await;
    let begun = world.pending_with_trial(14).await;
    let (cx, scope) = (&world.cx, &world.scope);
    let attempt = begin::pay(cx, scope, &begun.payment.id).await.unwrap();
    let AttemptOf::Setup(setup) = &attempt.of else {
        panic!("not a set-up")
    };
    world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
    settlement::setup_returned(cx, scope, setup, &[])
        .await
        .unwrap();
    let again = begin::pay(cx, scope, &begun.payment.id).await;
    assert!(matches!(again, Err(Error::Refused(Refused::State))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_expires_waits_for_a_customer_who_is_giving_a_method() {
    for (world, gives) in World::each().await.into_iter().zip([true, false]) {
        let begun = world.pending_with_trial(14).await;
        let (first, id) = (begun.payment.id, begun.subscription.unwrap().id);
        let (cx, scope) = (&world.cx, &world.scope);
        cx.clock
            .advance(jiff::SignedDuration::from_mins(24 * 60 - 10));
        let attempt = begin::pay(cx, scope, &first).await.unwrap();
        let AttemptOf::Setup(setup) = &attempt.of else {
            panic!("not a set-up: {attempt:?}")
        };
        cx.clock.advance(jiff::SignedDuration::from_mins(10));
        begin::expire(cx, scope, &first).await.unwrap();
        let state = world.subscription(&id).await.state;
        assert_eq!(state, SubscriptionState::Pending);
        assert!(world.due("expire-begin").await > cx.now());

        if gives {
            world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
            let ending = settlement::setup_returned(cx, scope, setup, &[]).await;
            assert_eq!(ending.unwrap(), Ending::Succeeded);
            assert_eq!(world.paid_by(&id).await, Some(first.clone()));
        } else {
            cx.clock.advance(jiff::SignedDuration::from_hours(26));
            settlement::give_up_setup(cx, scope, setup).await.unwrap();
        }
        begin::expire(cx, scope, &first).await.unwrap();
        assert_eq!(world.is_active(&id).await, gives);
        let state = world.subscription(&id).await.state;
        assert_eq!(state.name(), if gives { "active" } else { "failed" });
        let mut tx = cx.store.read().await.unwrap();
        let customer = world.subscription(&id).await.customer;
        let kept = tx.methods_of(scope, &customer).await.unwrap();
        assert_eq!(kept.len(), usize::from(gives));
        let page = tx.payment(scope, &first).await.unwrap().unwrap();
        assert_eq!(
            page.state.name(),
            if gives { "succeeded" } else { "cancelled" }
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_request_that_was_not_taken_is_sent_again_as_it_was() {
    for world in World::each().await {
        let begun = world.pending().await;
        let first = begun.payment.id;
        let (cx, scope) = (&world.cx, &world.scope);
        let busy = json!({ "operation": "charge", "answer": "rate_limited", "times": 1 });
        world.sandbox.fault(busy).await;
        begin::pay(cx, scope, &first).await.unwrap();
        let kept = async || {
            let mut tx = cx.store.read().await.unwrap();
            let payment = tx.payment(scope, &first).await.unwrap().unwrap();
            (payment.request.unwrap(), payment.sent_at)
        };
        let (request, sent_at) = kept().await;
        assert_eq!(sent_at, None);
        cx.clock.advance(jiff::SignedDuration::from_mins(2));
        let again = begin::pay(cx, scope, &first).await.unwrap();
        assert!(matches!(again.ending, Ending::Action(_)), "{again:?}");
        assert_eq!(kept().await.0, request);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_out_when_another_gateway_takes_over_names_nobody_by_its_name() {
    for world in World::each().await {
        let saved = world.subscription(&world.active(GOOD).await).await.method;
        let begun = world.pending().await;
        let (cx, scope) = (&world.cx, &world.scope);
        let mut tx = cx.store.begin().await.unwrap();
        let known = tx.method(scope, &saved.unwrap()).await.unwrap().unwrap();
        let other = PaymentMethod {
            id: cx.new_id(),
            gateway: "other".to_owned(),
            customer: begun.payment.customer.clone(),
            customer_reference: Some("cus_other".to_owned()),
            ..known
        };
        tx.keep_method(&other, cx.now()).await.unwrap();
        tx.commit().await.unwrap();
        let mut settings = (**cx.settings.load()).clone();
        let business = settings.businesses.get_mut(&scope.business).unwrap();
        business.test.default_gateway = Some("other".to_owned());
        cx.settings.store(settings.into());

        let first = begin::pay(cx, scope, &begun.payment.id).await.unwrap();
        let sent = world.payment(&begun.payment.id).await;
        assert_eq!(sent.gateway, "sandbox");
        assert!(!sent.request.unwrap().contains("cus_other"));
        assert_eq!(world.give_card(&first, GOOD).await, Ending::Succeeded);
    }
}
