//! Gateways that do not answer, and news that comes after the end.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use vestibule::domain::payment::PaymentState;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::settlement::Finding;
use vestibule::flows::{
    AttemptOf, Choice, Ending, Error, Refused, begin, cancellation, method_update, reconciliation,
    renewal, settlement, unsettled,
};

use super::refunds::deliver;
use super::{DECLINED, DECLINED_AT_RENEWAL, GOOD, page};
use crate::support::world::World;

const HALF_AN_HOUR: SignedDuration = SignedDuration::from_mins(31);

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_paid_in_its_last_minute_is_found_though_the_gateway_was_silent() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let attempt = world.reactivate(&id, Choice::New).await;
        let AttemptOf::Payment(payment) = &attempt.of else {
            panic!("not a payment")
        };
        world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
        // The browser was closed, no webhook came, and now nobody answers.
        world.cx.clock.advance(HALF_AN_HOUR);
        let silent = json!({ "operation": "any", "answer": "cut_before", "times": 2 });
        world.sandbox.fault(silent).await;
        for _ in 0..2 {
            reconciliation::look(&world.cx, &world.scope, payment)
                .await
                .unwrap();
            assert!(world.state_of(&attempt).await.is_open());
            let next = world.due(&format!("reconcile:{payment}")).await;
            assert!(
                next > world.cx.now(),
                "it is looked at again, and not at once"
            );
            world.cx.clock.advance(next.duration_since(world.cx.now()));
        }
        let found = reconciliation::look(&world.cx, &world.scope, payment)
            .await
            .unwrap();
        assert_eq!(found, Ending::Succeeded);
        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [2900, 2900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_was_saved_after_its_page_was_given_up_is_kept() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    let before = world.subscription(&id).await.method;
    let attempt = method_update::start(&world.cx, &world.scope, &id, Choice::New, None)
        .await
        .unwrap();
    let AttemptOf::Setup(setup) = &attempt.of else {
        panic!("not a set-up")
    };
    world.cx.clock.advance(HALF_AN_HOUR);
    let silent = json!({ "operation": "any", "answer": "cut_before", "times": 1 });
    world.sandbox.fault(silent).await;
    settlement::give_up_setup(&world.cx, &world.scope, setup)
        .await
        .unwrap();
    assert!(
        world.due("expire-setup").await > world.cx.now(),
        "a gateway that does not answer is asked again"
    );
    world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
    settlement::give_up_setup(&world.cx, &world.scope, setup)
        .await
        .unwrap();
    let kept = world.subscription(&id).await.method;
    assert!(
        kept.is_some() && kept != before,
        "the new card pays from now on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_given_after_the_portals_half_hour_is_kept_and_used() {
    for world in World::each().await {
        let (cx, scope) = (&world.cx, &world.scope);
        let id = world.active(GOOD).await;
        for by_webhook in [false, true] {
            let before = world.subscription(&id).await.method;
            let attempt = method_update::start(cx, scope, &id, Choice::New, None)
                .await
                .unwrap();
            let AttemptOf::Setup(setup) = &attempt.of else {
                panic!("not a set-up")
            };
            cx.clock.advance(HALF_AN_HOUR);
            settlement::give_up_setup(cx, scope, setup).await.unwrap();
            // Whoever comes back without a card, however often, changes nothing.
            for _ in 0..2 {
                let back = settlement::setup_returned(cx, scope, setup, &[]).await;
                assert_eq!(back.unwrap(), Ending::Cancelled);
            }
            assert_eq!(world.subscription(&id).await.method, before);
            // The gateway's page is still open.
            world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
            if by_webhook {
                let path = format!("/v1/setups?key={}", setup.as_str());
                let found = world.sandbox.call(Method::GET, &path, None).await;
                let mut word = found["data"][0].clone();
                // So that it does not say how the set-up stands.
                word["method"] = json!(null);
                deliver(&world, "setup.succeeded", &word).await;
            } else {
                let back = settlement::setup_returned(cx, scope, setup, &[]).await;
                assert_eq!(back.unwrap(), Ending::Succeeded);
            }
            let kept = world.subscription(&id).await.method;
            assert!(kept.is_some() && kept != before, "by webhook: {by_webhook}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_card_that_the_gateway_has_forgotten_puts_the_renewal_on_hold() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    let method = world.subscription(&id).await.method.unwrap();
    let mut tx = world.cx.store.read().await.unwrap();
    let reference = tx.method(&world.scope, &method).await.unwrap().unwrap();
    drop(tx);
    let path = format!("/v1/methods/{}/detach", reference.reference);
    world.sandbox.call(Method::POST, &path, None).await;

    world.renew(&id).await;
    assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
    assert!(world.mails().await.contains(&"failed".to_owned()));
    assert_eq!(world.charged().await, [2900]);
    let back = world.reactivate(&id, Choice::New).await;
    assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
    assert!(world.is_active(&id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_that_was_declined_does_not_show_the_invoice_of_the_next() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    let declined = world.reactivate(&id, Choice::New).await;
    world.give_card(&declined, DECLINED).await;
    let paid = world.reactivate(&id, Choice::New).await;
    world.give_card(&paid, GOOD).await;
    let mut tx = world.cx.store.read().await.unwrap();
    let mut invoice_of = async |attempt: &vestibule::flows::Attempt| {
        let AttemptOf::Payment(payment) = &attempt.of else {
            panic!("not a payment")
        };
        let payment = tx.payment(&world.scope, payment).await.unwrap();
        payment.unwrap().invoice
    };
    assert_eq!(invoice_of(&declined).await, None);
    assert!(invoice_of(&paid).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_an_open_payment_charges_cannot_be_removed() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    let first = world.subscription(&id).await.method.unwrap();
    let customer = world.subscription(&id).await.customer;
    let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
    world.sandbox.fault(lost).await;
    world.renew(&id).await;
    // Another method pays from now on, but the renewal of the first has no outcome yet.
    let attempt = method_update::start(&world.cx, &world.scope, &id, Choice::New, None)
        .await
        .unwrap();
    let AttemptOf::Setup(setup) = &attempt.of else {
        panic!("not a set-up")
    };
    world
        .sandbox
        .pay_by_card(page(&attempt.ending), "5555555555554444")
        .await;
    settlement::setup_returned(&world.cx, &world.scope, setup, &[])
        .await
        .unwrap();
    assert_ne!(world.subscription(&id).await.method, Some(first.clone()));
    let refused = method_update::detach(&world.cx, &world.scope, &customer, &first).await;
    assert!(matches!(refused, Err(Error::MethodInUse(users)) if users == [id]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_cannot_stop_a_charge_that_they_did_not_start() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
    world.sandbox.fault(lost).await;
    world.renew(&id).await;
    let mut tx = world.cx.store.read().await.unwrap();
    let open = tx.open_payments_of(&world.scope, &id).await.unwrap();
    drop(tx);
    let ending = settlement::give_up(&world.cx, &world.scope, &open[0].id).await;
    assert_eq!(ending.unwrap(), Ending::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agreed_end_comes_though_a_renewal_has_no_outcome() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    let end = world.subscription(&id).await.expires_at.unwrap();
    let lost = json!({ "operation": "charge", "answer": "cut_before", "times": 1 });
    world.sandbox.fault(lost).await;
    world.renew(&id).await;
    assert_eq!(world.due("renew").await, end);
    world.cx.clock.advance(end.duration_since(world.cx.now()));
    renewal::due(&world.cx, &world.scope, &id).await.unwrap();
    assert_eq!(world.subscription(&id).await.state.name(), "expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_that_the_gateway_no_longer_knows_is_never_charged_again() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    world.sandbox.hold_debits().await;
    let hidden = json!({ "operation": "charge", "hide_lookup_ms": 9_000_000, "times": 1 });
    world.sandbox.fault(hidden).await;
    let attempt = world.reactivate(&id, Choice::New).await;
    world
        .sandbox
        .pay_by_debit(page(&attempt.ending), "DE89370400440532013000")
        .await;
    world.come_back(&attempt).await;
    let AttemptOf::Payment(payment) = &attempt.of else {
        panic!("not a payment")
    };
    for _ in 0..3 {
        world.cx.clock.advance(HALF_AN_HOUR);
        reconciliation::look(&world.cx, &world.scope, payment)
            .await
            .unwrap();
    }
    let state = world.state_of(&attempt).await;
    assert!(
        matches!(state, PaymentState::Processing { .. }),
        "{state:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_outcome_is_listed_and_an_owner_may_decide_it() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
        world.sandbox.fault(lost).await;
        world.renew(&id).await;

        let listed = unsettled::list(&world.cx).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].state, listed[0].amount.minor), ("unknown", 2900));
        assert!(listed[0].next_look.is_some(), "somebody will look");
        let payment = listed[0].payment.clone();

        let resolve = |finding, evidence| {
            settlement::resolve(&world.cx, &world.scope, &payment, finding, evidence)
        };
        let refused = resolve(Finding::Happened, " ").await;
        assert!(matches!(
            refused,
            Err(Error::Invalid {
                field: "evidence",
                ..
            })
        ));
        resolve(Finding::Happened, "the statement, line 7")
            .await
            .unwrap();
        assert!(world.subscription(&id).await.period.end > world.cx.now());
        assert!(unsettled::list(&world.cx).await.unwrap().is_empty());
        let again = resolve(Finding::Never, "a mistake").await;
        assert!(matches!(again, Err(Error::Refused(Refused::State))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_method_that_a_slower_road_brings_is_the_one_that_pays_from_now_on() {
    for world in World::each().await {
        let begun = world.pending().await;
        let (cx, scope) = (&world.cx, &world.scope);
        let attempt = begin::pay(cx, scope, &begun.payment.id).await.unwrap();
        world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
        // An owner sees the money, and no method with it, before any of the gateway's roads.
        let evidence = "the statement, line 7";
        settlement::resolve(cx, scope, &begun.payment.id, Finding::Happened, evidence)
            .await
            .unwrap();
        let id = begun.subscription.unwrap().id;
        assert!(world.is_active(&id).await);
        assert_eq!(world.subscription(&id).await.method, None);
        for _ in 0..2 {
            world.says(&begun.payment.id, |_| {}).await;
        }
        assert!(world.subscription(&id).await.method.is_some());
        world.renew(&id).await;
        assert_eq!(world.charged().await, [2900, 2900]);
        assert!(world.is_active(&id).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_fails_after_its_customer_has_cancelled_ends_it_and_asks_for_nothing() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        let (cx, scope) = (&world.cx, &world.scope);
        world.lose_the_answer().await;
        world.renew(&id).await;
        assert!(world.is_active(&id).await, "nobody knows yet");
        cancellation::at_period_end(cx, scope, &id, Cancellation::default())
            .await
            .unwrap();
        world.send_queued(&id).await;
        assert_eq!(world.declines().await, 1);
        assert!(world.due(&format!("renew:{id}")).await <= cx.now());
        renewal::due(cx, scope, &id).await.unwrap();
        assert_eq!(world.subscription(&id).await.state.name(), "cancelled");
        assert!(world.dues(&id).await.is_empty());
        let told = world.told(id.as_str()).await;
        assert!(
            !told.contains(&"subscription.on_hold".to_owned()),
            "{told:?}"
        );
        assert!(!world.mails().await.contains(&"failed".to_owned()));
        assert!(!world.is_queued("remind:").await);
        assert_eq!(world.charged().await, [2900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_was_never_executed_after_its_customer_has_cancelled_ends_it_at_once() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let (cx, scope) = (&world.cx, &world.scope);
        let lost = json!({ "operation": "charge", "answer": "cut_before", "times": 1 });
        world.sandbox.fault(lost).await;
        world.renew(&id).await;
        let payment = world.under_way(&id).await;
        cancellation::at_period_end(cx, scope, &id, Cancellation::default())
            .await
            .unwrap();
        renewal::due(cx, scope, &id).await.unwrap();
        assert!(world.is_active(&id).await, "nobody knows yet");
        cx.clock.advance(SignedDuration::from_mins(20));
        let first = reconciliation::look(cx, scope, &payment).await.unwrap();
        assert_eq!(first, Ending::Unknown, "absent once");
        cx.clock.advance(SignedDuration::from_mins(6));
        let second = reconciliation::look(cx, scope, &payment).await.unwrap();
        assert_eq!(second, Ending::Cancelled);
        assert!(world.due(&format!("renew:{id}")).await <= cx.now());
        renewal::due(cx, scope, &id).await.unwrap();
        assert_eq!(world.subscription(&id).await.state.name(), "cancelled");
        assert!(world.dues(&id).await.is_empty());
        assert_eq!(world.charged().await, [2900]);
    }
}
