//! The backup method, what is too little to charge, and how long gateways and methods are left
//! alone.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use vestibule::domain::method::PaymentMethod;
use vestibule::domain::payment::PaymentState;
use vestibule::flows::{AttemptOf, Choice, Error, Refused, dunning, reactivation, renewal};

use super::dunning::{LIMITED_AT_RENEWAL, REFUSED_AT_RENEWAL, days};
use super::{CONFIRM, DECLINED_AT_RENEWAL, GOOD, page};
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_backup_method_is_tried_once_for_the_same_debt() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        let backup = world.second_method(&id, GOOD).await;
        world.make_backup(&id, &backup).await;
        let main = world.subscription(&id).await.method;
        world.renew(&id).await;
        assert!(
            world.is_active(&id).await,
            "not failed before the backup was asked"
        );
        world.send_queued(&id).await;
        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [2900, 2900]);
        assert!(world.subscription(&id).await.period.end > world.cx.now());
        assert_eq!(
            world.subscription(&id).await.method,
            main,
            "only for this time"
        );
        let payments = world.payments(&id).await;
        assert_eq!(payments.len(), 3);
        assert_eq!(payments[2].method, Some(backup));
        assert_eq!(payments[2].attempt, 1);
        assert!(!world.mails().await.contains(&"failed".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_declined_too_leaves_one_hold_and_one_mail() {
    let world = World::sqlite().await;
    let id = world.active(REFUSED_AT_RENEWAL).await;
    let backup = world.second_method(&id, DECLINED_AT_RENEWAL).await;
    world.make_backup(&id, &backup).await;
    world.renew(&id).await;
    world.send_queued(&id).await;
    assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
    let failed = world.mails().await;
    assert_eq!(failed.iter().filter(|mail| *mail == "failed").count(), 1);
    for _ in 0..5 {
        world.wait(days(3));
        world.retry(&id).await;
    }
    assert_eq!(world.declines().await, 2, "the backup is tried once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_that_offers_no_backup_tries_none() {
    let world = World::sqlite().await;
    let id = world.active(DECLINED_AT_RENEWAL).await;
    let backup = world.second_method(&id, GOOD).await;
    world.make_backup(&id, &backup).await;
    let mut settings = (**world.cx.settings.load()).clone();
    let business = settings.businesses.get_mut(&world.scope.business).unwrap();
    business.allow.backup_method = false;
    world.cx.settings.store(settings.into());
    world.renew(&id).await;
    assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
    assert_eq!(world.charged().await, [2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_little_to_charge_is_carried_to_the_next_invoice_with_access() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let mut tx = world.cx.store.begin().await.unwrap();
        let locked = tx.lock_subscription(&world.scope, &id).await.unwrap();
        let mut subscription = locked.unwrap();
        subscription.unit_price.minor = 30;
        tx.save_subscription(&mut subscription).await.unwrap();
        tx.commit().await.unwrap();

        world.renew(&id).await;
        assert!(world.is_active(&id).await);
        let carried = world.subscription(&id).await.period;
        assert!(carried.end > world.cx.now(), "the period is supplied");
        assert_eq!(world.charged().await, [2900]);
        world.wait(carried.end.duration_since(world.cx.now()));
        renewal::due(&world.cx, &world.scope, &id).await.unwrap();
        assert_eq!(world.charged().await, [2900, 60]);

        let mut tx = world.cx.store.read().await.unwrap();
        assert!(tx.dues_of(&world.scope, &id).await.unwrap().is_empty());
        let customer = world.subscription(&id).await.customer;
        let invoices = tx
            .invoices_of(&world.scope, &customer, 10, 0)
            .await
            .unwrap();
        let periods: Vec<_> = invoices[0].lines.iter().map(|line| line.period).collect();
        let now = world.subscription(&id).await.period;
        assert_eq!(periods, [Some(carried), Some(now)]);
        assert_eq!(now.start, carried.end);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_wants_fewer_requests_is_left_alone_for_as_long_as_it_says() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    let busy = json!({ "operation": "charge", "answer": "rate_limited", "retry_after_s": 600 });
    world.sandbox.fault(busy.clone()).await;
    world.renew(&id).await;
    let wait = |at: Timestamp| at.duration_since(world.cx.now()).as_secs();
    let job = format!("reconcile:{}", world.payments(&id).await[1].id);
    let asked = wait(world.due(&job).await);
    assert!((590..=600).contains(&asked), "{asked}");
    world.wait(SignedDuration::from_mins(10));
    world.rules(|rules| rules.longest_wait = SignedDuration::from_secs(60));
    world.sandbox.fault(busy).await;
    world.send_queued(&id).await;
    let bounded = wait(world.due(&job).await);
    assert!((50..=60).contains(&bounded), "{bounded}");
    world.wait(SignedDuration::from_mins(1));
    world.send_queued(&id).await;
    assert_eq!(world.charged().await, [2900, 2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_gateway_is_waited_for_no_longer_than_the_rules_say() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    let attempt = world.reactivate(&id, Choice::New).await;
    world.rules(|rules| rules.payment_expiry = SignedDuration::from_mins(5));
    world
        .sandbox
        .pay_by_card(page(&attempt.ending), CONFIRM)
        .await;
    world.come_back(&attempt).await;
    let PaymentState::AwaitingCustomer { expires_at, .. } = world.state_of(&attempt).await else {
        panic!("the bank wants a confirmation")
    };
    let wait = expires_at.duration_since(world.cx.now());
    assert!(wait <= SignedDuration::from_mins(5), "{wait}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_names_a_later_time_is_waited_for() {
    let world = World::sqlite().await;
    let id = world.active(LIMITED_AT_RENEWAL).await;
    world.renew(&id).await;
    let due = world.due("retry").await.duration_since(world.cx.now());
    assert!(
        (due - days(2)).abs() < SignedDuration::from_secs(10),
        "{due}"
    );

    world.rules(|rules| rules.longest_wait = days(1));
    let other = world.active(LIMITED_AT_RENEWAL).await;
    world.renew(&other).await;
    let due = world.due(&format!("retry:{other}")).await;
    let due = due.duration_since(world.cx.now());
    assert!(
        (due - days(1)).abs() < SignedDuration::from_secs(10),
        "{due}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_is_left_alone_once_it_was_declined_often_enough() {
    for (a_day, in_a_month) in [(2, 15), (10, 2)] {
        for world in World::each().await {
            world.rules(|rules| {
                rules.retries = (1..9).map(SignedDuration::from_mins).collect();
                rules.tries_a_day = a_day;
                rules.tries_in_30_days = in_a_month;
            });
            let id = world.active(DECLINED_AT_RENEWAL).await;
            world.renew(&id).await;
            let other = world.process().await;
            other.settings.store(world.cx.settings.load_full());
            other
                .clock
                .advance(world.cx.now().duration_since(other.now()));
            for _ in 0..5 {
                world.wait(SignedDuration::from_mins(1));
                other.clock.advance(SignedDuration::from_mins(1));
                let runs = (0..6).map(|n| {
                    let cx = if n % 2 == 0 {
                        world.cx.clone()
                    } else {
                        other.clone()
                    };
                    let (scope, id) = (world.scope.clone(), id.clone());
                    tokio::spawn(async move { dunning::retry(&cx, &scope, &id).await })
                });
                for run in runs.collect::<Vec<_>>() {
                    run.await.unwrap().unwrap();
                }
            }
            assert_eq!(world.declines().await, 2);
            let saved = Choice::Saved(world.subscription(&id).await.method.unwrap());
            let quote = reactivation::quote(&world.cx, &world.scope, &id)
                .await
                .unwrap();
            let quote = quote.unwrap().id;
            let refused = reactivation::start(&world.cx, &world.scope, &id, saved, &quote).await;
            assert!(matches!(
                refused,
                Err(Error::Refused(Refused::TooManyTries))
            ));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_method_is_charged_for_the_customer_as_its_gateway_knew_them() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let saved = world.subscription(&id).await.method.unwrap();
        // Two pages at the same time made two customers of one, and the other card was used last.
        let mut tx = world.cx.store.begin().await.unwrap();
        let known = tx.method(&world.scope, &saved).await.unwrap().unwrap();
        let other = PaymentMethod {
            id: world.cx.new_id(),
            reference: "pm_other".to_owned(),
            customer_reference: Some("cus_other".to_owned()),
            last_used_at: Some(world.cx.now() + SignedDuration::from_hours(1)),
            ..known.clone()
        };
        tx.keep_method(&other, world.cx.now()).await.unwrap();
        tx.commit().await.unwrap();
        let paid = world.reactivate(&id, Choice::Saved(saved)).await;
        let AttemptOf::Payment(payment) = &paid.of else {
            panic!("not a payment")
        };
        let mut tx = world.cx.store.read().await.unwrap();
        let payment = tx.payment(&world.scope, payment).await.unwrap().unwrap();
        let request = payment.request.unwrap();
        let own = known.customer_reference.unwrap();
        assert!(request.contains(&own), "{request}");
        assert!(!request.contains("cus_other"), "{request}");
    }
}
