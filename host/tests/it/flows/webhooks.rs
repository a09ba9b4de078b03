//! The processor's webhooks as they really come: forged, old, signed with two secrets, about
//! things that nobody knows. Their order is the matter of `roads`.

use jiff::SignedDuration;
use serde_json::json;
use vestibule::domain::subscription::SubscriptionState;
use vestibule::flows::settlement::{self, Received};
use vestibule::flows::{Ending, begin, renewal, unsettled};
use vestibule::plugins::gateway::request::{Delivery, Pair};

use super::{GOOD, page};
use crate::jobs::eventually;
use crate::support::world::World;

async fn receive(world: &World, delivery: &Delivery) -> Received {
    settlement::receive(&world.cx, &world.scope, "sandbox", delivery)
        .await
        .unwrap()
}

fn signature(delivery: &mut Delivery) -> &mut Pair {
    let mut headers = delivery.headers.iter_mut();
    headers
        .find(|header| header.name == "webhook-signature")
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_moves_money_only_when_it_is_signed_and_fresh() {
    for world in World::each().await {
        let begun = world.pending().await;
        let attempt = begin::pay(&world.cx, &world.scope, &begun.payment.id)
            .await
            .unwrap();
        world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
        let charge = world.processors_word_on(&attempt).await;
        let genuine = world.delivery("evt_1", "charge.succeeded", &charge);

        let mut forged = genuine.clone();
        forged.body[30] ^= 1;
        let mut other_secret = genuine.clone();
        signature(&mut other_secret).value = "v1,bm90IHRoZSBzZWNyZXQ=".to_owned();
        let mut late = genuine.clone();
        late.received_at += SignedDuration::from_mins(6);
        let mut early = genuine.clone();
        early.received_at -= SignedDuration::from_mins(6);
        let id = begun.subscription.unwrap().id;
        for bad in [forged, other_secret, late, early] {
            assert!(matches!(receive(&world, &bad).await, Received::Forged));
            let state = world.subscription(&id).await.state;
            assert_eq!(state, SubscriptionState::Pending);
        }
        // While a secret is being changed a delivery carries a signature of each.
        let mut two = genuine;
        let own = signature(&mut two).value.clone();
        signature(&mut two).value = format!("v1,bm90IHRoZSBzZWNyZXQ= {own}");
        let taken = receive(&world, &two).await;
        assert!(matches!(taken, Received::Acknowledged { .. }), "{taken:?}");
        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [2900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_about_nothing_known_is_acknowledged_and_one_of_no_sense_is_not() {
    let world = World::sqlite().await;
    let begun = world.pending().await;
    let attempt = begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);
    let id = begun.subscription.unwrap().id;
    // Whole charges, of nobody here: another's key, and one that is no key of ours.
    let known = world.processors_word_on(&attempt).await;
    let stranger = |key: &str| {
        let mut stranger = known.clone();
        stranger["id"] = json!("ch_stranger");
        stranger["key"] = json!(key);
        stranger
    };
    for (kind, data) in [
        ("charge.succeeded", &known),
        (
            "charge.succeeded",
            &stranger("pay_00000000000000000000000000"),
        ),
        ("charge.succeeded", &stranger("an-order-of-another-shop")),
        ("charge.succeeded", &stranger("an order of another shop")),
        ("charge.succeeded", &stranger(&"long ".repeat(100))),
        ("charge.succeeded", &stranger("Bestellung Nº 7")),
        ("charge.succeeded", &stranger("")),
        ("balance.paid_out", &json!({ "id": "po_1" })),
        ("weather.changed", &json!(null)),
    ] {
        let delivery = world.delivery("evt_1", kind, data);
        let taken = receive(&world, &delivery).await;
        let answered = matches!(taken, Received::Acknowledged { .. });
        assert!(answered, "{kind}: {taken:?}");
    }
    assert_eq!(world.payments(&id).await.len(), 1);
    let nonsense = world.delivery("evt_2", "charge.succeeded", &json!(7));
    assert!(matches!(
        receive(&world, &nonsense).await,
        Received::Malformed
    ));
    assert!(world.is_active(&id).await);
    assert_eq!(world.told(id.as_str()).await, ["subscription.active"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_applied_and_acknowledged_while_a_charge_hangs_at_its_gateway() {
    let patient = [
        ("PLUGINS__DEADLINE", "60s"),
        ("PLUGINS__FETCH_DEADLINE", "60s"),
    ];
    let world = World::sqlite_with(&patient).await;
    let begun = world.pending().await;
    let attempt = begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
    let charge = world.processors_word_on(&attempt).await;
    let delivery = world.delivery("evt_1", "charge.succeeded", &charge);

    let other = world.active(GOOD).await;
    world.make_due_now(&other).await;
    let hangs = json!({ "operation": "charge", "delay_before_ms": 60_000, "times": 1 });
    world.sandbox.fault(hangs).await;
    let (cx, scope) = (world.cx.clone(), world.scope.clone());
    let hanging = tokio::spawn(async move { renewal::due(&cx, &scope, &other).await });
    eventually("the charge has left", async || {
        let listed = unsettled::list(&world.cx).await.unwrap();
        listed.iter().any(|entry| entry.state == "unknown")
    })
    .await;

    let taken = receive(&world, &delivery).await;
    assert!(matches!(taken, Received::Acknowledged { .. }), "{taken:?}");
    assert!(world.is_active(&begun.subscription.unwrap().id).await);
    assert!(!hanging.is_finished(), "nobody waited for it");
    hanging.abort();
}
