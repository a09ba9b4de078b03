//! What goes wrong on the way: never more is said than is known.

use serde_json::json;
use vestibule::plugins::Error;
use vestibule::plugins::gateway::answer::{Lookup, Outcome};
use vestibule::plugins::gateway::request::{Initiator, SentRequest};

use super::World;
use crate::sandbox::{charging, collecting, euros, unanswered};

const CHARGE: &str = "POST /v1/payment_intents";

#[tokio::test]
async fn a_lost_answer_is_unknown_and_lookup_finds_the_one_charge() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    for answer in ["cut_after", "error_after", "garbage"] {
        let request = charging(answer, &method, Initiator::MerchantRecurring);
        world.stripe.fault(CHARGE, answer).await;
        let error = world.gateway.charge(&request).await.unwrap_err();
        assert!(error.outcome_unknown(), "{answer}: {error}");
        // By the key alone, and with the customer whose list is shorter.
        for customer_reference in [None, customer_of(&world).await] {
            let known = SentRequest {
                customer_reference,
                ..unanswered(answer)
            };
            let Lookup::Found(payment) = world.gateway.lookup(&known).await.unwrap() else {
                panic!("{answer}: it must be found")
            };
            assert_eq!(payment.outcome, Outcome::Succeeded);
        }
        let again = world.gateway.charge(&request).await.unwrap();
        assert_eq!(again.outcome, Outcome::Succeeded);
    }
    assert_eq!(world.stripe.movements().await.len(), 4);
}

#[tokio::test]
async fn a_lost_answer_of_a_visit_is_found_again_by_its_key() {
    let world = World::start().await;
    let at = "POST /v1/checkout/sessions";
    world.stripe.fault(at, "cut_after").await;
    let error = world
        .gateway
        .charge(&collecting("pay_1"))
        .await
        .unwrap_err();
    assert!(error.outcome_unknown(), "{error}");
    let Lookup::Found(payment) = world.gateway.lookup(&unanswered("pay_1")).await.unwrap() else {
        panic!("it must be found")
    };
    let again = world.gateway.charge(&collecting("pay_1")).await.unwrap();
    assert_eq!(again.reference, payment.reference);

    // A customer that was perhaps made is no charge that was perhaps made.
    world.stripe.fault("POST /v1/customers", "cut_after").await;
    let error = world
        .gateway
        .charge(&collecting("pay_2"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotExecuted { .. }), "{error}");
}

#[tokio::test]
async fn a_lookup_says_absent_only_after_reading_the_lists() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let unsent = unanswered("pay_1");
    assert_eq!(world.gateway.lookup(&unsent).await.unwrap(), Lookup::Absent);
    world.stripe.fault(CHARGE, "cut_before").await;
    let request = charging("pay_1", &method, Initiator::MerchantRecurring);
    let error = world.gateway.charge(&request).await.unwrap_err();
    assert!(error.outcome_unknown(), "{error}");
    assert_eq!(world.gateway.lookup(&unsent).await.unwrap(), Lookup::Absent);
    for answer in ["cut_before", "error_before", "garbage"] {
        world.stripe.fault("GET /v1/payment_intents", answer).await;
        let told = world.gateway.lookup(&unsent).await.unwrap();
        assert_eq!(told, Lookup::CannotTell, "{answer}");
    }
}

#[tokio::test]
async fn a_rate_limit_a_missing_method_and_a_key_used_otherwise_are_what_they_are() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let mut request = charging("pay_1", &method, Initiator::MerchantRecurring);
    world.stripe.fault(CHARGE, "rate_limited").await;
    let error = world.gateway.charge(&request).await.unwrap_err();
    let seconds = std::time::Duration::from_secs(7);
    assert!(
        matches!(error, Error::RateLimited { retry_after: Some(after), .. } if after == seconds),
        "{error}"
    );
    world.gateway.charge(&request).await.unwrap();
    request.amount = euros(3000);
    let error = world.gateway.charge(&request).await.unwrap_err();
    assert!(error.outcome_unknown(), "money moved under it: {error}");

    request.key = "pay_2".to_owned();
    request.amount = euros(49);
    let error = world.gateway.charge(&request).await.unwrap_err();
    assert!(matches!(error, Error::InvalidRequest { .. }), "{error}");
    request.amount = euros(2900);
    let vestibule::plugins::gateway::request::MethodChoice::Stored(stored) = &mut request.method
    else {
        panic!("it is a saved one")
    };
    stored.reference = "pm_nobody".to_owned();
    let error = world.gateway.charge(&request).await.unwrap_err();
    assert!(matches!(error, Error::InvalidRequest { .. }), "{error}");
}

#[tokio::test]
async fn a_processor_that_is_not_there_executed_nothing_and_cannot_be_asked() {
    let mut world = World::start().await;
    world.stripe.stop().await;
    let error = world
        .gateway
        .charge(&collecting("pay_1"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotExecuted { .. }), "{error}");
    let answer = world.gateway.lookup(&unanswered("pay_1")).await.unwrap();
    assert_eq!(answer, Lookup::CannotTell);
}

/// Whose the first charge was.
async fn customer_of(world: &World) -> Option<String> {
    let listed = world
        .stripe
        .call(reqwest::Method::GET, "/v1/payment_intents", None);
    let listed = listed.await;
    let customer = &listed["data"][0]["customer"];
    assert_ne!(*customer, json!(null));
    customer.as_str().map(str::to_owned)
}
