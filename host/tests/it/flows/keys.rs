//! Which key a request goes out under, and when it goes out again.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use vestibule::domain::id::{PaymentId, SubscriptionId};
use vestibule::domain::payment::PaymentState;
use vestibule::flows::{AttemptOf, Choice, Ending, reconciliation, renewal, unsettled};

use super::GOOD;
use crate::support::world::World;

impl World {
    /// The one open payment of a subscription.
    async fn the_open_payment(&self, id: &SubscriptionId) -> (PaymentId, PaymentState) {
        let mut tx = self.cx.store.read().await.unwrap();
        let open = tx.open_payments_of(&self.scope, id).await.unwrap();
        assert_eq!(open.len(), 1);
        (open[0].id.clone(), open[0].standing())
    }

    /// The keys under which money moved, oldest first.
    async fn charged_keys(&self) -> Vec<String> {
        let ledger = self.sandbox.ledger().await;
        let key = |entry: &serde_json::Value| entry["idempotency_key"].as_str().map(str::to_owned);
        ledger.iter().filter_map(key).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_certainly_not_executed_is_sent_again_under_its_own_key() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let busy = json!({ "operation": "charge", "answer": "rate_limited", "times": 1 });
        world.sandbox.fault(busy).await;
        world.renew(&id).await;
        let (payment, state) = world.the_open_payment(&id).await;
        assert_eq!(state, PaymentState::Created, "neither declined nor unknown");
        assert_eq!(world.charged().await, [2900]);

        world.cx.clock.advance(SignedDuration::from_secs(6));
        let look = reconciliation::look(&world.cx, &world.scope, &payment);
        assert_eq!(look.await.unwrap(), Ending::Succeeded);
        assert_eq!(world.charged_keys().await[1], payment.as_str());
        assert_eq!(world.charged().await, [2900, 2900]);
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_to_be_sent_again_is_listed_with_its_age() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let busy = json!({ "operation": "charge", "answer": "rate_limited", "times": 2 });
        world.sandbox.fault(busy).await;
        // The business's own time is another one: what is listed goes by the host's.
        let ten_days = SignedDuration::from_hours(24 * 10).as_micros();
        let mut tx = world.cx.store.begin().await.unwrap();
        tx.hold_clock(&world.scope).await.unwrap();
        tx.move_clock(&world.scope, i64::try_from(ten_days).unwrap())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let before = world.cx.now();
        world.renew(&id).await;
        let made = before..=world.cx.now();
        for _ in 0..2 {
            let (payment, _) = world.the_open_payment(&id).await;
            world.cx.clock.advance(SignedDuration::from_hours(2));
            let listed = unsettled::list(&world.cx).await.unwrap();
            assert_eq!(listed.len(), 1, "{listed:?}");
            assert_eq!((&listed[0].payment, listed[0].sent_at), (&payment, None));
            assert!(made.contains(&listed[0].since), "{listed:?}");
            // It is refused once more, and no younger for that; then it goes through.
            let look = reconciliation::look(&world.cx, &world.scope, &payment);
            look.await.unwrap();
        }
        assert_eq!(world.charged().await, [2900, 2900]);
        assert!(unsettled::list(&world.cx).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_executed_is_never_sent_again_when_half_of_its_key_is_over() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    let busy = json!({ "operation": "charge", "answer": "rate_limited", "times": 1 });
    world.sandbox.fault(busy).await;
    world.renew(&id).await;
    let (payment, _) = world.the_open_payment(&id).await;
    world.cx.clock.advance(SignedDuration::from_hours(13));
    let look = reconciliation::look(&world.cx, &world.scope, &payment);
    assert_eq!(look.await.unwrap(), Ending::Cancelled);

    renewal::due(&world.cx, &world.scope, &id).await.unwrap();
    let keys = world.charged_keys().await;
    assert_eq!(keys.len(), 2);
    assert_ne!(
        keys[1],
        payment.as_str(),
        "the period is charged under a new key"
    );
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_older_than_its_key_is_looked_up_and_never_sent_again() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
    world.sandbox.fault(lost).await;
    world.renew(&id).await;
    let (payment, state) = world.the_open_payment(&id).await;
    assert!(matches!(state, PaymentState::Unknown { .. }), "{state:?}");
    // The processor has forgotten the key: whoever sends it now is charged again.
    world.cx.clock.advance(SignedDuration::from_hours(25));
    let forget = "/control/forget-keys";
    world.sandbox.call(Method::POST, forget, None).await;
    let look = reconciliation::look(&world.cx, &world.scope, &payment);
    assert_eq!(look.await.unwrap(), Ending::Succeeded);
    assert_eq!(world.charged().await, [2900, 2900]);
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_answers_too_late_is_unknown_and_offers_no_second_charge() {
    let impatient = [
        ("PLUGINS__DEADLINE", "1s"),
        ("PLUGINS__FETCH_DEADLINE", "1s"),
    ];
    let world = World::sqlite_with(&impatient).await;
    let id = world.on_hold().await;
    let saved = world.subscription(&id).await.method.unwrap();
    let slow = json!({ "operation": "charge", "delay_after_ms": 4_000, "times": 1 });
    world.sandbox.fault(slow).await;
    let attempt = world.reactivate(&id, Choice::Saved(saved.clone())).await;
    assert_eq!(attempt.ending, Ending::Unknown);
    let again = world.reactivate(&id, Choice::Saved(saved)).await;
    assert_eq!(again.of, attempt.of);
    let AttemptOf::Payment(payment) = &attempt.of else {
        panic!("not a payment")
    };
    let look = reconciliation::look(&world.cx, &world.scope, payment);
    assert_eq!(look.await.unwrap(), Ending::Succeeded);
    assert!(world.is_active(&id).await);
    assert_eq!(world.charged().await, [2900, 2900]);
    world.books_agree().await;
}
